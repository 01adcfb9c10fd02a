//! The segments of a JPEG stream up to and between its scans (T.81 annex B).

use super::super::super::CodecError;
use super::super::super::error::refused;
use super::huffman::Table;

/// A component of the frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Sampling factors, horizontal and vertical.
    pub(super) sampling: (usize, usize),
    /// Quantisation table.
    pub(super) quantisation: usize,
}

/// A component of a scan: which one, its DC (or lossless) and AC tables.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub(super) component: usize,
    pub(super) dc: usize,
    pub(super) ac: usize,
}

/// Parameters of a scan: Ss (predictor) and Al (point transform) of lossless processes.
#[derive(Debug, Clone)]
pub(super) struct Scan {
    pub(super) members: Vec<Member>,
    pub(super) start: u8,
    pub(super) low: u8,
}

/// What the tables say when a scan begins.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) components: Vec<Component>,
    pub(super) precision: u8,
    pub(super) quantisation: [Option<[u16; 64]>; 4],
    pub(super) dc: [Option<Table>; 4],
    pub(super) ac: [Option<Table>; 4],
    pub(super) restart: usize,
}

/// A JPEG stream.
pub(super) struct Stream<'a> {
    bytes: &'a [u8],
}

impl<'a> Stream<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Walks the segments and hands every scan, its tables and the bytes behind its header to `scan`, which answers how many it used.
    pub(super) fn scans(
        &self,
        mut scan: impl FnMut(&Tables, &Scan, &'a [u8]) -> Result<usize, CodecError>,
    ) -> Result<(), CodecError> {
        let bad = || refused("jpeg marker");
        let mut tables = Tables::default();
        let mut rest = self.bytes.get(2..).unwrap_or_default();
        loop {
            // what is not a marker between segments is padding; a stream may end without EOI
            let Some(at) = rest.windows(2).position(|w| w[0] == 0xff && !matches!(w[1], 0 | 0xff)) else {
                return Ok(());
            };
            let marker = rest[at + 1];
            rest = &rest[at + 2..];
            if matches!(marker, 0x01 | 0xd0..=0xd8) {
                continue;
            }
            if marker == 0xd9 {
                return Ok(());
            }
            let [high, low, ..] = *rest else { return Err(bad()) };
            let length = usize::from(u16::from_be_bytes([high, low]));
            let segment = rest.get(2..length).ok_or_else(bad)?;
            rest = &rest[length..];
            match marker {
                0xc0..=0xc3 => tables.frame(segment)?,
                0xc4 => tables.huffman(segment)?,
                0xdb => tables.quantisation(segment)?,
                0xdd => tables.restart = segment.iter().fold(0, |n, b| n << 8 | usize::from(*b)),
                0xda => {
                    let header = tables.scan(segment)?;
                    let used = scan(&tables, &header, rest)?;
                    rest = rest.get(used..).unwrap_or_default();
                }
                _ => {}
            }
        }
    }
}

impl Tables {
    fn frame(&mut self, segment: &[u8]) -> Result<(), CodecError> {
        let [precision, _, _, _, _, count, specs @ ..] = segment else { return Err(refused("jpeg frame")) };
        self.precision = *precision;
        self.components = specs
            .chunks_exact(3)
            .take(usize::from(*count))
            .map(|s| Component {
                id: s[0],
                sampling: (usize::from(s[1] >> 4), usize::from(s[1] & 15)),
                quantisation: usize::from(s[2] & 3),
            })
            .collect();
        let factors = |c: &Component| (1..=4).contains(&c.sampling.0) && (1..=4).contains(&c.sampling.1);
        if self.components.len() != usize::from(*count) || !self.components.iter().all(factors) {
            return Err(refused("jpeg components"));
        }
        Ok(())
    }

    /// DHT (§B.2.4.2).
    fn huffman(&mut self, mut segment: &[u8]) -> Result<(), CodecError> {
        while let [class, rest @ ..] = segment {
            let (counts, rest) = rest.split_at_checked(16).ok_or_else(|| refused("huffman table"))?;
            let total = counts.iter().map(|c| usize::from(*c)).sum();
            let (values, rest) = rest.split_at_checked(total).ok_or_else(|| refused("huffman table"))?;
            let place = usize::from(class & 3);
            let table = Some(Table::new(counts, values)?);
            if class >> 4 == 0 {
                self.dc[place] = table;
            } else {
                self.ac[place] = table;
            }
            segment = rest;
        }
        Ok(())
    }

    /// DQT (§B.2.4.1), still in zigzag order.
    fn quantisation(&mut self, mut segment: &[u8]) -> Result<(), CodecError> {
        while let [spec, rest @ ..] = segment {
            let width = if spec >> 4 == 0 { 1 } else { 2 };
            let (raw, rest) =
                rest.split_at_checked(64 * width).ok_or_else(|| refused("quantisation table"))?;
            let mut table = [0; 64];
            for (entry, bytes) in table.iter_mut().zip(raw.chunks_exact(width)) {
                *entry = bytes.iter().fold(0, |n, b| n << 8 | u16::from(*b));
            }
            self.quantisation[usize::from(spec & 3)] = Some(table);
            segment = rest;
        }
        Ok(())
    }

    fn scan(&self, segment: &[u8]) -> Result<Scan, CodecError> {
        let bad = || refused("jpeg scan header");
        let [count, rest @ ..] = segment else { return Err(bad()) };
        let (specs, tail) = rest.split_at_checked(usize::from(*count) * 2).ok_or_else(bad)?;
        let [start, _, approximation, ..] = *tail else { return Err(bad()) };
        let members = specs
            .chunks_exact(2)
            .map(|s| {
                let component = self.components.iter().position(|c| c.id == s[0])?;
                Some(Member { component, dc: usize::from(s[1] >> 4 & 3), ac: usize::from(s[1] & 3) })
            })
            .collect::<Option<Vec<_>>>();
        let members = members.filter(|m| (1..=4).contains(&m.len())).ok_or_else(bad)?;
        Ok(Scan { members, start, low: approximation & 15 })
    }
}
