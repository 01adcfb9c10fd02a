//! ECG values as OBX segments: the value that counts first, other sources of the same value behind it with a sub-id.

use yigong_clinic::ecg::codes;
use yigong_clinic::report::content::{Ecg, Measurement};
use yigong_formats::hl7::write::{Field, Writer};

/// Values in the order reports print them, then the others.
pub(super) fn rows(w: &mut Writer, set: &mut usize, ecg: &Ecg, status: &str) {
    let mut named: Vec<&str> = codes::CODES.iter().map(|c| c.what).collect();
    for m in &ecg.measurements {
        if !named.contains(&m.what.as_str()) {
            named.push(&m.what);
        }
    }
    for what in named {
        let best = ecg.best(what);
        let others =
            ecg.measurements.iter().filter(|m| m.what == what && best.is_none_or(|b| b.source != m.source));
        for (n, m) in best.into_iter().chain(others).enumerate() {
            row(w, set, m, n + 1, status);
        }
    }
}

/// OBX-3 local code and LOINC (HL7 2.5.1 §7.4.2), OBX-4 1 = the value that counts, OBX-17 whose value it is.
fn row(w: &mut Writer, set: &mut usize, m: &Measurement, sub: usize, status: &str) {
    let Some(value) = m.number else { return };
    *set += 1;
    let (number, sub, value) = (set.to_string(), sub.to_string(), value.to_string());
    let known = codes::of(&m.what);
    let name = known.map_or("", |k| k.zh);
    let code: &[&str] = match known {
        Some(k) if !k.loinc.is_empty() => &[&m.what, name, "99YG", k.loinc, k.en, "LN"],
        _ => &[&m.what, name, "99YG"],
    };
    let source = codes::source(&m.source).0;
    w.segment(
        "OBX",
        &[
            Field::Text(&number),
            Field::Text("NM"),
            Field::Parts(code),
            Field::Text(&sub),
            Field::Text(&value),
            Field::Text(&m.unit),
            Field::None,
            Field::None,
            Field::None,
            Field::None,
            Field::Text(status),
            Field::None,
            Field::None,
            Field::None,
            Field::None,
            Field::None,
            Field::Text(source),
        ],
    );
}
