//! A planned file as a source: what a reader sees is what goes out, without writing it anywhere.

use super::{Piece, Plan};
use crate::dicom::Source;

/// The outgoing file over the stored one.
#[derive(Debug)]
pub struct Spliced<'a, S> {
    stored: &'a mut S,
    /// First byte of each piece in the outgoing file.
    starts: Vec<u64>,
    plan: &'a Plan,
}

impl<'a, S: Source> Spliced<'a, S> {
    /// Looks at `stored` through `plan`.
    pub fn new(stored: &'a mut S, plan: &'a Plan) -> Self {
        let mut at = 0;
        let starts = plan
            .pieces
            .iter()
            .map(|p| {
                let start = at;
                at += p.length();
                start
            })
            .collect();
        Self { stored, starts, plan }
    }
}

impl<S: Source> Source for Spliced<'_, S> {
    fn len(&self) -> u64 {
        self.plan.length
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> usize {
        let mut done = 0;
        let mut index = self.starts.partition_point(|s| *s <= offset).saturating_sub(1);
        while done < buffer.len() {
            let (Some(start), Some(piece)) = (self.starts.get(index), self.plan.pieces.get(index)) else {
                break;
            };
            index += 1;
            let inside = (offset + done as u64).saturating_sub(*start);
            let left = piece.length().saturating_sub(inside);
            let room = buffer.get_mut(done..).unwrap_or_default();
            let take = usize::try_from(left).unwrap_or(usize::MAX).min(room.len());
            let Some(room) = room.get_mut(..take).filter(|r| !r.is_empty()) else { continue };
            let got = match piece {
                Piece::Copy { offset, .. } => self.stored.read_at(offset + inside, room),
                Piece::Bytes(bytes) => crate::dicom::SliceSource(bytes).read_at(inside, room),
            };
            done += got;
            if got < take {
                break;
            }
        }
        done
    }
}
