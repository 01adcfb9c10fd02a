//! A stored object in a native transfer syntax, for a peer that does not take the stored one (specification §6).

use yigong_clinic::Centre;
use yigong_clinic::imaging::retrieve::Stored;
use yigong_clinic::imaging::transcode;

use super::scu::Object;

/// Stored bytes of an object that is converted in memory, at most.
const LARGEST: i64 = 512 << 20;

/// The object in `syntax`; `None` when its pixels cannot be decoded, or it is too large.
pub(super) async fn native(centre: &Centre, stored: &Stored, syntax: &str) -> Option<Object> {
    if !transcode::reaches(&stored.transfer_syntax, syntax) || stored.size > LARGEST {
        return None;
    }
    let made = async { transcode::object(centre, stored, syntax).await?.whole().await };
    match made.await {
        Ok(bytes) => Some(Object::Bytes(bytes)),
        Err(fault) => {
            tracing::warn!(instance = %stored.id, %fault, "an object cannot be sent in another transfer syntax");
            None
        }
    }
}
