//! User identity of an association (PS3.7 §D.3.3.7): an account of the peer's facility or of the lead hospital, or a name of
//! the peer's own policy. It comes on top of AE title and address; the facility stays the peer's.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use yigong_base::access::password::{self, Who};
use yigong_base::access::{Permit, session};
use yigong_base::fault::{Fault, Result};
use yigong_base::site::{Peer, facility};
use yigong_clinic::Centre;
use yigong_formats::dicom::negotiate::{Identity, IdentityKind};

/// Wrong identities a peer may show in [`REST`] before it is refused without a look.
const FREE: u32 = 5;
const REST: Duration = Duration::from_secs(60);
/// How often, and after which pause, an account that is being looked at is asked for again.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(200);

/// Wrong identities by peer: a password is hashed slowly on purpose, and nobody may make us hash all day.
#[derive(Default)]
pub(super) struct Attempts(Mutex<HashMap<String, (u32, Instant)>>);

impl Attempts {
    fn resting(&self, peer: &str, now: Instant) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(peer).is_some_and(|(n, since)| *n >= FREE && now.duration_since(*since) < REST)
    }

    fn wrong(&self, peer: &str, now: Instant) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = seen.entry(peer.to_owned()).or_insert((0, now));
        if now.duration_since(entry.1) >= REST {
            *entry = (0, now);
        }
        entry.0 += 1;
    }
}

/// Whether the identity of a request, or its absence, is good enough for this peer.
///
/// # Errors
/// Storage faults; the peer is to be told to try again.
pub(super) async fn accepts(
    centre: &Centre,
    attempts: &Attempts,
    peer: &Peer,
    said: Option<&Identity>,
    from: IpAddr,
) -> Result<bool> {
    let required = peer.policy_text("user_identity") == Some("required");
    let own = peer.policy.get("users").and_then(Value::as_object);
    match said {
        None => Ok(!required),
        Some(i) if i.kind == IdentityKind::Name => {
            Ok(!required && own.is_none_or(|users| users.contains_key(&i.name)))
        }
        Some(_) if attempts.resting(&peer.id, Instant::now()) => Ok(false),
        Some(i) => {
            let right = match own.and_then(|users| users.get(&i.name)).and_then(Value::as_str) {
                Some(hash) => Some(password::verify(&i.password, hash, Who::Anyone).await?),
                None => has_account(centre, peer, i, from).await?,
            };
            if right == Some(false) {
                attempts.wrong(&peer.id, Instant::now());
            }
            Ok(right == Some(true))
        }
    }
}

/// Whether an account of the right place has this name and password; `None` when that could not be looked at in time: another
/// association of the same name is at it, or the account rests.
async fn has_account(centre: &Centre, peer: &Peer, said: &Identity, from: IpAddr) -> Result<Option<bool>> {
    let ctx = &centre.ctx;
    let address = from.to_string();
    let mut asked = 0;
    let known = loop {
        let from = session::From { address: &address, device: None };
        match session::check(ctx, &said.name, &said.password, from).await {
            Ok(known) => break known,
            Err(Fault::Denied { .. }) => return Ok(Some(false)),
            // Devices open several associations at once, and one try of an account is looked at at a time.
            Err(Fault::Busy { .. }) if asked < TRIES => {
                asked += 1;
                tokio::time::sleep(PAUSE).await;
            }
            Err(Fault::Busy { .. }) => return Ok(None),
            Err(fault) => return Err(fault),
        }
    };
    if known.facility == peer.facility {
        return Ok(Some(true));
    }
    let mut read = ctx.db.read(&Permit::system("dicom listener")).await?;
    Ok(Some(facility::lead(&mut read).await?.is_some_and(|lead| lead.code == known.facility)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_ones_are_counted_by_the_minute() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..FREE {
            assert!(!attempts.resting("p1", now));
            attempts.wrong("p1", now);
        }
        assert!(attempts.resting("p1", now) && !attempts.resting("p2", now));
        assert!(!attempts.resting("p1", now + REST));
        attempts.wrong("p1", now + REST);
        assert!(!attempts.resting("p1", now + REST));
    }
}
