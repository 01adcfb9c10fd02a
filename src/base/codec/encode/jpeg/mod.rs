//! Baseline JPEG (ITU-T T.81, process 1) of samples of 8 bits, with the Huffman tables of annex K.
//!
//! Every picture that a page or a client sees passes here; drawing one is mostly this.

mod entropy;
mod planes;
mod tables;
mod transform;

use entropy::{Bits, Coder};
use fearless_simd::Level;
use planes::Strip;
use tables::{List, Set, ZIGZAG};
use transform::{Block, Factors, SIDE, transform};

use super::super::CodecError;
use super::super::error::refused;

/// Blocks transformed before they are coded: they stay near the processor.
const NEAR: usize = 16;

/// What the samples are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Samples {
    /// One a pixel.
    Grey,
    /// Red, green, blue.
    Rgb,
    /// Brightness, blue and red difference, full range.
    Ybr,
}

/// How much of the colour is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Colour {
    /// Of each pixel (4:4:4).
    Whole,
    /// One for two pixels side by side (4:2:2).
    Halved,
}

/// Writes a whole image of `size` pixels, line by line, with a quality of 1 to 100.
///
/// # Errors
/// As [`Writer::new`] and [`Writer::end`].
pub(in super::super) fn write(
    data: &[u8],
    size: (usize, usize),
    samples: Samples,
    colour: Colour,
    quality: u8,
) -> Result<Vec<u8>, CodecError> {
    let mut writer = Writer::new(size, samples, colour, quality)?;
    writer.take(data);
    writer.end()
}

/// A file in the making: lines go in from the top, each eight of them are coded.
pub(in super::super) struct Writer {
    level: Level,
    /// Bytes of a line.
    line: usize,
    /// Lines that are still to come.
    left: usize,
    strip: Strip,
    components: Vec<Component>,
    bits: Bits,
}

impl Writer {
    /// For `width` by `height` pixels and a quality of 1 to 100.
    ///
    /// # Errors
    /// `Refused` when a side is no JPEG's.
    pub(in super::super) fn new(
        size: (usize, usize),
        samples: Samples,
        colour: Colour,
        quality: u8,
    ) -> Result<Self, CodecError> {
        Self::with(Level::new(), size, samples, colour, quality)
    }

    /// The same with the vectors of a processor; all give the same bytes.
    ///
    /// # Errors
    /// As [`Writer::new`].
    pub(in super::super) fn with(
        level: Level,
        (width, height): (usize, usize),
        samples: Samples,
        colour: Colour,
        quality: u8,
    ) -> Result<Self, CodecError> {
        let side = |pixels: usize| u16::try_from(pixels).ok().filter(|p| *p > 0);
        let (Some(across), Some(down)) = (side(width), side(height)) else {
            return Err(refused(format!("image side: {width} x {height}")));
        };
        let channels = if samples == Samples::Grey { 1 } else { 3 };
        let halved = channels == 3 && colour == Colour::Halved;
        let sets: &[Set] =
            if channels == 1 { &[Set::Brightness] } else { &[Set::Brightness, Set::Colour, Set::Colour] };
        let line = width * channels;
        let mut out = Vec::with_capacity(line * height / 8 + 1024);
        head(&mut out, (across, down), sets, halved, quality);
        let components = sets.iter().enumerate().map(|(n, set)| Component {
            wide: if halved && n == 0 { 2 } else { 1 },
            factors: Factors::of(&set.steps(quality)),
            coder: Coder::of(*set),
            blocks: [Block::EMPTY; 2 * NEAR],
        });
        let (components, strip) = (components.collect(), Strip::new(width, samples, halved));
        Ok(Self { level, line, left: height, strip, components, bits: Bits::behind(out) })
    }

    /// Takes whole lines; what comes after the last line is not looked at.
    pub(in super::super) fn take(&mut self, lines: &[u8]) {
        for line in lines.chunks_exact(self.line).take(self.left) {
            self.left -= 1;
            if self.strip.put(line) || self.left == 0 {
                self.strip.close();
                code(self.level, &self.strip, &mut self.components, &mut self.bits);
            }
        }
    }

    /// The file.
    ///
    /// # Errors
    /// `Refused` when lines are missing.
    pub(in super::super) fn end(self) -> Result<Vec<u8>, CodecError> {
        if self.left > 0 {
            return Err(refused(format!("{} lines of the image are missing", self.left)));
        }
        let mut out = self.bits.end();
        out.extend_from_slice(&[0xff, 0xd9]);
        Ok(out)
    }
}

struct Component {
    /// Blocks side by side in each unit.
    wide: usize,
    factors: Factors,
    coder: Coder,
    blocks: [Block; 2 * NEAR],
}

/// Units of one block of each component, or of two of brightness and one of each colour (T.81 §A.2.3).
fn code(level: Level, strip: &Strip, components: &mut [Component], bits: &mut Bits) {
    for first in (0..strip.units()).step_by(NEAR) {
        let units = (strip.units() - first).min(NEAR);
        for (n, c) in components.iter_mut().enumerate() {
            let out = &mut c.blocks[..units * c.wide];
            transform(level, strip.plane(n), first * c.wide * SIDE, &c.factors, out);
        }
        for unit in 0..units {
            for c in &mut *components {
                for block in &c.blocks[unit * c.wide..][..c.wide] {
                    c.coder.write(block, bits);
                }
            }
        }
    }
}

/// Everything before the coded data (T.81 §B.2): JFIF, quantization, frame, Huffman codes, scan.
fn head(out: &mut Vec<u8>, (across, down): (u16, u16), sets: &[Set], halved: bool, quality: u8) {
    out.extend_from_slice(&[0xff, 0xd8]);
    segment(out, 0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    let tables = if sets.len() == 1 { &sets[..1] } else { &sets[..2] };
    for (id, set) in (0..).zip(tables) {
        let steps = set.steps(quality);
        let mut body = vec![id];
        body.extend(ZIGZAG.map(|at| steps[usize::from(at)]));
        segment(out, 0xdb, &body);
    }
    let number = sets.len() as u8;
    let mut frame = vec![8];
    frame.extend(down.to_be_bytes());
    frame.extend(across.to_be_bytes());
    frame.push(number);
    let mut scan = vec![number];
    for (n, set) in (0_u8..).zip(sets) {
        let table = u8::from(*set == Set::Colour);
        frame.extend([n + 1, if halved && n == 0 { 0x21 } else { 0x11 }, table]);
        scan.extend([n + 1, table << 4 | table]);
    }
    segment(out, 0xc0, &frame);
    for (id, set) in (0..).zip(tables) {
        let (means, rest) = set.codes();
        segment(out, 0xc4, &listed(id, means));
        segment(out, 0xc4, &listed(0x10 | id, rest));
    }
    scan.extend([0, 63, 0]);
    segment(out, 0xda, &scan);
}

fn listed(id: u8, list: &List) -> Vec<u8> {
    let mut body = vec![id];
    body.extend(list.counts);
    body.extend(list.symbols);
    body
}

/// A marker segment; none here comes near the 65,533 bytes it may hold.
fn segment(out: &mut Vec<u8>, marker: u8, body: &[u8]) {
    out.extend_from_slice(&[0xff, marker]);
    out.extend((body.len() as u16 + 2).to_be_bytes());
    out.extend_from_slice(body);
}
