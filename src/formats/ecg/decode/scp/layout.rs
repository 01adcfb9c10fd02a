//! Sections 3 and 4 (EN 1064 §5.6, §5.7): which leads, and where the beats are.

use crate::ecg::decode::build::{size_at, u8_at, u16_at};
use crate::ecg::lead::LeadId;
use crate::ecg::limits::Refusal;

/// A lead of section 3. Samples count from 1, both ends included.
#[derive(Debug)]
pub struct Channel {
    /// Which lead.
    pub id: LeadId,
    /// First sample.
    pub start: usize,
    /// Samples.
    pub count: usize,
}

/// Section 3.
#[derive(Debug)]
pub struct Leads {
    /// The leads in the order of the streams.
    pub list: Vec<Channel>,
    /// The reference beat was subtracted from the rhythm.
    pub subtracted: bool,
}

impl Leads {
    /// Reads section 3.
    ///
    /// # Errors
    /// Cut, without leads, or a lead that ends before it begins.
    pub fn read(body: &[u8]) -> Result<Self, Refusal> {
        let cut = || Refusal::new("structure", "section 3 ends inside the list of leads");
        let (count, flags) = (u8_at(body, 0).ok_or_else(cut)?, u8_at(body, 1).ok_or_else(cut)?);
        let mut list = Vec::new();
        for k in 0..usize::from(count) {
            let at = 2 + 9 * k;
            let (start, end, id) = (size_at(body, at), size_at(body, at + 4), u8_at(body, at + 8));
            let (Some(start), Some(end), Some(code)) = (start, end, id) else { return Err(cut()) };
            let id = LeadId::of_number(u16::from(code))
                .unwrap_or_else(|| LeadId::Other(code.to_string(), format!("SCP {code}")));
            if start == 0 || end < start {
                return Err(Refusal::new("waveform", format!("lead {id} runs from sample {start} to {end}")));
            }
            list.push(Channel { id, start, count: end - start + 1 });
        }
        if list.is_empty() {
            return Err(Refusal::new("lead", "section 3 names no lead"));
        }
        Ok(Self { list, subtracted: flags & 1 == 1 })
    }
}

/// One beat of section 4. Samples count from 1.
#[derive(Debug, Clone, Copy)]
pub struct Beat {
    /// 0 = of the class of the reference beat.
    pub class: u16,
    /// First sample of the subtraction.
    pub from: usize,
    /// Fiducial point.
    pub fiducial: usize,
    /// Last sample of the subtraction.
    pub to: usize,
}

/// Section 4.
#[derive(Debug, Default)]
pub struct Beats {
    /// Length of the reference beat, ms.
    pub reference_ms: usize,
    /// Its fiducial sample, from 1.
    pub fiducial: usize,
    /// Beats of the rhythm.
    pub list: Vec<Beat>,
    /// Samples kept at full rate in bimodal files, first and last, from 1; in order and apart.
    pub protected: Vec<(usize, usize)>,
}

impl Beats {
    /// Reads section 4.
    ///
    /// # Errors
    /// Cut inside the list of beats.
    pub fn read(body: &[u8]) -> Result<Self, Refusal> {
        let cut = || Refusal::new("structure", "section 4 ends inside the list of beats");
        let number = |at: usize| u16_at(body, at).map(usize::from).ok_or_else(cut);
        let (reference_ms, fiducial, count) = (number(0)?, number(2)?, number(4)?);
        let mut out = Self { reference_ms, fiducial, ..Self::default() };
        for k in 0..count {
            let at = 6 + 14 * k;
            let (class, from, peak, to) =
                (u16_at(body, at), size_at(body, at + 2), size_at(body, at + 6), size_at(body, at + 10));
            let (Some(class), Some(from), Some(fiducial), Some(to)) = (class, from, peak, to) else {
                return Err(cut());
            };
            out.list.push(Beat { class, from, fiducial, to });
        }
        let mut zones: Vec<(usize, usize)> = (0..count)
            .map(|k| 6 + 14 * count + 8 * k)
            .filter_map(|at| Some((size_at(body, at)?, size_at(body, at + 4)?)))
            .filter(|(from, to)| *from > 0 && to > from)
            .collect();
        zones.sort_unstable();
        for (from, to) in zones {
            match out.protected.last_mut() {
                Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
                _ => out.protected.push((from, to)),
            }
        }
        Ok(out)
    }

    /// Beats from which the reference was subtracted: what is of another class may carry an empty zone.
    pub fn subtracted(&self) -> impl Iterator<Item = &Beat> {
        self.list.iter().filter(|b| b.class == 0 && b.from > 0 && b.to > b.from)
    }
}
