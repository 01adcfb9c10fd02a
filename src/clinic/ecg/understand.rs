//! Understanding a file outside any transaction: decoded, measured, judged, drawn, held against the previous recording.

use yigong_base::Ctx;
use yigong_base::background;
use yigong_base::fault::{Fault, Result};
use yigong_formats::ecg::{self, Analysis, Document, Limits, Refusal, draw};

/// A recording as understood.
pub(super) struct Understood {
    /// As decoded.
    pub document: Document,
    /// As measured and judged.
    pub analysis: Analysis,
    /// Hash of the samples ([`Document::waveform_sha256`]).
    pub waveform: String,
}

/// Decodes, measures and draws an arrived file (the 3×4+1 page of the report): milliseconds of arithmetic that must not
/// delay the answers to those who send.
pub(super) async fn understand(
    bytes: Vec<u8>,
    limits: Limits,
    preset: String,
) -> Result<std::result::Result<(Understood, String), Refusal>> {
    let made = background::run(move || {
        let understood = of_bytes(&bytes, &limits, &preset)?;
        let page = draw::svg(&draw::layout(&understood.document, &draw::Paper::REPORT));
        Ok((understood, page))
    })
    .await;
    match made {
        Ok(made) => Ok(made),
        // The machine has no thread to spare: the job is tried again.
        Err(busy @ Fault::Busy { .. }) => Err(busy),
        // A defect of ours is no reason to lose the file: it is kept with the reason, and read again when it is released.
        Err(_) => Ok(Err(Refusal::new("analysis", "the analysis stopped; a defect of this program"))),
    }
}

fn of_bytes(bytes: &[u8], limits: &Limits, preset: &str) -> std::result::Result<Understood, Refusal> {
    let document = ecg::decode::decode(bytes, limits)?;
    let analysis = ecg::analyse(&document, preset);
    let waveform = document.waveform_sha256();
    Ok(Understood { document, analysis, waveform })
}

/// The stored original, understood again for a person who waits: the document is always recomputable from it.
pub(super) async fn again(ctx: &Ctx, object: &str) -> Result<Understood> {
    let bytes = ctx.blobs.read(object).await?;
    let made = tokio::task::spawn_blocking(move || of_bytes(&bytes, &Limits::default(), ""));
    made.await.map_err(|_| Fault::internal("the analysis stopped"))?.map_err(|r| before(&r))
}

/// An earlier recording, understood to be held against one that has just come.
pub(super) async fn earlier(ctx: &Ctx, object: &str) -> Result<Understood> {
    let bytes = ctx.blobs.read(object).await?;
    background::run(move || of_bytes(&bytes, &Limits::default(), "")).await?.map_err(|r| before(&r))
}

/// The same, decoded only.
pub(super) async fn earlier_document(ctx: &Ctx, object: &str) -> Result<Document> {
    let bytes = ctx.blobs.read(object).await?;
    background::run(move || ecg::decode::decode(&bytes, &Limits::default())).await?.map_err(|r| before(&r))
}

fn before(refusal: &Refusal) -> Fault {
    Fault::internal(format!("a recording decoded before: {refusal}"))
}
