//! Measurement against the cardiologists' marks of LUDB (training half): the figures a change must not worsen.

use super::*;

pub(super) const RECORDS: std::ops::Range<u16> = 1..200;
const LEADS: [(u16, &str); 12] = [
    (1, "i"),
    (2, "ii"),
    (61, "iii"),
    (62, "avr"),
    (63, "avl"),
    (64, "avf"),
    (3, "v1"),
    (4, "v2"),
    (5, "v3"),
    (6, "v4"),
    (7, "v5"),
    (8, "v6"),
];
/// Atrial fibrillation and flutter: no P wave may be claimed.
pub(super) const NO_P: [u16; 10] = [51, 83, 93, 95, 101, 109, 129, 173, 35, 103];

/// The raw integers are microvolts (the gains of the headers are a normalisation of the makers).
pub(super) fn record(n: u16) -> Option<Document> {
    let bytes = shared(&format!("ludb/data/{n}.dat"))?;
    let leads = LEADS
        .iter()
        .enumerate()
        .map(|(c, (number, _))| Lead {
            id: LeadId::Standard(*number),
            label: String::new(),
            raw: bytes
                .chunks_exact(24)
                .map(|row| i32::from(i16::from_le_bytes([row[2 * c], row[2 * c + 1]])))
                .collect(),
            scale: Ratio::whole(1_000),
            offset: Ratio::ZERO,
            missing: vec![],
            rails: (-32_768, 32_767),
            derived: false,
        })
        .collect();
    Some(Document {
        groups: vec![Group {
            kind: GroupKind::Rhythm,
            derived: false,
            rate: Ratio::whole(500),
            t0_ms: 0.0,
            samples: bytes.len() / 24,
            leads,
        }],
        ..Document::default()
    })
}

#[derive(Default, Clone)]
pub(super) struct Wave {
    pub(super) kind: u8,
    pub(super) on: Option<f64>,
    pub(super) peak: f64,
    pub(super) off: Option<f64>,
}

/// WFDB annotation file: 16-bit words, code in the upper 6 bits, time difference in the lower 10.
fn marks(bytes: &[u8]) -> Vec<Wave> {
    let words: Vec<u16> = bytes.chunks_exact(2).map(|w| u16::from_le_bytes([w[0], w[1]])).collect();
    let (mut i, mut t, mut events) = (0, 0_i64, Vec::new());
    while i < words.len() {
        let (code, d) = (words[i] >> 10, words[i] & 1023);
        i += 1;
        match code {
            0 if d == 0 => break,
            59 => {
                t += i64::from((u32::from(words[i]) << 16 | u32::from(words[i + 1])).cast_signed());
                i += 2;
            }
            60..=62 => {}
            63 => i += usize::from(d).div_ceil(2),
            _ => {
                t += i64::from(d);
                events.push((code, t as f64));
            }
        }
    }
    let mut out = Vec::new();
    for (k, (code, at)) in events.iter().enumerate() {
        let kind = match code {
            24 => b'P',
            1 => b'Q',
            27 => b'T',
            _ => continue,
        };
        let on = k.checked_sub(1).and_then(|j| events.get(j)).filter(|e| e.0 == 39).map(|e| e.1);
        let off = events.get(k + 1).filter(|e| e.0 == 40).map(|e| e.1);
        out.push(Wave { kind, on, peak: *at, off });
    }
    out
}

/// Difference to a reference wave for the beat at this sample.
type Difference<'a> = dyn Fn(&(Wave, f64, f64), f64) -> Option<f64> + 'a;

fn median(mut v: Vec<f64>) -> Option<f64> {
    v.sort_by(f64::total_cmp);
    v.get(v.len() / 2).copied()
}

/// Waves marked in at least six leads, medians over leads; also second earliest onset and second latest end.
pub(super) fn reference(n: u16) -> Vec<(Wave, f64, f64)> {
    let mut all: Vec<Wave> = LEADS
        .iter()
        .filter_map(|(_, name)| shared(&format!("ludb/data/{n}.{name}")))
        .flat_map(|b| marks(&b))
        .collect();
    all.sort_by(|a, b| (a.kind, a.peak).partial_cmp(&(b.kind, b.peak)).unwrap());
    let mut clusters: Vec<Vec<Wave>> = Vec::new();
    for w in all {
        match clusters.last_mut() {
            Some(c) if c[0].kind == w.kind && w.peak - c[c.len() / 2].peak <= 50.0 => c.push(w),
            _ => clusters.push(vec![w]),
        }
    }
    let mut out = Vec::new();
    for c in clusters.into_iter().filter(|c| c.len() >= 6) {
        let mut on: Vec<f64> = c.iter().filter_map(|w| w.on).collect();
        let mut off: Vec<f64> = c.iter().filter_map(|w| w.off).collect();
        if on.len() < 4 || off.len() < 4 {
            continue;
        }
        on.sort_by(f64::total_cmp);
        off.sort_by(f64::total_cmp);
        let global = (on[1], off[off.len() - 2]);
        let peak = median(c.iter().map(|w| w.peak).collect()).unwrap();
        out.push((Wave { kind: c[0].kind, on: median(on), peak, off: median(off) }, global.0, global.1));
    }
    out
}

fn spread(name: &str, v: &[f64]) -> (f64, f64) {
    let mean = v.iter().sum::<f64>() / v.len() as f64;
    let sd = (v.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / v.len() as f64).sqrt();
    eprintln!("{name}: n {} bias {mean:+.1} sd {sd:.1} median {:+.1}", v.len(), median(v.to_vec()).unwrap());
    (mean, sd)
}

#[test]
fn ludb_beats_and_intervals() {
    if record(1).is_none() {
        return;
    }
    let (mut found, mut missed, mut extra) = (0, Vec::new(), Vec::new());
    let (mut d_on, mut d_off, mut d_t, mut d_p) = (vec![], vec![], vec![], vec![]);
    let (mut d_qrs, mut d_qt, mut d_pr) = (vec![], vec![], vec![]);
    let (mut p_right, mut p_missed, mut p_false, mut red, mut redo, mut no_p) =
        (0, vec![], vec![], vec![], vec![], 0);
    for n in RECORDS.step_by(2) {
        let Some(d) = record(n) else { continue };
        let a = analyse(&d, "");
        let m = &a.measured;
        let truth = reference(n);
        let qrs: Vec<&(Wave, f64, f64)> = truth.iter().filter(|w| w.0.kind == b'Q').collect();
        let beats: Vec<f64> = m.beats.iter().map(|b| *b as f64).collect();
        for q in &qrs {
            if beats.iter().any(|b| (b - q.0.peak).abs() <= 75.0) { found += 1 } else { missed.push(n) }
        }
        let (from, to) =
            (qrs.first().unwrap().0.on.unwrap() - 30.0, qrs.last().unwrap().0.off.unwrap() + 30.0);
        extra.extend(
            beats
                .iter()
                .filter(|b| **b > from && **b < to && !qrs.iter().any(|q| (*b - q.0.peak).abs() <= 75.0))
                .map(|_| n),
        );
        if a.triage() == "red" {
            red.push((n, a.raises.iter().map(|r| (r.rule, r.value.clone())).collect::<Vec<_>>()));
        }
        if a.quality.verdict == quality::Verdict::Redo {
            redo.push((
                n,
                a.quality.reasons.iter().map(|r| format!("{} {}", r.code, r.lead)).collect::<Vec<_>>(),
            ));
        }
        let p_true = truth.iter().filter(|w| w.0.kind == b'P').count() * 2 > qrs.len();
        match (p_true, m.marks.p.is_some()) {
            (true, true) => p_right += 1,
            (true, false) => p_missed.push(n),
            (false, true) => p_false.push(n),
            _ => {}
        }
        no_p += usize::from(NO_P.contains(&n) && m.marks.p.is_none());
        let Some((on, off)) = m.marks.qrs else { continue };
        // Interval of the record: median over its dominant beats.
        let near = |sel: &Difference<'_>| {
            let v: Vec<f64> = qrs
                .iter()
                .filter_map(|q| {
                    let k = beats.iter().position(|b| (b - q.0.peak).abs() <= 75.0)?;
                    m.dominant[k].then(|| sel(q, beats[k]))?
                })
                .collect();
            median(v)
        };
        let peak = m.median.peak as f64;
        if let Some(x) = near(&|q, b| Some(on as f64 - peak - (q.1 - b))) {
            d_on.push(2.0 * x)
        }
        if let Some(x) = near(&|q, b| Some(off as f64 - peak - (q.2 - b))) {
            d_off.push(2.0 * x)
        }
        if let Some(x) = near(&|q, _| Some((off - on) as f64 - (q.2 - q.1))) {
            d_qrs.push(2.0 * x)
        }
        let t_of = |q: &(Wave, f64, f64)| {
            truth
                .iter()
                .find(|w| w.0.kind == b'T' && w.0.peak > q.0.peak && w.0.peak < q.0.peak + 300.0)
                .map(|w| w.2)
        };
        let p_of = |q: &(Wave, f64, f64)| {
            truth
                .iter()
                .find(|w| w.0.kind == b'P' && w.0.peak < q.0.peak && w.0.peak > q.0.peak - 150.0)
                .map(|w| w.1)
        };
        if let Some(t) = m.marks.t_off {
            if let Some(x) = near(&|q, b| Some(t as f64 - peak - (t_of(q)? - b))) {
                d_t.push(2.0 * x)
            }
            if let Some(x) = near(&|q, _| Some((t - on) as f64 - (t_of(q)? - q.1))) {
                d_qt.push(2.0 * x)
            }
        }
        if let Some((p, _)) = m.marks.p {
            if let Some(x) = near(&|q, b| Some(p as f64 - peak - (p_of(q)? - b))) {
                d_p.push(2.0 * x)
            }
            if let Some(x) = near(&|q, _| Some((on - p) as f64 - (q.1 - p_of(q)?))) {
                d_pr.push(2.0 * x)
            }
        }
    }
    eprintln!("QRS found {found} missed {missed:?} extra {extra:?}");
    eprintln!("P right {p_right} missed {p_missed:?} false {p_false:?} none in AF/flutter {no_p}/10");
    eprintln!("red {red:?}\nredo {redo:?}");
    let all = [
        ("QRS on", &d_on),
        ("QRS off", &d_off),
        ("T off", &d_t),
        ("P on", &d_p),
        ("QRS", &d_qrs),
        ("QT", &d_qt),
        ("PR", &d_pr),
    ]
    .map(|(n, v)| spread(n, v));
    assert!(missed.len() <= 2 && extra.len() <= 4, "{missed:?} {extra:?}");
    assert!(no_p >= 9, "PR claimed in atrial fibrillation");
    assert!(all.iter().all(|(bias, _)| bias.abs() < 12.0), "{all:?}");
}
