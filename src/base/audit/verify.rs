//! Reading the chain from its start: names the first row that does not fit.

use super::append::{GENESIS, link};
use super::sql;
use crate::access::Permit;
use crate::args;
use crate::fault::Result;
use crate::storage::Db;

/// What the chain looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every row fits: number of rows, hash of the last.
    Whole {
        /// Rows read.
        rows: i64,
        /// Hash of the last row.
        head: String,
    },
    /// The first row that does not fit, and why.
    Broken {
        /// Its sequence number.
        seq: i64,
        /// What is wrong.
        why: &'static str,
    },
}

/// Verifies the whole chain.
pub async fn verify(db: &Db) -> Result<Verdict> {
    let mut reader = db.read(&Permit::system("audit.verify")).await?;
    let mut prev = GENESIS.to_owned();
    let mut last = 0;
    loop {
        let page = reader.all(sql::PAGE, args![last]).await?;
        if page.is_empty() {
            break;
        }
        for row in page {
            let seq = row.int("seq")?;
            if seq != last + 1 {
                return Ok(Verdict::Broken { seq: last + 1, why: "the row is missing" });
            }
            if row.text("prev")? != prev {
                return Ok(Verdict::Broken { seq, why: "it does not continue the row before" });
            }
            let texts: Vec<String> =
                ["who", "role", "facility", "action", "object_kind", "object_id", "detail"]
                    .iter()
                    .map(|c| row.text(c))
                    .collect::<Result<_>>()?;
            let mut columns = [""; 7];
            for (slot, text) in columns.iter_mut().zip(&texts) {
                *slot = text;
            }
            let hash = row.text("hash")?;
            if link(&prev, seq, row.int("at")?, columns) != hash {
                return Ok(Verdict::Broken { seq, why: "its content was changed" });
            }
            prev = hash;
            last = seq;
        }
    }
    let counted = reader.opt(sql::HEAD, args![]).await?.map_or(Ok(0), |r| r.int("value"))?;
    if counted != last {
        return Ok(Verdict::Broken { seq: last + 1, why: "rows at the end are missing" });
    }
    Ok(Verdict::Whole { rows: last, head: prev })
}
