//! Where every line of the paper goes. 1 unit = 10 um: at 10 mm/mV one microvolt is one unit, at 25 mm/s and 500 Hz a sample is 5 units.

use crate::ecg::{EcgDocument, Group, Lead, LeadId};

/// Arrangement of the leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Three rows of four columns and lead II below.
    ThreeByFourPlusOne,
    /// Six rows of two columns.
    SixByTwo,
    /// Twelve rows.
    TwelveByOne,
}

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// Arrangement.
    pub format: Format,
    /// Paper speed in mm/s x 10: 125, 250 or 500.
    pub speed_x10: u32,
    /// Gain in mm/mV: 5, 10 or 20.
    pub gain: u32,
}

impl Default for Layout {
    fn default() -> Self {
        Self { format: Format::ThreeByFourPlusOne, speed_x10: 250, gain: 10 }
    }
}

impl Layout {
    /// From the words of the API: `3x4+1`, `6x2`, `12x1`; speed 12.5, 25, 50; gain 5, 10, 20. `None` for anything else.
    pub fn parse(format: &str, speed: &str, gain: &str) -> Option<Layout> {
        let format = match format {
            "3x4+1" | "3x4+II" | "3x4 1" => Format::ThreeByFourPlusOne,
            "6x2" => Format::SixByTwo,
            "12x1" => Format::TwelveByOne,
            _ => return None,
        };
        let speed_x10 = match speed {
            "12.5" => 125,
            "25" => 250,
            "50" => 500,
            _ => return None,
        };
        let gain = gain.parse().ok().filter(|g| [5, 10, 20].contains(g))?;
        Some(Layout { format, speed_x10, gain })
    }
}

/// A label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Left end of the baseline.
    pub at: (i32, i32),
    /// Height of the letters, units.
    pub size: i32,
    /// The words.
    pub words: String,
}

/// Everything on the paper, units of 10 um.
#[derive(Clone, Debug, Default)]
pub struct Drawing {
    /// Width and height of the paper.
    pub size: (i32, i32),
    /// Wave strokes, one polyline a stroke; a gap in the data ends a stroke.
    pub waves: Vec<Vec<(i32, i32)>>,
    /// Calibration pulses and column ticks.
    pub marks: Vec<Vec<(i32, i32)>>,
    /// Labels.
    pub texts: Vec<Text>,
}

const MARGIN: i32 = 500;
const PULSE: i32 = 1000;
const SECONDS: f64 = 10.0;

/// Lays out the first 10 s of the rhythm group; an empty drawing when there is none.
pub fn layout(document: &EcgDocument, how: &Layout) -> Drawing {
    let mut out = Drawing::default();
    let Some(group) = document.rhythm() else { return out };
    let rows: Vec<Vec<u16>> = match how.format {
        Format::ThreeByFourPlusOne => vec![vec![1, 62, 3, 6], vec![2, 63, 4, 7], vec![61, 64, 5, 8], vec![2]],
        Format::SixByTwo => vec![vec![1, 3], vec![2, 4], vec![61, 5], vec![62, 6], vec![63, 7], vec![64, 8]],
        Format::TwelveByOne => [1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8].iter().map(|c| vec![*c]).collect(),
    };
    let height = match how.format {
        Format::ThreeByFourPlusOne => 3000,
        Format::SixByTwo => 2500,
        Format::TwelveByOne => 2000,
    } * if how.gain == 20 { 2 } else { 1 };
    let shown = group.seconds().min(SECONDS);
    let left = MARGIN + PULSE;
    let width = across(SECONDS, how);
    // Whole 5 mm squares.
    let whole = |v: i32| (v + 499) / 500 * 500;
    out.size = (whole(left + width + MARGIN), whole(1000 + height * rows.len() as i32 + 500));
    for (r, codes) in rows.iter().enumerate() {
        let base = 1000 + height * r as i32 + height / 2;
        pulse(&mut out, base, how);
        let columns = codes.len() as f64;
        for (c, code) in codes.iter().enumerate() {
            let (from, to) = (SECONDS * c as f64 / columns, (SECONDS * (c + 1) as f64 / columns).min(shown));
            let x0 = left + across(from, how);
            out.texts.push(Text { at: (x0 + 100, base - height / 2 + 450), size: 350, words: LeadId::Code(*code).name().to_owned() });
            if c > 0 {
                out.marks.push(vec![(x0, base - 400), (x0, base - 150)]);
            }
            if let Some(lead) = group.lead(*code) {
                strokes(&mut out, lead, group, from, to, left, base, how);
            }
        }
    }
    let caption = caption(group, how);
    out.texts.push(Text { at: (MARGIN, out.size.1 - 150), size: 300, words: caption });
    out
}

/// The 1 mV, 200 ms calibration pulse.
fn pulse(out: &mut Drawing, base: i32, how: &Layout) {
    let (up, wide) = (vertical(1_000_000, how), across(0.2, how).min(PULSE - 300));
    let x = MARGIN + 150;
    out.marks.push(vec![(x - 150, base), (x, base), (x, base - up), (x + wide, base - up), (x + wide, base), (x + wide + 100, base)]);
}

#[expect(clippy::too_many_arguments, reason = "a stroke needs the lead, its span in time and its place on the paper")]
fn strokes(out: &mut Drawing, lead: &Lead, group: &Group, from: f64, to: f64, left: i32, base: i32, how: &Layout) {
    let rate = group.rate.to_f64();
    let (first, last) = ((from * rate).ceil() as usize, ((to * rate).ceil() as usize).min(group.samples));
    let mut now: Vec<(i32, i32)> = Vec::new();
    for i in first..last {
        match lead.nanovolts(i) {
            // From the index, never accumulated: the error stays below half a unit.
            Some(nv) => now.push((left + across(i as f64 / rate, how), base - vertical(nv, how))),
            None if !now.is_empty() => out.waves.push(std::mem::take(&mut now)),
            None => {}
        }
    }
    if !now.is_empty() {
        out.waves.push(now);
    }
}

fn across(seconds: f64, how: &Layout) -> i32 {
    (seconds * f64::from(how.speed_x10) * 10.0).round() as i32
}

fn vertical(nanovolts: i64, how: &Layout) -> i32 {
    let units = nanovolts.saturating_mul(i64::from(how.gain));
    let half = if units < 0 { -5_000 } else { 5_000 };
    ((units.saturating_add(half)) / 10_000).clamp(-200_000, 200_000) as i32
}

/// The line every paper carries: speed, gain, declared pass band and notch.
fn caption(group: &Group, how: &Layout) -> String {
    let speed = f64::from(how.speed_x10) / 10.0;
    format!("{speed} mm/s  {} mm/mV  {}  {} Hz", how.gain, band(group), group.rate.to_f64())
}

/// Declared filters in words, e.g. `0.05-150 Hz AC50`; empty when the file says nothing.
pub(super) fn band(group: &Group) -> String {
    let first = |n: usize| group.leads.iter().find_map(|l| l.band[n]).filter(|v| *v > 0.0);
    let mut out = match (first(0), first(1)) {
        (Some(a), Some(b)) => format!("{a}-{b} Hz"),
        (Some(a), None) => format!(">{a} Hz"),
        (None, Some(b)) => format!("<{b} Hz"),
        (None, None) => String::new(),
    };
    if let Some(notch) = first(2) {
        out.push_str(&format!(" AC{notch}"));
    }
    out
}

impl Group {
    /// Declared filters in words, e.g. `0.05-150 Hz AC50`.
    pub fn filters(&self) -> String {
        band(self)
    }
}
