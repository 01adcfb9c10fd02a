//! Minimal HL7 aECG documents (rows 11, 12, 13 of ECG specification 15).

use super::*;

struct Minimal {
    root: &'static str,
    id: &'static str,
    time: &'static str,
    series: bool,
    increment: &'static str,
    leads: &'static [&'static str],
    digits: &'static str,
}

impl Default for Minimal {
    fn default() -> Self {
        Self {
            root: "<AnnotatedECG xmlns=\"urn:hl7-org:v3\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">",
            id: "<id root=\"61d1a24f-b47e-41aa-ae95-f8ac302f4eeb\"/>",
            time: "<effectiveTime><low value=\"20240102030405.500+0800\"/></effectiveTime>",
            series: true,
            increment: "<head value=\"0\" unit=\"s\"/><increment value=\"0.01\" unit=\"s\"/>",
            leads: &["MDC_ECG_LEAD_I", "MDC_ECG_LEAD_II"],
            digits: "1 -2 +3 4",
        }
    }
}

impl Minimal {
    fn text(&self) -> String {
        let lead = |code: &&str| {
            format!(
                "<component><sequence><code code=\"{code}\" codeSystem=\"2.16.840.1.113883.6.24\"/><value xsi:type=\"SLIST_PQ\">\
                 <origin value=\"0.001\" unit=\"mV\"/><scale value=\"+2.5E0\" unit=\"uV\"/><digits>{}</digits></value></sequence></component>",
                self.digits
            )
        };
        let series = format!(
            "<component><series>{}<component><sequenceSet><component><sequence><code code=\"TIME_RELATIVE\"/>\
             <value xsi:type=\"GLIST_PQ\">{}</value></sequence></component>{}</sequenceSet></component></series></component>",
            self.time,
            self.increment,
            self.leads.iter().map(lead).collect::<String>()
        );
        let end = if self.root.contains("<p:") { "</p:AnnotatedECG>" } else { "</AnnotatedECG>" };
        format!("{}{}{}{end}", self.root, self.id, if self.series { &series } else { "" })
    }
    fn read(&self) -> Result<Document, Refusal> {
        decode::decode(self.text().as_bytes(), &Limits::default())
    }
}

#[test]
fn every_form_of_effective_time_gives_the_same_samples() {
    let times = [
        (
            "<effectiveTime><low value=\"20240102030405.500+0800\"/></effectiveTime>",
            "20240102030405.500+0800",
        ),
        (
            "<effectiveTime><low value=\"20240102030405\"/><high value=\"20240102030406\"/></effectiveTime>",
            "20240102030405",
        ),
        ("<effectiveTime><center value=\"202401020304\"/></effectiveTime>", "20240102030400"),
        ("<effectiveTime value=\"20240102030405\"/>", "20240102030405"),
        ("<effectiveTime><high value=\"20240102030405\"/></effectiveTime>", "20240102030404"),
        ("", ""),
    ];
    for (time, acquired) in times {
        let d = Minimal { time, ..Minimal::default() }.read().unwrap();
        let r = d.rhythm().unwrap();
        assert_eq!((d.source, r.rate.to_f64(), d.acquired.as_str()), (Format::Aecg, 100.0, acquired));
        // 0.001 mV + 2.5 uV * digit, each with its own unit.
        assert_eq!(uv(r, 1, 4), [3.5, -4.0, 8.5, 11.0]);
        assert_eq!(uv(r, 61, 4), [0.0; 4]);
        let banner = d.warnings.iter().find(|w| w.code == "rate_low").unwrap();
        assert_eq!(banner.text_en, "100 Hz < 500: not diagnostic quality");
    }
}

#[test]
fn an_identifier_is_not_needed_but_a_series_is() {
    assert!(Minimal { id: "", ..Minimal::default() }.read().is_ok());
    let none = Minimal { series: false, ..Minimal::default() }.read().unwrap_err();
    assert_eq!(none.reason, "the document has no series");
    let prefixed = "<p:AnnotatedECG xmlns:p=\"urn:hl7-org:v3\" xmlns:xsi=\"x\">";
    assert!(Minimal { root: prefixed, ..Minimal::default() }.read().is_ok());
    for (increment, why) in
        [("<increment value=\"0\" unit=\"s\"/>", "interval"), ("<increment value=\"2\" unit=\"m\"/>", "unit")]
    {
        let refusal = Minimal { increment, ..Minimal::default() }.read().unwrap_err();
        assert!(refusal.reason.contains(why), "{refusal}");
    }
    let bad = Minimal { digits: "1 2 x", ..Minimal::default() }.read().unwrap_err();
    assert_eq!(bad.reason, "sample 'x' is not a number");
    let decimals = Minimal { digits: "1.5 -2.25 3e0 .5", ..Minimal::default() }.read().unwrap();
    assert_eq!(uv(decimals.rhythm().unwrap(), 1, 4), [4.75, -4.625, 8.5, 2.25]);
    keep("ecg_aecg", "minimal", Minimal::default().text().as_bytes());
    keep(
        "ecg_aecg",
        "decimals",
        Minimal { digits: "1.5 -2.25 3e0 .5", ..Minimal::default() }.text().as_bytes(),
    );
}

/// The number of a person is the extension. A root alone is the same for everybody, unless it is a UUID.
#[test]
fn a_root_without_extension_is_no_patient_number() {
    let id = |attributes: &str| {
        let text = format!(
            "<componentOf><subject><trialSubject><id {attributes}/></trialSubject></subject></componentOf>"
        );
        let whole = Minimal::default().text().replace("</AnnotatedECG>", &format!("{text}</AnnotatedECG>"));
        decode::decode(whole.as_bytes(), &Limits::default()).unwrap().subject.id
    };
    assert_eq!(id("root=\"2.16.840.1.113883.3.5\" extension=\"SBJ-123\""), "SBJ-123");
    assert_eq!(id("root=\"2.16.840.1.113883.3.5\" extension=\"\""), "");
    assert_eq!(id("root=\"2.16.840.1.113883.3.5\" extension=\"  \""), "");
    assert_eq!(id("root=\"2.16.840.1.113883.3.5\""), "");
    assert_eq!(id("root=\"Hospital-1\""), "");
    assert_eq!(id("root=\"00000000-0000-0000-0000-000000000000\""), "");
    assert_eq!(id("root=\"728989ec-b8bc-49cd-9a5a-30be5ade1db5\""), "728989ec-b8bc-49cd-9a5a-30be5ade1db5");
}

#[test]
fn frank_leads_stand_beside_the_twelve() {
    let leads = &[
        "MDC_ECG_LEAD_I",
        "MDC_ECG_LEAD_II",
        "MDC_ECG_LEAD_V1",
        "MDC_ECG_LEAD_V2",
        "MDC_ECG_LEAD_V3",
        "MDC_ECG_LEAD_V4",
        "MDC_ECG_LEAD_V5",
        "MDC_ECG_LEAD_V6",
        "MDC_ECG_LEAD_III",
        "MDC_ECG_LEAD_AVR",
        "MDC_ECG_LEAD_AVL",
        "MDC_ECG_LEAD_AVF",
        "MDC_ECG_LEAD_X",
        "MDC_ECG_LEAD_Y",
        "MDC_ECG_LEAD_Z",
    ];
    let d = Minimal { leads, digits: "0 0 0 0", ..Minimal::default() }.read().unwrap();
    let r = d.rhythm().unwrap();
    assert_eq!(r.leads.len(), 15);
    assert!(d.absent().is_empty());
    let frank: Vec<String> =
        [16, 17, 18].map(|n| r.lead(&LeadId::Standard(n)).unwrap().id.to_string()).to_vec();
    assert_eq!(frank, ["X", "Y", "Z"]);
    assert!([16, 17, 18].iter().all(|n| LeadId::Standard(*n).chest().is_none()));
    // V leads are never made of them.
    let only = Minimal { leads: &["MDC_ECG_LEAD_X", "MDC_ECG_LEAD_I"], ..Minimal::default() }.read().unwrap();
    assert!(only.rhythm().unwrap().lead(&LeadId::Standard(3)).is_none());
}

#[test]
fn a_lead_of_unknown_unit_is_refused_and_a_pressure_is_left_out() {
    let text = Minimal::default().text();
    let refusal = decode::decode(text.replace("unit=\"uV\"", "unit=\"mm\"").as_bytes(), &Limits::default())
        .unwrap_err();
    assert!(refusal.stage == "lead" && refusal.reason.contains("'mm'"), "{refusal}");
    let mixed =
        text.replacen("MDC_ECG_LEAD_II", "MDC_PRESS_BLD", 1).replacen("unit=\"uV\"", "unit=\"uV\" ", 1);
    let at = mixed.rfind("unit=\"uV\"").unwrap();
    let mixed = format!("{}unit=\"mmHg\"{}", &mixed[..at], &mixed[at + 9..]);
    let d = decode::decode(mixed.as_bytes(), &Limits::default()).unwrap();
    assert!(d.warnings.iter().any(|w| w.code == "channel_skipped" && w.text_en.contains("MDC_PRESS_BLD")));
}
