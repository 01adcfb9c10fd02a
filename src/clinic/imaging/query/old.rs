//! Queries for studies, series and instances by the common keys: one predicate for DICOMweb and C-FIND.

use serde_json::{Map, Value, json};
use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::fault::Result;
use yigong_base::storage::{Conn, Row};
use yigong_formats::dicom::json::{person, put};
use yigong_formats::dicom::{Tag, Vr, name, tag};

use super::sql;

/// Rows answered at most.
pub const MAX_ROWS: i64 = 1_000;

/// What is asked for: empty = any. Text keys may hold `*` and `?`.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    /// Study Instance UID.
    pub study: String,
    /// Series Instance UID.
    pub series: String,
    /// SOP Instance UID.
    pub instance: String,
    /// Patient ID.
    pub patient_id: String,
    /// Patient name: Han, pinyin, initials.
    pub patient_name: String,
    /// Birth date.
    pub birth_date: String,
    /// Accession number.
    pub accession: String,
    /// Study ID.
    pub study_id: String,
    /// Date or range `YYYYMMDD-YYYYMMDD`.
    pub study_date: String,
    /// Modalities, any of them.
    pub modalities: Vec<String>,
    /// Study description.
    pub description: String,
    /// Referring physician.
    pub referring: String,
    /// SOP class.
    pub sop_class: String,
    /// Series or instance number.
    pub number: Option<i64>,
    /// Also match inside a name when there is no wildcard.
    pub fuzzy: bool,
    /// Rows at most; 0 = `MAX_ROWS`.
    pub limit: i64,
    /// Rows to skip.
    pub offset: i64,
}

impl Keys {
    fn page(&self) -> (i64, i64) {
        (if self.limit <= 0 { MAX_ROWS } else { self.limit.min(MAX_ROWS) }, self.offset.max(0))
    }
}

/// A DICOM pattern as LIKE with `!` as escape; `None` for a key that matches everything.
fn pattern(key: &str, anywhere: bool) -> String {
    let key = key.trim();
    if key.is_empty() || key.chars().all(|c| c == '*') {
        return String::new();
    }
    let mut out = String::new();
    for c in key.chars() {
        match c {
            '*' => out.push('%'),
            '?' => out.push('_'),
            '%' | '_' | '!' => {
                out.push('!');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    if anywhere && !key.contains(['*', '?']) { format!("%{out}%") } else { out }
}

/// Studies as DICOM JSON.
///
/// # Errors
/// Storage faults.
pub async fn studies(conn: &mut Conn, permit: &Permit, keys: &Keys) -> Result<Vec<Value>> {
    let (limit, offset) = keys.page();
    let (from, to) = range(&keys.study_date);
    let folded = pattern(&name::fold(&keys.patient_name), keys.fuzzy);
    let lists: Vec<String> = if keys.modalities.is_empty() {
        vec![String::new()]
    } else {
        keys.modalities.iter().map(|m| format!("%!{m}!%")).collect()
    };
    let mut out = Vec::new();
    let mut seen = Vec::new();
    for modality in lists {
        let rows = conn
            .all(
                sql::QUERY_STUDIES,
                args![
                    permit.scope(),
                    &keys.study,
                    pattern(&keys.patient_id, false),
                    &folded,
                    &folded,
                    pattern(&keys.accession, false),
                    &from,
                    &to,
                    modality,
                    &keys.study_id,
                    &keys.birth_date,
                    pattern(&keys.description.to_lowercase(), true),
                    pattern(&keys.referring.to_lowercase(), true),
                    limit,
                    offset
                ],
            )
            .await?;
        for row in &rows {
            let id = row.text("id")?;
            if !seen.contains(&id) {
                out.push(study(row)?);
                seen.push(id);
            }
        }
    }
    out.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(out)
}

fn range(date: &str) -> (String, String) {
    match date.trim().split_once('-') {
        None => (date.trim().to_owned(), date.trim().to_owned()),
        Some((a, b)) => (a.trim().to_owned(), b.trim().to_owned()),
    }
}

fn text(map: &mut Map<String, Value>, t: Tag, vr: Vr, value: String) {
    put(map, t, vr, vec![Value::String(value)]);
}

fn charset(map: &mut Map<String, Value>) {
    put(map, tag::CHARSET, Vr::CS, vec![json!("ISO_IR 192")]);
}

fn study(row: &Row) -> Result<Value> {
    let held: Value = row.json("attributes")?;
    let of = |key: &str| held.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut m = Map::new();
    charset(&mut m);
    text(&mut m, tag::STUDY_DATE, Vr::DA, row.text("study_date")?);
    text(&mut m, tag::STUDY_TIME, Vr::TM, row.text("study_time")?);
    text(&mut m, tag::ACCESSION, Vr::SH, row.text("accession")?);
    put(
        &mut m,
        tag::MODALITIES_IN_STUDY,
        Vr::CS,
        row.text("modalities")?.split('!').map(|v| json!(v)).collect(),
    );
    put(&mut m, tag::REFERRING, Vr::PN, vec![person(&row.text("referring")?)]);
    text(&mut m, tag::STUDY_DESCRIPTION, Vr::LO, row.text("description")?);
    put(&mut m, tag::PATIENT_NAME, Vr::PN, vec![person(&of("patient_name"))]);
    text(
        &mut m,
        tag::PATIENT_ID,
        Vr::LO,
        if row.flag("identified")? { row.text("local_id")? } else { of("patient_id") },
    );
    text(&mut m, tag::BIRTH_DATE, Vr::DA, row.text("birth_date")?);
    text(&mut m, tag::SEX, Vr::CS, row.text("sex")?);
    text(&mut m, tag::STUDY_UID, Vr::UI, row.text("uid")?);
    text(&mut m, tag::STUDY_ID, Vr::SH, row.text("study_id")?);
    put(&mut m, Tag(0x0020_1206), Vr::IS, vec![json!(row.int("series_count")?)]);
    put(&mut m, Tag(0x0020_1208), Vr::IS, vec![json!(row.int("instance_count")?)]);
    Ok(Value::Object(m))
}

/// Series as DICOM JSON.
///
/// # Errors
/// Storage faults.
pub async fn series(conn: &mut Conn, permit: &Permit, keys: &Keys) -> Result<Vec<Value>> {
    let (limit, offset) = keys.page();
    let modality = keys.modalities.first().cloned().unwrap_or_default();
    let rows = conn
        .all(
            sql::QUERY_SERIES,
            args![
                permit.scope(),
                &keys.study,
                &keys.series,
                modality,
                keys.number.unwrap_or(-1),
                limit,
                offset
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let mut m = Map::new();
            charset(&mut m);
            text(&mut m, tag::MODALITY, Vr::CS, row.text("modality")?);
            text(&mut m, tag::SERIES_DESCRIPTION, Vr::LO, row.text("description")?);
            text(&mut m, tag::BODY_PART, Vr::CS, row.text("body_part")?);
            text(&mut m, tag::LATERALITY, Vr::CS, row.text("laterality")?);
            text(&mut m, tag::STUDY_UID, Vr::UI, row.text("study_uid")?);
            text(&mut m, tag::SERIES_UID, Vr::UI, row.text("uid")?);
            put(
                &mut m,
                tag::SERIES_NUMBER,
                Vr::IS,
                row.opt_int("number")?.map(|n| json!(n)).into_iter().collect(),
            );
            put(&mut m, Tag(0x0020_1209), Vr::IS, vec![json!(row.int("instance_count")?)]);
            Ok(Value::Object(m))
        })
        .collect()
}

/// Instances as DICOM JSON.
///
/// # Errors
/// Storage faults.
pub async fn instances(conn: &mut Conn, permit: &Permit, keys: &Keys) -> Result<Vec<Value>> {
    let (limit, offset) = keys.page();
    let rows = conn
        .all(
            sql::QUERY_INSTANCES,
            args![
                permit.scope(),
                &keys.study,
                &keys.series,
                &keys.instance,
                &keys.sop_class,
                keys.number.unwrap_or(-1),
                limit,
                offset
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let held: Value = row.json("attributes")?;
            let count = |key: &str| {
                held.get(key)
                    .filter(|v| v.as_i64().is_some_and(|n| n > 0))
                    .cloned()
                    .into_iter()
                    .collect::<Vec<_>>()
            };
            let mut m = Map::new();
            charset(&mut m);
            text(&mut m, tag::SOP_CLASS, Vr::UI, row.text("sop_class")?);
            text(&mut m, tag::SOP_INSTANCE, Vr::UI, row.text("uid")?);
            text(&mut m, tag::MODALITY, Vr::CS, row.text("modality")?);
            text(&mut m, tag::STUDY_UID, Vr::UI, row.text("study_uid")?);
            text(&mut m, tag::SERIES_UID, Vr::UI, row.text("series_uid")?);
            put(
                &mut m,
                tag::INSTANCE_NUMBER,
                Vr::IS,
                row.opt_int("number")?.map(|n| json!(n)).into_iter().collect(),
            );
            put(&mut m, tag::FRAMES, Vr::IS, vec![json!(row.int("frames")?)]);
            put(&mut m, tag::ROWS, Vr::US, count("rows"));
            put(&mut m, tag::COLS, Vr::US, count("cols"));
            put(&mut m, tag::BITS_ALLOCATED, Vr::US, count("bits_allocated"));
            text(&mut m, Tag(0x0008_3002), Vr::UI, row.text("transfer_syntax")?);
            Ok(Value::Object(m))
        })
        .collect()
}
