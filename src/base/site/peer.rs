//! Peers: who may speak to the listeners, and for which facility. The facility comes from here, never from data received.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{senders, sql};
use crate::access::Permit;
use crate::args;
use crate::audit;
use crate::ctx::Ctx;
use crate::digest::sha256_hex;
use crate::fault::{Fault, Result};
use crate::storage::{Conn, Row, Tx};

/// A registered sender or receiver.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Peer {
    /// Row id.
    #[serde(default)]
    pub id: String,
    /// `dicom` or `hl7`.
    pub kind: String,
    /// Facility it speaks for.
    pub facility: String,
    /// Name for people.
    pub name: String,
    /// Calling AE title (DICOM).
    pub ae_title: Option<String>,
    /// MSH-3 it sends (HL7); empty accepts any.
    pub app: Option<String>,
    /// MSH-4 it sends (HL7); empty accepts any.
    pub app_facility: Option<String>,
    /// Addresses it may come from: IPs and CIDR ranges, comma-separated.
    pub addresses: String,
    /// Port we call back on.
    pub port: Option<i64>,
    /// Policy as JSON: character set, instrument or clinic, limits.
    #[serde(default)]
    pub policy: Value,
    /// Whether it is admitted.
    pub enabled: bool,
    /// Last contact, ms.
    #[serde(default)]
    pub last_seen_at: Option<i64>,
}

impl Peer {
    /// Who sends over the web, a person or a token: it stands where a registered peer stands on the DICOM port.
    #[must_use]
    pub fn web(id: &str, name: &str, facility: &str) -> Self {
        Self {
            id: id.to_owned(),
            kind: "web".into(),
            facility: facility.to_owned(),
            name: name.to_owned(),
            ae_title: None,
            app: None,
            app_facility: None,
            addresses: String::new(),
            port: None,
            policy: Value::Null,
            enabled: true,
            last_seen_at: None,
        }
    }

    /// Whether the peer may come from this address.
    #[must_use]
    pub fn admits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.addresses.split(',').any(|range| within(range.trim(), address))
    }

    /// The permit under which its messages are handled.
    #[must_use]
    pub fn permit(&self) -> Permit {
        Permit::peer(self.ae_title.as_deref().unwrap_or(&self.name), &self.facility)
    }

    /// A text of its policy.
    #[must_use]
    pub fn policy_text(&self, key: &str) -> Option<&str> {
        self.policy.get(key).and_then(Value::as_str)
    }
}

fn within(range: &str, address: IpAddr) -> bool {
    let (base, bits) = match range.split_once('/') {
        Some((base, bits)) => (base, bits.parse::<u32>().ok()),
        None => (range, Some(128)),
    };
    match (base.parse::<IpAddr>(), address, bits) {
        (Ok(IpAddr::V4(b)), IpAddr::V4(a), Some(bits)) => {
            let mask = u32::MAX.checked_shl(32 - bits.min(32)).unwrap_or(0);
            u32::from(a) & mask == u32::from(b) & mask
        }
        (Ok(IpAddr::V6(b)), IpAddr::V6(a), Some(bits)) => {
            let mask = u128::MAX.checked_shl(128 - bits.min(128)).unwrap_or(0);
            u128::from(a) & mask == u128::from(b) & mask
        }
        _ => false,
    }
}

fn check(peer: &Peer) -> Result<()> {
    match peer.kind.as_str() {
        "dicom" => {
            let ae = peer.ae_title.as_deref().unwrap_or_default();
            let legal = |c: char| c.is_ascii_graphic() && c != '\\' || c == ' ';
            if ae.is_empty() || ae.len() > 16 || ae.trim() != ae || !ae.chars().all(legal) {
                return Err(Fault::invalid(
                    "ae_title",
                    "1 to 16 characters of the default repertoire (PS3.5 6.2 AE)",
                ));
            }
        }
        "hl7" => {}
        _ => return Err(Fault::invalid("kind", "dicom or hl7")),
    }
    let bad = peer.addresses.split(',').map(str::trim).find(|r| {
        let base = r.split_once('/').map_or(*r, |(b, _)| b);
        base.parse::<IpAddr>().is_err()
    });
    match bad {
        Some(bad) => Err(Fault::invalid("addresses", format!("'{bad}' is no IP address or CIDR range"))),
        None => Ok(()),
    }
}

/// Registers a peer; answers its id.
pub async fn create(tx: &mut Tx, ctx: &Ctx, permit: &Permit, peer: &Peer) -> Result<String> {
    check(peer)?;
    told_apart(tx, peer).await?;
    let id = if peer.id.is_empty() { ctx.id() } else { peer.id.clone() };
    tx.exec(
        sql::INSERT_PEER,
        args![
            &id,
            &peer.kind,
            &peer.facility,
            &peer.name,
            &peer.ae_title,
            &peer.app,
            &peer.app_facility,
            &peer.addresses,
            peer.port,
            &peer.policy,
            peer.enabled,
            ctx.now()
        ],
    )
    .await?;
    senders::changed(tx, ctx).await?;
    audit::append(
        tx,
        ctx,
        permit,
        "peer.create",
        "peer",
        &id,
        &json!({"kind": peer.kind, "after": told(peer)}),
    );
    Ok(id)
}

/// Changes a peer.
pub async fn update(tx: &mut Tx, ctx: &Ctx, permit: &Permit, peer: &Peer) -> Result<()> {
    check(peer)?;
    told_apart(tx, peer).await?;
    let before = find(tx, &peer.id).await?;
    let changed = tx
        .exec(
            sql::UPDATE_PEER,
            args![
                &peer.id,
                &peer.facility,
                &peer.name,
                &peer.ae_title,
                &peer.app,
                &peer.app_facility,
                &peer.addresses,
                peer.port,
                &peer.policy,
                peer.enabled
            ],
        )
        .await?;
    if changed == 0 {
        return Err(Fault::not_found("peer"));
    }
    senders::changed(tx, ctx).await?;
    audit::append(
        tx,
        ctx,
        permit,
        "peer.update",
        "peer",
        &peer.id,
        &json!({"before": told(&before), "after": told(peer)}),
    );
    Ok(())
}

/// Who may come and whom we call, as the audit chain tells it; of the policy, which may hold secrets, only whether it is another one.
fn told(peer: &Peer) -> Value {
    let policy = sha256_hex(peer.policy.to_string().as_bytes());
    json!({
        "facility": peer.facility, "name": peer.name, "ae_title": peer.ae_title, "app": peer.app, "app_facility": peer.app_facility,
        "addresses": peer.addresses, "port": peer.port, "policy_sha256": policy, "enabled": peer.enabled,
    })
}

/// All peers.
pub async fn list(conn: &mut Conn) -> Result<Vec<Peer>> {
    conn.all(sql::LIST_PEERS, args![]).await?.iter().map(of_row).collect()
}

/// One peer.
pub async fn find(conn: &mut Conn, id: &str) -> Result<Peer> {
    let row = conn.opt(sql::FIND_PEER, args![id]).await?.ok_or_else(|| Fault::not_found("peer"))?;
    of_row(&row)
}

/// The enabled DICOM peers of an AE title. Factory titles are the same in many places.
pub async fn of_title(conn: &mut Conn, ae_title: &str) -> Result<Vec<Peer>> {
    conn.all(sql::FIND_AE, args![ae_title]).await?.iter().map(of_row).collect()
}

/// The enabled DICOM peer of an AE title, where several have it that of `facility`.
///
/// # Errors
/// `Conflict` `ae_title` where several have it and none of them, or more than one, is of the facility.
pub async fn find_ae(conn: &mut Conn, ae_title: &str, facility: &str) -> Result<Option<Peer>> {
    let mut all = of_title(conn, ae_title).await?;
    if all.len() > 1 {
        let at: Vec<_> = all.iter().map(|p| p.facility.clone()).collect();
        all.retain(|peer| peer.facility == facility);
        if all.len() != 1 {
            let why = format!("{ae_title} is the title of peers of {}", at.join(", "));
            return Err(Fault::conflict("ae_title", why));
        }
    }
    Ok(all.pop())
}

/// What is known of a DICOM title, of a disabled peer too: how it is to be called does not depend on whether it may come. Where several
/// have it, that of `facility`.
pub async fn known_ae(conn: &mut Conn, ae_title: &str, facility: &str) -> Result<Option<Peer>> {
    conn.opt(sql::KNOWN_AE, args![ae_title, facility]).await?.as_ref().map(of_row).transpose()
}

/// Two enabled peers of one title must be told apart by where they come from.
async fn told_apart(conn: &mut Conn, peer: &Peer) -> Result<()> {
    let Some(title) = peer.ae_title.as_deref().filter(|_| peer.kind == "dicom" && peer.enabled) else {
        return Ok(());
    };
    for row in conn.all(sql::SAME_AE, args![title, &peer.id]).await? {
        let other = of_row(&row)?;
        if overlap(&peer.addresses, &other.addresses) {
            let why = format!(
                "{title} may come from the same address as {} of {}: the two cannot be told apart",
                other.name, other.facility
            );
            return Err(Fault::conflict("ae_title", why));
        }
    }
    Ok(())
}

/// Whether an address may be in both lists.
fn overlap(a: &str, b: &str) -> bool {
    let holds = |list: &str, other: &str| {
        other.split(',').any(|range| {
            let base = range.trim().split('/').next().and_then(|base| base.parse::<IpAddr>().ok());
            base.is_some_and(|base| list.split(',').any(|own| within(own.trim(), base)))
        })
    };
    // Of two ranges that share an address one holds the other's first: they are powers of two.
    holds(a, b) || holds(b, a)
}

/// Remembers the last contact.
pub async fn touch(tx: &mut Tx, id: &str, now: i64) -> Result<()> {
    tx.exec(sql::TOUCH_PEER, args![id, now]).await?;
    Ok(())
}

pub(super) fn of_row(row: &Row) -> Result<Peer> {
    Ok(Peer {
        id: row.text("id")?,
        kind: row.text("kind")?,
        facility: row.text("facility")?,
        name: row.text("name")?,
        ae_title: row.opt_text("ae_title")?,
        app: row.opt_text("app")?,
        app_facility: row.opt_text("app_facility")?,
        addresses: row.text("addresses")?,
        port: row.opt_int("port")?,
        policy: row.json("policy")?,
        enabled: row.flag("enabled")?,
        last_seen_at: row.opt_int("last_seen_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::{overlap, within};

    #[test]
    fn ranges_that_share_an_address() {
        assert!(overlap("10.1.0.0/16", "10.1.2.3"));
        assert!(overlap("10.1.2.3", "10.1.0.0/16"));
        assert!(overlap("10.1.2.0/24, 10.9.0.1", "10.1.0.0/16"));
        assert!(!overlap("10.1.0.0/16", "10.2.0.0/16"));
        assert!(!overlap("10.1.2.3", "10.1.2.4"));
        assert!(overlap("10.1.0.77/16", "10.1.2.0/24"), "the base need not be the first");
        assert!(!overlap("fd00::/8", "10.0.0.1"));
    }

    #[test]
    fn ranges() {
        let ip = |s: &str| s.parse().unwrap();
        assert!(within("127.0.0.1", ip("127.0.0.1")));
        assert!(!within("127.0.0.1", ip("127.0.0.2")));
        assert!(within("10.1.0.0/16", ip("10.1.255.3")));
        assert!(!within("10.1.0.0/16", ip("10.2.0.1")));
        assert!(within("0.0.0.0/0", ip("8.8.8.8")));
        assert!(within("fd00::/8", ip("fd12::1")));
        assert!(!within("nonsense", ip("10.0.0.1")));
    }
}
