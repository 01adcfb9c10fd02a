//! The mark (workflow specification 6, M1 to M5): item in the catalogue, external and internal control valid at test time,
//! a signed final. All items of the report must pass; the level is the lowest of theirs.

use yigong_base::args;
use yigong_base::fault::Result;
use yigong_base::setting;
use yigong_base::storage::Conn;

use super::evidence::LEVELS;
use super::sql;

/// What the mark is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `imaging`, `ecg`, `lab`.
    pub pipeline: String,
    /// Facility that performed the examination or measurement.
    pub performer: String,
    /// Item codes of the report.
    pub items: Vec<String>,
    /// When it was performed, ms.
    pub performed_at: i64,
}

/// The mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computed {
    /// Text such as `省HR` or `医共体互认`.
    pub text: String,
    /// Level, or `consortium`.
    pub level: String,
    /// Evidence rows it rests on.
    pub evidence: Vec<String>,
    /// Items it covers.
    pub items: Vec<String>,
}

/// Computes the mark of a final report. Without evidence for every item it is the consortium's own (`医共体互认`),
/// which is no HR mark; a report without coded items carries none.
pub async fn mark(conn: &mut Conn, asked: &Asked) -> Result<Option<Computed>> {
    if asked.items.is_empty() {
        return Ok(None);
    }
    let mut lowest = 0;
    let mut evidence = Vec::new();
    for item in &asked.items {
        match level_of(conn, asked, item).await? {
            Some((level, rows)) => {
                lowest = lowest.max(level);
                evidence.extend(rows);
            }
            None => {
                return Ok(Some(Computed {
                    text: "医共体互认".into(),
                    level: "consortium".into(),
                    evidence: Vec::new(),
                    items: asked.items.clone(),
                }));
            }
        }
    }
    let level = LEVELS.get(lowest).copied().unwrap_or("county");
    let text = match setting::get(conn, &format!("recognition.text.{level}")).await? {
        Some(text) => text,
        None => default_text(level).to_owned(),
    };
    evidence.sort();
    evidence.dedup();
    Ok(Some(Computed { text, level: level.into(), evidence, items: asked.items.clone() }))
}

fn default_text(level: &str) -> &'static str {
    match level {
        "national" => "全国HR",
        "region" => "区域HR",
        "province" => "省HR",
        "city" => "市HR",
        _ => "县HR",
    }
}

/// Position in [`LEVELS`] that an item reaches, and the evidence; `None` when a condition fails.
async fn level_of(conn: &mut Conn, asked: &Asked, item: &str) -> Result<Option<(usize, Vec<String>)>> {
    let at = asked.performed_at;
    let Some(listed) = conn.opt(sql::ITEM_AT, args![item, at]).await? else { return Ok(None) };
    let cap = position(&listed.text("scope_level")?);
    let internal = if asked.pipeline == "lab" { "iqc" } else { "device_qc" };
    let (mut best, mut controlled, mut rows) = (None::<usize>, false, Vec::new());
    for row in conn.all(sql::EVIDENCE_AT, args![&asked.performer, item, at]).await? {
        let scheme = row.text("scheme")?;
        if scheme == internal {
            controlled = true;
        } else if scheme == "eqa" {
            let level = position(&row.text("level")?).max(cap);
            best = Some(best.map_or(level, |b| b.min(level)));
        } else {
            continue;
        }
        rows.push(row.text("id")?);
    }
    Ok(best.filter(|_| controlled).map(|level| (level, rows)))
}

fn position(level: &str) -> usize {
    LEVELS.iter().position(|l| *l == level).unwrap_or(LEVELS.len() - 1)
}
