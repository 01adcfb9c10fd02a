//! A recording for other systems: the original, a clean DICOM object, an aECG document, the signed page.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::patient;
use yigong_base::storage::Row;
use yigong_base::{Ctx, args, audit, digest};
use yigong_formats::dicom::uid;
use yigong_formats::ecg::model::Subject;
use yigong_formats::ecg::write::{self, Export};
use yigong_formats::ecg::{Source, Value};

use super::detail::find;
use super::understand::again;
use super::{sql, values};
use crate::centre::time_of;
use crate::order;
use crate::report::content::ReportContent;
use crate::report::encapsulated;

/// A file to be handed out.
#[derive(Debug, Clone)]
pub struct File {
    /// Name for the disk; no patient data.
    pub name: String,
    /// Media type.
    pub media: &'static str,
    /// Bytes.
    pub bytes: Vec<u8>,
}

/// Makes the file; `format` = `dicom`, `aecg`, `original`, `pdf`, `dicom-pdf`.
///
/// # Errors
/// `NotFound` outside the scope, `Invalid` for another format, `Conflict` when there is no signed page or no waveform.
pub async fn export(ctx: &Ctx, permit: &Permit, record: &str, format: &str) -> Result<File> {
    let file = match format {
        "original" => original(ctx, permit, record).await?,
        "pdf" => page(ctx, permit, record, false).await?,
        "dicom-pdf" => page(ctx, permit, record, true).await?,
        "dicom" | "aecg" => written(ctx, permit, record, format).await?,
        _ => return Err(Fault::invalid("format", "dicom, aecg, original, pdf or dicom-pdf")),
    };
    let mut tx = ctx.db.begin(permit).await?;
    audit::append(&mut tx, ctx, permit, "ecg.export", "ecg_record", record, &json!({"format": format}));
    tx.commit().await?;
    Ok(file)
}

async fn row(ctx: &Ctx, permit: &Permit, record: &str) -> Result<Row> {
    let mut conn = ctx.db.read(permit).await?;
    find(&mut conn, permit, record).await
}

async fn original(ctx: &Ctx, permit: &Permit, record: &str) -> Result<File> {
    let row = row(ctx, permit, record).await?;
    let bytes = ctx.blobs.read(&row.text("object_hash")?).await?;
    let (ending, media) = match row.text("source")?.as_str() {
        "dicom" => ("dcm", "application/dicom"),
        "aecg" | "muse" | "philips" => ("xml", "application/xml"),
        "scp" | "healforce" => ("scp", "application/octet-stream"),
        "edf" => ("edf", "application/octet-stream"),
        "pdf" => ("pdf", "application/pdf"),
        _ => ("ecg", "application/octet-stream"),
    };
    Ok(File { name: format!("ecg-{record}.{ending}"), media, bytes })
}

/// The page of the report's current version, as it was signed; `object` = inside a DICOM Encapsulated PDF, the same one that
/// archives are sent.
async fn page(ctx: &Ctx, permit: &Permit, record: &str, object: bool) -> Result<File> {
    let signed = {
        let mut conn = ctx.db.read(permit).await?;
        find(&mut conn, permit, record).await?;
        conn.opt(sql::PDF, args![record, permit.scope()]).await?
    };
    let signed = signed.ok_or_else(|| Fault::conflict("not_signed", "there is no signed report yet"))?;
    let bytes = ctx.blobs.read(&signed.text("pdf_object")?).await?;
    let name = format!("{}-{}", signed.text("report")?, signed.int("n")?);
    if object {
        let content: ReportContent = signed.json("content")?;
        let bytes = encapsulated::object(&content, &bytes, ctx.config.centre.utc_offset_minutes);
        return Ok(File { name: format!("{name}.dcm"), media: "application/dicom", bytes });
    }
    Ok(File { name: format!("{name}.pdf"), media: "application/pdf", bytes })
}

/// Written anew with this centre's own identifiers: the same record gives the same names every time.
async fn written(ctx: &Ctx, permit: &Permit, record: &str, format: &str) -> Result<File> {
    let (object, uids, accession, subject, institution, acquired, sides, statements) = {
        let mut conn = ctx.db.read(permit).await?;
        let row = find(&mut conn, permit, record).await?;
        let head = patient::head(&mut conn, &row.text("patient")?, ctx.now()).await?;
        let order = match row.opt_text("order_id")? {
            Some(id) => order::head::head(&mut conn, permit, &id).await?,
            None => None,
        };
        let study = match row.opt_text("study")? {
            Some(study) => {
                conn.opt(sql::STUDY_UID, args![study]).await?.map(|r| r.text("uid")).transpose()?
            }
            None => None,
        };
        let offset = ctx.config.centre.utc_offset_minutes;
        let at = row.opt_int("acquired_at")?.unwrap_or(row.int("received_at")?);
        let statements = match conn.opt(sql::SIGNED_CONTENT, args![record]).await? {
            Some(r) => sentences(&r.json("content")?),
            None => Vec::new(),
        };
        let said = Subject { id: head.local_id, name: head.name, sex: head.sex, birth_date: head.birth_date };
        (
            row.text("object_hash")?,
            [
                study.filter(|u| uid::is_valid(u)).unwrap_or_else(|| derived(record, "study")),
                derived(record, "series"),
                derived(record, "instance"),
            ],
            order.map(|o| o.filler_no).unwrap_or_default(),
            said,
            row.text("facility_name")?,
            stamp(at, offset),
            values::sides(&mut conn, record).await?,
            statements,
        )
    };
    let written = stamp(ctx.now(), ctx.config.centre.utc_offset_minutes);
    let u = again(ctx, &object).await?;
    let original = digest::sha256_hex(&ctx.blobs.read(&object).await?);
    let aecg = format == "aecg";
    let made = tokio::task::spawn_blocking(move || {
        let list = every(&sides);
        let [study, series, instance] = &uids;
        let export = Export {
            study,
            series,
            instance,
            accession: &accession,
            written: &written,
            acquired: &acquired,
            original_sha256: &original,
            institution: &institution,
            subject: Some(&subject),
            measured: Some(&u.analysis.measured),
            values: &list,
            statements: &statements,
        };
        if aecg { write::aecg(&u.document, &export) } else { write::dicom(&u.document, &export) }
    });
    let bytes = made
        .await
        .map_err(|_| Fault::internal("writing a recording stopped"))?
        .map_err(|why| Fault::conflict("not_writable", why.to_string()))?;
    let (ending, media) = if aecg { ("xml", "application/xml") } else { ("dcm", "application/dicom") };
    Ok(File { name: format!("ecg-{record}.{ending}"), media, bytes })
}

/// The newest value of each source.
fn every(sides: &[values::Side]) -> Vec<Value> {
    let mut all = Vec::new();
    for s in sides {
        let sources =
            [(Source::Vendor, s.vendor), (Source::Server, s.server), (Source::Physician, s.physician)];
        for (source, number) in sources {
            if let Some(number) = number {
                all.push(Value { what: s.what.clone(), number, unit: unit(&s.unit), source });
            }
        }
    }
    all
}

fn unit(text: &str) -> &'static str {
    ["/min", "ms", "deg", "uV", "mV"].into_iter().find(|u| *u == text).unwrap_or("")
}

/// Sentences of the signed report.
fn sentences(content: &ReportContent) -> Vec<String> {
    let s = &content.sections;
    let mut all: Vec<String> = s.ecg_statements.iter().map(|x| x.text.clone()).collect();
    all.extend(Some(s.impression.clone()).filter(|t| !t.is_empty()));
    all
}

fn derived(record: &str, what: &str) -> String {
    let hash = digest::sha256(format!("yigong ecg {record} {what}").as_bytes());
    let mut half = [0_u8; 16];
    for (to, from) in half.iter_mut().zip(hash) {
        *to = from;
    }
    uid::from_u128(u128::from_be_bytes(half))
}

/// `YYYYMMDDHHMMSS` at the centre.
fn stamp(ms: i64, offset_minutes: i64) -> String {
    let t = time_of(ms, offset_minutes);
    let (date, clock) = (t.date(), t.time());
    format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    )
}
