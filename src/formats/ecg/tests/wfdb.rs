//! WFDB records (row 15 of ECG specification 15): LUDB, whose header gains are not physical.

use super::*;

fn record(n: u16) -> Option<Document> {
    let header = shared(&format!("ludb/data/{n}.hea"))?;
    assert_eq!(decode::probe(&header), Some(Format::Wfdb));
    assert_eq!(decode::wfdb::record(&header), n.to_string());
    let files = |name: &str| shared(&format!("ludb/data/{name}"));
    Some(decode::wfdb::decode(&header, &files, &Limits::default()).unwrap())
}

#[test]
fn ludb_integers_are_microvolts() {
    let Some(d) = record(1) else { return };
    let r = d.rhythm().unwrap();
    assert_eq!((r.leads.len(), r.samples, r.rate.to_f64()), (12, 5_000, 500.0));
    assert_eq!(uv(r, 1, 3), [-120.0, -43.0, 35.0]);
    assert_eq!(uv(r, 2, 3), [25.0, 97.0, 195.0]);
    assert_eq!(uv(r, 61, 3), [145.0, 140.0, 160.0]);
    for n in (1..200).step_by(2) {
        let d = record(n).unwrap();
        let r = d.rhythm().unwrap();
        let get = [1, 2, 61].map(|n| r.lead(&LeadId::Standard(n)).unwrap());
        assert_eq!(physics::residual(&get, |v| v[2] - (v[1] - v[0])), Some(0), "record {n}");
        assert!(get.iter().all(|l| l.scale == Ratio::whole(1_000) && l.offset == Ratio::ZERO), "record {n}");
        assert!(!d.warnings.iter().any(|w| w.code == "lead_map_or_skew"));
    }
}

#[test]
fn gains_baselines_offsets_and_twelve_bits_are_read() {
    let header = b"# a comment\nrec/\n".as_slice();
    assert!(decode::wfdb::decode(header, &|_| None, &Limits::default()).is_err());
    let header = b"rec 3 250/1(0) 4 9:05:07 21/11/2002\na.dat 16+24 200(-10)/mV 12 0 0 0 0 I\na.dat 16+24 1000/uV 12 5 0 0 0 chest\nb.dat 212 100 12 0 0 0 0 V2\n";
    let files = |name: &str| match name {
        "a.dat" => Some(
            [
                vec![0xEE; 24],
                [10_i16, 5, -10, 6, 190, 7, i16::MIN, 8].iter().flat_map(|v| v.to_le_bytes()).collect(),
            ]
            .concat(),
        ),
        // 1, -1, 2047, -2048 in 12 bits.
        "b.dat" => Some(vec![0x01, 0xF0, 0xFF, 0xFF, 0x87, 0x00]),
        _ => None,
    };
    let d = decode::wfdb::decode(header, &files, &Limits::default()).unwrap();
    let r = d.rhythm().unwrap();
    assert_eq!((r.rate.to_f64(), r.samples, d.acquired.as_str()), (250.0, 4, "20021121090507"));
    let one = r.lead(&LeadId::Standard(1)).unwrap();
    assert_eq!([one.nv(0), one.nv(1), one.nv(2), one.nv(3)], [Some(100_000), Some(0), Some(1_000_000), None]);
    let chest = r.leads.iter().find(|l| l.id.to_string() == "chest").unwrap();
    assert_eq!([chest.nv(0), chest.nv(3)], [Some(0), Some(3)]);
    let two = r.lead(&LeadId::Standard(4)).unwrap();
    assert_eq!((two.raw.as_slice(), two.missing.as_slice()), (&[1, -1, 2_047, -2_048][..], &[(3, 4)][..]));
    let gone = decode::wfdb::decode(header, &|_| None, &Limits::default()).unwrap_err();
    assert!(gone.reason.contains("a.dat") && gone.reason.contains("not found"), "{gone}");
    let text = String::from_utf8_lossy(header).replace("212", "310");
    assert!(
        decode::wfdb::decode(text.as_bytes(), &files, &Limits::default())
            .unwrap_err()
            .reason
            .contains("format 310")
    );
    let text = String::from_utf8_lossy(header).replace(" 4 9:", " 5 9:");
    assert!(
        decode::wfdb::decode(text.as_bytes(), &files, &Limits::default())
            .unwrap_err()
            .reason
            .contains("5 samples declared")
    );
    keep(
        "ecg_wfdb",
        "mixed",
        &[header, &[0, 0xEE, 0xEE][..], &[0x01, 0xF0, 0xFF, 0xFF, 0x87, 0x00][..]].concat(),
    );
}
