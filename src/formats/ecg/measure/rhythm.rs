//! The rhythm, as far as it decides whether P waves are looked for and whether the strip is critical.

use serde::Serialize;

/// Kind of rhythm. The machine describes; a physician names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A P wave of constant shape before the QRS at a constant distance.
    Sinus,
    /// Atrial fibrillation.
    #[serde(rename = "af")]
    Fibrillation,
    /// Atrial flutter.
    Flutter,
    /// The ventricles follow pacing spikes.
    Paced,
    /// Atria and ventricles beat independently, the ventricles slower: third degree block.
    #[serde(rename = "av_block_3")]
    Block3,
    /// Most beats are of other than the dominant shape or early.
    Ectopic,
    /// Regular, without P waves before the QRS.
    Junctional,
    /// Not decided.
    #[default]
    Unknown,
}

impl Kind {
    /// The word of the interfaces.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Sinus => "sinus",
            Self::Fibrillation => "af",
            Self::Flutter => "flutter",
            Self::Paced => "paced",
            Self::Block3 => "av_block_3",
            Self::Ectopic => "ectopic",
            Self::Junctional => "junctional",
            Self::Unknown => "unknown",
        }
    }
}

/// The rhythm of a strip.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Rhythm {
    /// Kind.
    pub kind: Kind,
    /// RR intervals vary by more than breathing and single ectopic beats explain.
    pub irregular: bool,
    /// A P wave belongs to the dominant beats.
    pub p_present: bool,
    /// Pacing spikes, samples of the analysis copy.
    pub pacing_spikes: Vec<usize>,
    /// Rate of the atria per minute where it differs from that of the ventricles and was measured.
    pub atrial_rate: Option<f64>,
}
