//! Destinations: the clinic's page, its FHIR client, its HL7 receiver.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::digest::sha256_hex;
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{Job, enqueue};
use yigong_base::storage::{Conn, Tx};
use yigong_base::{Ctx, args, audit};

use super::sql;

/// A destination.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Destination {
    /// Row id.
    #[serde(default)]
    pub id: String,
    /// Facility that receives.
    pub facility: String,
    /// `web`, `fhir`, `hl7`, `dicom`.
    pub kind: String,
    /// Name for people.
    pub name: String,
    /// `host:port` of an HL7 receiver, `AE@host:port` of an archive, else empty.
    #[serde(default)]
    pub address: String,
    /// Character set, accepted codes, application names.
    #[serde(default)]
    pub settings: Value,
    /// Whether it receives.
    pub enabled: bool,
}

/// Whether parcels of this kind are brought to the destination; the others are fetched.
#[must_use]
pub fn is_pushed(kind: &str) -> bool {
    matches!(kind, "hl7" | "dicom")
}

/// AE title and `host:port` of an archive's address `AE@host:port`.
#[must_use]
pub fn archive(address: &str) -> Option<(&str, &str)> {
    address.split_once('@').filter(|(ae, _)| !ae.is_empty() && ae.len() <= 16 && ae.trim() == *ae)
}

fn check(d: &Destination) -> Result<()> {
    let host = |address: &str| {
        address.rsplit_once(':').is_some_and(|(h, p)| !h.is_empty() && p.parse::<u16>().is_ok_and(|p| p > 0))
    };
    match d.kind.as_str() {
        "web" | "fhir" => Ok(()),
        "hl7" if host(&d.address) => Ok(()),
        "hl7" => Err(Fault::invalid("address", "host:port")),
        "dicom" if archive(&d.address).is_some_and(|(_, at)| host(at)) => Ok(()),
        "dicom" => Err(Fault::invalid("address", "AE@host:port")),
        _ => Err(Fault::invalid("kind", "web, fhir, hl7 or dicom")),
    }
}

/// Adds a destination; answers its id.
pub async fn create(tx: &mut Tx, ctx: &Ctx, permit: &Permit, d: &Destination) -> Result<String> {
    check(d)?;
    let id = ctx.id();
    tx.exec(
        sql::INSERT_DESTINATION,
        args![&id, &d.facility, &d.kind, &d.name, &d.address, &d.settings, d.enabled, ctx.now()],
    )
    .await?;
    audit::append(
        tx,
        ctx,
        permit,
        "destination.create",
        "destination",
        &id,
        &json!({"kind": d.kind, "facility": d.facility, "after": told(d)}),
    );
    Ok(id)
}

/// Changes a destination.
pub async fn update(tx: &mut Tx, ctx: &Ctx, permit: &Permit, d: &Destination) -> Result<()> {
    check(d)?;
    if is_pushed(&d.kind) && d.enabled {
        // What waited while it was switched off goes out now.
        enqueue(tx, ctx, Job::new("deliver", &d.id)).await?;
    }
    let row = tx.opt(sql::DESTINATION, args![&d.id]).await?.ok_or_else(|| Fault::not_found("destination"))?;
    let before = Destination {
        name: row.text("name")?,
        address: row.text("address")?,
        settings: row.json("settings")?,
        enabled: row.flag("enabled")?,
        ..d.clone()
    };
    if tx.exec(sql::UPDATE_DESTINATION, args![&d.id, &d.name, &d.address, &d.settings, d.enabled]).await? == 0
    {
        return Err(Fault::not_found("destination"));
    }
    audit::append(
        tx,
        ctx,
        permit,
        "destination.update",
        "destination",
        &d.id,
        &json!({"before": told(&before), "after": told(d)}),
    );
    Ok(())
}

/// Where reports go, as the audit chain tells it; of the settings, which may hold secrets, only whether they are others.
fn told(d: &Destination) -> Value {
    let settings = sha256_hex(d.settings.to_string().as_bytes());
    json!({"name": d.name, "address": d.address, "settings_sha256": settings, "enabled": d.enabled})
}

/// All destinations with the size of their queues.
pub async fn list(conn: &mut Conn) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for row in conn.all(sql::LIST_DESTINATIONS, args![]).await? {
        all.push(json!({
            "id": row.text("id")?, "facility": row.text("facility")?, "kind": row.text("kind")?, "name": row.text("name")?,
            "address": row.text("address")?, "settings": row.json::<Value>("settings")?, "enabled": row.flag("enabled")?,
            "queue": {"pending": row.int("pending")?, "retry": row.int("retrying")?, "dead": row.int("dead")?, "oldest_at": row.opt_int("oldest_at")?},
        }));
    }
    Ok(all)
}
