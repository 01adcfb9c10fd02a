//! Tables and bit planes inside JSON messages: base64 instead of a number an entry.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// Bytes.
pub(super) mod bytes {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD_NO_PAD.encode(bytes))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        STANDARD_NO_PAD.decode(text.as_bytes()).map_err(D::Error::custom)
    }
}

/// 16-bit words.
pub(super) mod words {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(words: &[u16], to: S) -> Result<S::Ok, S::Error> {
        let raw: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        super::bytes::serialize(&raw, to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u16>, D::Error> {
        let raw = super::bytes::deserialize(from)?;
        Ok(raw.chunks_exact(2).filter_map(|c| c.try_into().ok()).map(u16::from_le_bytes).collect())
    }
}

/// Colours of three bytes.
pub(super) mod colours {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(entries: &[[u8; 3]], to: S) -> Result<S::Ok, S::Error> {
        super::bytes::serialize(entries.as_flattened(), to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<[u8; 3]>, D::Error> {
        let raw = super::bytes::deserialize(from)?;
        Ok(raw.chunks_exact(3).filter_map(|c| c.try_into().ok()).collect())
    }
}
