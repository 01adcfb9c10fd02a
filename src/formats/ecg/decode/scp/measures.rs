//! Sections 7 and 8 (EN 1064 §5.10, §5.11): global measurements and statements of the maker.

use crate::ecg::decode::build::{i16_at, state, text, u8_at, u16_at, vendor};
use crate::ecg::model::{Document, Fiducial};

/// "Not computed".
const NONE: u16 = 29_999;
/// Statements read at most.
const MOST: u8 = 255;

/// Reads section 7. `median` is the group of the reference beat with its samples per second.
pub fn values(body: &[u8], document: &mut Document, median: Option<(usize, f64)>) {
    let (Some(blocks), Some(spikes)) = (u8_at(body, 0), u8_at(body, 1)) else { return };
    let number = |at: usize| u16_at(body, at).filter(|v| *v != NONE).map(f64::from);
    vendor(document, "rr", number(2), "ms");
    if blocks > 0 {
        // The first block describes the reference beat; times from its first sample.
        let [p_on, p_off, qrs_on, qrs_off, t_off] = [6, 8, 10, 12, 14].map(number);
        let span = |from: Option<f64>, to: Option<f64>| Some(to? - from?);
        vendor(document, "pr", span(p_on, qrs_on), "ms");
        vendor(document, "qrs", span(qrs_on, qrs_off), "ms");
        vendor(document, "qt", span(qrs_on, t_off), "ms");
        for (what, at) in [("axis_p", 16), ("axis_qrs", 18), ("axis_t", 20)] {
            let angle = i16_at(body, at).filter(|a| (-360..=360).contains(a)).map(f64::from);
            vendor(document, what, angle, "deg");
        }
        let marks =
            [("p_on", p_on), ("p_off", p_off), ("qrs_on", qrs_on), ("qrs_off", qrs_off), ("t_off", t_off)];
        for (what, ms) in marks {
            if let (Some((group, rate)), Some(ms)) = (median, ms) {
                mark(document, what, ms * rate / 1_000.0, group);
            }
        }
    }
    // Behind the blocks: spikes (4 and 6 bytes each), types of the beats, then the extra values of version 1.3.
    let at = 6 + 16 * usize::from(blocks) + 10 * usize::from(spikes);
    let Some(beats) = u16_at(body, at) else { return };
    let extra = at + 2 + usize::from(beats);
    vendor(document, "hr", number(extra), "/min");
    vendor(document, "qtc", number(extra + 4), "ms");
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number below 2^32")]
fn mark(document: &mut Document, what: &'static str, sample: f64, group: usize) {
    let sample = sample.round() as usize;
    if document.groups.get(group).is_some_and(|g| sample < g.samples) {
        document.fiducials.push(Fiducial { what, sample, group });
    }
}

/// Reads section 8: confirmation, date, time, then numbered texts.
pub fn statements(body: &[u8], document: &mut Document) {
    let count = u8_at(body, 8).unwrap_or(0).min(MOST);
    let mut at = 9;
    for _ in 0..count {
        let Some(length) = u16_at(body, at + 1) else { return };
        let Some(raw) = body.get(at + 3..at + 3 + usize::from(length)) else { return };
        state(document, text(raw));
        at += 3 + usize::from(length);
    }
}
