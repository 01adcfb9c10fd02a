//! The atria in one call: pacing spikes, rhythm, and the P wave of every beat.

use super::lanes::Lanes;
use super::pfind::{self, PWave};
use super::rhythm::{self, Evidence, Kind, Rhythm};
use super::signal::{Signal, ms};
use super::spikes;
use super::template::{Complex, Template, windows};

/// Height of atrial spikes against ventricular ones.
const LOW: f32 = 0.6;

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

/// Reads the atria. `beats` in time order, samples of the analysis copy.
#[must_use]
pub fn read(signal: &Signal, beats: &[Complex]) -> Reading {
    let mut candidates = spikes::candidates(signal, 1.0);
    if rhythm::pacing(&candidates, beats).1.iter().any(|p| *p) {
        // Where the ventricles are paced, the atria may be as well, with less to see.
        candidates = spikes::candidates(signal, LOW);
    }
    let (spikes, paced) = rhythm::pacing(&candidates, beats);
    let lanes = Lanes::prepare(signal, &spikes);
    // A paced QRS begins with its spike: nothing behind it is atrial.
    let beats: Vec<Complex> = beats.iter().map(|b| before_spike(*b, &spikes)).collect();
    let windows = windows(&beats);
    let template = Template::build(&lanes, &beats, &windows);
    let evidence =
        Evidence { lanes: &lanes, beats: &beats, template: template.as_ref(), spikes, paced: &paced };
    let (rhythm, train) = rhythm::classify(evidence);
    let mut out = Reading { waves: vec![None; beats.len()], ..Reading::default() };
    if let Some(t) = template.as_ref().filter(|_| rhythm.p_present) {
        out.waves = pfind::by_template(&lanes, &beats, t);
        out.common = pfind::common(&lanes, t);
    } else if let Some(train) = train.filter(|_| rhythm.kind == Kind::Block3) {
        out.waves = pfind::of_train(&lanes, &beats, &train);
    }
    // Behind an atrial stimulus the beginning of the P wave is the stimulus: there is nothing to measure.
    for (wave, beat) in out.waves.iter_mut().zip(&beats) {
        let stimulated = |s: &usize| *s + ms(20.0) < beat.on && s + ms(320.0) >= beat.on;
        if rhythm.pacing_spikes.iter().any(stimulated) {
            *wave = None;
        }
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
