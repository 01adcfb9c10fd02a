//! What came in, through whichever door.

use serde::{Deserialize, Serialize};
use yigong_base::args;
use yigong_base::fault::Result;
use yigong_base::storage::{Conn, Row};

use super::sql;

/// What the person who hands a file in says beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Order it was made for.
    pub order: Option<String>,
    /// The patient has chest pain now (胸痛): raises, never lowers.
    pub chest_pain: bool,
    /// Record of the attempt it replaces.
    pub redo_of: Option<String>,
    /// Who recorded it.
    pub operator: String,
    /// Name of the person who chose the order for this very file; empty = a machine said it. Set on receipt, never by the sender.
    pub chosen_by: String,
}

/// A file of a recording and what is known about it before it is understood.
#[derive(Debug, Clone)]
pub(super) struct Arrived {
    /// Facility of the peer or person.
    pub facility: String,
    /// Blob.
    pub object: String,
    /// Its length, bytes.
    pub size: i64,
    /// When it came, ms.
    pub received_at: i64,
    /// Who sent it.
    pub peer: String,
    /// `instance` or `ecg_upload`, for audit and quarantine.
    pub kind: &'static str,
    /// Row id of that kind.
    pub id: String,
    /// Study, patient and order of a DICOM object.
    pub study: Option<Study>,
    /// Row of `ecg_upload`, when a person handed it in.
    pub upload: Option<String>,
    /// What was said beside it.
    pub asked: Asked,
}

/// What a study knows.
#[derive(Debug, Clone)]
pub(super) struct Study {
    /// Row id.
    pub id: String,
    /// Patient row.
    pub patient: String,
    /// Order, when it was matched.
    pub order: Option<String>,
    /// Accession number as sent.
    pub accession: String,
    lane: String,
}

impl Arrived {
    /// The object of an instance; `None` when it is gone.
    pub async fn instance(conn: &mut Conn, id: &str) -> Result<Option<Self>> {
        let Some(row) = conn.opt(sql::ARRIVED, args![id]).await? else { return Ok(None) };
        let (facility, object) = (row.text("facility")?, row.text("object_hash")?);
        let said = conn.opt(sql::ASKED, args![&facility, &object]).await?;
        Ok(Some(Self {
            size: row.int("size_bytes")?,
            received_at: row.int("received_at")?,
            peer: row.text("peer")?,
            kind: "instance",
            id: row.text("id")?,
            study: Some(Study {
                id: row.text("study")?,
                patient: row.text("patient")?,
                order: row.opt_text("order_id")?,
                accession: row.text("accession")?,
                lane: row.text("lane")?,
            }),
            upload: said.as_ref().map(|r| r.text("id")).transpose()?,
            asked: said.map(|r| r.json("asked")).transpose()?.unwrap_or_default(),
            facility,
            object,
        }))
    }

    /// A file that was handed in.
    pub fn upload(row: &Row) -> Result<Self> {
        let id = row.text("id")?;
        Ok(Self {
            facility: row.text("facility")?,
            object: row.text("object_hash")?,
            size: row.int("size_bytes")?,
            received_at: row.int("received_at")?,
            peer: row.text("by_whom")?,
            kind: "ecg_upload",
            upload: Some(id.clone()),
            id,
            study: None,
            asked: row.json("asked")?,
        })
    }

    /// Whether a person must first say whose study it is.
    pub fn is_held(&self) -> bool {
        self.study.as_ref().is_some_and(|s| matches!(s.lane.as_str(), "identity" | "content" | "security"))
    }

    /// The instance row of a DICOM object.
    pub fn instance_id(&self) -> Option<&str> {
        self.study.as_ref().map(|_| self.id.as_str())
    }
}
