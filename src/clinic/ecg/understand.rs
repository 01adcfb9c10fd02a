//! Understanding a file outside any transaction: decoded, measured, judged, drawn, held against the previous recording.

use yigong_base::Ctx;
use yigong_base::fault::{Fault, Result};
use yigong_formats::ecg::{self, Analysis, Document, Limits, Refusal, draw};

/// A recording as understood.
pub(super) struct Understood {
    /// As decoded.
    pub document: Document,
    /// As measured and judged.
    pub analysis: Analysis,
    /// The 3×4+1 drawing for the report.
    pub page: String,
}

/// Decodes, measures and draws on a thread of its own: milliseconds of arithmetic that must not stop the others.
pub(super) async fn understand(
    bytes: Vec<u8>,
    limits: Limits,
    preset: String,
) -> Result<std::result::Result<Understood, Refusal>> {
    let made = tokio::task::spawn_blocking(move || {
        let document = ecg::decode::decode(&bytes, &limits)?;
        let analysis = ecg::analyse(&document, &preset);
        let page = draw::svg(&draw::layout(&document, &draw::Paper::REPORT));
        Ok(Understood { document, analysis, page })
    });
    // A defect of ours is no reason to lose the file: it is kept with the reason, and read again when it is released.
    Ok(made
        .await
        .unwrap_or_else(|_| Err(Refusal::new("analysis", "the analysis stopped; a defect of this program"))))
}

/// The stored original, understood again: the document is always recomputable from it.
pub(super) async fn again(ctx: &Ctx, object: &str) -> Result<Understood> {
    let bytes = ctx.blobs.read(object).await?;
    understand(bytes, Limits::default(), String::new())
        .await?
        .map_err(|r| Fault::internal(format!("a recording decoded before: {r}")))
}
