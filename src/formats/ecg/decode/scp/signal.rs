//! Sections 5 and 6 (EN 1064 §5.8, §5.9): streams to samples. The order is fixed: Huffman, differences, rate, smoothing
//! of the residual, reference beat.

use super::huffman::{Coding, integrate};
use super::layout::{Beat, Beats, Channel, Leads};
use crate::ecg::decode::build::{Budget, u8_at, u16_at};
use crate::ecg::limits::Refusal;
use crate::ecg::ratio::round_div;

/// Samples behind a subtraction zone that are not smoothed either.
const UNSMOOTHED: usize = 2;
/// Highest reduction of rate outside protected zones.
const REDUCTION: usize = 8;

/// Header and streams of section 5 or 6.
#[derive(Debug)]
pub struct Streams<'a> {
    /// Nanovolts of a unit.
    pub unit_nv: u16,
    /// Microseconds between samples.
    pub interval_us: u16,
    order: u8,
    /// Samples outside protected zones are stored at a reduced rate.
    pub bimodal: bool,
    list: Vec<&'a [u8]>,
}

impl<'a> Streams<'a> {
    /// Reads the header and finds the streams.
    ///
    /// # Errors
    /// Cut, or without scale or rate.
    pub fn read(id: u16, body: &'a [u8], leads: usize) -> Result<Self, Refusal> {
        let cut = || Refusal::new("waveform", format!("section {id} ends inside its streams"));
        let (Some(unit_nv), Some(interval_us), Some(order), Some(mode)) =
            (u16_at(body, 0), u16_at(body, 2), u8_at(body, 4), u8_at(body, 5))
        else {
            return Err(cut());
        };
        if unit_nv == 0 || interval_us == 0 {
            return Err(Refusal::new("waveform", format!("section {id} has no scale or no sample interval")));
        }
        let mut at = 6 + 2 * leads;
        let mut list = Vec::new();
        for k in 0..leads {
            let length = usize::from(u16_at(body, 6 + 2 * k).ok_or_else(cut)?);
            list.push(body.get(at..at + length).ok_or_else(cut)?);
            at += length;
        }
        Ok(Self { unit_nv, interval_us, order, bimodal: id == 6 && mode == 1, list })
    }

    /// The samples of stream `k`.
    ///
    /// # Errors
    /// Too short.
    pub fn samples(&self, coding: &Coding, k: usize, count: usize) -> Result<Vec<i32>, Refusal> {
        let stream = self.list.get(k).copied().unwrap_or_default();
        let mut out = coding.numbers(stream, count)?;
        integrate(&mut out, self.order)?;
        Ok(out)
    }
}

/// The reference beat of each lead.
#[derive(Debug)]
pub struct Reference {
    /// Nanovolts of a unit.
    pub unit_nv: u16,
    /// Microseconds between samples.
    pub interval_us: u16,
    /// Samples of each lead.
    pub leads: Vec<Vec<i32>>,
}

impl Reference {
    /// Decodes section 5; its length stands in section 4.
    ///
    /// # Errors
    /// A stream that is too short, more than the budget.
    pub fn read(
        streams: &Streams<'_>,
        coding: &Coding,
        beats: &Beats,
        leads: &Leads,
        budget: &mut Budget<'_>,
    ) -> Result<Self, Refusal> {
        let count = beats.reference_ms * 1_000 / usize::from(streams.interval_us);
        budget.take(leads.list.len(), count)?;
        let all =
            (0..leads.list.len()).map(|k| streams.samples(coding, k, count)).collect::<Result<_, _>>()?;
        Ok(Self { unit_nv: streams.unit_nv, interval_us: streams.interval_us, leads: all })
    }
}

/// What the rhythm is rebuilt from.
pub struct Rhythm<'a> {
    /// Section 6.
    pub streams: &'a Streams<'a>,
    /// Section 2.
    pub coding: &'a Coding,
    /// Section 3.
    pub leads: &'a Leads,
    /// Section 4.
    pub beats: &'a Beats,
    /// Section 5.
    pub reference: Option<&'a Reference>,
}

impl Rhythm<'_> {
    /// Microseconds between samples after reconstruction, and how many of them a reduced sample covers.
    ///
    /// # Errors
    /// A reduced or subtracted rhythm whose reference beat is absent or does not fit.
    pub fn interval(&self) -> Result<(u16, usize), Refusal> {
        let own = self.streams.interval_us;
        if !self.streams.bimodal && !self.leads.subtracted {
            return Ok((own, 1));
        }
        let why = |text: &str| Refusal::new("waveform", text);
        let full = self.reference.ok_or_else(|| why("the reference beat is absent but needed"))?.interval_us;
        if full == own {
            return Ok((own, 1));
        }
        let factor = usize::from(own / full);
        if !self.streams.bimodal || !own.is_multiple_of(full) || !(2..=REDUCTION).contains(&factor) {
            return Err(why("the rates of reference beat and rhythm do not fit together"));
        }
        Ok((full, factor))
    }

    /// Samples of lead `k` and nanovolts of their unit.
    ///
    /// # Errors
    /// A stream that is too short.
    pub fn lead(&self, k: usize, channel: &Channel, factor: usize) -> Result<(Vec<i32>, i64), Refusal> {
        let parts = parts(channel, &self.beats.protected, factor);
        let stored = parts.iter().map(|p| p.stored(factor)).sum();
        let numbers = self.streams.samples(self.coding, k, stored)?;
        let mut samples = if factor == 1 { numbers } else { expand(&numbers, &parts, factor) };
        let mut unit = i64::from(self.streams.unit_nv);
        if let (true, Some(reference)) = (self.leads.subtracted, self.reference) {
            unit = gcd(unit, i64::from(reference.unit_nv));
            self.rebuild(&mut samples, channel, k, reference, unit);
        }
        Ok((samples, unit))
    }

    /// Smooths the residual outside the zones and adds the reference beat inside them.
    fn rebuild(&self, samples: &mut [i32], channel: &Channel, k: usize, reference: &Reference, unit: i64) {
        let own = i128::from(i64::from(self.streams.unit_nv) / unit);
        let theirs = i64::from(reference.unit_nv) / unit;
        let mut zones: Vec<(usize, usize)> = self.beats.subtracted().map(|b| (b.from, b.to)).collect();
        zones.sort_unstable();
        let residual = samples.to_vec();
        let mut next = zones.iter().peekable();
        let mut inside = 0;
        for (i, sample) in samples.iter_mut().enumerate() {
            let number = channel.start + i;
            while let Some((_, to)) = next.next_if(|(from, _)| *from <= number) {
                inside = inside.max(to.saturating_add(UNSMOOTHED));
            }
            let at = |j: usize| residual.get(j).map(|v| i128::from(*v));
            let around = i.checked_sub(1).and_then(|p| Some(at(p)? + at(i)? + at(i + 1)?));
            *sample = narrow(match around.filter(|_| number > inside) {
                Some(sum) => round_div(sum * own, 3),
                None => round_div(i128::from(*sample) * own, 1),
            });
        }
        let beat = reference.leads.get(k).map(Vec::as_slice).unwrap_or_default();
        for zone in self.beats.subtracted() {
            self.add(samples, channel, beat, zone, theirs);
        }
    }

    /// Sample `fiducial` of the reference (from 1) falls on the fiducial of the beat.
    fn add(&self, samples: &mut [i32], channel: &Channel, beat: &[i32], zone: &Beat, unit: i64) {
        let last = channel.start + channel.count - 1;
        for number in zone.from.max(channel.start)..=zone.to.min(last) {
            let place = (number + self.beats.fiducial).checked_sub(zone.fiducial.saturating_add(1));
            let Some(value) = place.and_then(|p| beat.get(p)) else { continue };
            if let Some(sample) = samples.get_mut(number - channel.start) {
                *sample = narrow(i64::from(*sample) + i64::from(*value) * unit);
            }
        }
    }

    /// Zones that reach beyond the reference beat: what lies outside it cannot be restored.
    #[must_use]
    pub fn clipped(&self) -> usize {
        let length = self.reference.and_then(|r| r.leads.first()).map_or(0, Vec::len);
        let outside = |b: &&Beat| {
            let from = (b.from + self.beats.fiducial).checked_sub(b.fiducial.saturating_add(1));
            from.is_none_or(|from| from + (b.to - b.from) >= length)
        };
        if self.leads.subtracted { self.beats.subtracted().filter(outside).count() } else { 0 }
    }
}

/// A stretch of samples stored alike.
struct Part {
    length: usize,
    reduced: bool,
}

impl Part {
    const fn stored(&self, factor: usize) -> usize {
        if self.reduced { self.length.div_ceil(factor) } else { self.length }
    }
}

/// The lead cut into protected zones and what lies between them.
fn parts(channel: &Channel, protected: &[(usize, usize)], factor: usize) -> Vec<Part> {
    if factor == 1 {
        return vec![Part { length: channel.count, reduced: false }];
    }
    let (mut at, end) = (channel.start, channel.start + channel.count);
    let mut out = Vec::new();
    for (from, to) in protected {
        let (from, to) = ((*from).clamp(at, end), to.saturating_add(1).clamp(at, end));
        if from > at {
            out.push(Part { length: from - at, reduced: true });
        }
        if to > from {
            out.push(Part { length: to - from, reduced: false });
        }
        at = to.max(at);
    }
    if end > at {
        out.push(Part { length: end - at, reduced: true });
    }
    out
}

/// A reduced sample is the mean of `factor` samples: it stands at their middle; between two middles runs a line.
fn expand(numbers: &[i32], parts: &[Part], factor: usize) -> Vec<i32> {
    let mut out = Vec::with_capacity(parts.iter().map(|p| p.length).sum());
    let mut at = 0;
    for part in parts {
        let stored = numbers.get(at..at + part.stored(factor)).unwrap_or_default();
        at += stored.len();
        if !part.reduced {
            out.extend_from_slice(stored);
            continue;
        }
        for i in 0..part.length {
            // Twice the distance to the middle of the first sample, in samples.
            let twice = (2 * i + 1).saturating_sub(factor);
            let (k, rest) = (twice / (2 * factor), twice % (2 * factor));
            let here = stored.get(k).or(stored.last()).copied().unwrap_or(0);
            let there = stored.get(k + 1).copied().unwrap_or(here);
            let (rest, whole) = (i128::try_from(rest).unwrap_or(0), i128::try_from(2 * factor).unwrap_or(1));
            let sum = i128::from(here) * (whole - rest) + i128::from(there) * rest;
            out.push(narrow(round_div(sum, whole)));
        }
    }
    out
}

fn narrow(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(if value > 0 { i32::MAX } else { i32::MIN })
}

fn gcd(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}
