//! Twelve leads spread over several multiplex groups: simultaneous groups are one recording, columns keep their times.

use super::dicom::{Plan, TWELVE, objects, plan};
use super::strip::strip;
use super::*;

/// Numbers of the leads in the order of `TWELVE`.
const NUMBERS: [u16; 12] = [1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8];

/// Ten seconds at 500 Hz with an ST elevation of 0.4 mV in V1 to V4: an anterior infarction.
fn infarction() -> Group {
    let mut group = strip(|_| 0.0);
    for lead in group.leads.iter_mut().filter(|l| [3, 4, 5, 6].map(LeadId::Standard).contains(&l.id)) {
        for (i, v) in lead.raw.iter_mut().enumerate() {
            let after = (i as i32 * 2 - 300).rem_euclid(800);
            if (50..200).contains(&after) {
                *v += 400;
            }
        }
    }
    group
}

/// `places` of `TWELVE`, samples `from..to`, as a multiplex group.
fn part(
    group: &Group,
    places: std::ops::Range<usize>,
    from: usize,
    to: usize,
    offset: Option<&'static str>,
) -> Plan<'static> {
    let lead = |n: u16| group.lead(&LeadId::Standard(n)).unwrap();
    let row = |i: usize| NUMBERS[places.clone()].iter().map(move |n| lead(*n).raw[i] as i16);
    let data = (from..to).flat_map(row).flat_map(i16::to_le_bytes).collect();
    Plan {
        sop: "1.2.840.10008.5.1.4.1.1.9.1.1",
        codes: &TWELVE[places.clone()],
        unit: "uV",
        sensitivity: "1",
        rate: "500",
        stored: ("SS", 16, 16),
        samples: to - from,
        data,
        offset,
        ..plan(false)
    }
}

fn read(plans: &[Plan<'_>]) -> Document {
    decode::decode(&objects(plans), &Limits::default()).unwrap()
}

#[test]
fn simultaneous_groups_are_one_recording_and_its_infarction_is_seen() {
    let made = infarction();
    let whole = read(&[part(&made, 0..12, 0, 5_000, None)]);
    let offset = |k: usize| [None, Some("0"), Some("0.0"), None][k];
    let four = read(&[0, 1, 2, 3].map(|k| part(&made, 3 * k..3 * k + 3, 0, 5_000, offset(k))));
    assert_eq!(four, whole, "four groups of the same ten seconds");
    assert_eq!(four.groups.len(), 1);
    assert!(four.absent().is_empty() && !four.warnings.iter().any(|w| w.code == "leads_absent"));
    let (a, b) = (analyse(&whole, ""), analyse(&four, ""));
    assert_eq!((a.triage(), b.triage()), ("red", "red"), "{:?}", b.raises);
    // A group of another length or rate is not merged, yet no lead of it is called absent.
    let short = read(&[part(&made, 0..6, 0, 5_000, None), part(&made, 6..12, 0, 4_990, None)]);
    assert_eq!((short.groups.len(), short.rhythm().unwrap().leads.len()), (2, 6));
    assert!(short.absent().is_empty());
    let warning = short.warnings.iter().find(|w| w.code == "leads_apart").unwrap();
    assert!(warning.text_en.contains("I II III aVR aVL aVF (10.0 s)"), "{}", warning.text_en);
    assert_eq!(draw::layout(&short, &Paper::REPORT).strokes.len(), 13);
    // The same leads twice are two groups.
    let twice = read(&[part(&made, 0..3, 0, 5_000, None), part(&made, 1..4, 0, 5_000, None)]);
    assert_eq!(twice.groups.len(), 2);
}

/// Columns of 2.5 s at their times, as a recorder without memory writes them.
fn columns(made: &Group) -> Vec<Plan<'static>> {
    let offsets = ["0", "2500", "5000", "7500"];
    (0..4).map(|k| part(made, 3 * k..3 * k + 3, 1_250 * k, 1_250 * (k + 1), Some(offsets[k]))).collect()
}

/// Strokes without the level at which each lies.
fn shapes(d: &draw::Drawing) -> Vec<Vec<(i32, i32)>> {
    d.strokes.iter().map(|s| s.iter().map(|p| (p.0, p.1 - s[0].1)).collect()).collect()
}

#[test]
fn columns_keep_their_times_and_are_drawn() {
    let made = infarction();
    let whole = read(&[part(&made, 0..12, 0, 5_000, None)]);
    let mut plans = columns(&made);
    plans.push(part(&made, 1..2, 0, 5_000, Some("0")));
    let d = read(&plans);
    assert_eq!(d.groups.iter().map(|g| g.t0_ms).collect::<Vec<_>>(), [0.0, 2_500.0, 5_000.0, 7_500.0, 0.0]);
    // Lead II, ten seconds of it, is what is measured.
    let r = d.rhythm().unwrap();
    assert_eq!((r.leads.len(), r.samples), (1, 5_000));
    let (a, b) = (analyse(&whole, ""), analyse(&d, ""));
    assert_eq!(server(&b, "hr"), server(&a, "hr"));
    assert_eq!(b.measured.beats.len(), a.measured.beats.len());
    assert!(d.absent().is_empty() && d.warnings.iter().any(|w| w.code == "leads_apart"));
    // On paper it is the same recording.
    assert_eq!(shapes(&draw::layout(&d, &Paper::REPORT)), shapes(&draw::layout(&whole, &Paper::REPORT)));
    // One below the other each lead stands at its time: V1 from 5 s, a quarter of the strip.
    let rows = draw::layout(&d, &Paper::of("12x1", "25", "10").unwrap());
    assert_eq!(rows.strokes.len(), 12);
    let (i, v1) = (&rows.strokes[0], &rows.strokes[6]);
    assert_eq!((v1[0].0 - i[0].0, v1.last().unwrap().0 - v1[0].0), (12_500, 6_245));
    // The samples for the page: twelve leads on one axis, each with gaps around it.
    let blob = draw::blob(&d, &b);
    let length = u32::from_le_bytes(blob[..4].try_into().unwrap()) as usize;
    let head: serde_json::Value = serde_json::from_slice(&blob[4..4 + length]).unwrap();
    let leads = head["groups"][0]["leads"].as_array().unwrap();
    let gaps = |name: &str| leads.iter().find(|l| l["name"] == name).unwrap()["missing"].clone();
    assert_eq!((leads.len(), leads[0]["count"].as_u64()), (12, Some(5_000)));
    assert_eq!(gaps("V1"), serde_json::json!([[0, 2_500], [3_750, 5_000]]));
    assert_eq!(gaps("II"), serde_json::json!([]));
}

#[test]
fn columns_longer_than_their_place_on_paper_say_when_they_were_recorded() {
    let made = infarction();
    // Without a strip of lead II the first column is measured; its beats are those of its own seconds.
    let d = read(&columns(&made));
    assert_eq!(d.rhythm().unwrap().leads[0].id, LeadId::Standard(1));
    // Columns of 5 s one after another: 20 s, of which 3x4 has room for 10.
    let offsets = ["0", "5000", "10000", "15000"];
    let plans: Vec<_> = (0..4)
        .map(|k| part(&made, 3 * k..3 * k + 3, 2_500 * (k % 2), 2_500 * (k % 2 + 1), Some(offsets[k])))
        .collect();
    let d = read(&plans);
    let page = draw::layout(&d, &Paper::REPORT);
    let names: Vec<&str> = page.names.iter().map(|t| t.text.as_str()).collect();
    assert_eq!(&names[..4], ["I", "aVR 5.0 s", "V1 10.0 s", "V4 15.0 s"]);
    assert_eq!(page.strokes.len(), 13);
    // A group whose beginning is no time of this recording is not put on the same page.
    let mut far = plans;
    far[3].offset = Some("99999999999");
    let d = read(&far);
    assert_eq!(draw::layout(&d, &Paper::REPORT).strokes.len(), 10);
    // An offset that is no number is none: the group begins with the first.
    far[3].offset = Some("1e400");
    let d = read(&far);
    assert_eq!((d.groups.len(), d.groups[0].t0_ms), (3, 0.0));
}
