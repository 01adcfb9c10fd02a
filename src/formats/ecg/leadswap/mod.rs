//! Exchanged electrodes (ECG specification 13). Specificity first: an alarm that is wrong once in two hundred is not
//! believed the next time. The samples are never altered; `exchanged` makes a copy for looking at.

mod chest;
mod limb;
mod previous;
mod window;

use serde::{Serialize, Serializer};

use super::lead::LeadId;
use super::measure::Measured;
use super::model::{Document, Lead, Warning};
use super::ratio::Ratio;

pub use previous::against;

/// Which two electrodes stand in each other's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// Right and left arm.
    RaLa,
    /// Right arm and right leg.
    RaRl,
    /// Left arm and right leg.
    LaRl,
    /// Left arm and left leg.
    LaLl,
    /// Right arm and left leg.
    RaLl,
    /// Two chest electrodes, 1..=6, the smaller first.
    Chest(u16, u16),
}

impl Exchange {
    /// Exchanges that can be undone by calculation.
    pub const ALL: [Exchange; 11] = [
        Exchange::RaLa,
        Exchange::LaLl,
        Exchange::RaLl,
        Exchange::Chest(1, 2),
        Exchange::Chest(2, 3),
        Exchange::Chest(3, 4),
        Exchange::Chest(4, 5),
        Exchange::Chest(5, 6),
        Exchange::Chest(1, 3),
        Exchange::Chest(2, 4),
        Exchange::Chest(1, 6),
    ];

    /// `ra_la ra_rl la_rl la_ll ra_ll v1_v2 …`.
    #[must_use]
    pub fn code(self) -> String {
        match self {
            Self::RaLa => "ra_la".into(),
            Self::RaRl => "ra_rl".into(),
            Self::LaRl => "la_rl".into(),
            Self::LaLl => "la_ll".into(),
            Self::RaLl => "ra_ll".into(),
            Self::Chest(a, b) => format!("v{a}_v{b}"),
        }
    }

    /// From its code.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().chain([Self::RaRl, Self::LaRl]).find(|e| e.code() == code)
    }

    /// `RA/LA`, `C1/C2`.
    #[must_use]
    pub fn electrodes(self) -> String {
        match self {
            Self::Chest(a, b) => format!("C{a}/C{b}"),
            other => other.code().replace('_', "/").to_ascii_uppercase(),
        }
    }

    fn names(self) -> (String, String) {
        let zh = |e: &str| match e {
            "RA" => "右上肢(RA)",
            "LA" => "左上肢(LA)",
            "LL" => "左下肢(LL)",
            _ => "右下肢(RL)",
        };
        match self {
            Self::Chest(a, b) => (format!("V{a} 与 V{b}"), format!("V{a} and V{b}")),
            other => {
                let e = other.electrodes();
                let (a, b) = e.split_once('/').unwrap_or((&e, ""));
                (format!("{}与{}", zh(a), zh(b)), format!("{a} and {b}"))
            }
        }
    }
}

impl Serialize for Exchange {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.code())
    }
}

/// What the suspicion rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// The recording alone.
    Rules,
    /// The patient's previous recording.
    Previous,
}

/// A suspicion. A person looks and records again; nothing is corrected by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Swap {
    /// Which electrodes.
    pub kind: Exchange,
    /// `RA/LA`.
    pub electrodes: String,
    /// 0..1: 0.9 = acted upon, 0.6 = a hint.
    pub confidence: f64,
    /// Chinese.
    pub text_zh: String,
    /// English.
    pub text_en: String,
    /// Basis.
    pub basis: Basis,
}

impl Swap {
    fn new(kind: Exchange, confidence: f64, basis: Basis) -> Self {
        let (zh, en) = kind.names();
        let (why_zh, why_en) = match basis {
            Basis::Rules => ("", ""),
            Basis::Previous => ("与上次心电图比较:", "compared with the previous ECG: "),
        };
        Self {
            kind,
            electrodes: kind.electrodes(),
            confidence,
            text_zh: format!("{why_zh}疑似{zh}电极接反,请核对后重做"),
            text_en: format!("{why_en}electrodes {en} seem exchanged, check and record again"),
            basis,
        }
    }
}

/// Exchanged electrodes seen in the recording itself.
#[must_use]
pub fn suspect(m: &Measured) -> Option<Swap> {
    let w = window::Window::of(m)?;
    limb::flat(&w, m)
        .or_else(|| chest::exchanged(&w, m))
        .or_else(|| limb::arms(&w, m))
        .map(|kind| Swap::new(kind, 0.9, Basis::Rules))
}

/// The recording as if the electrodes had been in their places: for looking at, never stored. Exchanges with the right
/// leg lose a lead for good; they come back unchanged with a warning.
#[must_use]
pub fn exchanged(document: &Document, kind: Exchange) -> Document {
    let mut out = document.clone();
    let leads = |n: u16| LeadId::Standard(n);
    let (pairs, turned): (&[(u16, u16)], &[u16]) = match kind {
        Exchange::RaLa => (&[(2, 61), (62, 63)], &[1]),
        Exchange::LaLl => (&[(1, 2), (63, 64)], &[61]),
        Exchange::RaLl => (&[(1, 61), (62, 64)], &[1, 2, 61]),
        Exchange::Chest(a, b) => (&[(a + 2, b + 2)], &[]),
        Exchange::RaRl | Exchange::LaRl => {
            out.warnings.push(Warning::new(
                "exchange_not_undone",
                "与右下肢电极接反时有一个导联的信息已丢失,无法还原,请重做",
                "an exchange with the right leg loses a lead for good: record again",
            ));
            return out;
        }
    };
    for group in &mut out.groups {
        for lead in &mut group.leads {
            if turned.iter().any(|n| lead.id == leads(*n)) {
                turn(lead);
            }
            for (a, b) in pairs {
                if lead.id == leads(*a) {
                    rename(lead, leads(*b));
                    break;
                } else if lead.id == leads(*b) {
                    rename(lead, leads(*a));
                    break;
                }
            }
        }
    }
    let (zh, en) = kind.names();
    out.warnings.push(Warning::new(
        "exchange_preview",
        format!("预览:按{zh}电极对调显示,原始数据未改动"),
        format!("preview: shown as if {en} were exchanged; the recording is unchanged"),
    ));
    out
}

fn rename(lead: &mut Lead, id: LeadId) {
    lead.label = id.to_string();
    lead.id = id;
}

fn turn(lead: &mut Lead) {
    let minus = |r: Ratio| r.times(Ratio::whole(-1)).unwrap_or(r);
    (lead.scale, lead.offset) = (minus(lead.scale), minus(lead.offset));
}
