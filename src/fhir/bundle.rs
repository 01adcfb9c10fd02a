//! Versions as entries of a searchset. The same report may stand in it with several versions (R4 bdl-7).

use base64::Engine;
use serde_json::{Value, json};
use yigong_base::Ctx;
use yigong_base::fault::Result;
use yigong_base::storage::Row;
use yigong_clinic::report::content::ReportContent;

use super::instant::Instant;
use super::report::{Version, resource};

/// The resource of a version row, with its PDF inline.
pub(super) async fn of_row(ctx: &Ctx, row: &Row, instant: Instant, base: &str) -> Result<Value> {
    let mut content: ReportContent = row.json("content")?;
    // What a withdrawn report had said is no longer handed out, in any version.
    let silent = row.text("state")? == "withdrawn" && content.kind != "withdrawn";
    let pdf = if silent {
        content = content.silenced();
        None
    } else {
        let object = row.text("pdf_object")?;
        match ctx.blobs.read(&object).await {
            Ok(bytes) => {
                Some((base64::engine::general_purpose::STANDARD.encode(bytes), row.int("pdf_bytes")?))
            }
            // A file that is gone must not keep every later report, and every withdrawal, from the clinic: the text goes without it. What could
            // not be read at this moment is asked for again.
            Err(fault) if !ctx.blobs.path(&object)?.exists() => {
                tracing::error!(report = %content.report, n = content.n, %fault, "fhir.pdf is not there");
                None
            }
            Err(fault) => return Err(fault),
        }
    };
    Ok(resource(&Version {
        content: &content,
        instant,
        replaced: row.int("n")? < row.int("current_version")?,
        base,
        pdf: pdf.as_ref().map(|(data, size)| (data.as_str(), *size)),
    }))
}

/// The bundle; `next` when more waits, `poll` always: the address from which only later versions come.
pub(super) fn searchset(
    base: &str,
    own: &str,
    entries: Vec<Value>,
    next: Option<String>,
    poll: String,
) -> Value {
    let mut links = vec![json!({"relation": "self", "url": own})];
    if let Some(next) = next {
        links.push(json!({"relation": "next", "url": next}));
    }
    links.push(json!({"relation": "urn:yigong:poll", "url": poll}));
    let entries: Vec<Value> = entries
        .into_iter()
        .map(|r| {
            let id = r.get("id").and_then(Value::as_str).unwrap_or_default();
            json!({"fullUrl": format!("{base}/DiagnosticReport/{id}"), "resource": r, "search": {"mode": "match"}})
        })
        .collect();
    json!({"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries})
}
