//! Section 1 (EN 1064 §5.4): the person, the recorder, date, time and filters.

use crate::ecg::decode::build::{filters, i16_at, name, text, u8_at, u16_at};
use crate::ecg::model::Document;

/// Recorders by the number in tag 14 (EN 1064 §5.4.3.1, table of manufacturers).
const MAKERS: [&str; 21] = [
    "",
    "Burdick",
    "Cambridge",
    "Compumed",
    "Datamed",
    "Fukuda",
    "Hewlett-Packard",
    "Marquette Electronics",
    "Mortara Instrument",
    "Nihon Kohden",
    "Okin",
    "Quinton",
    "Siemens",
    "SpaceLabs",
    "Telemed",
    "Hellige",
    "Esaote Biomedica",
    "Schiller",
    "Picker Schwarzer",
    "Elettronica Trentina",
    "Zonic",
];

/// Tags read at most.
const MOST: usize = 1_024;

/// Reads the tags into the document. What is cut or unknown is passed over.
pub fn read(body: &[u8], document: &mut Document) {
    let mut names: [String; 3] = Default::default();
    let (mut date, mut time, mut zone) = (String::new(), String::new(), String::new());
    let (mut low, mut high, mut notch) = (None, None, None);
    let mut at = 0;
    for _ in 0..MOST {
        let (Some(tag), Some(length)) = (u8_at(body, at), u16_at(body, at + 1)) else { break };
        let from = at + 3;
        let Some(value) = body.get(from..from + usize::from(length)) else { break };
        at = from + value.len();
        match tag {
            255 => break,
            0 => names[0] = text(value),
            1 => names[1] = text(value),
            3 => names[2] = text(value),
            2 => document.subject.id = text(value),
            5 => document.subject.birth_date = day(value),
            8 => {
                document.subject.sex = match u8_at(value, 0) {
                    Some(1) => "M",
                    Some(2) => "F",
                    _ => "",
                }
                .to_owned();
            }
            14 => device(value, document),
            25 => date = day(value),
            26 => time = clock(value),
            // Hundredths of a hertz.
            27 => low = u16_at(value, 0).map(|v| f64::from(v) / 100.0),
            28 => high = u16_at(value, 0).filter(|v| *v > 0).map(f64::from),
            // Bit 0: 60 Hz notch, bit 1: 50 Hz notch.
            29 => {
                notch = u8_at(value, 0).and_then(|bits| match bits & 3 {
                    1 => Some(60.0),
                    2 => Some(50.0),
                    _ => None,
                });
            }
            34 => zone = i16_at(value, 0).map(offset).unwrap_or_default(),
            _ => {}
        }
    }
    let family = [names[0].as_str(), names[2].as_str()].join(" ");
    document.subject.name = name(&family, &names[1]);
    if !date.is_empty() && !time.is_empty() {
        document.acquired = format!("{date}{time}{zone}");
    }
    document.filters = filters(low, high, notch);
    document.high_hz = high;
}

/// Year (16 bits), month, day; empty when not given.
fn day(value: &[u8]) -> String {
    match (u16_at(value, 0), u8_at(value, 2), u8_at(value, 3)) {
        (Some(y @ 1..=9999), Some(m @ 1..=12), Some(d @ 1..=31)) => format!("{y:04}{m:02}{d:02}"),
        _ => String::new(),
    }
}

fn clock(value: &[u8]) -> String {
    match (u8_at(value, 0), u8_at(value, 1), u8_at(value, 2)) {
        (Some(h @ 0..24), Some(m @ 0..60), Some(s @ 0..60)) => format!("{h:02}{m:02}{s:02}"),
        _ => String::new(),
    }
}

/// Minutes east of UTC; what is no zone means "not given".
fn offset(minutes: i16) -> String {
    if minutes.unsigned_abs() > 14 * 60 {
        return String::new();
    }
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}{:02}", minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60)
}

/// Model in bytes 8-13, then NUL-ended strings from byte 36: program, serial number, software, SCP software, maker.
fn device(value: &[u8], document: &mut Document) {
    let known = |t: String| if t.eq_ignore_ascii_case("unknown") { String::new() } else { t };
    document.device.model = known(text(value.get(8..14).unwrap_or_default()));
    let mut strings = value.get(36..).unwrap_or_default().split(|b| *b == 0).map(text);
    document.device.serial = known(strings.nth(1).unwrap_or_default());
    document.device.maker = known(strings.nth(2).unwrap_or_default());
    if document.device.maker.is_empty() {
        let number = u8_at(value, 7).map_or(0, usize::from);
        document.device.maker = MAKERS.get(number).map(ToString::to_string).unwrap_or_default();
    }
}
