//! The worklist: one list for the three pipelines, tabs, keyset pages.

use serde::Serialize;
use serde_json::Value;
use yigong_base::access::Permit;
use yigong_base::clock::DAY_MS;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Arg, Conn, Row};
use yigong_base::{Ctx, args};

use super::row::{Tab, WorkRow};
use super::sql;

/// What the page asks for; empty text = any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Pipeline.
    pub pipeline: String,
    /// Facility code.
    pub facility: String,
    /// Modality.
    pub modality: String,
    /// Part of a name, pinyin, initials or id.
    pub q: String,
    /// Where the last page ended.
    pub cursor: String,
    /// Rows on a page.
    pub limit: i64,
}

/// A page.
#[derive(Debug, Clone, Serialize)]
pub struct Page {
    /// Rows in the contract's JSON.
    pub rows: Vec<Value>,
    /// Where the next page starts.
    pub next_cursor: Option<String>,
}

/// Numbers on the tabs.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Counts {
    /// 待书写
    pub write: i64,
    /// 待审核
    pub audit: i64,
    /// 我的
    pub mine: i64,
    /// 退回
    pub returned: i64,
    /// 危急
    pub critical: i64,
    /// 已发布, last 24 h
    pub published: i64,
    /// 超时
    pub overdue: i64,
}

fn statement(tab: Tab) -> &'static str {
    match tab {
        Tab::Write => sql::LIST_WRITE,
        Tab::Audit => sql::LIST_AUDIT,
        Tab::Mine => sql::LIST_MINE,
        Tab::Returned => sql::LIST_RETURNED,
        Tab::Critical => sql::LIST_CRITICAL,
        Tab::Published => sql::LIST_PUBLISHED,
        Tab::Overdue => sql::LIST_OVERDUE,
    }
}

fn head(permit: &Permit, now: i64, f: &Filter) -> Vec<Arg> {
    let q = f.q.replace(['%', '_'], "");
    let like = if q.is_empty() { String::new() } else { format!("%{q}%") };
    args![permit.scope(), permit.who(), now, &f.pipeline, &f.facility, &f.modality, like]
}

/// One page of a tab.
pub async fn page(conn: &mut Conn, ctx: &Ctx, permit: &Permit, tab: Tab, filter: &Filter) -> Result<Page> {
    let now = ctx.now();
    let limit = filter.limit.clamp(1, 1_000);
    let after = cursor(&filter.cursor)?;
    let mut list = head(permit, now, filter);
    if tab == Tab::Published {
        let before = after.as_ref().map_or(i64::MAX, |a| a.0);
        list.extend(args![before, 0_i64, 0_i64, "", limit + 1]);
    } else {
        let (rank, deadline, arrived, id) = after.unwrap_or((-1, 0, 0, String::new()));
        list.extend(args![rank, deadline, arrived, id, limit + 1]);
    }
    let mut rows = conn.all(statement(tab), list).await?;
    let more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = match rows.last() {
        Some(last) if more => Some(cursor_of(last, tab)?),
        _ => None,
    };
    let rows = rows.iter().map(|r| WorkRow::json(r, permit.who(), now)).collect::<Result<_>>()?;
    Ok(Page { rows, next_cursor })
}

/// One item as the list shows it.
pub async fn one(conn: &mut Conn, ctx: &Ctx, permit: &Permit, item: &str) -> Result<Value> {
    let now = ctx.now();
    let mut list = head(permit, now, &Filter::default());
    list.extend(args![item]);
    let row = conn.opt(sql::LIST_ONE, list).await?.ok_or_else(|| Fault::not_found("work item"))?;
    WorkRow::json(&row, permit.who(), now)
}

/// Numbers on the tabs.
pub async fn counts(conn: &mut Conn, ctx: &Ctx, permit: &Permit, pipeline: &str) -> Result<Counts> {
    let now = ctx.now();
    let row = conn.one(sql::COUNTS, args![permit.scope(), permit.who(), now, pipeline]).await?;
    let critical = conn.one(sql::COUNT_CRITICAL, args![permit.scope(), pipeline]).await?;
    let published = conn.one(sql::COUNT_PUBLISHED, args![permit.scope(), now - DAY_MS, pipeline]).await?;
    Ok(Counts {
        write: row.int("write_count")?,
        audit: row.int("audit_count")?,
        mine: row.int("mine_count")?,
        returned: row.int("returned_count")?,
        overdue: row.int("overdue_count")?,
        critical: critical.int("n")?,
        published: published.int("n")?,
    })
}

fn cursor_of(row: &Row, tab: Tab) -> Result<String> {
    if tab == Tab::Published {
        return Ok(format!("{}.0.0.", row.opt_int("closed_at")?.unwrap_or(0)));
    }
    Ok(format!(
        "{}.{}.{}.{}",
        row.int("rank")?,
        row.int("deadline")?,
        row.int("arrived_at")?,
        row.text("id")?
    ))
}

fn cursor(text: &str) -> Result<Option<(i64, i64, i64, String)>> {
    if text.is_empty() {
        return Ok(None);
    }
    let bad = || Fault::invalid("cursor", "not a cursor of this list");
    let mut parts = text.splitn(4, '.');
    let mut number = || parts.next().and_then(|p| p.parse::<i64>().ok()).ok_or_else(bad);
    let (a, b, c) = (number()?, number()?, number()?);
    Ok(Some((a, b, c, parts.next().unwrap_or_default().to_owned())))
}
