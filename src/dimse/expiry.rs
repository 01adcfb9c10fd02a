//! Certificates of DICOM over TLS that run out: listed for the operator, and warned about every day from 60 days before.

use serde_json::Value;
use tokio_util::sync::CancellationToken;
use yigong_base::Ctx;
use yigong_base::access::Permit;
use yigong_base::clock::DAY_MS;
use yigong_base::digest::sha256_hex;
use yigong_base::fault::Result;
use yigong_base::site::peer;

use super::{authority, tls};

/// Days before the end at which it is an information, a warning, an error.
const STEPS: [i64; 3] = [60, 30, 7];
const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// A certificate in use.
#[derive(Debug, Clone)]
pub struct InUse {
    /// `the centre`, `authority`, or a peer's name.
    pub whose: String,
    /// SHA-256.
    pub sha256: String,
    /// Whole days until its end; negative when it is over.
    pub days_left: i64,
}

/// Every certificate in use, the next one to end first.
///
/// # Errors
/// Files that cannot be read; storage faults.
pub async fn all(ctx: &Ctx) -> Result<Vec<InUse>> {
    let mut found = Vec::new();
    let dicom = &ctx.config.dicom;
    let left = |end: i64| (end - ctx.now()).div_euclid(DAY_MS);
    for (whose, what, file) in [
        ("the centre", "dicom.tls_certificate", &dicom.tls_certificate),
        ("authority", "dicom.tls_ca", &dicom.tls_ca),
    ] {
        if file.is_empty() {
            continue;
        }
        for der in tls::certificates(what, file)? {
            found.push(InUse {
                whose: whose.into(),
                sha256: sha256_hex(&der),
                days_left: left(authority::not_after(&der)?),
            });
        }
    }
    let mut read = ctx.db.read(&Permit::system("expiry")).await?;
    for peer in peer::list(&mut read).await?.into_iter().filter(|p| p.enabled) {
        for c in peer.policy.get("certificates").and_then(Value::as_array).into_iter().flatten() {
            let text = |key: &str| c.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            // A hash that was entered by hand has no end here.
            if let Some(end) = c.get("not_after").and_then(Value::as_i64) {
                found.push(InUse { whose: peer.name.clone(), sha256: text("sha256"), days_left: left(end) });
            }
        }
    }
    found.sort_by_key(|c| c.days_left);
    Ok(found)
}

/// Writes about certificates that run out, at once and then every day, until `stop`.
pub(super) async fn watch(ctx: Ctx, stop: CancellationToken) {
    loop {
        match all(&ctx).await {
            Ok(found) => found.iter().for_each(tell),
            Err(fault) => tracing::error!(%fault, "the certificates cannot be looked through"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(DAY) => {}
        }
    }
}

fn tell(c: &InUse) {
    let [far, near, last] = STEPS;
    let (whose, days) = (c.whose.as_str(), c.days_left);
    if days <= last {
        tracing::error!(whose, days, "a dicom certificate runs out");
    } else if days <= near {
        tracing::warn!(whose, days, "a dicom certificate runs out");
    } else if days <= far {
        tracing::info!(whose, days, "a dicom certificate runs out");
    }
}
