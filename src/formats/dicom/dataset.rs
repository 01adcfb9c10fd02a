//! Plain values of binary VRs, and a small writer of flat data sets for identifiers and command sets.

use super::{Tag, Vr};

/// Decodes the values of a binary VR.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    reason = "64-bit integers in DICOM index values are below 2^53 or shown as approximations"
)]
pub fn numbers(vr: Vr, raw: &[u8], big: bool) -> Vec<f64> {
    macro_rules! read {
        ($t:ty) => {
            raw.chunks_exact(size_of::<$t>())
                .filter_map(|c| c.try_into().ok())
                .map(|b| if big { <$t>::from_be_bytes(b) } else { <$t>::from_le_bytes(b) } as f64)
                .collect()
        };
    }
    match vr {
        Vr::US | Vr::OW => read!(u16),
        Vr::SS => read!(i16),
        Vr::UL | Vr::OL => read!(u32),
        Vr::SL => read!(i32),
        Vr::FL | Vr::OF => read!(f32),
        Vr::FD | Vr::OD => read!(f64),
        Vr::UV | Vr::OV => read!(u64),
        Vr::SV => read!(i64),
        _ => Vec::new(),
    }
}

/// Writes an element header, little endian (PS3.5 §7.1.2, §7.1.3); length `u32::MAX` = undefined.
pub fn header(out: &mut Vec<u8>, explicit: bool, tag: Tag, vr: Vr, length: u32) {
    out.extend_from_slice(&tag.group().to_le_bytes());
    out.extend_from_slice(&tag.element().to_le_bytes());
    if !explicit {
        out.extend_from_slice(&length.to_le_bytes());
        return;
    }
    out.extend_from_slice(&vr.0);
    if vr.is_long() {
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&length.to_le_bytes());
    } else {
        out.extend_from_slice(&u16::try_from(length).unwrap_or(0).to_le_bytes());
    }
}

/// A flat data set under construction: elements are written in tag order by the caller.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    explicit: bool,
    /// What was written.
    pub bytes: Vec<u8>,
}

impl Writer {
    /// Explicit or Implicit VR Little Endian.
    #[must_use]
    pub fn new(explicit: bool) -> Self {
        Self { explicit, bytes: Vec::new() }
    }
    /// Writes one element, padded to even length.
    pub fn element(&mut self, tag: Tag, vr: Vr, value: &[u8]) {
        let pad = value.len() & 1;
        let length = u32::try_from(value.len() + pad).unwrap_or(0);
        header(&mut self.bytes, self.explicit, tag, vr, length);
        self.bytes.extend_from_slice(value);
        if pad == 1 {
            self.bytes.push(if vr == Vr::UI || !vr.is_text() { 0 } else { b' ' });
        }
    }
    /// Writes text.
    pub fn text(&mut self, tag: Tag, vr: Vr, value: &str) {
        self.element(tag, vr, value.as_bytes());
    }
}
