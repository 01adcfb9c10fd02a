//! DICOM waveforms without a public sample, written here (row 7 of ECG specification 15 and the traps of its section 5).

use super::*;

/// Explicit VR, either byte order.
#[derive(Clone, Copy)]
pub(super) struct Writer {
    pub(super) big: bool,
}

impl Writer {
    fn n16(self, v: u16) -> [u8; 2] {
        if self.big { v.to_be_bytes() } else { v.to_le_bytes() }
    }
    fn n32(self, v: usize) -> [u8; 4] {
        let v = u32::try_from(v).unwrap();
        if self.big { v.to_be_bytes() } else { v.to_le_bytes() }
    }
    fn element(self, group: u16, element: u16, vr: &str, value: &[u8]) -> Vec<u8> {
        let mut value = value.to_vec();
        if value.len() % 2 == 1 {
            value.push(if vr == "UI" || vr == "OB" { 0 } else { b' ' });
        }
        let mut out = [self.n16(group), self.n16(element)].concat();
        out.extend(vr.as_bytes());
        if ["OB", "OW", "SQ"].contains(&vr) {
            out.extend([0, 0]);
            out.extend(self.n32(value.len()));
        } else {
            out.extend(self.n16(u16::try_from(value.len()).unwrap()));
        }
        [out, value].concat()
    }
    fn sequence(self, group: u16, element: u16, items: &[Vec<u8>]) -> Vec<u8> {
        let item = |i: &Vec<u8>| [&self.n16(0xFFFE)[..], &self.n16(0xE000), &self.n32(i.len()), i].concat();
        self.element(group, element, "SQ", &items.iter().map(item).collect::<Vec<_>>().concat())
    }
    fn file(self, sop: &str, rest: &[u8]) -> Vec<u8> {
        let syntax = if self.big { "1.2.840.10008.1.2.2" } else { "1.2.840.10008.1.2.1" };
        let meta = Writer { big: false }.element(2, 0x10, "UI", syntax.as_bytes());
        let length = Writer { big: false }.element(2, 0, "UL", &(meta.len() as u32).to_le_bytes());
        [
            vec![0; 128],
            b"DICM".to_vec(),
            length,
            meta,
            self.element(8, 0x16, "UI", sop.as_bytes()),
            self.element(8, 0x18, "UI", b"1.2.3"),
            rest.to_vec(),
        ]
        .concat()
    }
}

#[derive(Clone)]
pub(super) struct Plan<'a> {
    pub(super) writer: Writer,
    pub(super) sop: &'a str,
    pub(super) codes: &'a [&'a str],
    pub(super) unit: &'a str,
    pub(super) sensitivity: &'a str,
    pub(super) correction: &'a str,
    pub(super) baseline: &'a str,
    pub(super) rate: &'a str,
    /// Interpretation, bits allocated, bits stored.
    pub(super) stored: (&'a str, u16, u16),
    pub(super) padding: Option<Vec<u8>>,
    pub(super) data: Vec<u8>,
    pub(super) samples: usize,
    /// MultiplexGroupTimeOffset, ms.
    pub(super) offset: Option<&'a str>,
}

fn object(p: &Plan<'_>) -> Vec<u8> {
    objects(std::slice::from_ref(p))
}

/// One object with a multiplex group for each plan.
pub(super) fn objects(plans: &[Plan<'_>]) -> Vec<u8> {
    let first = plans.first().unwrap();
    first
        .writer
        .file(first.sop, &first.writer.sequence(0x5400, 0x100, &plans.iter().map(item).collect::<Vec<_>>()))
}

fn item(p: &Plan<'_>) -> Vec<u8> {
    let w = p.writer;
    let channel = |code: &&str| {
        let coded = |code: &str, scheme: &str| {
            [w.element(8, 0x100, "SH", code.as_bytes()), w.element(8, 0x102, "SH", scheme.as_bytes())]
                .concat()
        };
        [
            w.sequence(0x3A, 0x208, &[coded(code, "SCPECG")]),
            w.element(0x3A, 0x210, "DS", p.sensitivity.as_bytes()),
            w.sequence(0x3A, 0x211, &[coded(p.unit, "UCUM")]),
            w.element(0x3A, 0x212, "DS", p.correction.as_bytes()),
            w.element(0x3A, 0x213, "DS", p.baseline.as_bytes()),
            w.element(0x3A, 0x21A, "US", &w.n16(p.stored.2)),
        ]
        .concat()
    };
    let channels: Vec<Vec<u8>> = p.codes.iter().map(channel).collect();
    let mut item = p.offset.map_or_else(Vec::new, |t| w.element(0x18, 0x1068, "DS", t.as_bytes()));
    item.extend(
        [
            w.element(0x3A, 4, "CS", b"ORIGINAL"),
            w.element(0x3A, 5, "US", &w.n16(channels.len() as u16)),
            w.element(0x3A, 0x10, "UL", &w.n32(p.samples)),
            w.element(0x3A, 0x1A, "DS", p.rate.as_bytes()),
            w.sequence(0x3A, 0x200, &channels),
            w.element(0x5400, 0x1004, "US", &w.n16(p.stored.1)),
            w.element(0x5400, 0x1006, "CS", p.stored.0.as_bytes()),
        ]
        .concat(),
    );
    if let Some(padding) = &p.padding {
        item.extend(w.element(0x5400, 0x100A, "OW", padding));
    }
    item.extend(w.element(0x5400, 0x1010, "OW", &p.data));
    item
}

pub(super) const TWELVE: [&str; 12] = [
    "5.6.3-9-1",
    "5.6.3-9-2",
    "5.6.3-9-61",
    "5.6.3-9-62",
    "5.6.3-9-63",
    "5.6.3-9-64",
    "5.6.3-9-3",
    "5.6.3-9-4",
    "5.6.3-9-5",
    "5.6.3-9-6",
    "5.6.3-9-7",
    "5.6.3-9-8",
];

pub(super) fn plan(big: bool) -> Plan<'static> {
    Plan {
        writer: Writer { big },
        sop: "1.2.840.10008.5.1.4.1.1.9.2.1",
        codes: &TWELVE,
        unit: "mV",
        sensitivity: "0.00122",
        correction: "1",
        baseline: "0",
        rate: "240",
        stored: ("SS", 16, 12),
        padding: None,
        data: Vec::new(),
        samples: 2_400,
        offset: None,
    }
}

#[test]
fn twelve_leads_in_a_hemodynamic_object_are_an_ecg() {
    for big in [false, true] {
        let mut p = plan(big);
        // Twelve bits, the rest of the word is rubbish; III = II - I.
        let row = |i: i32| [i % 100, 2 * (i % 100) - 50, i % 100 - 50].into_iter().chain([0; 9]);
        p.data = (0..2_400).flat_map(row).flat_map(|v| p.writer.n16((v as u16 & 0x0FFF) | 0x3000)).collect();
        let bytes = object(&p);
        let d = decode::decode(&bytes, &Limits::default()).unwrap();
        let r = d.rhythm().unwrap();
        assert_eq!((d.format.as_str(), r.leads.len(), r.samples), ("DICOM Hemodynamic", 12, 2_400));
        let nv = |n, i| r.lead(&LeadId::Standard(n)).unwrap().nv(i);
        assert_eq!(
            (nv(1, 3), nv(2, 3), nv(61, 3)),
            (Some(3_660), Some(-53_680), Some(-57_340)),
            "big endian: {big}"
        );
        let banner = d.warnings.iter().find(|w| w.code == "rate_low").unwrap();
        assert_eq!(banner.text_en, "240 Hz < 500: not diagnostic quality");
        let short = Plan { samples: 2_401, ..p };
        let refusal = decode::decode(&object(&short), &Limits::default()).unwrap_err();
        assert!(refusal.reason.contains("57624") && refusal.reason.contains("57600"), "{refusal}");
    }
}

#[test]
fn a_baseline_is_added_after_the_scale_and_wide_samples_are_whole() {
    let mut p = plan(false);
    (p.sop, p.codes) = ("1.2.840.10008.5.1.4.1.1.9.1.4", &TWELVE[..1]);
    (p.unit, p.sensitivity, p.correction, p.baseline) = ("uV", "0.5", "2", "-100.5");
    (p.stored, p.rate, p.samples) = (("SL", 32, 32), "500", 4);
    p.data = [1_000_000_i32, 0, -7, i32::MIN].iter().flat_map(|v| v.to_le_bytes()).collect();
    let d = decode::decode(&object(&p), &Limits::default()).unwrap();
    let lead = &d.rhythm().unwrap().leads[0];
    let nv = [0, 1, 2, 3].map(|i| lead.nv(i));
    assert_eq!(nv, [Some(999_899_500), Some(-100_500), Some(-107_500), None]);
    // Unsigned samples rest on the baseline; the highest value is padding because it is declared.
    (p.stored, p.correction, p.baseline) = (("US", 16, 16), "1", "-16384");
    p.padding = Some(vec![0xFF, 0xFF]);
    p.data = [0_u16, 32_768, 65_534, 65_535].iter().flat_map(|v| v.to_le_bytes()).collect();
    let d = decode::decode(&object(&p), &Limits::default()).unwrap();
    let lead = &d.rhythm().unwrap().leads[0];
    assert_eq!([0, 1, 2, 3].map(|i| lead.nv(i)), [Some(-16_384_000), Some(0), Some(16_383_000), None]);
}

#[test]
fn an_unknown_unit_and_an_object_without_ecg_are_refused() {
    let mut p = plan(false);
    (p.unit, p.samples, p.data) = ("mm[Hg]", 1, vec![0; 24]);
    let refusal = decode::decode(&object(&p), &Limits::default()).unwrap_err();
    assert!(refusal.stage == "lead" && refusal.reason.contains("mm[Hg]"), "{refusal}");
    (p.codes, p.data) = (&["109006"], vec![0; 2]);
    let refusal = decode::decode(&object(&p), &Limits::default()).unwrap_err();
    assert!(refusal.reason.contains("no channel is an ECG lead"), "{refusal}");
    p.stored = ("MB", 8, 8);
    assert!(decode::decode(&object(&p), &Limits::default()).is_err());
}
