//! Reading an association request after its items were counted and bounded (PS3.8 §9.3.2).

use std::fmt;

use dicom_ul::pdu::{AssociationRQ, Pdu, read_pdu};

use super::{MAX_CONTEXTS, MAX_REQUEST, MAX_SUB_ITEMS, MAX_SYNTAXES};

/// Why a request is not even answered with a rejection (A-ABORT, source 2, reason 6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Malformed {
    /// More of these than allowed.
    TooMany(&'static str),
    /// An item runs past the end of what holds it.
    Truncated,
    /// The items do not make a request.
    Syntax(String),
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany(what) => write!(f, "association request: too many {what}"),
            Self::Truncated => f.write_str("association request: an item runs past its end"),
            Self::Syntax(e) => write!(f, "association request: {e}"),
        }
    }
}

impl std::error::Error for Malformed {}

/// Reads an A-ASSOCIATE-RQ body (without the 6-byte PDU header) after its items were counted and bounded.
///
/// # Errors
/// [`Malformed`]: the association is to be aborted.
pub fn read_request(body: &[u8]) -> Result<AssociationRQ, Malformed> {
    let items = body.get(68..).ok_or(Malformed::Truncated)?;
    bound(items)?;
    let length = u32::try_from(body.len()).map_err(|_| Malformed::Truncated)?;
    let mut whole = Vec::with_capacity(body.len() + 6);
    whole.extend_from_slice(&[1, 0]);
    whole.extend_from_slice(&length.to_be_bytes());
    whole.extend_from_slice(body);
    match read_pdu(whole.as_slice(), MAX_REQUEST, true) {
        Ok(Some(Pdu::AssociationRQ(rq))) => Ok(rq),
        Ok(_) => Err(Malformed::Truncated),
        Err(e) => Err(Malformed::Syntax(e.to_string().to_lowercase())),
    }
}

/// Counts contexts, transfer syntaxes and sub-items before anything is built of them.
fn bound(items: &[u8]) -> Result<(), Malformed> {
    let (mut contexts, mut others) = (0_usize, 0_usize);
    for item in Items(items) {
        let (kind, value) = item?;
        match kind {
            0x20 => {
                contexts += 1;
                let mut syntaxes = 0;
                for sub in Items(value.get(4..).ok_or(Malformed::Truncated)?) {
                    sub?;
                    syntaxes += 1;
                    // one abstract syntax beside the transfer syntaxes
                    if syntaxes > MAX_SYNTAXES + 1 {
                        return Err(Malformed::TooMany("transfer syntaxes"));
                    }
                }
            }
            0x50 => {
                for sub in Items(value) {
                    let (sub_kind, sub_value) = sub?;
                    if sub_kind == 0x51 && sub_value.len() != 4 {
                        return Err(Malformed::Syntax("maximum length of the wrong size".into()));
                    }
                    others += 1;
                    if others > MAX_SUB_ITEMS {
                        return Err(Malformed::TooMany("sub-items"));
                    }
                }
            }
            _ => others += 1,
        }
        if contexts > MAX_CONTEXTS {
            return Err(Malformed::TooMany("presentation contexts"));
        }
        if others > MAX_SUB_ITEMS {
            return Err(Malformed::TooMany("items"));
        }
    }
    Ok(())
}

/// Items of an association PDU: type, reserved byte, 16-bit length, value.
pub(crate) struct Items<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Items<'a> {
    type Item = Result<(u8, &'a [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let cut = self.0.split_first_chunk::<4>().and_then(|([kind, _, high, low], tail)| {
            let (value, rest) = tail.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
            Some((*kind, value, rest))
        });
        match cut {
            Some((kind, value, rest)) => {
                self.0 = rest;
                Some(Ok((kind, value)))
            }
            None => {
                self.0 = &[];
                Some(Err(Malformed::Truncated))
            }
        }
    }
}
