//! Preparing a version: canonical JSON, PDF, signatures, blob. Slow, so it runs before the transaction that commits it.

use yigong_base::access::Permit;
use yigong_base::digest::sha256_hex;
use yigong_base::fault::{Fault, Result};

use super::content::ReportContent;
use super::document::document_of;
use super::gather::mark;
use super::pdf;
use super::sign::{SignInfo, canonical_json, sign_bytes, sign_pdf};
use crate::centre::{Centre, time_of};

/// A version that is rendered, signed and kept, but not yet committed.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Its content.
    pub content: ReportContent,
    /// Canonical JSON of the content: the bytes that were signed.
    pub canonical: String,
    /// SHA-256 of these bytes.
    pub content_sha256: String,
    /// SHA-256 of the signed PDF, as people compare it.
    pub pdf_sha256: String,
    /// Blob address of the signed PDF.
    pub pdf_object: String,
    /// Length of the PDF in bytes.
    pub pdf_bytes: i64,
    /// CMS signature over the canonical JSON, DER.
    pub signature: Vec<u8>,
    /// Certificate of the signer, DER.
    pub certificate: Vec<u8>,
}

/// Renders and signs `content` in the name of the caller.
pub async fn prepare(centre: &Centre, permit: &Permit, mut content: ReportContent) -> Result<Ready> {
    let ctx = &centre.ctx;
    let now = ctx.now();
    content.signed_at = now;
    content.signer_demo = centre.signer.is_demo();
    let svg = {
        let mut reader = ctx.db.read(permit).await?;
        // Only a signed final carries a mark (M4).
        content.mark = if content.kind == "prelim" || content.kind == "withdrawn" {
            None
        } else {
            mark(&mut reader, &content).await?
        };
        drop(reader);
        match content.ecg.as_ref().map(|e| e.page_hash.as_str()) {
            Some(sha) if !sha.is_empty() => String::from_utf8(ctx.blobs.read(sha).await?).ok(),
            _ => None,
        }
    };
    let offset = ctx.config.centre.utc_offset_minutes;
    let english = ctx.config.centre.lang == "en";
    let (fonts, signer) = (centre.fonts.clone(), centre.signer.clone());
    let name = permit.name().to_owned();
    let made = tokio::task::spawn_blocking(move || -> std::result::Result<_, String> {
        let value = serde_json::to_value(&content).map_err(|e| e.to_string())?;
        let canonical = canonical_json(&value);
        let document = document_of(&content, svg, offset, english);
        let plain = pdf::render(&document, &fonts).map_err(|e| e.to_string())?;
        let info = SignInfo { name, reason: reason(&content.kind).into(), time: time_of(now, offset) };
        let signed = sign_pdf(&plain, signer.as_ref(), &info).map_err(|e| e.to_string())?;
        let signature = sign_bytes(&canonical, signer.as_ref(), &info).map_err(|e| e.to_string())?;
        let certificate = signer.certificate_chain().first().cloned().unwrap_or_default();
        Ok((content, canonical, signed, signature, certificate))
    });
    let (content, canonical, signed, signature, certificate) = made
        .await
        .map_err(|_| Fault::internal("report rendering stopped"))?
        .map_err(|e| Fault::internal(format!("report version: {e}")))?;
    let pdf_object = ctx.blobs.put(&signed).await?;
    Ok(Ready {
        content,
        canonical: String::from_utf8(canonical)
            .map_err(|_| Fault::internal("canonical json is not utf-8"))?,
        content_sha256: signature.sha256,
        pdf_sha256: sha256_hex(&signed),
        pdf_object,
        pdf_bytes: i64::try_from(signed.len()).unwrap_or(i64::MAX),
        signature: signature.cms,
        certificate,
    })
}

fn reason(kind: &str) -> &'static str {
    match kind {
        "prelim" => "急诊报告签发",
        "amended" => "修订报告签发",
        "withdrawn" => "报告撤回",
        _ => "审核签发",
    }
}
