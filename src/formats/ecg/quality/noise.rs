//! Interference: wander of the base line, mains, muscles.

use super::{Quality, Verdict, limb_zh, names};
use crate::ecg::lead::LeadId;
use crate::ecg::measure::signal::{HZ, high_pass, low_pass, ms, percentile};
use crate::ecg::measure::{Measured, Signal};

/// Wander that hides the ST segment: peak to peak below 0.5 Hz, µV.
const WANDER_UV: f32 = 800.0;
/// Mains: peak to peak at 50 Hz, µV. Said a little below 100, so that 100 is never missed; the clean leads of LUDB reach 53.
const MAINS_UV: f32 = 80.0;
/// Mains that spoils a recording, µV.
const MAINS_REDO_UV: f32 = 100.0;
/// Muscle noise above 40 Hz between the beats, µV RMS, in a chest lead and in a limb lead: the limbs tremble more. The clean leads
/// of LUDB reach 19 and 28.
const NOISE_UV: (f32, f32) = (22.0, 30.0);
/// How much louder than the median lead a single one is.
const STANDS_OUT: f32 = 2.0;
/// Muscle noise that spoils a recording, µV RMS.
const NOISE_REDO_UV: f32 = 45.0;

/// Wander, mains and muscle noise by lead; the pattern of leads names the electrode.
pub(super) fn judge(signal: &Signal, measured: &Measured, q: &mut Quality) {
    let (mut wander, mut mains, mut noise) = (Vec::new(), Vec::new(), Vec::new());
    let mut rms = Vec::new();
    let (mut loud_mains, mut loud_noise) = (0, 0);
    for (n, s) in &signal.leads {
        let id = LeadId::Standard(*n);
        if q.silent.contains(&id) {
            continue;
        }
        // Wander is slow: means of 40 ms tell all of it.
        let slow = low_pass(&thinned(s, ms(40.0)), 0.5, HZ / 20.0);
        if percentile(&slow, 0.99) - percentile(&slow, 0.01) > WANDER_UV {
            wander.push(id.clone());
        }
        let hum = hum(s);
        if hum > MAINS_UV {
            loud_mains += usize::from(hum > MAINS_REDO_UV);
            mains.push(id.clone());
        } else {
            rms.push((id, quiet_rms(&high_pass(s, 40.0, HZ), &measured.beats)));
        }
    }
    let usual = percentile(&rms.iter().map(|r| r.1).collect::<Vec<_>>(), 0.5);
    for (id, rms) in rms {
        // A limb lead that stands out from the others need not be as loud as trembling limbs.
        let limb = if rms > STANDS_OUT * usual { NOISE_UV.0 } else { NOISE_UV.1 };
        if rms > if id.is_limb() { limb } else { NOISE_UV.0 } {
            loud_noise += usize::from(rms > NOISE_REDO_UV);
            noise.push(id);
        }
    }
    let mut add = |code, list: &[LeadId], loud: usize, zh: &str, en: &str| {
        if list.is_empty() {
            return;
        }
        let (names, electrode) = (names(list), blamed(list));
        // A limb electrode that hangs loose spoils every lead it takes part in; many noisy leads cannot be read well.
        let limb = matches!(electrode.as_str(), "RA" | "LA" | "LL");
        let verdict = if (limb && loud >= 2) || loud * 2 > signal.leads.len() {
            Verdict::Redo
        } else {
            Verdict::Usable
        };
        let (at_zh, at_en) = super::at_electrode(&electrode);
        let (zh, en) = match (verdict, limb) {
            (Verdict::Redo, true) => (
                format!("请重做:{}({electrode})电极脱落或接触不良({names}:{zh})", limb_zh(&electrode)),
                format!("record again: electrode {electrode} loose or off ({names}: {en})"),
            ),
            _ => (format!("{names}:{zh}{at_zh}"), format!("{names}: {en}{at_en}")),
        };
        q.object(verdict, code, &names, &electrode, &zh, &en);
    };
    add("wander", &wander, 0, "基线漂移", "base line wander");
    add(
        "mains",
        &mains,
        loud_mains,
        "50 Hz 工频干扰超过 100 µV,检查接地与电极",
        "mains interference above 100 µV",
    );
    add("noise", &noise, loud_noise, "肌电干扰", "muscle noise");
}

/// Means of `by` samples each.
pub(super) fn thinned(s: &[f32], by: usize) -> Vec<f32> {
    #[expect(clippy::cast_precision_loss, reason = "a handful of samples")]
    s.chunks_exact(by.max(1)).map(|w| w.iter().sum::<f32>() / w.len() as f32).collect()
}

/// Two of I, II, III share an electrode: I and II = RA, I and III = LA, II and III = LL. One lead alone: its own electrodes.
/// Otherwise nobody.
pub(super) fn blamed(list: &[LeadId]) -> String {
    let has = |n: u16| list.contains(&LeadId::Standard(n));
    match (list, has(1), has(2), has(61)) {
        ([one], ..) => super::electrodes(one),
        (_, true, true, false) => "RA".into(),
        (_, true, false, true) => "LA".into(),
        (_, false, true, true) => "LL".into(),
        _ => String::new(),
    }
}

/// Peak-to-peak amplitude of the 50 Hz component, median over seconds (Goertzel of each second: 25 whole periods a half).
fn hum(s: &[f32]) -> f32 {
    let second = ms(1_000.0);
    let (sin, cos): (Vec<f32>, Vec<f32>) = (0..10)
        .map(|i| {
            #[expect(clippy::cast_precision_loss, reason = "ten samples a period")]
            let a = i as f32 * std::f32::consts::TAU / 10.0;
            (a.sin(), a.cos())
        })
        .unzip();
    let amplitudes: Vec<f32> = s
        .chunks_exact(second)
        .map(|w| {
            let (mut re, mut im) = (0.0_f32, 0.0_f32);
            for (i, v) in w.iter().enumerate() {
                re += v * cos[i % 10];
                im += v * sin[i % 10];
            }
            #[expect(clippy::cast_precision_loss, reason = "500 samples")]
            let scale = 2.0 / w.len() as f32;
            2.0 * (re * re + im * im).sqrt() * scale
        })
        .collect();
    percentile(&amplitudes, 0.5)
}

/// RMS between the beats: at least 120 ms away from any QRS, median over pieces of 80 ms.
fn quiet_rms(s: &[f32], beats: &[usize]) -> f32 {
    let piece = ms(80.0);
    let pieces: Vec<f32> = s
        .chunks_exact(piece)
        .enumerate()
        .filter(|(k, _)| {
            let middle = k * piece + piece / 2;
            beats.iter().all(|b| b.abs_diff(middle) > ms(160.0))
        })
        .map(|(_, w)| {
            #[expect(clippy::cast_precision_loss, reason = "40 samples")]
            let mean = w.iter().map(|v| v * v).sum::<f32>() / w.len() as f32;
            mean.sqrt()
        })
        .collect();
    percentile(&pieces, 0.5)
}
