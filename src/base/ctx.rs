//! What every slice function is given.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Config;
use crate::id::Ids;
use crate::kept::Kept;
use crate::live::Live;
use crate::storage::blob::Blobs;
use crate::storage::db::Db;

/// The platform a slice works on: database, blobs, time, ids, configuration. Cheap to clone.
#[derive(Clone)]
pub struct Ctx {
    /// Rows.
    pub db: Db,
    /// Bytes.
    pub blobs: Blobs,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Identifiers and secrets.
    pub ids: Arc<dyn Ids>,
    /// Configuration.
    pub config: Arc<Config>,
    /// Changes told to open pages.
    pub live: Live,
    /// What slices remember between calls.
    pub kept: Kept,
}

impl Ctx {
    /// Milliseconds since 1970 UTC.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    /// A new identifier.
    #[must_use]
    pub fn id(&self) -> String {
        self.ids.next()
    }
}
