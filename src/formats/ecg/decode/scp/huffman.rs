//! The compressed streams (EN 1064 §5.5 and annex C): default Huffman table, tables of the file, or plain 16 bits.

use crate::ecg::decode::build::{i16_at, u8_at, u16_at, u32_at};
use crate::ecg::limits::Refusal;

/// Number of tables that means "the default table".
const DEFAULT: u16 = 19_999;
/// Nodes of all tables of a file: makers need some hundreds, and nine bytes can ask for 32 of them.
const NODES: usize = 1 << 16;
/// Bytes of one code in section 2.
const CODE: usize = 9;

/// How the streams of sections 5 and 6 are coded.
#[derive(Debug)]
pub enum Coding {
    /// 16 bits each.
    Plain,
    /// The default table.
    Default,
    /// Tables of the file.
    Own(Vec<Table>),
}

/// A table of the file as a binary tree; node 0 is the root, and nothing leads back to it.
#[derive(Debug)]
pub struct Table {
    nodes: Vec<Tree>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Tree {
    next: [usize; 2],
    leaf: Option<Leaf>,
}

#[derive(Debug, Clone, Copy)]
enum Leaf {
    /// Base value, and the bits of a signed addend behind the prefix.
    Value(i32, u32),
    /// Further codes are of this table.
    Switch(usize),
}

impl Coding {
    /// Reads section 2; absent = plain.
    ///
    /// # Errors
    /// A table that is cut or that does not decide.
    pub fn read(section: Option<&[u8]>) -> Result<Self, Refusal> {
        let Some(body) = section else { return Ok(Self::Plain) };
        match u16_at(body, 0) {
            Some(DEFAULT) => Ok(Self::Default),
            None | Some(0) => Ok(Self::Plain),
            Some(tables) => {
                let mut at = 2;
                let mut out = Vec::new();
                for _ in 0..tables {
                    let count = usize::from(u16_at(body, at).ok_or_else(cut)?);
                    let codes = body.get(at + 2..at + 2 + CODE * count).ok_or_else(cut)?;
                    let used = out.iter().map(|t: &Table| t.nodes.len()).sum();
                    out.push(Table::read(codes, NODES.saturating_sub(used))?);
                    at += 2 + CODE * count;
                }
                Ok(Self::Own(out))
            }
        }
    }

    /// The first `count` numbers of a stream.
    ///
    /// # Errors
    /// The stream ends before.
    pub fn numbers(&self, stream: &[u8], count: usize) -> Result<Vec<i32>, Refusal> {
        // Every number takes at least a bit, or 16 of them: what cannot be there is not allocated.
        let most = stream.len().saturating_mul(if matches!(self, Self::Plain) { 1 } else { 8 });
        let mut out = Vec::with_capacity(count.min(most));
        let mut bits = Bits { bytes: stream, at: 0 };
        let mut table = 0;
        while out.len() < count {
            let number = match self {
                Self::Plain => i16_at(stream, 2 * out.len()).map(i32::from),
                Self::Default => bits.default(),
                Self::Own(tables) => bits.own(tables, &mut table),
            };
            let Some(number) = number else {
                let why =
                    format!("a stream of {} bytes ends after {} of {count} samples", stream.len(), out.len());
                return Err(Refusal::new("waveform", why));
            };
            out.push(number);
        }
        Ok(out)
    }
}

fn cut() -> Refusal {
    Refusal::new("structure", "section 2 ends inside a Huffman table")
}

impl Table {
    /// Prefix bits, total bits, mode (0 = switch of table), base value, base code with its first bit lowest.
    fn read(codes: &[u8], most: usize) -> Result<Self, Refusal> {
        let mut table = Self { nodes: vec![Tree::default()] };
        for code in codes.chunks_exact(CODE) {
            let (Some(prefix), Some(total), Some(mode), Some(base), Some(word)) =
                (u8_at(code, 0), u8_at(code, 1), u8_at(code, 2), i16_at(code, 3), u32_at(code, 5))
            else {
                return Err(cut());
            };
            let wrong = |why: &str| Refusal::new("structure", format!("Huffman code in section 2: {why}"));
            if !(1..=32).contains(&prefix) || total < prefix || total - prefix > 16 {
                return Err(wrong("impossible number of bits"));
            }
            let leaf = if mode == 0 {
                Leaf::Switch(
                    usize::try_from(base)
                        .ok()
                        .and_then(|b| b.checked_sub(1))
                        .ok_or_else(|| wrong("switch to no table"))?,
                )
            } else {
                Leaf::Value(i32::from(base), u32::from(total - prefix))
            };
            table.add(u32::from(prefix), word, leaf).ok_or_else(|| wrong("two codes begin alike"))?;
            if table.nodes.len() > most {
                return Err(Refusal::new("limit", format!("Huffman tables of more than {NODES} nodes")));
            }
        }
        Ok(table)
    }

    fn add(&mut self, prefix: u32, word: u32, leaf: Leaf) -> Option<()> {
        let mut node = 0;
        for k in 0..prefix {
            let bit = usize::from(word >> k & 1 == 1);
            let new = self.nodes.len();
            let here = self.nodes.get_mut(node)?;
            if here.leaf.is_some() {
                return None;
            }
            let next = here.next.get_mut(bit)?;
            if *next == 0 {
                *next = new;
                self.nodes.push(Tree::default());
                node = new;
            } else {
                node = *next;
            }
        }
        let end = self.nodes.get_mut(node)?;
        if end.leaf.is_some() || end.next != [0, 0] {
            return None;
        }
        end.leaf = Some(leaf);
        Some(())
    }
}

/// Bits, first the highest of each byte.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u32> {
        let byte = *self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(u32::from(bit))
    }

    /// `count` bits as a signed number.
    fn signed(&mut self, count: u32) -> Option<i32> {
        if count == 0 {
            return Some(0);
        }
        let mut value = 0_u32;
        for _ in 0..count {
            value = value << 1 | self.bit()?;
        }
        let shift = 32 - count;
        Some((value << shift).cast_signed() >> shift)
    }

    /// k ones and a zero, then for k > 0 the sign; nine ones and a zero: 8 bits; ten ones: 16 bits.
    fn default(&mut self) -> Option<i32> {
        let mut ones = 0;
        while ones < 9 && self.bit()? == 1 {
            ones += 1;
        }
        match ones {
            0 => Some(0),
            9 => {
                let wide = self.bit()? == 1;
                self.signed(if wide { 16 } else { 8 })
            }
            _ => Some(if self.bit()? == 1 { -ones } else { ones }),
        }
    }

    fn own(&mut self, tables: &[Table], current: &mut usize) -> Option<i32> {
        let mut table = tables.get(*current)?;
        let mut node = 0;
        loop {
            let bit = self.bit()?;
            node = *table.nodes.get(node)?.next.get(usize::try_from(bit).ok()?)?;
            if node == 0 {
                return None;
            }
            match table.nodes.get(node)?.leaf {
                None => {}
                Some(Leaf::Value(base, extra)) => return Some(base + self.signed(extra)?),
                Some(Leaf::Switch(to)) => {
                    *current = to;
                    table = tables.get(to)?;
                    node = 0;
                }
            }
        }
    }
}

/// Undoes the differences of `order` 0, 1 or 2 (EN 1064 annex C). The first one or two numbers stand as they are.
///
/// # Errors
/// Another order, or samples that leave 16 bits: no such recording was ever written.
pub fn integrate(numbers: &mut [i32], order: u8) -> Result<(), Refusal> {
    let (mut before, mut last) = (0_i32, 0_i32);
    for (i, x) in numbers.iter_mut().enumerate() {
        let value = match (order, i) {
            (0, _) | (1 | 2, 0) | (2, 1) => *x,
            (1, _) => *x + last,
            (2, _) => *x + 2 * last - before,
            _ => return Err(Refusal::new("waveform", format!("differences of order {order} do not exist"))),
        };
        if i16::try_from(value).is_err() {
            return Err(Refusal::new(
                "waveform",
                format!("sample {} leaves the 16 bits of the standard", i + 1),
            ));
        }
        (before, last) = (last, value);
        *x = value;
    }
    Ok(())
}
