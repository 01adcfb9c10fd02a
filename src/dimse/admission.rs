//! Who may associate: the register of peers, their addresses, and how many at once.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use yigong_base::access::Permit;
use yigong_base::audit;
use yigong_base::fault::Result;
use yigong_base::site::peer::{self, Peer};
use yigong_clinic::Centre;
use yigong_formats::dicom::negotiate::{Admission, PeerPolicy};

/// A peer's last contact is written at most this often, in ms.
const TOUCH_MS: i64 = 60_000;

/// How many each one holds, up to a share.
pub(super) struct Shares<K> {
    each: usize,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

/// One of a share; given back when dropped.
pub(super) struct Share<K: Eq + Hash> {
    whose: K,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Eq + Hash + Clone> Shares<K> {
    pub(super) fn new(each: usize) -> Self {
        Self { each, taken: Arc::default() }
    }

    /// One more for `whose`, or `None` when it holds its share.
    pub(super) fn take(&self, whose: &K) -> Option<Share<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(whose.clone()).or_default();
        if *count >= self.each {
            return None;
        }
        *count += 1;
        Some(Share { whose: whose.clone(), taken: Arc::clone(&self.taken) })
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.whose);
            }
        }
    }
}

/// Places for associations: in all and for each peer.
pub(super) struct Places {
    all: Arc<Semaphore>,
    each: Shares<String>,
}

/// A place; given back when dropped.
pub(super) struct Place {
    _one_of_all: OwnedSemaphorePermit,
    _share: Share<String>,
}

impl Places {
    pub(super) fn new(all: i64, each: i64) -> Self {
        let count = |n: i64| usize::try_from(n.max(1)).unwrap_or(1);
        Self { all: Arc::new(Semaphore::new(count(all))), each: Shares::new(count(each)) }
    }

    /// A place for this peer, or `None` when it or everybody has too many.
    pub(super) fn take(&self, peer: &str) -> Option<Place> {
        let one = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let share = self.each.take(&peer.to_owned())?;
        Some(Place { _one_of_all: one, _share: share })
    }
}

/// What counts as one sender of connections: an IPv4 address, or the /64 of an IPv6 one, of which one host may take any address.
pub(super) fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & (u128::MAX << 64)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// What the register says about `ae_title` coming from `address`; `certificate` is the SHA-256 of the client's TLS
/// certificate, `None` on the plain port.
pub(super) async fn look_up(
    centre: &Centre,
    ae_title: &str,
    address: IpAddr,
    certificate: Option<&str>,
) -> Result<(Admission, Option<Peer>)> {
    let permit = Permit::system("dicom listener");
    let mut read = centre.ctx.db.read(&permit).await?;
    let mut all = peer::of_title(&mut read, ae_title).await?;
    // Several places may have a device of this title: it is the one that may come from here.
    let at = all.iter().position(|peer| peer.admits(address)).unwrap_or_default();
    if all.is_empty() {
        return Ok((Admission::Unknown, None));
    }
    let peer = all.swap_remove(at);
    let admission = match certificate {
        _ if !peer.admits(address) => Admission::ForeignAddress,
        None if peer.policy_text("tls") == Some("required") => Admission::TlsRequired,
        Some(hash) if !owns(&peer, hash) => Admission::ForeignCertificate,
        _ => Admission::Admitted(policy_of(&peer)),
    };
    Ok((admission, Some(peer)))
}

/// Whether a peer that was admitted would be admitted now, as the same one: it may have been disabled, moved to another
/// facility, or have lost its certificate. A register that cannot be read changes nothing.
pub(super) async fn still_admitted(
    centre: &Centre,
    peer: &Peer,
    address: IpAddr,
    certificate: Option<&str>,
) -> bool {
    let title = peer.ae_title.as_deref().unwrap_or_default();
    match look_up(centre, title, address, certificate).await {
        Ok((Admission::Admitted(_), Some(now))) => now.id == peer.id && now.facility == peer.facility,
        Ok(_) => false,
        Err(fault) => {
            tracing::error!(peer = %peer.name, %fault, "the register of peers cannot be read");
            true
        }
    }
}

/// Whether the certificate of this hash is one of the peer's. Taking it out of the policy revokes it at once.
fn owns(peer: &Peer, hash: &str) -> bool {
    let listed = peer.policy.get("certificates").and_then(Value::as_array);
    listed.is_some_and(|all| {
        all.iter()
            .any(|c| c.get("sha256").and_then(Value::as_str).is_some_and(|h| h.eq_ignore_ascii_case(hash)))
    })
}

/// The peer's switches; what its policy does not say is the default.
fn policy_of(peer: &Peer) -> PeerPolicy {
    let default = PeerPolicy::default();
    let switch = |key: &str, usual: bool| peer.policy.get(key).and_then(Value::as_bool).unwrap_or(usual);
    PeerPolicy {
        store: switch("store", default.store),
        find: switch("find", default.find),
        move_: switch("move", default.move_),
        get: switch("get", default.get),
        worklist: switch("worklist", default.worklist),
        mpps: switch("mpps", default.mpps),
        commitment: switch("commitment", default.commitment),
        private_classes: switch("private_classes", default.private_classes),
        unknown_classes: switch("unknown_classes", default.unknown_classes),
        unknown_syntaxes: switch("unknown_syntaxes", default.unknown_syntaxes),
    }
}

/// Writes into the audit chain that somebody used a peer's title without being the peer (S-04): `what` is
/// `foreign_address`, `foreign_certificate` or `identity`.
pub(super) async fn record_spoof(
    centre: &Centre,
    peer: &Peer,
    what: &str,
    address: IpAddr,
    times: u64,
) -> Result<()> {
    let permit = Permit::system("dicom listener");
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let detail = json!({"ae_title": peer.ae_title, "address": address.to_string(), "times": times});
    let action = format!("peer.{what}");
    audit::append(&mut tx, &centre.ctx, &permit, &action, "peer", &peer.id, &detail);
    tx.commit().await
}

/// Remembers that the peer was here.
pub(super) async fn touch(centre: &Centre, peer: &Peer) -> Result<()> {
    let now = centre.ctx.now();
    if peer.last_seen_at.is_some_and(|at| now - at < TOUCH_MS) {
        return Ok(());
    }
    let mut tx = centre.ctx.db.begin(&peer.permit()).await?;
    peer::touch(&mut tx, &peer.id, now).await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::{Places, source};

    #[test]
    fn a_host_is_one_source_whichever_of_its_addresses_it_takes() {
        let of = |address: &str| source(address.parse().unwrap());
        assert_eq!(of("::ffff:10.0.0.7"), of("10.0.0.7"));
        assert_ne!(of("10.0.0.7"), of("10.0.0.8"));
        assert_eq!(of("fd00:1:2:3::1"), of("fd00:1:2:3:ffff::2"));
        assert_ne!(of("fd00:1:2:3::1"), of("fd00:1:2:4::1"));
    }

    #[test]
    fn places_are_counted_and_given_back() {
        let places = Places::new(3, 2);
        let a = places.take("a");
        let b = places.take("a");
        assert!(a.is_some() && b.is_some() && places.take("a").is_none());
        let c = places.take("b");
        assert!(c.is_some() && places.take("c").is_none());
        drop(a);
        assert!(places.take("a").is_some());
    }
}
