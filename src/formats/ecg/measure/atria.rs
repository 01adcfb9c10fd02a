//! The atria in one call: pacing spikes, rhythm, and the P wave of every beat.

use super::lanes::Lanes;
use super::pacing;
use super::pfind::{self, PWave};
use super::rhythm::{self, Evidence, Kind, Rhythm};
use super::signal::ms;
use super::spikes;
use super::template::{Complex, Template, windows};

/// Rhythm and P waves.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// The rhythm.
    pub rhythm: Rhythm,
    /// P wave of each beat; none when none is believed.
    pub waves: Vec<Option<PWave>>,
    /// The common P wave of the dominant beats, relative to the QRS peak (negative: before it). None: "PR —".
    pub common: Option<PWave>,
}

/// Reads the atria. `beats` in time order, samples of the analysis copy; `candidates` from `spikes::candidates` (before
/// blanking, if `lanes` has been blanked since).
#[must_use]
pub fn read(lanes: &Lanes, beats: &[Complex], candidates: &[usize]) -> Reading {
    let (mut spikes, paced) = pacing::ventricular(candidates, beats);
    let stimulated = pacing::atrial(&spikes::low(lanes), beats);
    let atrial: Vec<usize> = stimulated.iter().flatten().copied().collect();
    spikes.extend(atrial.iter().copied().filter(|s| !candidates.contains(s)));
    spikes.sort_unstable();
    let lanes = lanes.atrial(&spikes);
    // A paced QRS begins with its spike: nothing behind it is atrial.
    let beats: Vec<Complex> = beats.iter().map(|b| before_spike(*b, &spikes)).collect();
    let windows = windows(&beats);
    let template = Template::build(&lanes, &beats, &windows);
    let evidence =
        Evidence { lanes: &lanes, beats: &beats, template: template.as_ref(), spikes, paced: &paced };
    let (mut rhythm, train) = rhythm::classify(evidence);
    // Where both chambers are paced the interval between them is a setting of the pacemaker: "PR —".
    let both = !atrial.is_empty() && paced.iter().any(|p| *p);
    if both {
        (rhythm.kind, rhythm.p_present, rhythm.atrial_rate) = (Kind::Paced, false, None);
    }
    let mut out = Reading { waves: vec![None; beats.len()], ..Reading::default() };
    if let Some(t) = template.as_ref().filter(|_| rhythm.p_present) {
        out.waves = pfind::by_template(&lanes, &beats, t);
        out.common = pfind::common(&lanes, t);
    } else if let Some(train) = train.filter(|_| rhythm.kind != Kind::Paced) {
        out.waves = pfind::of_train(&lanes, &beats, &train);
    }
    out.rhythm = rhythm;
    out
}

fn before_spike(mut b: Complex, spikes: &[usize]) -> Complex {
    let own = spikes.iter().copied().find(|s| s + ms(100.0) >= b.on && *s <= b.on + ms(30.0));
    if let Some(s) = own {
        b.on = b.on.min(s.saturating_sub(ms(6.0)));
    }
    b
}
