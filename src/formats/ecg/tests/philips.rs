//! Philips files (rows 8, 9, 10 of ECG specification 15).

use super::*;

fn read(name: &str) -> Option<Document> {
    let bytes = shared(&format!("philips/{name}"))?;
    Some(decode::decode(&bytes, &Limits::default()).unwrap())
}

fn check(d: &Document, values: &[(&str, f64)]) {
    let v = vendor(d);
    for (what, number) in values {
        assert!(v.contains(&((*what).into(), *number)), "{what}: {v:?}");
    }
}

/// Behind the ECG both files hold zeros and a 1 mV pulse in every lead: no beat, and no reason to doubt the
/// limb leads.
fn tail(d: &Document) {
    assert_eq!(d.warnings.iter().map(|w| w.code).collect::<Vec<_>>(), ["calibration_pulse"]);
    for lead in &d.rhythm().unwrap().leads {
        let [(from, 5_500)] = lead.missing[..] else { panic!("{:?}", lead.missing) };
        assert!([5_264, 5_300].contains(&from), "{from}");
        assert!(lead.raw[5_350..5_450].contains(&200) && lead.raw[5_499] == 0);
    }
}

#[test]
fn version_1_03_of_a_defibrillator() {
    let Some(d) = read("129DYPRG.XML") else { return };
    let r = d.rhythm().unwrap();
    assert_eq!((d.source, d.format.as_str()), (Format::Philips, "Philips XML 1.03"));
    assert_eq!((r.leads.len(), r.samples, r.rate.to_f64()), (12, 5_500, 500.0));
    assert_eq!(uv(r, 1, 6), [240.0, 220.0, 200.0, 170.0, 155.0, 140.0]);
    assert_eq!(uv(r, 2, 6), [585.0, 575.0, 555.0, 535.0, 525.0, 515.0]);
    check(&d, &[("hr", 41.0), ("pr", 151.0), ("qrs", 135.0), ("qt", 476.0), ("axis_qrs", -21.0)]);
    assert_eq!((d.acquired.as_str(), d.device.model.as_str()), ("20111201072734", "HeartstartMRx"));
    assert_eq!((d.filters.as_str(), d.high_hz, d.subject.sex.as_str()), ("0.05-150 Hz", Some(150.0), "M"));
    assert!(d.statements.iter().any(|s| s == "Sinus bradycardia (rate< 50)"), "{:?}", d.statements);
    assert!(d.statements.iter().any(|s| s == "ECG OK"));
    tail(&d);
}

#[test]
fn version_1_04_01_in_utf_16() {
    let Some(d) = read("2020-5-18_15-48-11.xml") else { return };
    let (r, m) = (d.rhythm().unwrap(), d.median().unwrap());
    assert_eq!(uv(r, 1, 6), [-10.0, -5.0, 0.0, -5.0, -5.0, -15.0]);
    assert_eq!(uv(r, 2, 4), [695.0, 685.0, 670.0, 645.0]);
    assert_eq!((m.leads.len(), m.samples, m.rate.to_f64()), (12, 1_200, 1_000.0));
    assert_eq!(uv(m, 2, 4), [10.0, 9.0, 9.0, 10.0]);
    check(
        &d,
        &[("hr", 64.0), ("pr", 164.0), ("qrs", 102.0), ("qt", 399.0), ("qtcb", 412.0), ("qtcf", 408.0)],
    );
    let mark = |what| d.fiducials.iter().find(|f| f.what == what).unwrap().sample;
    assert_eq!(["p_on", "p_off", "qrs_on", "qrs_off", "t_off"].map(mark), [341, 445, 505, 607, 904]);
    assert_eq!((d.device.serial.as_str(), d.subject.birth_date.as_str()), ("US71621374", "19510101"));
    assert!(d.statements.iter().any(|s| s == "Poor ECG, retry if possible"));
    tail(&d);
    let a = analyse(&d, "");
    assert!((server(&a, "hr").unwrap() - 64.0).abs() <= 2.0, "{:?}", a.measured.values);
}

#[test]
fn a_cut_or_damaged_file_gives_a_reason() {
    let Some(bytes) = shared("philips/129DYPRG.XML") else { return };
    for length in (0..bytes.len()).step_by(97) {
        assert!(decode::decode(&bytes[..length], &Limits::default()).is_err(), "{length}");
    }
    let mut bytes = bytes;
    for at in (0..bytes.len()).step_by(61) {
        let before = bytes[at];
        bytes[at] ^= 0x11;
        if let Err(refusal) = decode::decode(&bytes, &Limits::default()) {
            assert!(!refusal.reason.is_empty());
        }
        bytes[at] = before;
    }
}

/// LZW with ten-bit codes as the recorder writes it; the table ends at 1022.
fn lzw(bytes: &[u8]) -> Vec<u8> {
    let mut table: std::collections::HashMap<Vec<u8>, u32> =
        (0..=255_u8).map(|b| (vec![b], u32::from(b))).collect();
    let (mut out, mut held, mut bits) = (Vec::new(), 0_u32, 0_u32);
    let mut put = |code: u32, out: &mut Vec<u8>| {
        held = held << 10 | code;
        bits += 10;
        while bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
        (held, bits)
    };
    let mut word: Vec<u8> = Vec::new();
    for byte in bytes {
        let longer = [&word[..], &[*byte]].concat();
        if table.contains_key(&longer) {
            word = longer;
            continue;
        }
        put(table[&word], &mut out);
        if table.len() <= 1_022 {
            table.insert(longer, table.len() as u32);
        }
        word = vec![*byte];
    }
    let (held, bits) = put(table[&word], &mut out);
    if bits > 0 {
        out.push((held << (8 - bits)) as u8);
    }
    out
}

fn xli(z: &[i16]) -> Vec<u8> {
    let last = |i: usize| z[i - 1].wrapping_mul(2).wrapping_sub(z[i - 2]).wrapping_sub(z[i]);
    let word = |i: usize| match i {
        0 | 1 => z[i],
        _ if i + 1 < z.len() => last(i + 1).wrapping_add(64),
        _ => 64,
    };
    let words: Vec<i16> = (0..z.len()).map(word).collect();
    let high = words.iter().map(|w| w.to_be_bytes()[0]);
    let halves: Vec<u8> = high.chain(words.iter().map(|w| w.to_be_bytes()[1])).collect();
    let packed = lzw(&halves);
    [&(packed.len() as u32).to_le_bytes()[..], &[0, 0], &last(2).to_le_bytes(), &packed].concat()
}

fn document(attributes: &str, data: &[u8], before: &str) -> Vec<u8> {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(data);
    format!(
        "<restingecgdata xmlns=\"http://www3.medical.philips.com\"><documentinfo><documentversion>1.04</documentversion></documentinfo>\
         {before}<waveforms><parsedwaveforms dataencoding=\"Base64\" {attributes}>{text}</parsedwaveforms></waveforms></restingecgdata>"
    )
    .into_bytes()
}

/// What the recorder measures, and the corrections it stores instead of four limb leads.
fn twelve(count: usize) -> [Vec<Vec<i16>>; 2] {
    let lead = |k: i32| {
        (0..count as i32).map(|i| ((i * (k + 3) * 37) % 401 - 200 + (i % 50) * k) as i16).collect::<Vec<_>>()
    };
    let mut leads: Vec<Vec<i16>> = (0..12).map(lead).collect();
    // One value that leaves 16 bits on the way.
    (leads[6][40], leads[6][41]) = (32_000, -32_000);
    let rounding = |i: usize, k: usize| ((i + k) % 3) as i16 - 1;
    let mut stored = leads.clone();
    for i in 0..count {
        let (one, two) = (i32::from(leads[0][i]), i32::from(leads[1][i]));
        let s = [2, 3, 4, 5].map(|k| rounding(i, k));
        let three = two - one - i32::from(s[0]);
        let made = [
            three,
            -i32::from(s[1]) - (one + two).div_euclid(2),
            (one - three).div_euclid(2) - i32::from(s[2]),
            (two + three).div_euclid(2) - i32::from(s[3]),
        ];
        for (k, value) in made.iter().enumerate() {
            leads[2 + k][i] = *value as i16;
            stored[2 + k][i] = s[k];
        }
    }
    [leads, stored]
}

#[test]
fn what_is_packed_comes_out_again() {
    let [leads, stored] = twelve(1_500);
    let packed: Vec<u8> = stored.iter().flat_map(|s| xli(s)).collect();
    let attributes =
        "compression=\"XLI\" durationperchannel=\"3000\" samplespersecond=\"500\" resolution=\"5\"";
    let d = decode::decode(&document(attributes, &packed, ""), &Limits::default()).unwrap();
    let r = d.rhythm().unwrap();
    assert_eq!(r.leads.len(), 12);
    for (lead, x) in r.leads.iter().zip(&leads) {
        assert!(lead.raw.iter().zip(x).all(|(a, b)| *a == i32::from(*b)), "{}", lead.label);
    }
    // Without compression the leads stand as they are.
    let plain: Vec<u8> = leads.iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
    let before = "<signalcharacteristics><samplingrate>500</samplingrate><signalresolution>5</signalresolution></signalcharacteristics>";
    let same = decode::decode(
        &document("leadlabels=\"I II III aVR aVL aVF V1 V2 V3 V4 V5 V6\"", &plain, before),
        &Limits::default(),
    )
    .unwrap();
    assert_eq!(same.waveform_sha256(), d.waveform_sha256());
    for (attributes, why) in [
        ("compression=\"XLI\" samplespersecond=\"500\"", "resolution"),
        ("compression=\"XLI\" resolution=\"5\"", "sampling rate"),
        ("compression=\"ZIP\" samplespersecond=\"500\" resolution=\"5\"", "'ZIP'"),
        (
            "compression=\"XLI\" durationperchannel=\"2000\" samplespersecond=\"500\" resolution=\"5\"",
            "more samples",
        ),
    ] {
        let refusal = decode::decode(&document(attributes, &packed, ""), &Limits::default()).unwrap_err();
        assert!(refusal.reason.contains(why), "{refusal}");
    }
    let [_, small] = twelve(120);
    let packed: Vec<u8> = small.iter().flat_map(|s| xli(s)).collect();
    let attributes =
        "compression=\"XLI\" durationperchannel=\"240\" samplespersecond=\"500\" resolution=\"5\"";
    keep("ecg_philips", "xli", &document(attributes, &packed, ""));
    keep("ecg_philips", "plain", &document("leadlabels=\"I II\"", &[7; 400], before));
}
