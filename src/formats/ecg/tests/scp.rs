//! SCP-ECG variants without a public sample, written here from the standard (row 4 of ECG specification 15).

use super::*;

/// CRC-CCITT bit by bit, to judge the table of the decoder.
fn crc(bytes: &[u8]) -> u16 {
    let mut crc = 0xFFFF_u16;
    for byte in bytes {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
        }
    }
    crc
}

#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn put(&mut self, text: &str) {
        self.0.extend(text.chars().map(|c| c == '1'));
    }
    fn number(&mut self, value: i32, bits: u32) {
        self.0.extend((0..bits).rev().map(|k| value >> k & 1 == 1));
    }
    /// Whole bytes, an even number of them.
    fn bytes(&self) -> Vec<u8> {
        let byte = |c: &[bool]| c.iter().enumerate().fold(0, |b, (k, on)| b | u8::from(*on) << (7 - k));
        let mut out: Vec<u8> = self.0.chunks(8).map(byte).collect();
        out.resize(out.len().next_multiple_of(2), 0);
        out
    }
}

fn differences(x: &[i32], order: u8) -> Vec<i32> {
    (0..x.len())
        .map(|i| match (order, i) {
            (0, _) | (_, 0) | (2, 1) => x[i],
            (1, _) => x[i] - x[i - 1],
            _ => x[i] - 2 * x[i - 1] + x[i - 2],
        })
        .collect()
}

/// The default table: k ones, a zero, a sign; nine ones and 8 or 16 bits.
fn default_table(numbers: &[i32]) -> Vec<u8> {
    let mut bits = Bits::default();
    for n in numbers {
        match n.unsigned_abs() {
            0 => bits.put("0"),
            k @ 1..=8 => {
                bits.put(&"1".repeat(k as usize));
                bits.put(if *n < 0 { "01" } else { "00" });
            }
            9..=127 => {
                bits.put("1111111110");
                bits.number(*n, 8);
            }
            _ => {
                bits.put("1111111111");
                bits.number(*n, 16);
            }
        }
    }
    bits.bytes()
}

/// Two own tables: small numbers in the first; a switch to the second for wide ones, and back.
const OWN: [&[(&str, u8, u8, i16)]; 2] = [
    &[("0", 1, 1, 0), ("10", 2, 1, 1), ("110", 3, 1, -1), ("1110", 12, 1, 3), ("1111", 4, 0, 2)],
    &[("0", 17, 1, 0), ("1", 1, 0, 1)],
];

fn own_section() -> Vec<u8> {
    let mut out = vec![2, 0];
    for table in OWN {
        out.extend((table.len() as u16).to_le_bytes());
        for (prefix, total, mode, base) in table {
            out.extend([prefix.len() as u8, *total, *mode]);
            out.extend(base.to_le_bytes());
            // The first bit of the code is the lowest.
            let code = prefix.chars().rev().fold(0_u32, |c, bit| c << 1 | u32::from(bit == '1'));
            out.extend(code.to_le_bytes());
        }
    }
    out
}

fn own_tables(numbers: &[i32]) -> Vec<u8> {
    let mut bits = Bits::default();
    for n in numbers {
        match n {
            0 => bits.put("0"),
            1 => bits.put("10"),
            -1 => bits.put("110"),
            -120..=120 => {
                bits.put("1110");
                // The base value of this code is 3.
                bits.number(n - 3, 8);
            }
            _ => {
                bits.put("11110");
                bits.number(*n, 16);
                bits.put("1");
            }
        }
    }
    bits.bytes()
}

fn section(id: u16, body: &[u8], burdick: bool) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(2), 0);
    let mut out = id.to_le_bytes().to_vec();
    out.extend((body.len() as u32 + 16).to_le_bytes());
    // Burdick writes garbage into version, protocol and reserved bytes.
    out.extend(if burdick { [0xA5, 0x5A, 0x11, 0, 0x22, 0, 0x33, 0] } else { [20, 20, 0, 0, 0, 0, 0, 0] });
    out.extend(body);
    [crc(&out).to_le_bytes().to_vec(), out].concat()
}

/// A record; the sections in the order given.
pub(super) fn record(sections: &[(u16, Vec<u8>)], burdick: bool) -> Vec<u8> {
    let count = sections.len() + 1;
    let mut at = 6 + 16 + 10 * count;
    let made: Vec<Vec<u8>> = sections.iter().map(|(id, body)| section(*id, body, burdick)).collect();
    let mut table = Vec::new();
    let mut pointer = |id: u16, length: usize, index: usize| {
        table.extend(id.to_le_bytes());
        table.extend((length as u32).to_le_bytes());
        table.extend((index as u32).to_le_bytes());
    };
    pointer(0, 16 + 10 * count, 7);
    for ((id, _), bytes) in sections.iter().zip(&made) {
        pointer(*id, bytes.len(), at + 1);
        at += bytes.len();
    }
    let mut zero = section(0, &table, false);
    if !burdick {
        zero[10..16].copy_from_slice(b"SCPECG");
        let sum = crc(&zero[2..]);
        zero[..2].copy_from_slice(&sum.to_le_bytes());
    }
    let body = [zero, made.concat()].concat();
    let mut out = ((body.len() + 6) as u32).to_le_bytes().to_vec();
    out.extend(body);
    [crc(&out).to_le_bytes().to_vec(), out].concat()
}

fn tags() -> Vec<u8> {
    let tag = |n: u8, v: &[u8]| [&[n, v.len() as u8, 0][..], v].concat();
    // 张三 in GB18030.
    [
        tag(0, b"\xD5\xC5\xC8\xFD\0"),
        tag(2, b"330100-7\0"),
        tag(8, &[2]),
        tag(25, &[0xE9, 0x07, 11, 26]),
        tag(26, &[8, 30, 15]),
        tag(27, &[5, 0]),
        tag(28, &[150, 0]),
        tag(29, &[2]),
        vec![255, 0, 0],
    ]
    .concat()
}

pub(super) fn leads(codes: &[u8], count: usize, flags: u8) -> Vec<u8> {
    let mut out = vec![codes.len() as u8, flags];
    for code in codes {
        out.extend(1_u32.to_le_bytes());
        out.extend((count as u32).to_le_bytes());
        out.push(*code);
    }
    out
}

fn streams(avm: u16, interval: u16, order: u8, mode: u8, list: &[Vec<u8>]) -> Vec<u8> {
    let mut out = [avm.to_le_bytes(), interval.to_le_bytes()].concat();
    out.extend([order, mode]);
    out.extend(list.iter().flat_map(|s| (s.len() as u16).to_le_bytes()));
    out.extend(list.concat());
    out
}

/// Something like an ECG of lead `k`.
fn wave(k: usize, count: usize) -> Vec<i32> {
    let at = |i: usize| {
        let t = (i % 200) as f64;
        let bump = |m: f64, w: f64, a: f64| a * (-((t - m) / w).powi(2)).exp();
        (bump(60.0, 8.0, 40.0) + bump(100.0, 4.0, 300.0 + 10.0 * k as f64) + bump(150.0, 14.0, 80.0)).round()
            as i32
    };
    (0..count).map(at).collect()
}

fn decoded(bytes: &[u8]) -> Document {
    let d = decode::decode(bytes, &Limits::default()).unwrap();
    assert_eq!(d.source, Format::Scp);
    d
}

#[test]
fn every_coding_and_order_gives_the_samples_back() {
    let x: Vec<Vec<i32>> = (0..2).map(|k| wave(k, 5_000)).collect();
    let plain = |n: &[i32]| n.iter().flat_map(|v| (*v as i16).to_le_bytes()).collect::<Vec<u8>>();
    for order in 0..=2 {
        for (name, table, code) in [
            ("default", Some(vec![0x1F, 0x4E]), &default_table as &dyn Fn(&[i32]) -> Vec<u8>),
            ("own", Some(own_section()), &own_tables),
            ("plain", None, &plain),
        ] {
            let build = |count: usize| {
                let list: Vec<Vec<u8>> = x.iter().map(|v| code(&differences(&v[..count], order))).collect();
                let mut sections = vec![
                    (1, tags()),
                    (3, leads(&[1, 2], count, 4)),
                    (6, streams(2_500, 2_000, order, 0, &list)),
                ];
                sections.extend(table.clone().map(|t| (2, t)));
                record(&sections, false)
            };
            let d = decoded(&build(5_000));
            for (lead, v) in d.groups[0].leads.iter().zip(&x) {
                assert_eq!(&lead.raw, v, "{name} order {order}");
            }
            // III and the augmented leads follow from I and II.
            assert_eq!(d.groups[0].leads.len(), 6);
            assert_eq!(
                d.groups[0].lead(&LeadId::Standard(61)).unwrap().nv(100),
                Some(i64::from(x[1][100] - x[0][100]) * 2_500)
            );
            assert_eq!(
                (d.subject.name.as_str(), d.subject.sex.as_str(), d.acquired.as_str()),
                ("张三", "F", "20251126083015")
            );
            assert_eq!((d.filters.as_str(), d.high_hz), ("0.05-150 Hz AC50", Some(150.0)));
            assert!(d.warnings.iter().all(|w| w.code == "leads_absent"), "{:?}", d.warnings);
            keep("ecg_scp", &format!("{name}-{order}"), &build(300));
        }
    }
}

/// Beats at 200, 400, ... from sample 1; the reference beat of 100 samples has its fiducial at 40.
fn subtracted(count: usize, burdick: bool) -> (Vec<u8>, Vec<i64>) {
    let reference: Vec<i32> =
        (0..100).map(|i| (900.0 * (-((i as f64 - 39.0) / 6.0).powi(2)).exp()).round() as i32).collect();
    // Outside the zones a straight line and a spike; inside whatever is left.
    let residual: Vec<i32> = (0..count).map(|i| if i == 55 { 9 } else { (i / 50) as i32 - 3 }).collect();
    let mut four = [200_u16, 40, 0].map(u16::to_le_bytes).concat();
    let mut beats = Vec::new();
    for fiducial in (200..count - 100).step_by(200) {
        beats.push((0_u16, fiducial - 30, fiducial, fiducial + 50));
    }
    beats.push((1, 1, 90, 1));
    four[4..6].copy_from_slice(&(beats.len() as u16).to_le_bytes());
    for (class, from, fiducial, to) in &beats {
        four.extend(class.to_le_bytes());
        four.extend([from, fiducial, to].iter().flat_map(|n| (**n as u32).to_le_bytes()));
    }
    // Residual in 4000 nV, reference in 1000 nV.
    let inside = |n: usize| beats.iter().any(|b| b.0 == 0 && (b.1..=b.3 + 2).contains(&n));
    let expected = (0..count).map(|i| {
        let r = |j: usize| i64::from(residual[j]);
        let smooth = i > 0 && i + 1 < count && !inside(i + 1);
        let base = if smooth {
            ((r(i - 1) + r(i) + r(i + 1)) as f64 * 4.0 / 3.0).round() as i64 * 1_000
        } else {
            r(i) * 4_000
        };
        let beat = beats.iter().find(|b| b.0 == 0 && (b.1..=b.3).contains(&(i + 1)));
        base + beat.map_or(0, |b| i64::from(reference[i + 1 + 40 - b.2 - 1]) * 1_000)
    });
    let list = |x: &[i32]| vec![default_table(&differences(x, 2)); 2];
    let sections = [
        (1, tags()),
        (2, vec![0x1F, 0x4E]),
        (3, leads(&[1, 2], count, 0x05)),
        (4, four),
        (5, streams(1_000, 2_000, 2, 0, &list(&reference))),
        (
            7,
            [
                vec![1, 0, 0xE8, 3, 0x2F, 0x75, 40, 0, 60, 0, 70, 0, 110, 0, 190, 0],
                vec![30, 0, 0xF6, 0xFF, 0x2F, 0x75],
            ]
            .concat(),
        ),
        (6, streams(4_000, 2_000, 2, 0, &list(&residual))),
    ];
    (record(&sections, burdick), expected.collect())
}

#[test]
fn subtracted_beats_of_a_burdick_type_record_are_added_again() {
    let (bytes, expected) = subtracted(5_000, true);
    let d = decoded(&bytes);
    let lead = d.groups[0].lead(&LeadId::Standard(1)).unwrap();
    assert_eq!(lead.scale, Ratio::whole(1_000));
    for (i, nv) in expected.iter().enumerate() {
        assert_eq!(lead.nv(i), Some(*nv), "sample {i}");
    }
    let r: Vec<usize> = d.fiducials.iter().filter(|f| f.what == "r").map(|f| f.sample).collect();
    assert_eq!((r[0], r[1], *r.last().unwrap()), (199, 399, 89));
    let v = vendor(&d);
    for (what, number) in
        [("rr", 1_000.0), ("pr", 30.0), ("qrs", 40.0), ("qt", 120.0), ("axis_p", 30.0), ("axis_qrs", -10.0)]
    {
        assert!(v.contains(&(what.into(), number)), "{what} {v:?}");
    }
    assert!(!v.iter().any(|(w, _)| w == "axis_t"), "29999 is no angle");
    assert_eq!((d.median().unwrap().samples, d.median().unwrap().leads[0].raw[39]), (100, 900));
    keep("ecg_scp", "subtracted", &subtracted(500, true).0);
    // A zone beyond the reference beat is clipped and said.
    let mut bad = bytes.clone();
    let at = bad.windows(4).position(|w| w == 250_u32.to_le_bytes()).unwrap();
    bad[at..at + 4].copy_from_slice(&280_u32.to_le_bytes());
    let d = decoded(&bad);
    assert!(["reference_beat_short", "crc_mismatch"].iter().all(|c| d.warnings.iter().any(|w| w.code == *c)));
}

#[test]
fn a_bimodal_record_is_interpolated_outside_its_protected_zones() {
    let (count, factor) = (1_000_usize, 4);
    let signal: Vec<i32> = (0..count)
        .map(|i| 8 * i as i32 - 4_000 + i32::from((396..440).contains(&i)) * ((i % 7) as i32))
        .collect();
    // Protected: samples 397 to 440 from 1. What lies before and behind divides by four.
    let mut four = [200_u16, 40, 1].map(u16::to_le_bytes).concat();
    four.extend(0_u16.to_le_bytes());
    four.extend([390_u32, 410, 440, 397, 440].iter().flat_map(|n| n.to_le_bytes()));
    let mean =
        |x: &[i32]| x.chunks(factor).map(|c| c.iter().sum::<i32>() / c.len() as i32).collect::<Vec<_>>();
    let stored = [mean(&signal[..396]), signal[396..440].to_vec(), mean(&signal[440..])].concat();
    let beat = default_table(&[0; 100]);
    let sections = [
        (2, vec![0x1F, 0x4E]),
        (3, leads(&[1], count, 4)),
        (4, four),
        (5, streams(1_000, 2_000, 0, 0, &[beat])),
        (6, streams(1_000, 8_000, 1, 1, &[default_table(&differences(&stored, 1))])),
    ];
    let bytes = record(&sections, false);
    let d = decoded(&bytes);
    let group = d.rhythm().unwrap();
    assert_eq!((group.rate.to_f64(), group.samples), (500.0, count));
    let raw = &group.leads[0].raw;
    assert_eq!(raw[396..440], signal[396..440]);
    // A line between the middles of the means; held at both ends of a stretch.
    for (i, x) in raw.iter().enumerate() {
        let held = [0, 1, 394, 395, 440, 441, 998, 999].contains(&i);
        assert!((x - signal[i]).abs() <= if held { 12 } else { 0 }, "sample {i}: {x} for {}", signal[i]);
    }
    keep("ecg_scp", "bimodal", &bytes);
}

#[test]
fn what_contradicts_itself_is_refused_in_words() {
    let base = |sections: &[(u16, Vec<u8>)]| {
        decode::decode(&record(sections, false), &Limits::default()).unwrap_err()
    };
    let six = streams(1_000, 2_000, 0, 0, &[default_table(&[1; 100])]);
    let default = (2, vec![0x1F, 0x4E]);
    assert!(base(&[(3, leads(&[1], 100, 4))]).reason.contains("section 6 is absent"));
    assert!(base(&[(6, six.clone())]).reason.contains("section 3 is absent"));
    let long = base(&[default.clone(), (3, leads(&[1], 5_000, 4)), (6, six.clone())]);
    assert!(long.reason.contains("lead I") && long.reason.contains("5000"), "{}", long.reason);
    let huge = base(&[default.clone(), (3, leads(&[1], usize::MAX & 0xFFFF_FFFF, 4)), (6, six.clone())]);
    assert_eq!(huge.stage, "limit");
    let lost = base(&[default, (3, leads(&[1], 100, 5)), (4, vec![0; 6]), (6, six)]);
    assert!(lost.reason.contains("section 4"), "{}", lost.reason);
}
