//! The record and its sections (EN 1064 §5.2): pointers are followed wherever they lead inside the file.

use crate::ecg::decode::build::{crc16, size_at, u16_at};
use crate::ecg::limits::Refusal;

/// Bytes of a section header.
pub const HEADER: usize = 16;
/// Bytes of a pointer in section 0.
const POINTER: usize = 10;
/// Pointers read at most.
const MOST: usize = 1_024;

/// One section.
#[derive(Debug)]
struct Section<'a> {
    id: u16,
    /// Behind the header; `None` when the pointer leads outside the file or to another section.
    body: Option<&'a [u8]>,
    at: usize,
}

/// The sections of a record.
#[derive(Debug)]
pub struct Sections<'a> {
    list: Vec<Section<'a>>,
    /// What does not carry its checksum: 0 for the record itself, else the section.
    pub crc_wrong: Vec<u16>,
    /// Why the record is not whole.
    pub cut: Option<Refusal>,
}

impl<'a> Sections<'a> {
    /// Reads section 0.
    ///
    /// # Errors
    /// No table of pointers, or sections that overlap many times.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let short = || Refusal::new("structure", "the file ends inside section 0").at(bytes.len());
        let record = size_at(bytes, 2).ok_or_else(short)?;
        let zero = size_at(bytes, 10).ok_or_else(short)?;
        let table = bytes.get(22..zero.saturating_add(6)).ok_or_else(short)?;
        let mut out = Self { list: Vec::new(), crc_wrong: Vec::new(), cut: None };
        match bytes.get(2..record) {
            None => {
                let why = format!("a record of {record} bytes is declared, {} are present", bytes.len());
                out.cut = Some(Refusal::new("structure", why).at(2));
            }
            Some(whole) if u16_at(bytes, 0) != Some(crc16(whole)) => out.crc_wrong.push(0),
            Some(_) => {}
        }
        let mut pointed = 0_usize;
        for pointer in table.chunks_exact(POINTER).take(MOST) {
            let (Some(id), Some(length), Some(index)) =
                (u16_at(pointer, 0), size_at(pointer, 2), size_at(pointer, 6))
            else {
                continue;
            };
            // Section 0 is this table; a length of 0 means the section is absent.
            if id != 0 && length != 0 && out.list.iter().all(|s| s.id != id) {
                // Each is read whole for its checksum: pointers that all name the same megabytes would be read a
                // thousand times.
                let inside = index.saturating_sub(1).saturating_add(length) <= bytes.len();
                pointed += if inside { length } else { 0 };
                if pointed > bytes.len().saturating_mul(2) {
                    return Err(Refusal::new("structure", "the sections overlap"));
                }
                out.add(bytes, id, length, index);
            }
        }
        Ok(out)
    }

    /// Index counts from 1.
    fn add(&mut self, bytes: &'a [u8], id: u16, length: usize, index: usize) {
        let at = index.saturating_sub(1);
        let whole = bytes.get(at..at.saturating_add(length)).filter(|s| u16_at(s, 2) == Some(id));
        let body = whole.and_then(|s| s.get(HEADER..));
        if let Some(whole) = whole
            && whole.get(2..).map(crc16) != u16_at(whole, 0)
        {
            self.crc_wrong.push(id);
        }
        self.list.push(Section { id, body, at });
    }

    /// The body of a section; `None` when the record has none.
    ///
    /// # Errors
    /// The pointer leads nowhere.
    pub fn get(&self, id: u16) -> Result<Option<&'a [u8]>, Refusal> {
        let Some(section) = self.list.iter().find(|s| s.id == id) else { return Ok(None) };
        let lost = || {
            let why = format!("the pointer of section {id} leads outside the file or to another section");
            Refusal::new("structure", why).at(section.at)
        };
        section.body.ok_or_else(lost).map(Some)
    }

    /// The body of a section without which there is no recording.
    ///
    /// # Errors
    /// Absent, or the pointer leads nowhere.
    pub fn need(&self, id: u16) -> Result<&'a [u8], Refusal> {
        self.get(id)?.ok_or_else(|| Refusal::new("structure", format!("section {id} is absent")))
    }

    /// Sections of later versions of the standard that are not read.
    pub fn later(&self) -> impl Iterator<Item = u16> + '_ {
        self.list.iter().map(|s| s.id).filter(|id| *id > 11)
    }
}
