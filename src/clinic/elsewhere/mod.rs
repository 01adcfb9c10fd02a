//! What other processes on the same database wrote (a watched folder, an import), told to the pages of this one.
//!
//! Every change has its row in the audit chain, whose head is one row of one table: looking at it every two seconds costs one read
//! by key. Only when it moved are the rows behind it looked at; what this process has told by itself is not told twice.

pub mod sql;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::{Ctx, args, audit};

/// Between two looks.
pub const LOOK: Duration = Duration::from_secs(2);
/// Rows read at once.
const PAGE: usize = 500;

/// How far this process has looked.
#[derive(Debug)]
pub struct Elsewhere {
    /// Last row of the audit chain that was looked at.
    seen: i64,
    /// Position of this process's own stream before that look. What it commits it tells afterwards, so the events behind this
    /// position stand for rows behind `seen`.
    mark: u64,
}

impl Elsewhere {
    /// From now on.
    ///
    /// # Errors
    /// Storage faults.
    pub async fn start(ctx: &Ctx) -> Result<Self> {
        let mark = position(ctx, 0);
        Ok(Self { seen: head(ctx).await?, mark })
    }

    /// Tells what came since the last look; answers how many objects.
    ///
    /// # Errors
    /// Storage faults; the next look sees the same rows.
    pub async fn look(&mut self, ctx: &Ctx) -> Result<usize> {
        let mark = position(ctx, self.mark);
        let head = head(ctx).await?;
        if head == self.seen {
            self.mark = mark;
            return Ok(0);
        }
        let permit = Permit::system("elsewhere");
        let mut conn = ctx.db.read(&permit).await?;
        let mut changes: BTreeMap<(&str, String), usize> = BTreeMap::new();
        let mut at = self.seen;
        loop {
            let rows = conn.all(sql::CHANGES, args![at, head]).await?;
            for row in &rows {
                at = row.int("seq")?;
                *changes.entry((slice(&row.text("object_kind")?), row.text("object_id")?)).or_default() += 1;
            }
            if rows.len() < PAGE {
                break;
            }
        }
        // Told once for every change that this process has not told itself; a page that hears twice asks twice, no more.
        for event in ctx.live.follow(Some(self.mark)).0 {
            if let Some(n) = changes.get_mut(&(event.slice, event.id)) {
                *n = n.saturating_sub(1);
            }
        }
        let mut news = Vec::new();
        for ((slice, id), n) in changes {
            if n > 0
                && let Some(row) = conn.opt(sql::FACILITY, args![&id]).await?
            {
                news.push((slice, id, row.text("facility")?));
            }
        }
        drop(conn);
        for (slice, id, facility) in &news {
            ctx.live.changed(slice, id, facility);
        }
        (self.seen, self.mark) = (head, mark);
        Ok(news.len())
    }
}

async fn head(ctx: &Ctx) -> Result<i64> {
    let mut conn = ctx.db.read(&Permit::system("elsewhere")).await?;
    conn.opt(audit::sql::HEAD, args![]).await?.map_or(Ok(0), |r| r.int("value"))
}

/// Last event of this process behind `from`.
fn position(ctx: &Ctx, from: u64) -> u64 {
    ctx.live.follow(Some(from)).0.last().map_or(from, |e| e.seq)
}

/// The part of the pages an object is shown in.
fn slice(kind: &str) -> &'static str {
    match kind {
        "ecg_record" => "ecg",
        "work_item" => "worklist",
        "critical_alert" => "critical",
        // Objects nobody could understand stand in quarantine, among the images.
        _ => "imaging",
    }
}
