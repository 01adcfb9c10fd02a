//! The patient's previous median beat: the exchange that makes the new one look like it wins.

use super::window::Window;
use super::{Basis, Exchange, Swap, limb};
use crate::ecg::measure::Measured;
use crate::ecg::measure::median::Median;
use crate::ecg::measure::signal::ms;

/// Remaining difference with the exchange undone, against as recorded.
const BETTER: f64 = 0.35;
/// Remaining difference (share of the previous beat's power) that still counts as the same heart.
const SAME: f64 = 0.30;
/// Leads whose exchange is only hinted at: too like each other.
const HINT: f64 = 0.6;

/// QRS and T of the limb leads I, II or of V1..V6, aligned on the QRS peak.
struct Beat {
    one: Vec<f64>,
    two: Vec<f64>,
    chest: Vec<Vec<f64>>,
}

impl Beat {
    fn of(m: &Median, shift: isize) -> Option<Self> {
        let a = m.peak.checked_add_signed(shift)?.checked_sub(ms(60.0))?;
        let cut = |n: u16| {
            let w = m.lead(n)?.get(a..a + ms(400.0))?;
            let zero = w.first().copied()?;
            Some(w.iter().map(|v| f64::from(v - zero)).collect::<Vec<f64>>())
        };
        Some(Self { one: cut(1)?, two: cut(2)?, chest: (3..=8).map(cut).collect::<Option<_>>()? })
    }

    /// As if the electrodes had been in their places.
    fn undone(&self, kind: Exchange) -> Self {
        let minus = |s: &[f64]| s.iter().map(|v| -v).collect::<Vec<f64>>();
        let three: Vec<f64> = self.two.iter().zip(&self.one).map(|(b, a)| b - a).collect();
        let mut chest = self.chest.clone();
        let (one, two) = match kind {
            Exchange::RaLa => (minus(&self.one), three),
            Exchange::LaLl => (self.two.clone(), self.one.clone()),
            Exchange::RaLl => (minus(&three), minus(&self.two)),
            Exchange::Chest(a, b) => {
                chest.swap(usize::from(a.saturating_sub(1)).min(5), usize::from(b.saturating_sub(1)).min(5));
                (self.one.clone(), self.two.clone())
            }
            Exchange::RaRl | Exchange::LaRl => (self.one.clone(), self.two.clone()),
        };
        Self { one, two, chest }
    }
}

/// Difference of some leads against the previous beat's, as a share of its power.
fn difference<'a>(pairs: impl Iterator<Item = (&'a Vec<f64>, &'a Vec<f64>)>) -> f64 {
    let (mut rest, mut power) = (0.0, 1.0);
    for (a, b) in pairs {
        for (x, y) in a.iter().zip(b) {
            rest += (x - y) * (x - y);
            power += y * y;
        }
    }
    rest / power
}

fn limbs(now: &Beat, before: &Beat) -> f64 {
    difference([(&now.one, &before.one), (&now.two, &before.two)].into_iter())
}

/// The chest leads for which `which` holds, from 0.
fn chest(now: &Beat, before: &Beat, which: impl Fn(usize) -> bool) -> f64 {
    let all = now.chest.iter().zip(&before.chest).enumerate();
    difference(all.filter(|(k, _)| which(*k)).map(|(_, pair)| pair))
}

/// Exchanged electrodes by comparison with the patient's previous median beat; none when the beats agree as they are, or agree
/// in no arrangement (another rhythm, another heart).
#[must_use]
pub fn against(m: &Measured, previous: &Median) -> Option<Swap> {
    let before = Beat::of(previous, 0)?;
    let reach = isize::try_from(ms(20.0)).unwrap_or(0);
    // Aligned where as much as possible agrees without any exchange, in the chest or in the limbs.
    let now = (-reach..=reach)
        .filter_map(|shift| {
            let b = Beat::of(&m.median, shift)?;
            Some((limbs(&b, &before).min(chest(&b, &before, |_| true)), b))
        })
        .min_by(|a, b| a.0.total_cmp(&b.0))?
        .1;
    if let Some(kind) = Window::of(m).and_then(|w| limb::flat(&w, m)) {
        // Nothing is left to be compared in a lead between both legs; the previous recording had signal there.
        let alive = |s: &[f64]| s.iter().fold(0.0_f64, |a, v| a.max(v.abs())) > 150.0;
        let was = if kind == Exchange::RaRl {
            alive(&before.two)
        } else {
            alive(&before.undone(Exchange::RaLa).two)
        };
        return was.then(|| Swap::new(kind, 0.9, Basis::Previous));
    }
    let tried = Exchange::ALL.into_iter().map(|kind| {
        let other = now.undone(kind);
        let parts = match kind {
            Exchange::Chest(a, b) => {
                let touched = |k: usize| k + 1 == usize::from(a) || k + 1 == usize::from(b);
                let rest = limbs(&now, &before).max(chest(&now, &before, |k| !touched(k)));
                (chest(&other, &before, touched), chest(&now, &before, touched), rest)
            }
            _ => (limbs(&other, &before), limbs(&now, &before), chest(&now, &before, |_| true)),
        };
        (kind, parts)
    });
    let share = |t: &(f64, f64, f64)| t.0 / t.1.max(1e-6);
    let (kind, (with, without, other)) = tried.min_by(|a, b| share(&a.1).total_cmp(&share(&b.1)))?;
    // The leads that the exchange does not touch must agree as well: it is the same heart.
    let found = with < BETTER * without && with < SAME && other < SAME && without > SAME / 3.0;
    found.then(|| {
        let hint = kind == Exchange::LaLl;
        Swap::new(kind, if hint { HINT } else { 0.9 }, Basis::Previous)
    })
}
