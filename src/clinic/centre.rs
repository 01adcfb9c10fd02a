//! What every clinic function is given: the platform, the signer, the fonts, the codec pool.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use yigong_base::Ctx;
use yigong_base::codec::{Pool, PoolLimits};
use yigong_base::fault::{Fault, Result};

use crate::imaging::render::Drawn;
use crate::report::pdf::Fonts;
use crate::report::sign::{LocalSigner, Signer};

/// The centre. Cheap to clone.
#[derive(Clone)]
pub struct Centre {
    /// Database, blobs, time, ids, configuration.
    pub ctx: Ctx,
    /// Signs report versions.
    pub signer: Arc<dyn Signer>,
    /// Fonts of the PDF renderer.
    pub fonts: Arc<Fonts>,
    /// Decodes foreign pixels in child processes.
    pub codec: Pool,
    /// Pictures that were drawn lately.
    pub drawn: Arc<Drawn>,
}

impl Centre {
    /// Opens the signing key in the data folder and loads the fonts. A missing Chinese font is an error at start,
    /// not at the first report.
    pub fn open(ctx: Ctx, data: &Path) -> Result<Self> {
        let folders: Vec<PathBuf> = ctx.config.report.font_dirs.iter().map(PathBuf::from).collect();
        let fonts = Fonts::load(&folders).map_err(|e| Fault::invalid("report.font_dirs", e.to_string()))?;
        let now = time_of(ctx.now(), ctx.config.centre.utc_offset_minutes);
        let signer = LocalSigner::open_or_create(data, now, &ctx.ids.secret_bytes())
            .map_err(|e| Fault::storage(e.to_string()))?;
        let program = std::env::current_exe().map_err(|e| Fault::io("find this program", &e))?;
        let codec = Pool::new(program, vec!["codec-worker".to_owned()], PoolLimits::default());
        Ok(Self { ctx, signer: Arc::new(signer), fonts: Arc::new(fonts), codec, drawn: Arc::default() })
    }
}

/// A time in ms as a date and time with the centre's offset.
#[must_use]
pub fn time_of(ms: i64, utc_offset_minutes: i64) -> time::OffsetDateTime {
    let offset = i32::try_from(utc_offset_minutes * 60).unwrap_or(0);
    let offset = time::UtcOffset::from_whole_seconds(offset).unwrap_or(time::UtcOffset::UTC);
    time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
        .to_offset(offset)
}
