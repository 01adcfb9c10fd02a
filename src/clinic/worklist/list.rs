//! The worklist: one list for the three pipelines, tabs, keyset pages.

use serde::Serialize;
use yigong_base::access::Permit;
use yigong_base::access::permit::ALL_FACILITIES;
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
    /// Rows.
    pub rows: Vec<WorkRow>,
    /// Where the next page starts.
    pub next_cursor: Option<String>,
    /// Numbers on all tabs.
    pub counts: Counts,
}

/// Numbers on the tabs. 1,000 stands for so many or more, but for `critical`, which is always whole.
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

/// The statement of a tab. The long ones have a form for one facility, whose items have an index of their own.
fn statement(tab: Tab, place: &str) -> &'static str {
    match (tab, place) {
        (Tab::Write, "") => sql::LIST_WRITE,
        (Tab::Write, _) => sql::LIST_WRITE_AT,
        (Tab::Audit, "") => sql::LIST_AUDIT,
        (Tab::Audit, _) => sql::LIST_AUDIT_AT,
        (Tab::Overdue, "") => sql::LIST_OVERDUE,
        (Tab::Overdue, _) => sql::LIST_OVERDUE_AT,
        (Tab::Mine, _) => sql::LIST_MINE,
        (Tab::Returned, _) => sql::LIST_RETURNED,
        (Tab::Critical, _) => sql::LIST_CRITICAL,
        (Tab::Published, _) => sql::LIST_PUBLISHED,
    }
}

/// Overdue items up to this number are sorted, more are met on a walk in the order of the list.
const FEW: i64 = 1_000;

/// The one facility that is asked for, or that the caller is held to; empty = every one.
fn place<'a>(permit: &'a Permit, f: &'a Filter) -> &'a str {
    if f.facility.is_empty() && permit.scope() != ALL_FACILITIES { permit.scope() } else { &f.facility }
}

impl Counts {
    fn of(row: &Row) -> Result<Self> {
        Ok(Self {
            write: row.int("write_count")?,
            audit: row.int("audit_count")?,
            mine: row.int("mine_count")?,
            returned: row.int("returned_count")?,
            overdue: row.int("overdue_count")?,
            critical: row.int("critical_count")?,
            published: row.int("published_count")?,
        })
    }
}

fn head(permit: &Permit, now: i64, f: &Filter) -> Vec<Arg> {
    let q = f.q.replace(['%', '_'], "");
    let like = if q.is_empty() { String::new() } else { format!("%{q}%") };
    args![permit.scope(), permit.who(), now, &f.pipeline, place(permit, f), &f.modality, like]
}

/// One page of a tab, with the numbers on all tabs: for the filter's pipeline, whatever else it says.
///
/// # Errors
/// `Invalid` for a cursor that is none; storage faults.
pub async fn page(conn: &mut Conn, ctx: &Ctx, permit: &Permit, tab: Tab, filter: &Filter) -> Result<Page> {
    let now = ctx.now();
    let limit = filter.limit.clamp(1, 1_000);
    let after = cursor(&filter.cursor)?;
    let mut list = head(permit, now, filter);
    if tab == Tab::Published {
        let (closed, .., id) = after.unwrap_or((i64::MAX, 0, 0, String::new()));
        list.extend(args![closed, 0_i64, 0_i64, id, limit + 1]);
    } else {
        let (rank, deadline, arrived, id) = after.unwrap_or((-1, 0, 0, String::new()));
        list.extend(args![rank, deadline, arrived, id, limit + 1]);
    }
    let few = tab == Tab::Overdue && conn.one(sql::COUNT_DUE, args![now]).await?.int("n")? <= FEW;
    let statement = if few { sql::LIST_OVERDUE_FEW } else { statement(tab, place(permit, filter)) };
    let every = permit.scope() == ALL_FACILITIES;
    let count = if every { sql::COUNTS } else { sql::COUNTS_AT };
    let counted = args![permit.scope(), permit.who(), now, &filter.pipeline, now - DAY_MS];
    let (mut rows, counts) = conn.both((statement, list), (count, counted)).await?;
    let counts = Counts::of(counts.first().ok_or_else(|| Fault::internal("no counts"))?)?;
    let more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = match rows.last() {
        Some(last) if more => Some(cursor_of(last, tab)?),
        _ => None,
    };
    let rows = rows.iter().map(|r| WorkRow::of(r, permit.who(), now)).collect::<Result<_>>()?;
    Ok(Page { rows, next_cursor, counts })
}

/// One item as the list shows it.
pub async fn one(conn: &mut Conn, ctx: &Ctx, permit: &Permit, item: &str) -> Result<WorkRow> {
    let now = ctx.now();
    let mut list = head(permit, now, &Filter::default());
    list.extend(args![item]);
    let row = conn.opt(sql::LIST_ONE, list).await?.ok_or_else(|| Fault::not_found("work item"))?;
    WorkRow::of(&row, permit.who(), now)
}

fn cursor_of(row: &Row, tab: Tab) -> Result<String> {
    if tab == Tab::Published {
        return Ok(format!("{}.0.0.{}", row.opt_int("closed_at")?.unwrap_or(0), row.text("id")?));
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
