//! Ten seconds of twelve leads (eight in MUSE and ISHNE) at 500 Hz in formats without a public example.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const NAMES: [&str; 12] = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"];
const RATE: usize = 500;
const COUNT: usize = 10 * RATE;

/// Something that is not the same twice.
fn sample(i: usize, k: usize) -> i16 {
    let beat = i % 400;
    let peak = if (150..170).contains(&beat) { 20 * (10 - (beat.abs_diff(160)).min(10)) } else { 0 };
    i16::try_from(peak * (k + 1) / 4 + (i * 7_919 + k * 31) % 11).unwrap_or(0)
}

fn lead(k: usize) -> Vec<u8> {
    (0..COUNT).flat_map(|i| sample(i, k).to_le_bytes()).collect()
}

/// Name and bytes of each.
pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("made.edf", edf()),
        ("made.ecg (ISHNE)", ishne()),
        ("made.xml (MUSE)", muse()),
        ("made.scp (Healforce)", healforce()),
    ]
}

fn muse() -> Vec<u8> {
    let lead = |(k, name): (usize, &str)| {
        format!(
            "<LeadData><LeadID>{name}</LeadID><LeadAmplitudeUnitsPerBit>4.88</LeadAmplitudeUnitsPerBit>\
             <LeadAmplitudeUnits>MICROVOLTS</LeadAmplitudeUnits><WaveFormData>{}</WaveFormData></LeadData>",
            STANDARD.encode(self::lead(k))
        )
    };
    let stored = NAMES.into_iter().enumerate().filter(|(k, _)| !(2..6).contains(k));
    let leads: String = stored.map(lead).collect();
    format!(
        "<RestingECG><Waveform><WaveformType>Rhythm</WaveformType><SampleBase>{RATE}</SampleBase>{leads}</Waveform></RestingECG>"
    )
    .into_bytes()
}

/// One record of a second for each of ten.
fn edf() -> Vec<u8> {
    let put = |out: &mut Vec<u8>, text: &str, width: usize| out.extend(format!("{text:<width$}").bytes());
    let mut out = Vec::new();
    for (text, width) in
        [("0", 8), ("X", 80), ("X", 80), ("01.01.26", 8), ("08.00.00", 8), ("3328", 8), ("", 44)]
    {
        put(&mut out, text, width);
    }
    for (text, width) in [("10", 8), ("1", 8), ("12", 4)] {
        put(&mut out, text, width);
    }
    let columns = [
        ("", 16),
        ("", 80),
        ("uV", 8),
        ("-32768", 8),
        ("32767", 8),
        ("-32768", 8),
        ("32767", 8),
        ("", 80),
        ("500", 8),
        ("", 32),
    ];
    for (n, (text, width)) in columns.into_iter().enumerate() {
        for name in NAMES {
            let label = format!("ECG {name}");
            put(&mut out, if n == 0 { &label } else { text }, width);
        }
    }
    for second in 0..10 {
        for k in 0..NAMES.len() {
            out.extend((0..RATE).flat_map(|i| sample(second * RATE + i, k).to_le_bytes()));
        }
    }
    out
}

fn ishne() -> Vec<u8> {
    let mut head = vec![0_u8; 522];
    let mut put = |at: usize, bytes: &[u8]| {
        if let Some(place) = head.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    };
    put(0, b"ISHNE1.0");
    put(14, &u32::try_from(COUNT).unwrap_or(0).to_le_bytes());
    put(22, &522_u32.to_le_bytes());
    put(156, &8_u16.to_le_bytes());
    // I, II, V1 to V6.
    for (k, code) in [5_u16, 6, 11, 12, 13, 14, 15, 16].into_iter().enumerate() {
        put(158 + 2 * k, &code.to_le_bytes());
        put(206 + 2 * k, &2_500_i16.to_le_bytes());
    }
    put(272, &500_i16.to_le_bytes());
    head.extend((0..COUNT).flat_map(|i| (0..8).flat_map(move |k| sample(i, k).to_le_bytes())));
    head
}

/// A section 3 of three leads and a section 6 of packed samples, about two minutes at 150 Hz: its length has 16 bits.
fn healforce() -> Vec<u8> {
    let section = |id: u16, body: &[u8]| {
        let mut out = vec![0, 0];
        out.extend(id.to_le_bytes());
        out.extend(u32::try_from(body.len() + 16).unwrap_or(0).to_le_bytes());
        out.extend([0; 8]);
        out.extend(body);
        out
    };
    let stream: Vec<u8> =
        (0..9_000_usize).flat_map(|i| (sample(i, i % 3).unsigned_abs() + 512).to_le_bytes()).collect();
    let length = u16::try_from(stream.len()).unwrap_or(0);
    let mut six = vec![0, 0, 150, 0, 0, 0];
    six.extend(length.to_le_bytes());
    six.extend(stream);
    let (three, six) = (section(3, &[3, 0]), section(6, &six));
    let table = 22 + 3 * 10;
    let mut out = vec![0_u8; 6];
    out.extend([0, 0, 0, 0]);
    out.extend(u32::try_from(table - 6).unwrap_or(0).to_le_bytes());
    out.extend([0x0D, 0x0D, 0, 0, 0, 0, 0, 0]);
    for (id, length, at) in [(0, table - 6, 6), (3, three.len(), table), (6, six.len(), table + three.len())]
    {
        out.extend(u16::try_from(id).unwrap_or(0).to_le_bytes());
        out.extend(u32::try_from(length).unwrap_or(0).to_le_bytes());
        out.extend(u32::try_from(at).unwrap_or(0).to_le_bytes());
    }
    out.extend(three);
    out.extend(six);
    let whole = u16::try_from(out.len()).unwrap_or(0);
    if let Some(place) = out.get_mut(4..6) {
        place.copy_from_slice(&whole.to_le_bytes());
    }
    out
}
