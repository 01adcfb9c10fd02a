//! Reading the acceptor's answer, on the calling side (PS3.8 §9.3.3).

use dicom_ul::pdu::PresentationContextProposed;

use super::request::{Items, Malformed};
use super::{Context, Options, Purpose, Roles, plain, purpose};

/// The contexts an A-ASSOCIATE-AC body accepts, and the acceptor's largest PDU body (0 = any). Written apart from the PDU
/// reader because some acceptors leave the transfer syntax out of refused contexts.
///
/// # Errors
/// [`Malformed`].
pub fn read_answer(
    body: &[u8],
    proposed: &[PresentationContextProposed],
) -> Result<(Vec<Context>, u32), Malformed> {
    let items = body.get(68..).ok_or(Malformed::Truncated)?;
    let (mut contexts, mut peer_max_pdu) = (Vec::new(), 0);
    for item in Items(items) {
        match item? {
            (0x21, [id, _, 0, _, subs @ ..]) => {
                for sub in Items(subs) {
                    let (kind, value) = sub?;
                    let asked = proposed.iter().find(|p| p.id == *id);
                    if let (0x40, Some(p), Ok(syntax)) = (kind, asked, std::str::from_utf8(value)) {
                        contexts.push(Context {
                            id: *id,
                            sop_class: p.abstract_syntax.clone(),
                            transfer_syntax: plain(syntax).to_owned(),
                            purpose: purpose::named(&p.abstract_syntax).unwrap_or(Purpose::Storage),
                            roles: Roles::default(),
                            options: Options::default(),
                        });
                    }
                }
            }
            (0x50, subs) => {
                for sub in Items(subs) {
                    if let (0x51, [a, b, c, d]) = sub? {
                        peer_max_pdu = u32::from_be_bytes([*a, *b, *c, *d]);
                    }
                }
            }
            _ => {}
        }
    }
    Ok((contexts, peer_max_pdu))
}
