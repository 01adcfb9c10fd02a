//! A whole object in another transfer syntax, piece by piece: memory holds one frame or one part of a long value.

use std::collections::VecDeque;

use yigong_base::codec::{Coding, Pool};
use yigong_base::fault::{Fault, Result};
use yigong_formats::dicom::dataset::header;
use yigong_formats::dicom::frames::Frames;
use yigong_formats::dicom::rewrite::{Piece, Wanted, turn};
use yigong_formats::dicom::{Vr, part10, tag, uid};

use super::super::open::Opened;
use super::header::changes;
use super::{frame_of, is_little, output};

/// Bytes of a long value read at once; a multiple of every number's width.
const PART: u64 = 1 << 20;

/// An object on its way out. Call [`Self::next`] until it answers `None`.
pub struct Transcoded {
    codec: Pool,
    opened: Opened,
    to: String,
    coding: Option<Coding>,
    steps: VecDeque<Step>,
    head: usize,
}

/// What is left to write.
enum Step {
    Bytes(Vec<u8>),
    Copy {
        offset: u64,
        length: u64,
        swap: usize,
    },
    /// One native frame, to be followed by a padding byte.
    Native {
        n: usize,
        pad: bool,
    },
    /// One frame as an item.
    Item(usize),
}

impl Transcoded {
    /// Plans the object in `to`.
    ///
    /// # Errors
    /// `Invalid` when the object cannot be sent that way; storage faults.
    pub async fn begin(codec: Pool, opened: Opened, to: &str) -> Result<Self> {
        let explicit = to != uid::IMPLICIT_LE;
        let mut coding = None;
        if !is_little(to) {
            let lossless = Coding::of(to).filter(|c| !matches!(c, Coding::Jpeg(_)));
            coding = Some(lossless.ok_or_else(|| {
                Fault::invalid("codec-unsupported", format!("objects are not sent in {to}"))
            })?);
            output(&opened.shape(), to)?;
        } else if to == uid::DEFLATED_LE {
            return Err(Fault::invalid("codec-unsupported", format!("objects are not sent in {to}")));
        }
        // native samples in a native syntax are copied as they stand
        let encapsulated = matches!(opened.frames, Frames::Encapsulated(_));
        let wanted_frames = usize::try_from(opened.image.frames).unwrap_or(usize::MAX);
        let own_pixels = encapsulated || coding.is_some() || !opened.object.fragments.is_empty();
        if own_pixels && (opened.frames.count() == 0 || opened.frames.count() < wanted_frames) {
            return Err(Fault::invalid("fragment-count", "not every frame can be found"));
        }
        let root = opened.object.root();
        let changes = if own_pixels {
            changes(&root, &opened.shape(), &opened.object.head.transfer_syntax, coding)
        } else {
            Vec::new()
        };
        let head = part10::head(&root.text(tag::SOP_CLASS), &root.text(tag::SOP_INSTANCE), to);
        let pieces = opened.rewrite(Wanted { explicit, changes, own_pixels }).await?;
        let mut this =
            Self { codec, opened, to: to.to_owned(), coding, steps: VecDeque::new(), head: head.len() };
        this.steps.push_back(Step::Bytes(head));
        for piece in pieces {
            match piece {
                Piece::Bytes(bytes) => this.steps.push_back(Step::Bytes(bytes)),
                Piece::Copy { offset, length, swap } => {
                    this.steps.push_back(Step::Copy { offset, length, swap })
                }
                Piece::Pixels => this.pixels(explicit)?,
            }
        }
        Ok(this)
    }

    /// Bytes before the data set: what a receiver over DIMSE is not sent.
    #[must_use]
    pub fn head_bytes(&self) -> usize {
        self.head
    }

    /// The next part; the first one is the head alone.
    ///
    /// # Errors
    /// Storage faults; `Invalid` with the codec's slug for a frame that cannot be decoded.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let Some(step) = self.steps.pop_front() else { return Ok(None) };
        Ok(Some(match step {
            Step::Bytes(bytes) => bytes,
            Step::Copy { offset, length, swap } => {
                let now = length.min(PART);
                if length > now {
                    self.steps.push_front(Step::Copy { offset: offset + now, length: length - now, swap });
                }
                let mut bytes = self.opened.range(offset, now).await?;
                turn(&mut bytes, swap);
                bytes
            }
            Step::Native { n, pad } => {
                let mut bytes = frame_of(&self.codec, &self.opened, n, uid::EXPLICIT_LE).await?;
                if pad {
                    bytes.push(0);
                }
                bytes
            }
            Step::Item(n) => {
                let mut bytes = frame_of(&self.codec, &self.opened, n, &self.to).await?;
                if bytes.len() % 2 == 1 {
                    bytes.push(0);
                }
                let length = u32::try_from(bytes.len()).map_err(|_| Fault::invalid("pixel-size", "frame"))?;
                let mut item = Vec::with_capacity(bytes.len() + 8);
                header(&mut item, false, tag::ITEM, Vr::UN, length);
                item.append(&mut bytes);
                item
            }
        }))
    }

    /// Everything at once, for small objects.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub async fn whole(mut self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        while let Some(mut part) = self.next().await? {
            out.append(&mut part);
        }
        Ok(out)
    }

    /// Plans (7FE0,0010).
    fn pixels(&mut self, explicit: bool) -> Result<()> {
        let frames = self.opened.frames.count();
        let shape = self.opened.shape();
        let mut start = Vec::new();
        if self.coding.is_some() {
            // an empty offset table: one fragment is one frame (PS3.5 §A.4)
            header(&mut start, true, tag::PIXELS, Vr::OB, u32::MAX);
            header(&mut start, false, tag::ITEM, Vr::UN, 0);
            self.steps.push_back(Step::Bytes(start));
            self.steps.extend((0..frames).map(Step::Item));
            let mut end = Vec::new();
            header(&mut end, false, tag::SEQUENCE_END, Vr::UN, 0);
            self.steps.push_back(Step::Bytes(end));
            return Ok(());
        }
        if shape.bits_allocated == 1 && frames > 1 && !shape.pixels().is_multiple_of(8) {
            return Err(Fault::invalid("codec-unsupported", "coded one-bit frames that end inside a byte"));
        }
        let total = shape.frame_bytes().saturating_mul(frames as u64);
        let pad = total % 2 == 1;
        let length = u32::try_from(total + u64::from(pad))
            .ok()
            .filter(|l| *l != u32::MAX)
            .ok_or_else(|| Fault::invalid("pixel-size", "decoded pixel data above 4 GiB"))?;
        let vr = if shape.bits_allocated > 8 || !explicit { Vr::OW } else { Vr::OB };
        header(&mut start, explicit, tag::PIXELS, vr, length);
        self.steps.push_back(Step::Bytes(start));
        let last = frames.saturating_sub(1);
        self.steps.extend((0..frames).map(|n| Step::Native { n, pad: pad && n == last }));
        Ok(())
    }
}
