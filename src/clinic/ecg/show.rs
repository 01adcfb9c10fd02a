//! Samples and drawings for pages: recomputed from the stored original, which is the only truth.

use yigong_base::Ctx;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_formats::ecg::draw;
use yigong_formats::ecg::leadswap::{self, Exchange};

use super::detail::find;
use super::understand::again;

/// Address of the original: the version of everything drawn from it.
///
/// # Errors
/// `NotFound` outside the scope, storage faults.
pub async fn version(ctx: &Ctx, permit: &Permit, record: &str) -> Result<String> {
    let mut conn = ctx.db.read(permit).await?;
    find(&mut conn, permit, record).await?.text("object_hash")
}

/// The wave blob: header, then planar samples; all groups, or the asked one.
///
/// # Errors
/// As [`version`].
pub async fn wave(ctx: &Ctx, permit: &Permit, record: &str, part: draw::Part) -> Result<Vec<u8>> {
    let object = version(ctx, permit, record).await?;
    let u = again(ctx, &object).await?;
    compute(move || draw::blob_of(&u.document, &u.analysis, part)).await
}

/// The drawing in the asked arrangement; the report's own comes from its stored page. `swap` shows it as if these
/// electrodes were exchanged back: a preview, nothing is altered.
///
/// # Errors
/// As [`version`].
pub async fn svg(
    ctx: &Ctx,
    permit: &Permit,
    record: &str,
    paper: draw::Paper,
    swap: Option<Exchange>,
) -> Result<Vec<u8>> {
    let (object, page) = {
        let mut conn = ctx.db.read(permit).await?;
        let row = find(&mut conn, permit, record).await?;
        (row.text("object_hash")?, row.opt_text("page_hash")?)
    };
    if let Some(page) = page.filter(|_| paper == draw::Paper::REPORT && swap.is_none()) {
        return ctx.blobs.read(&page).await;
    }
    let u = again(ctx, &object).await?;
    compute(move || {
        let shown = swap.map_or(u.document.clone(), |kind| leadswap::exchanged(&u.document, kind));
        draw::svg(&draw::layout(&shown, &paper)).into_bytes()
    })
    .await
}

async fn compute<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(f).await.map_err(|_| Fault::internal("a drawing stopped"))
}
