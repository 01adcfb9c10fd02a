//! What every clinic function is given: the platform, the signer, the fonts, the codec pool.

use yigong_base::Ctx;

/// The centre. Cheap to clone.
#[derive(Clone)]
pub struct Centre {
    /// Database, blobs, time, ids, configuration.
    pub ctx: Ctx,
}
