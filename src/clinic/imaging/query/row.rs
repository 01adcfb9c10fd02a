//! Rows as attributes.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use yigong_base::fault::Result;
use yigong_base::storage::Row;
use yigong_formats::dicom::attributes::Attributes;
use yigong_formats::dicom::{matching, name, tag};

/// What a study's objects said of it, as far as queries tell; the column holds more.
#[derive(Deserialize, Default)]
#[serde(default)]
struct StudySaid {
    #[serde(deserialize_with = "known")]
    patient_name: String,
    #[serde(deserialize_with = "known")]
    patient_id: String,
    #[serde(deserialize_with = "known")]
    institution: String,
    #[serde(deserialize_with = "known")]
    comments: String,
    #[serde(deserialize_with = "known")]
    readers: Vec<String>,
}

/// Null is nothing said.
fn known<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> std::result::Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// A row with what matching needs beside its attributes.
pub(super) struct Held {
    pub(super) id: String,
    pub(super) attributes: Attributes,
    names: Vec<String>,
}

impl Held {
    /// A patient.
    pub(super) fn patient(row: &Row) -> Result<Self> {
        let mut a = Attributes::default();
        let shown = row.text("name")?;
        a.put(tag::PATIENT_NAME, shown.clone());
        a.put(tag::PATIENT_ID, row.text("local_id")?);
        a.put(tag::BIRTH_DATE, row.text("birth_date")?);
        a.put(tag::SEX, row.text("sex")?);
        Ok(Self {
            id: row.text("patient")?,
            attributes: a,
            names: vec![shown, row.text("pinyin")?, row.text("initials")?],
        })
    }

    /// A study with its patient.
    pub(super) fn study(row: &Row) -> Result<Self> {
        let mut held = Self::patient(row)?;
        held.id = row.text("study")?;
        let said: StudySaid = row.json("study_attributes")?;
        let a = &mut held.attributes;
        if !said.patient_name.is_empty() {
            a.put(tag::PATIENT_NAME, said.patient_name.clone());
            held.names.push(said.patient_name);
        }
        if !row.flag("identified")? {
            a.put(tag::PATIENT_ID, said.patient_id);
        }
        a.put(tag::STUDY_DATE, row.text("study_date")?);
        a.put(tag::STUDY_TIME, row.text("study_time")?);
        a.put(tag::ACCESSION, row.text("accession")?);
        a.put_all(tag::MODALITIES_IN_STUDY, list(&row.text("modalities")?));
        a.put(tag::REFERRING, row.text("referring")?);
        a.put(tag::STUDY_DESCRIPTION, row.text("study_description")?);
        a.put(tag::STUDY_UID, row.text("study_uid")?);
        a.put(tag::STUDY_ID, row.text("study_id")?);
        a.put(tag::STUDY_SERIES, row.int("series_count")?.to_string());
        a.put(tag::STUDY_INSTANCES, row.int("instance_count")?.to_string());
        a.put(tag::INSTITUTION, said.institution);
        a.put(tag::PATIENT_COMMENTS, said.comments);
        a.put_all(tag::READERS, said.readers);
        Ok(held)
    }

    /// A series with its study.
    pub(super) fn series(row: &Row) -> Result<Self> {
        let mut held = Self::study(row)?;
        held.id = row.text("series")?;
        let said: Value = row.json("series_attributes")?;
        let of = |key: &str| said.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let a = &mut held.attributes;
        a.put(tag::MODALITY, row.text("modality")?);
        a.put(tag::SERIES_NUMBER, number(row.opt_int("series_number")?));
        a.put(tag::SERIES_UID, row.text("series_uid")?);
        a.put(tag::SERIES_DESCRIPTION, row.text("series_description")?);
        a.put(tag::BODY_PART, row.text("body_part")?);
        a.put(tag::LATERALITY, row.text("laterality")?);
        a.put(tag::SERIES_INSTANCES, row.int("series_instances")?.to_string());
        for (t, key) in [
            (tag::STATION, "station"),
            (tag::MANUFACTURER, "manufacturer"),
            (tag::MODEL, "model"),
            (tag::SERIES_DATE, "date"),
            (tag::SERIES_TIME, "time"),
            (tag::PROTOCOL, "protocol"),
        ] {
            a.put(t, of(key));
        }
        Ok(held)
    }

    /// An instance with its series.
    pub(super) fn instance(row: &Row) -> Result<Self> {
        let mut held = Self::series(row)?;
        held.id = row.text("instance")?;
        let said: Value = row.json("instance_attributes")?;
        let count = |key: &str| number(said.get(key).and_then(Value::as_i64).filter(|n| *n > 0));
        let of = |key: &str| said.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let a = &mut held.attributes;
        a.put(tag::SOP_CLASS, row.text("sop_class")?);
        a.put(tag::SOP_INSTANCE, row.text("instance_uid")?);
        a.put(tag::INSTANCE_NUMBER, number(row.opt_int("instance_number")?));
        a.put(tag::FRAMES, row.int("frames")?.to_string());
        a.put(tag::ROWS, count("rows"));
        a.put(tag::COLS, count("cols"));
        a.put(tag::BITS_ALLOCATED, count("bits_allocated"));
        a.put(tag::CONTENT_DATE, of("date"));
        a.put(tag::CONTENT_TIME, of("time"));
        a.put(tag::AVAILABLE_SYNTAX, row.text("transfer_syntax")?);
        Ok(held)
    }

    /// Every form of the name: as the object wrote it, and as the patient is known.
    pub(super) fn name_forms(&self) -> Vec<String> {
        let mut forms: Vec<String> = self.names.iter().flat_map(|n| matching::name_forms(n)).collect();
        forms.extend(self.names.iter().map(|n| name::fold(n)));
        forms
    }
}

/// Modalities as the study row keeps them.
fn list(text: &str) -> Vec<String> {
    text.split('!').filter(|m| !m.is_empty()).map(str::to_owned).collect()
}

fn number(n: Option<i64>) -> String {
    n.map(|n| n.to_string()).unwrap_or_default()
}
