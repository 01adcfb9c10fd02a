//! Rows of the work engine.

use serde::Serialize;
use serde_json::{Value, json};
use yigong_base::fault::Result;
use yigong_base::patient::link::age_text;
use yigong_base::storage::Row;

/// An item as the engine sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    /// Row id.
    pub id: String,
    /// `study`, `ecg`, `specimen`.
    pub subject_kind: String,
    /// Subject id.
    pub subject: String,
    /// `write`, `audit`.
    pub tier: String,
    /// Round; an amendment opens the next one.
    pub round: i64,
    /// `imaging`, `ecg`, `lab`.
    pub pipeline: String,
    /// Modality.
    pub modality: String,
    /// Title for lists.
    pub title: String,
    /// Patient id.
    pub patient: String,
    /// Facility that examined.
    pub facility: String,
    /// Report id, once opened.
    pub report: Option<String>,
    /// `queued`, `reading`, `returned`, `done`, `cancelled`.
    pub state: String,
    /// Class.
    pub priority: String,
    /// First deadline, ms.
    pub deadline: i64,
    /// Arrival, ms.
    pub arrived_at: i64,
    /// Fencing number.
    pub epoch: i64,
    /// Who holds it.
    pub holder: Option<String>,
    /// Until when, ms.
    pub lease_until: Option<i64>,
    /// ECG triage.
    pub triage: String,
    /// Who wrote (tier 1), for the audit tier.
    pub written_by: String,
}

impl ItemRow {
    /// Reads the columns of `sql::ITEM`.
    pub fn of(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.text("id")?,
            subject_kind: row.text("subject_kind")?,
            subject: row.text("subject")?,
            tier: row.text("tier")?,
            round: row.int("round")?,
            pipeline: row.text("pipeline")?,
            modality: row.text("modality")?,
            title: row.text("title")?,
            patient: row.text("patient")?,
            facility: row.text("facility")?,
            report: row.opt_text("report")?,
            state: row.text("state")?,
            priority: row.text("priority")?,
            deadline: row.int("deadline")?,
            arrived_at: row.int("arrived_at")?,
            epoch: row.int("epoch")?,
            holder: row.opt_text("holder")?,
            lease_until: row.opt_int("lease_until")?,
            triage: row.text("triage")?,
            written_by: row.text("written_by")?,
        })
    }
}

/// Tabs of the worklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tab {
    /// 待书写
    Write,
    /// 待审核
    Audit,
    /// 我的
    Mine,
    /// 退回
    Returned,
    /// 危急
    Critical,
    /// 已发布
    Published,
    /// 超时
    Overdue,
}

impl Tab {
    /// Every tab.
    pub const ALL: [Self; 7] = [
        Self::Write,
        Self::Audit,
        Self::Mine,
        Self::Returned,
        Self::Critical,
        Self::Published,
        Self::Overdue,
    ];

    /// Its text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Audit => "audit",
            Self::Mine => "mine",
            Self::Returned => "returned",
            Self::Critical => "critical",
            Self::Published => "published",
            Self::Overdue => "overdue",
        }
    }

    /// The tab of a text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.as_str() == text)
    }
}

/// A person in JSON.
#[must_use]
pub fn person(id: Option<String>, name: Option<String>) -> Value {
    match id {
        Some(id) if !id.is_empty() => json!({"id": id, "name": name.unwrap_or_default()}),
        _ => Value::Null,
    }
}

/// A person by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Account id.
    pub id: String,
    /// Name.
    pub name: String,
}

impl Named {
    fn of(id: Option<String>, name: Option<String>) -> Option<Self> {
        id.filter(|id| !id.is_empty()).map(|id| Self { id, name: name.unwrap_or_default() })
    }
}

/// Whom a row is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedPatient {
    /// Patient row.
    pub id: String,
    /// Id as the facility knows it.
    pub local_id: String,
    /// Name.
    pub name: String,
    /// Pinyin of the name.
    pub pinyin: String,
    /// `M`, `F`, `O` or empty.
    pub sex: String,
    /// Age in words, today.
    pub age: String,
    /// `YYYYMMDD` or empty.
    pub birth_date: String,
    /// Whether somebody has settled who it is.
    pub identified: bool,
}

/// A row of the list: what pages show, with names resolved.
#[derive(Debug, Clone, Serialize)]
pub struct WorkRow {
    /// Item row.
    pub id: String,
    /// `imaging`, `ecg`, `lab`.
    pub pipeline: String,
    /// `write`, `audit`, `recheck`.
    pub tier: String,
    /// `queued`, `reading`, `returned`, `done`, `cancelled`.
    pub state: String,
    /// Class.
    pub priority: String,
    /// First deadline, ms.
    pub deadline: i64,
    /// Arrival, ms.
    pub arrived_at: i64,
    /// Title.
    pub title: String,
    /// Modality.
    pub modality: String,
    /// Body part.
    pub body_part: String,
    /// Patient.
    pub patient: ListedPatient,
    /// Facility that examined.
    pub facility: String,
    /// Its name, Chinese.
    pub facility_name: String,
    /// Its name, English.
    pub facility_name_en: String,
    /// Images of the study; 0 for other subjects.
    pub images: i64,
    /// Series of the study; 0 for other subjects.
    pub series: i64,
    /// Whether the caller holds it.
    pub holder_is_me: bool,
    /// Who holds it.
    pub holder: Option<Named>,
    /// Until when, ms.
    pub lease_until: Option<i64>,
    /// Flags.
    pub flags: Value,
    /// ECG triage.
    pub triage: String,
    /// Report row, once opened.
    pub report: Option<String>,
    /// State of the report, `none` before it is opened.
    pub report_state: String,
    /// Its current version, 0 = none.
    pub report_n: i64,
    /// `study`, `ecg`, `specimen`.
    pub subject_kind: String,
    /// Subject row.
    pub subject: String,
    /// Fencing number.
    pub epoch: i64,
    /// Why it was returned to the clinic.
    pub return_reason: String,
    /// In words, or the clinic's answer.
    pub return_text: String,
    /// Where its small picture is.
    pub thumbnail: Option<String>,
    /// Signed reports of the same person on other subjects.
    pub priors: i64,
    /// Whether an alert about it is open.
    pub has_critical: bool,
    /// Who wrote the first tier.
    pub written_by: Option<Named>,
    /// Rises with every change.
    pub version: i64,
}

impl WorkRow {
    /// Reads the columns of `sql::LIST_*`.
    ///
    /// # Errors
    /// Columns that are not what they must be.
    pub fn of(row: &Row, me: &str, now: i64) -> Result<Self> {
        let birth_date = row.text("patient_birth")?;
        let holder = row.opt_text("holder")?;
        let (subject_kind, subject) = (row.text("subject_kind")?, row.text("subject")?);
        let pictured = row.has("thumbnail_hash")? && subject_kind == "study";
        Ok(Self {
            id: row.text("id")?,
            pipeline: row.text("pipeline")?,
            tier: row.text("tier")?,
            state: row.text("state")?,
            priority: row.text("priority")?,
            deadline: row.int("deadline")?,
            arrived_at: row.int("arrived_at")?,
            title: row.text("title")?,
            modality: row.text("modality")?,
            body_part: row.text("body_part")?,
            patient: ListedPatient {
                id: row.text("patient")?,
                local_id: row.text("patient_local_id")?,
                name: row.text("patient_name")?,
                pinyin: row.text("patient_pinyin")?,
                sex: row.text("patient_sex")?,
                age: age_text(&birth_date, now),
                birth_date,
                identified: row.flag("patient_identified")?,
            },
            facility: row.text("facility")?,
            facility_name: row.text("facility_name")?,
            facility_name_en: row.text("facility_name_en")?,
            images: row.opt_int("images")?.unwrap_or(0),
            series: row.opt_int("series")?.unwrap_or(0),
            holder_is_me: holder.as_deref() == Some(me),
            holder: Named::of(holder, row.opt_text("holder_name")?),
            lease_until: row.opt_int("lease_until")?,
            flags: row.json("flags")?,
            triage: row.text("triage")?,
            report: row.opt_text("report")?,
            report_state: row.opt_text("report_state")?.unwrap_or_else(|| "none".into()),
            report_n: row.opt_int("report_n")?.unwrap_or(0),
            thumbnail: pictured.then(|| format!("/api/studies/{subject}/thumbnail")),
            subject_kind,
            subject,
            epoch: row.int("epoch")?,
            return_reason: row.text("return_reason")?,
            return_text: row.text("return_text")?,
            priors: row.int("priors")?,
            has_critical: row.int("critical_count")? > 0,
            written_by: Named::of(Some(row.text("written_by")?), row.opt_text("writer_name")?),
            version: row.int("version")?,
        })
    }
}
