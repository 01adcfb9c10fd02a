//! The elements of a command set: group 0000, Implicit VR Little Endian, ascending (PS3.7 §6.3).

use std::collections::BTreeMap;

use super::{CommandError, MAX_BYTES};

/// Element numbers of group 0000.
pub(super) mod element {
    pub const AFFECTED_CLASS: u16 = 0x0002;
    pub const REQUESTED_CLASS: u16 = 0x0003;
    pub const FIELD: u16 = 0x0100;
    pub const MESSAGE_ID: u16 = 0x0110;
    pub const RESPONDED_ID: u16 = 0x0120;
    pub const DESTINATION: u16 = 0x0600;
    pub const PRIORITY: u16 = 0x0700;
    pub const DATA_SET_TYPE: u16 = 0x0800;
    pub const STATUS: u16 = 0x0900;
    pub const ERROR_COMMENT: u16 = 0x0902;
    pub const AFFECTED_INSTANCE: u16 = 0x1000;
    pub const REQUESTED_INSTANCE: u16 = 0x1001;
    pub const EVENT_TYPE: u16 = 0x1002;
    pub const ATTRIBUTES: u16 = 0x1005;
    pub const ACTION_TYPE: u16 = 0x1008;
    pub const REMAINING: u16 = 0x1020;
    pub const COMPLETED: u16 = 0x1021;
    pub const FAILED: u16 = 0x1022;
    pub const WARNED: u16 = 0x1023;
    pub const ORIGINATOR_AE: u16 = 0x1030;
    pub const ORIGINATOR_ID: u16 = 0x1031;
}

/// Elements of group 0000 by number.
#[derive(Default)]
pub(super) struct Elements(BTreeMap<u16, Vec<u8>>);

impl Elements {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, CommandError> {
        if bytes.len() > MAX_BYTES {
            return Err(CommandError::TooLong);
        }
        let mut set = Self::default();
        let mut rest = bytes;
        while let Some((head, tail)) = rest.split_first_chunk::<8>() {
            let [g0, g1, e0, e1, l0, l1, l2, l3] = *head;
            let number = u16::from_le_bytes([e0, e1]);
            if u16::from_le_bytes([g0, g1]) != 0 {
                return Err(CommandError::Foreign);
            }
            let length =
                usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).map_err(|_| CommandError::Truncated)?;
            let (value, tail) = tail.split_at_checked(length).ok_or(CommandError::Truncated)?;
            set.0.entry(number).or_insert_with(|| value.to_vec());
            rest = tail;
        }
        if rest.is_empty() { Ok(set) } else { Err(CommandError::Truncated) }
    }

    pub(super) fn us(&self, number: u16) -> Result<u16, CommandError> {
        match self.0.get(&number).map(Vec::as_slice) {
            Some([a, b]) => Ok(u16::from_le_bytes([*a, *b])),
            _ => Err(CommandError::Missing(number)),
        }
    }

    /// A text or UID without its padding (NUL or spaces, PS3.5 §6.2).
    pub(super) fn text(&self, number: u16) -> Option<String> {
        let value = self.0.get(&number)?;
        let text = String::from_utf8_lossy(value);
        Some(text.trim_end_matches(['\0', ' ']).trim_start_matches(' ').to_owned())
    }

    /// The tags of an AT value.
    pub(super) fn tags(&self, number: u16) -> Vec<u32> {
        let value = self.0.get(&number).map(Vec::as_slice).unwrap_or_default();
        let (tags, _) = value.as_chunks::<4>();
        tags.iter().map(|[a, b, c, d]| u32::from_be_bytes([*b, *a, *d, *c])).collect()
    }

    pub(super) fn put_tags(&mut self, number: u16, tags: &[u32]) {
        if !tags.is_empty() {
            let bytes = tags.iter().flat_map(|t| {
                let [a, b, c, d] = t.to_be_bytes();
                [b, a, d, c]
            });
            self.0.insert(number, bytes.collect());
        }
    }

    pub(super) fn put_us(&mut self, number: u16, value: u16) {
        self.0.insert(number, value.to_le_bytes().to_vec());
    }

    pub(super) fn put_uid(&mut self, number: u16, value: &str) {
        self.put_padded(number, value, 0);
    }

    pub(super) fn put_text(&mut self, number: u16, value: &str) {
        self.put_padded(number, value, b' ');
    }

    fn put_padded(&mut self, number: u16, value: &str, pad: u8) {
        if value.is_empty() {
            return;
        }
        let mut bytes = value.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(pad);
        }
        self.0.insert(number, bytes);
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(256);
        for (number, value) in &self.0 {
            write(&mut body, *number, value);
        }
        let mut out = Vec::with_capacity(body.len() + 12);
        write(&mut out, 0, &u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(&body);
        out
    }
}

pub(super) fn write(out: &mut Vec<u8>, number: u16, value: &[u8]) {
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(value);
}
