//! What a report version says: frozen as canonical JSON, hashed, signed, and rendered to every door
//! (page, PDF, FHIR, HL7) from this one value.

use serde::{Deserialize, Serialize};

/// The frozen content of a version.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReportContent {
    /// Report id.
    pub report: String,
    /// Version number, from 1.
    pub n: i64,
    /// `prelim`, `final`, `amended`, `withdrawn`.
    pub kind: String,
    /// `imaging`, `ecg`, `lab`.
    pub pipeline: String,
    /// Title, for example `胸部正位 DX`.
    pub title: String,
    /// The patient as known at signing.
    pub patient: Patient,
    /// The facility that examined.
    pub facility: Place,
    /// The centre that reports.
    pub centre: Place,
    /// The order, if there is one.
    pub order: Option<Order>,
    /// What was examined.
    pub subject: Subject,
    /// Text sections.
    pub sections: Sections,
    /// Laboratory rows.
    pub lab_rows: Vec<LabRow>,
    /// ECG values.
    pub ecg: Option<Ecg>,
    /// Recognition mark.
    pub mark: Option<Mark>,
    /// Who wrote.
    pub writer: Person,
    /// Who audited and signed, if another person.
    pub auditor: Option<Person>,
    /// When it was signed, ms.
    pub signed_at: i64,
    /// Whether a demonstration key signed.
    pub signer_demo: bool,
    /// 0 format, 1 minor, 2 clinical, 3 withdrawal.
    pub change_class: i64,
    /// Why it was changed.
    pub change_reason: String,
    /// Version it replaces.
    pub predecessor: Option<i64>,
    /// Address of the public verification page.
    pub verify_url: String,
    /// Critical values known at signing.
    pub critical: Vec<String>,
}

impl ReportContent {
    /// The same version without anything that was found: what is left of it when its report was withdrawn.
    #[must_use]
    pub fn silenced(self) -> Self {
        Self {
            kind: "withdrawn".into(),
            sections: Sections::default(),
            lab_rows: Vec::new(),
            ecg: None,
            mark: None,
            critical: Vec::new(),
            // The reason of an amendment tells what was found.
            change_reason: String::new(),
            ..self
        }
    }
}

/// A person by id and name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Person {
    /// Account id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// A facility.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// Code.
    pub code: String,
    /// Name, Chinese.
    pub name: String,
    /// Name, English.
    pub name_en: String,
}

/// The patient.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Patient {
    /// Row id.
    pub id: String,
    /// Id at the facility.
    pub local_id: String,
    /// Name.
    pub name: String,
    /// `M`, `F`, `O` or empty.
    pub sex: String,
    /// `YYYYMMDD` or empty.
    pub birth_date: String,
    /// Age at signing.
    pub age: String,
}

/// The order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Order {
    /// Row id.
    pub id: String,
    /// Placer number (ORC-2).
    pub placer_no: String,
    /// Filler number (ORC-3), accession.
    pub filler_no: String,
    /// Items.
    pub items: Vec<Item>,
    /// Clinical history.
    pub history: String,
    /// Ordering doctor.
    pub orderer: String,
    /// Department.
    pub department: String,
    /// `stat`, `emergency`, `urgent`, `routine`.
    pub priority: String,
}

/// An order item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Item {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// What was examined.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Subject {
    /// `study`, `ecg`, `specimen`.
    pub kind: String,
    /// Row id.
    pub id: String,
    /// StudyInstanceUID of a study.
    pub uid: String,
    /// Accession number or barcode.
    pub accession: String,
    /// Modality.
    pub modality: String,
    /// Body part.
    pub body_part: String,
    /// When it was performed, ms; 0 when unknown.
    pub performed_at: i64,
    /// Specimen type of a laboratory report.
    pub specimen_type: String,
    /// When the specimen was collected and received, ms; 0 when unknown.
    pub collected_at: i64,
    /// When the specimen was received, ms; 0 when unknown.
    pub received_at: i64,
}

/// Text sections; plain text, never markup.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sections {
    /// 检查方法
    #[serde(skip_serializing_if = "String::is_empty")]
    pub technique: String,
    /// 检查所见
    #[serde(skip_serializing_if = "String::is_empty")]
    pub findings: String,
    /// 诊断意见
    #[serde(skip_serializing_if = "String::is_empty")]
    pub impression: String,
    /// 建议
    #[serde(skip_serializing_if = "String::is_empty")]
    pub recommendation: String,
    /// 与既往心电图比较
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comparison: String,
    /// 备注
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// Whether the reader calls it positive.
    pub positive: bool,
    /// ECG statements: code and text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ecg_statements: Vec<Statement>,
}

/// An ECG statement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Statement {
    /// Internal code.
    pub code: String,
    /// Sentence.
    pub text: String,
}

/// A laboratory row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LabRow {
    /// Item code (local, WS/T 102 style).
    pub code: String,
    /// Name.
    pub name: String,
    /// Name, English.
    pub name_en: String,
    /// LOINC code or empty.
    pub loinc: String,
    /// Value as reported, with comparator.
    pub value: String,
    /// Unit.
    pub unit: String,
    /// Reference interval as text.
    pub reference: String,
    /// Empty, `L`, `H`, `LL`, `HH`, `A`.
    pub flag: String,
    /// Whether the value is critical.
    pub critical: bool,
    /// Method or instrument.
    pub method: String,
    /// When it was measured, ms; 0 when unknown.
    pub performed_at: i64,
    /// Value before the correction, when this version corrects the row.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub corrected_from: String,
}

/// ECG values frozen in the version.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ecg {
    /// Measurements.
    pub measurements: Vec<Measurement>,
    /// Quality verdict `good`, `usable`, `redo`.
    pub quality: String,
    /// Banner such as `250 Hz < 500: not diagnostic quality`.
    pub banner: String,
    /// Blob address of the drawing (SVG, 3×4+1, 25 mm/s, 10 mm/mV).
    #[serde(alias = "page_sha256")]
    pub page_hash: String,
}

/// One measurement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measurement {
    /// `hr`, `pr`, `qrs`, `qt`, `qtcf`, `qtcb`, `axis_qrs`, …
    pub what: String,
    /// Value; none when it could not be measured.
    pub number: Option<f64>,
    /// Unit: `/min`, `ms`, `deg`, `uV`.
    pub unit: String,
    /// `vendor`, `server`, `physician`.
    pub source: String,
    /// The boundaries were found in ways that disagree: shown with a question mark.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub doubtful: bool,
}

impl Measurement {
    /// The number as it is printed: `—` when it was not found, `412?` when it is in doubt.
    #[must_use]
    pub fn shown(&self) -> String {
        let mark = if self.doubtful { "?" } else { "" };
        self.number.map_or_else(|| "—".to_owned(), |n| format!("{n:.0}{mark}"))
    }
}

impl Ecg {
    /// The value that counts: the physician's before the server's before the recorder's.
    #[must_use]
    pub fn best(&self, what: &str) -> Option<&Measurement> {
        ["physician", "server", "vendor"]
            .iter()
            .find_map(|source| self.measurements.iter().find(|m| m.what == what && m.source == *source))
    }

    /// Values on which two sources differ by more than 20 ms (PR, QRS, QT) or 5 beats a minute: they must be looked at
    /// before signing, and by two persons (ECG specification 19).
    #[must_use]
    pub fn disputed(&self) -> Vec<&'static str> {
        let numbers = |what: &str| -> Vec<f64> {
            self.measurements.iter().filter(|m| m.what == what).filter_map(|m| m.number).collect()
        };
        let apart = |what: &str, limit: f64| {
            let all = numbers(what);
            all.iter().any(|a| all.iter().any(|b| (a - b).abs() > limit))
        };
        [("hr", 5.0), ("pr", 20.0), ("qrs", 20.0), ("qt", 20.0)]
            .into_iter()
            .filter(|(what, limit)| apart(what, *limit))
            .map(|(what, _)| what)
            .collect()
    }
}

/// Recognition mark (互认), computed at publishing, never edited.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// Text such as `省HR` or `医共体互认`.
    pub text: String,
    /// `national`, `region`, `province`, `city`, `county`, `consortium`.
    pub level: String,
    /// Evidence rows it rests on.
    pub evidence: Vec<String>,
    /// Items it covers.
    pub items: Vec<String>,
}
