//! The outbox as its page shows it: objects, notifications, storage commitments and reports on their way, newest first, with what
//! failed in a word of its own. Who may not see studies gets receivers, numbers and errors, no names.

use serde::Serialize;
use serde_json::Value;
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Arg, Conn, Row};
use yigong_base::{Ctx, args};

use super::{sql, words};
use crate::{delivery, imaging::commitment};

/// What kind of entry; also the kind of its object in the audit chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Objects to a DICOM peer.
    Batch,
    /// An Instance Availability Notification.
    Notice,
    /// A storage commitment: a question of ours, or the answer we owe.
    Commitment,
    /// A signed report to an archive or by HL7.
    Delivery,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Batch, Self::Notice, Self::Commitment, Self::Delivery];

    /// The kind of a path segment.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// As in paths and in the audit chain.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Notice => "notice",
            Self::Commitment => "commitment",
            Self::Delivery => "delivery",
        }
    }
}

/// An entry of the page.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Row id; with the kind its address.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Peer or destination row.
    pub to: String,
    /// Its name.
    pub to_name: String,
    /// `person`, `forward`, `move`, `availability`, `commitment_in`, `commitment_out`, `report`.
    pub cause: String,
    /// `waiting`, `sent`, `failed`, `stopped` (a person gave it up).
    pub state: String,
    /// Objects.
    pub objects: i64,
    /// Taken.
    pub sent: i64,
    /// Failed or given up.
    pub failed: i64,
    /// Tries.
    pub attempts: i64,
    /// Next try, ms.
    pub next_at: Option<i64>,
    /// Status of the receiver.
    pub status: Option<i64>,
    /// What failed, a slug with plain words on the page; empty = nothing.
    pub reason: &'static str,
    /// The same as the connection or the receiver said it.
    pub error: String,
    /// When it was put, ms.
    pub at: i64,
    /// When it ended, ms.
    pub closed_at: Option<i64>,
    /// Why a person gave it up.
    pub why: String,
    /// Who.
    pub closed_by: Option<String>,
    /// Facility it belongs to.
    pub facility_name: String,
    /// Modality or pipeline.
    pub modality: String,
    /// `YYYYMMDD`.
    pub study_date: String,
    /// Study row, where the caller may see it.
    pub study: String,
    /// Patient, where the caller may see the study.
    pub patient_name: String,
    /// Report row and version.
    pub report: Option<(String, i64)>,
    /// The caller may try it again and give it up.
    pub may_act: bool,
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// `waiting`, `failed`, `sent`, `stopped`; empty = all.
    pub state: String,
    /// Peer or destination row; empty = all.
    pub to: String,
    /// Goes on behind this entry: time and id.
    pub before: Option<(i64, String)>,
}

/// Who may see the outbox: those who send, lead or administer.
///
/// # Errors
/// `Denied`.
pub fn require(permit: &Permit) -> Result<()> {
    let rights = [Right::Upload, Right::Lead, Right::Administer];
    if rights.into_iter().any(|right| permit.may(right)) { Ok(()) } else { Err(Fault::denied("outbox")) }
}

/// Who may act on an entry: reports are the administrator's, everything else is of those who see it.
#[must_use]
pub fn may_act(permit: &Permit, kind: Kind) -> bool {
    kind != Kind::Delivery || permit.may(Right::Administer)
}

/// The newest entries in scope, at most `most`.
///
/// # Errors
/// Storage faults.
pub async fn list(
    conn: &mut Conn,
    ctx: &Ctx,
    permit: &Permit,
    asked: &Asked,
    most: i64,
) -> Result<Vec<Entry>> {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        all.extend(page(conn, ctx, permit, kind, asked, "", most).await?);
    }
    all.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
    all.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    Ok(all)
}

/// One entry in scope.
///
/// # Errors
/// `NotFound` outside the scope.
pub async fn one(conn: &mut Conn, ctx: &Ctx, permit: &Permit, kind: Kind, id: &str) -> Result<Entry> {
    let found = page(conn, ctx, permit, kind, &Asked::default(), id, 1).await?;
    found.into_iter().next().ok_or_else(|| Fault::not_found("entry of the outbox"))
}

async fn page(
    conn: &mut Conn,
    ctx: &Ctx,
    permit: &Permit,
    kind: Kind,
    asked: &Asked,
    id: &str,
    most: i64,
) -> Result<Vec<Entry>> {
    let (at, behind) = asked.before.clone().unwrap_or((i64::MAX, String::new()));
    let mut with: Vec<Arg> = args![permit.scope(), &asked.state, &asked.to, id, at, behind, most];
    let open = !matches!(asked.state.as_str(), "" | "sent");
    let statement = match kind {
        Kind::Batch if open => sql::PAGE_OPEN,
        Kind::Batch => sql::PAGE,
        Kind::Notice if open => sql::NOTICES_OPEN,
        Kind::Notice => sql::NOTICES,
        Kind::Commitment => {
            with.extend(args![ctx.now()]);
            commitment::sql::PAGE
        }
        Kind::Delivery => delivery::sql::PAGE,
    };
    let named = permit.may(Right::ViewReports);
    conn.all(statement, with).await?.iter().map(|row| entry(row, permit, kind, named)).collect()
}

fn entry(row: &Row, permit: &Permit, kind: Kind, named: bool) -> Result<Entry> {
    let (objects, sent, failed) = counts(row, kind)?;
    let status = if matches!(kind, Kind::Batch) { row.opt_int("status")? } else { None };
    let error = row.text("error")?;
    let about = |column: &str| if kind == Kind::Commitment { Ok(String::new()) } else { row.text(column) };
    let of_study = |column: &str| if named { about(column) } else { Ok(String::new()) };
    Ok(Entry {
        id: row.text("id")?,
        kind,
        to: row.text("receiver")?,
        to_name: row.text("receiver_name")?,
        cause: row.text("cause")?,
        state: row.text("state")?,
        objects,
        sent,
        failed,
        attempts: row.int("attempts")?,
        next_at: row.opt_int("next_at")?.filter(|at| *at > 0),
        status,
        reason: words::slug(status, &error),
        error,
        at: row.int("created_at")?,
        closed_at: row.opt_int("closed_at")?,
        why: row.text("why")?,
        closed_by: row.opt_text("closed_by_name")?,
        facility_name: row.text("facility_name")?,
        modality: about("modality")?,
        study_date: about("study_date")?,
        study: of_study("study")?,
        patient_name: of_study("patient_name")?,
        report: if kind == Kind::Delivery { Some((row.text("report")?, row.int("n")?)) } else { None },
        may_act: may_act(permit, kind),
    })
}

fn counts(row: &Row, kind: Kind) -> Result<(i64, i64, i64)> {
    let state = row.text("state")?;
    let length = |list: Vec<Value>| i64::try_from(list.len()).unwrap_or(i64::MAX);
    match kind {
        Kind::Batch | Kind::Notice => Ok((row.int("objects")?, row.int("sent")?, row.int("failed")?)),
        Kind::Commitment => {
            let (all, bad) = (length(row.json("items")?), length(row.json("result")?));
            Ok((all, if state == "sent" || bad > 0 { all - bad } else { 0 }, bad))
        }
        Kind::Delivery => {
            Ok((1, i64::from(state == "sent"), i64::from(state == "failed" || state == "stopped")))
        }
    }
}

/// A receiver, and what waits for it.
#[derive(Debug, Clone, Serialize)]
pub struct Receiver {
    /// Peer or destination row.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `dicom`, `hl7`.
    pub kind: String,
    /// It is sent to.
    pub enabled: bool,
    /// A peer's last association or message, ms.
    pub last_seen_at: Option<i64>,
    /// Entries that wait.
    pub waiting: i64,
    /// Of them tried in vain before.
    pub retrying: i64,
    /// Entries that failed.
    pub failed: i64,
    /// The oldest that waits, ms.
    pub oldest_at: Option<i64>,
}

/// Receivers in scope for which something waits or failed, those with failures first.
///
/// # Errors
/// Storage faults.
pub async fn receivers(conn: &mut Conn, ctx: &Ctx, permit: &Permit) -> Result<Vec<Receiver>> {
    let scope = permit.scope();
    let mut rows = conn.all(sql::RECEIVERS, args![scope]).await?;
    rows.extend(conn.all(commitment::sql::RECEIVERS, args![scope, ctx.now()]).await?);
    rows.extend(conn.all(delivery::sql::RECEIVERS, args![scope]).await?);
    let mut all: Vec<Receiver> = Vec::new();
    for row in rows {
        let id = row.text("receiver")?;
        let at = match all.iter().position(|r| r.id == id) {
            Some(at) => at,
            None => {
                all.push(Receiver {
                    name: row.text("receiver_name")?,
                    kind: row.text("kind")?,
                    enabled: row.flag("enabled")?,
                    last_seen_at: row.opt_int("last_seen_at")?,
                    waiting: 0,
                    retrying: 0,
                    failed: 0,
                    oldest_at: None,
                    id,
                });
                all.len() - 1
            }
        };
        let Some(one) = all.get_mut(at) else { continue };
        let (n, oldest) = (row.int("n")?, row.opt_int("oldest")?);
        let state = row.text("state")?;
        if state == "failed" {
            one.failed += n;
            continue;
        }
        one.waiting += n;
        one.retrying += if state == "retrying" { n } else { 0 };
        one.oldest_at = [one.oldest_at, oldest].into_iter().flatten().min();
    }
    all.sort_by(|a, b| {
        (b.failed, b.retrying, b.waiting, &a.name).cmp(&(a.failed, a.retrying, a.waiting, &b.name))
    });
    Ok(all)
}

/// An object of a batch.
#[derive(Debug, Clone, Serialize)]
pub struct Sending {
    /// SOP Instance UID.
    pub uid: String,
    /// Series number.
    pub series_number: Option<i64>,
    /// Instance number.
    pub number: Option<i64>,
    /// `waiting`, `sent`, `failed`, `stopped`.
    pub state: String,
    /// Tries.
    pub attempts: i64,
    /// Next try, ms.
    pub next_at: i64,
    /// Status of the receiver.
    pub status: Option<i64>,
    /// What failed.
    pub reason: &'static str,
    /// In the words of the receiver.
    pub error: String,
}

/// The objects of a batch, those that failed first, at most 500. The caller has found the batch in scope.
///
/// # Errors
/// Storage faults.
pub async fn objects(conn: &mut Conn, batch: &str) -> Result<Vec<Sending>> {
    let rows = conn.all(sql::OBJECTS, args![batch]).await?;
    let sending = |row: &Row| {
        let (status, error) = (row.opt_int("status")?, row.text("error")?);
        Ok(Sending {
            uid: row.text("uid")?,
            series_number: row.opt_int("series_number")?,
            number: row.opt_int("number")?,
            state: row.text("state")?,
            attempts: row.int("attempts")?,
            next_at: row.int("next_at")?,
            reason: words::slug(status, &error),
            status,
            error,
        })
    };
    rows.iter().map(sending).collect()
}

/// Something that was done about an entry.
#[derive(Debug, Clone, Serialize)]
pub struct Done {
    /// When, ms.
    pub at: i64,
    /// Who: a person's name, else the account.
    pub who: String,
    /// Action of the audit chain.
    pub action: String,
    /// Why.
    pub why: String,
}

/// What was done about an entry, newest first. The caller has found it in scope.
///
/// # Errors
/// Storage faults.
pub async fn history(conn: &mut Conn, kind: &str, id: &str) -> Result<Vec<Done>> {
    let rows = conn.all(sql::HISTORY, args![kind, id]).await?;
    let done = |row: &Row| {
        let why =
            row.json::<Value>("detail")?.get("why").and_then(Value::as_str).unwrap_or_default().to_owned();
        let who = row.opt_text("who_name")?;
        let who = who.map_or_else(|| row.text("who"), Ok)?;
        Ok(Done { at: row.int("at")?, who, action: row.text("action")?, why })
    };
    rows.iter().map(done).collect()
}
