//! Layout in units of 10 µm (ECG specification 16): at 10 mm/mV one microvolt is one unit, at 25 mm/s two milliseconds
//! are five. Positions come from the index, never from a running sum. Straight segments, no splines.

use super::strips::{self, Shown};
use crate::ecg::lead::LeadId;
use crate::ecg::model::{Document, Lead};
use crate::ecg::ratio::round_div;

/// Units of a millimetre.
pub const MM: i32 = 100;
/// White border.
const BORDER: i32 = 2 * MM;
/// Height of the line of text at the top.
const HEAD: i32 = 6 * MM;
/// Room for the calibration pulse.
const PULSE: i32 = 12 * MM;
/// Longest strip drawn on one page, ms.
const MOST_MS: i64 = 10_000;

/// Arrangement of leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Three rows of four leads, 2.5 s each, and lead II below.
    ThreeByFour,
    /// Six rows of two leads, 5 s each.
    SixByTwo,
    /// Twelve rows, 10 s each.
    TwelveByOne,
    /// Six rows of two leads; the limb leads by angle: aVL, I, -aVR, II, aVF, III.
    Cabrera,
}

/// A lead of a plan that is drawn upside down: -aVR.
const INVERTED: i16 = -62;

impl Format {
    /// `3x4+1` (also `3x4+II`), `6x2`, `12x1`, `cabrera`.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        match text {
            "3x4+1" | "3x4 1" | "3x4+II" | "3x4 II" => Some(Self::ThreeByFour),
            "6x2" => Some(Self::SixByTwo),
            "12x1" => Some(Self::TwelveByOne),
            "cabrera" => Some(Self::Cabrera),
            _ => None,
        }
    }

    /// Room above the first and below the last row beyond half a pitch, mm.
    const fn room(self) -> i32 {
        if matches!(self, Self::TwelveByOne) { 10 } else { 0 }
    }

    /// Rows of lead numbers, column by column; the row pitch in mm.
    const fn plan(self) -> (&'static [&'static [i16]], i32) {
        match self {
            Self::ThreeByFour => (&[&[1, 62, 3, 6], &[2, 63, 4, 7], &[61, 64, 5, 8], &[2]], 32),
            Self::SixByTwo => (&[&[1, 3], &[2, 4], &[61, 5], &[62, 6], &[63, 7], &[64, 8]], 24),
            Self::Cabrera => (&[&[63, 3], &[1, 4], &[INVERTED, 5], &[2, 6], &[64, 7], &[61, 8]], 24),
            Self::TwelveByOne => {
                (&[&[1], &[2], &[61], &[62], &[63], &[64], &[3], &[4], &[5], &[6], &[7], &[8]], 15)
            }
        }
    }
}

/// Arrangement and scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paper {
    /// Arrangement.
    pub format: Format,
    /// Paper speed, tenths of mm/s: 125, 250, 500.
    pub speed: i32,
    /// Gain, mm/mV: 5, 10, 20.
    pub gain: i32,
}

impl Paper {
    /// What reports show: 3x4+1, 25 mm/s, 10 mm/mV.
    pub const REPORT: Paper = Paper { format: Format::ThreeByFour, speed: 250, gain: 10 };

    /// From what a page asks for; `None` for anything that is not on paper.
    #[must_use]
    pub fn of(format: &str, speed: &str, gain: &str) -> Option<Self> {
        let speed = match speed {
            "12.5" => 125,
            "25" => 250,
            "50" => 500,
            _ => return None,
        };
        let gain = gain.parse().ok().filter(|g| [5, 10, 20].contains(g))?;
        Some(Self { format: Format::of(format)?, speed, gain })
    }
}

/// Text at a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// Left end of the base line.
    pub x: i32,
    /// Base line.
    pub y: i32,
    /// Text.
    pub text: String,
}

/// What is on the paper.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawing {
    /// Width.
    pub width: i32,
    /// Height.
    pub height: i32,
    /// Paper from x, y to x, y.
    pub grid: (i32, i32, i32, i32),
    /// Strokes of the tracing.
    pub strokes: Vec<Vec<(i32, i32)>>,
    /// Calibration pulses and column ticks.
    pub marks: Vec<Vec<(i32, i32)>>,
    /// Lead names.
    pub names: Vec<Text>,
    /// The line of text.
    pub line: Text,
}

/// Lays the rhythm group out.
#[must_use]
pub fn layout(document: &Document, paper: &Paper) -> Drawing {
    let (rows, pitch) = paper.format.plan();
    let room = paper.format.room();
    // Units per second of paper.
    let per_second = i64::from(paper.speed) * i64::from(MM) / 10;
    let strip = i32::try_from(MOST_MS * per_second / 1_000).unwrap_or(0);
    let count = i32::try_from(rows.len()).unwrap_or(0);
    let (left, top) = (BORDER, BORDER + HEAD);
    let mut out = Drawing {
        width: strip + PULSE + 2 * BORDER,
        height: top + (count * pitch + 2 * room) * MM + BORDER,
        ..Drawing::default()
    };
    // Whole 5 mm squares from the left and top edge of the paper.
    out.grid = (left, top, out.width - BORDER, out.height - BORDER);
    out.line = Text { x: left, y: top - MM, text: caption(document, paper) };
    let strips = strips::strips(document);
    for (r, columns) in rows.iter().enumerate() {
        let middle = top + i32::try_from(r).unwrap_or(0) * pitch * MM + pitch * MM / 2 + room * MM;
        out.marks.push(pulse(left, middle, paper, per_second));
        let width = strip / i32::try_from(columns.len()).unwrap_or(1).max(1);
        let span_ms = MOST_MS / i64::try_from(columns.len()).unwrap_or(1).max(1);
        for (c, n) in columns.iter().enumerate() {
            let x0 = left + PULSE + i32::try_from(c).unwrap_or(0) * width;
            let id = LeadId::Standard(n.unsigned_abs());
            let turned = *n < 0;
            if c > 0 {
                out.marks.push(vec![(x0, middle - 3 * MM), (x0, middle - MM)]);
                out.marks.push(vec![(x0, middle + MM), (x0, middle + 3 * MM)]);
            }
            let from = i64::try_from(c).unwrap_or(0) * span_ms;
            let shown = strips::shown(&strips, &id, (from, from + span_ms));
            out.names.push(Text {
                x: x0 + MM,
                y: middle - pitch * MM / 2 + 5 * MM,
                text: format!("{}{id}{}", if turned { "-" } else { "" }, moved(shown.and_then(|s| s.moved))),
            });
            let Some(shown) = shown else { continue };
            let place = Place {
                x0,
                middle,
                up: middle,
                down: out.height - middle,
                per_second,
                gain: if turned { -paper.gain } else { paper.gain },
            };
            out.strokes.extend(trace(&shown, &place));
        }
    }
    out
}

struct Place {
    x0: i32,
    middle: i32,
    /// Room to the upper and lower edge of the sheet: a tall beat may cross the line of text, never leave it.
    up: i32,
    down: i32,
    per_second: i64,
    gain: i32,
}

/// When a lead was recorded that is not drawn at its time: ` 12.5 s`.
fn moved(ms: Option<i64>) -> String {
    ms.map_or_else(String::new, |ms| format!(" {}.{} s", ms / 1_000, ms % 1_000 / 100))
}

/// One lead in its window: a stroke for each run without missing samples. The level of the whole strip lies on the middle
/// of the row, so a constant offset moves the trace and never its shape.
fn trace(shown: &Shown<'_>, place: &Place) -> Vec<Vec<(i32, i32)>> {
    let (group, lead, (from, to)) = (shown.group, shown.lead, shown.window);
    let (num, den) = (i128::from(group.rate.num()), i128::from(group.rate.den()));
    // A strip that begins inside the window is drawn from where it begins.
    let late = i128::from((-from).max(0)) * i128::from(place.per_second);
    let (first, to) = (index(from.max(0), num, den), to.max(0));
    let last = index(to, num, den).min(lead.raw.len());
    let level = level(lead);
    let mut strokes = Vec::new();
    let mut stroke = Vec::new();
    for i in first..last {
        match lead.nv(i) {
            None => {
                if !stroke.is_empty() {
                    strokes.push(std::mem::take(&mut stroke));
                }
            }
            Some(nv) => {
                let k = i128::try_from(i - first).unwrap_or(0);
                let x = round_div(k * i128::from(place.per_second) * den * 1_000 + late * num, num * 1_000);
                // 10 mm/mV: 1 µV = 1 unit, so a nanovolt is gain/10000 units.
                let y = round_div(i128::from(nv.saturating_sub(level)) * i128::from(place.gain), 10_000);
                let y = i32::try_from(y).unwrap_or(i32::MAX).clamp(-place.down, place.up);
                stroke
                    .push((place.x0.saturating_add(i32::try_from(x).unwrap_or(i32::MAX)), place.middle - y));
            }
        }
    }
    if !stroke.is_empty() {
        strokes.push(stroke);
    }
    strokes
}

/// First sample at or after `at` ms.
fn index(at: i64, num: i128, den: i128) -> usize {
    let exact = i128::from(at) * num;
    let unit = 1_000 * den;
    usize::try_from((exact + unit - 1) / unit.max(1)).unwrap_or(usize::MAX)
}

/// The median of the lead in nanovolts, from at most some thousand samples.
fn level(lead: &Lead) -> i64 {
    let step = (lead.raw.len() / 4_000).max(1);
    let mut values: Vec<i64> = (0..lead.raw.len()).step_by(step).filter_map(|i| lead.nv(i)).collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

/// 1 mV for 200 ms.
fn pulse(left: i32, middle: i32, paper: &Paper, per_second: i64) -> Vec<(i32, i32)> {
    let width = i32::try_from(per_second / 5).unwrap_or(0);
    let (a, high) = (left + MM, middle - paper.gain * MM);
    let edge = (PULSE - 2 * MM - width).max(0) / 2;
    vec![
        (a, middle),
        (a + edge, middle),
        (a + edge, high),
        (a + edge + width, high),
        (a + edge + width, middle),
        (a + 2 * edge + width, middle),
    ]
}

fn caption(document: &Document, paper: &Paper) -> String {
    let speed = f64::from(paper.speed) / 10.0;
    let mut parts = vec![format!("{speed} mm/s"), format!("{} mm/mV", paper.gain)];
    if !document.filters.is_empty() {
        parts.push(document.filters.clone());
    }
    if let Some(g) = document.rhythm() {
        parts.push(format!("{} Hz", g.rate.to_f64()));
    }
    // Whether the columns of a row show the same seconds or follow each other.
    parts.push(
        if paper.format == Format::TwelveByOne { "同步 simultaneous" } else { "顺序 sequential" }.into(),
    );
    parts.join("   ")
}
