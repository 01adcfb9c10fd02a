//! Value representations (PS3.5 §6.2) as the two bytes they are on the wire.

use super::Tag;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use std::fmt;

/// A value representation.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Vr(pub [u8; 2]);

const fn vr(text: &str) -> Vr {
    let b = text.as_bytes();
    Vr([b[0], b[1]])
}

/// For each first letter the set of second letters, as bits.
const fn letters(all: &[Vr]) -> [u32; 26] {
    let mut out = [0u32; 26];
    let mut i = 0;
    while i < all.len() {
        let [a, b] = all[i].0;
        out[(a - b'A') as usize] |= 1 << ((b - b'A') as u32);
        i += 1;
    }
    out
}

macro_rules! vrs {
    ($($name:ident)+) => {
        impl Vr { $(#[doc = concat!("`", stringify!($name), "`.")] pub const $name: Vr = vr(stringify!($name));)+ }
        const KNOWN: [u32; 26] = letters(&[$(Vr::$name),+]);
    };
}

vrs! { AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV }

impl Vr {
    /// True when the two bytes are a VR of the standard.
    #[must_use]
    pub fn is_known(self) -> bool {
        let [a, b] = self.0;
        b.is_ascii_uppercase()
            && KNOWN.get(usize::from(a.wrapping_sub(b'A'))).is_some_and(|set| (set >> (b - b'A')) & 1 == 1)
    }
    /// True when explicit encoding uses two reserved bytes and a 32-bit length (PS3.5 §7.1.2).
    #[must_use]
    pub fn is_long(self) -> bool {
        matches!(
            self,
            Self::OB
                | Self::OD
                | Self::OF
                | Self::OL
                | Self::OV
                | Self::OW
                | Self::SQ
                | Self::SV
                | Self::UC
                | Self::UN
                | Self::UR
                | Self::UT
                | Self::UV
        )
    }
    /// True when (0008,0005) governs the value (PS3.5 §6.1.2.3).
    #[must_use]
    pub fn is_charset_text(self) -> bool {
        matches!(self, Self::SH | Self::LO | Self::ST | Self::LT | Self::UT | Self::UC | Self::PN)
    }
    /// True when a backslash separates values.
    #[must_use]
    pub fn is_multi_text(self) -> bool {
        self.is_text() && !matches!(self, Self::ST | Self::LT | Self::UT | Self::UR)
    }
    /// True for every VR whose value is characters.
    #[must_use]
    pub fn is_text(self) -> bool {
        self.is_charset_text()
            || matches!(
                self,
                Self::AE
                    | Self::AS
                    | Self::CS
                    | Self::DA
                    | Self::DS
                    | Self::DT
                    | Self::IS
                    | Self::TM
                    | Self::UI
                    | Self::UR
            )
    }
    /// Bytes of one binary value, 1 for text.
    #[must_use]
    pub fn width(self) -> usize {
        match self {
            Self::US | Self::SS | Self::OW => 2,
            Self::UL | Self::SL | Self::FL | Self::OL | Self::OF | Self::AT => 4,
            Self::FD | Self::OD | Self::OV | Self::SV | Self::UV => 8,
            _ => 1,
        }
    }
    /// The VR implicit encoding takes for this tag (PS3.6; private creators are LO, group lengths UL, the rest UN).
    #[must_use]
    pub fn of_tag(tag: Tag) -> Self {
        if tag.element() == 0 {
            return Self::UL;
        }
        if tag.is_private() {
            return if (0x10..=0xFF).contains(&tag.element()) { Self::LO } else { Self::UN };
        }
        let found =
            dicom_dictionary_std::StandardDataDictionary.by_tag(dicom_core::Tag(tag.group(), tag.element()));
        match found.map(|e| e.vr()) {
            Some(VirtualVr::Exact(v)) => vr(v.to_string()),
            // Or SS, as (0028,0103) of the same data set says: `Vr::of_signed`.
            Some(VirtualVr::Xs) => Self::US,
            Some(VirtualVr::Ox | VirtualVr::Px | VirtualVr::Lt) => Self::OW,
            _ => Self::UN,
        }
    }
    /// As text, for JSON.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("UN")
    }
}

impl fmt::Display for Vr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Vr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
