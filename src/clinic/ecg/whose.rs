//! Whose recording it is: order, patient number and the recorder's serial number must agree; else a person looks
//! (待匹配). Nothing is guessed.

use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::patient::{self, Seen};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args};
use yigong_formats::dicom::name;
use yigong_formats::ecg::Document;

use super::arrived::{Arrived, Study};
use super::sql;
use crate::order;

/// The answer.
pub(super) struct Whose {
    /// Patient row.
    pub patient: String,
    /// Order, when one is certain.
    pub order: Option<String>,
    /// Nobody reads it before a person has settled it.
    pub held: bool,
    /// Why a person must look: `no_order no_patient_id patient_clash patient_differs device_elsewhere identity`; empty = settled.
    pub matching: &'static str,
}

/// Looks it up.
pub(super) async fn whose(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    arrived: &Arrived,
    document: &Document,
) -> Result<Whose> {
    let mut found = match &arrived.study {
        Some(study) => of_study(tx, permit, arrived, study).await?,
        None => of_file(tx, ctx, permit, arrived, document).await?,
    };
    let d = &document.device;
    if found.matching.is_empty() && !d.serial.is_empty() {
        let elsewhere = args![&d.maker, &d.model, &d.serial, &arrived.facility];
        if tx.opt(sql::DEVICE_ELSEWHERE, elsewhere).await?.is_some() {
            found.matching = "device_elsewhere";
        }
    }
    Ok(found)
}

async fn of_study(tx: &mut Tx, permit: &Permit, arrived: &Arrived, study: &Study) -> Result<Whose> {
    let patient = study.patient.clone();
    if arrived.is_held() {
        return Ok(Whose { patient, order: None, held: true, matching: "identity" });
    }
    let order = match &study.order {
        Some(id) => Some(id.clone()),
        None => order::match_study(tx, &arrived.facility, &study.accession, &patient).await?,
    };
    if order.is_some() {
        return Ok(Whose { patient, order, held: false, matching: "" });
    }
    let Some(asked) = wanted(tx, permit, arrived).await? else {
        return Ok(Whose { patient, order: None, held: false, matching: "no_order" });
    };
    // The study keeps the patient it was sent with until a person has said otherwise.
    Ok(if asked.patient == patient {
        Whose { patient, order: Some(asked.id), held: false, matching: "" }
    } else {
        Whose { patient, order: None, held: true, matching: "patient_differs" }
    })
}

async fn of_file(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    arrived: &Arrived,
    document: &Document,
) -> Result<Whose> {
    let seen = seen(document);
    let asked = wanted(tx, permit, arrived).await?;
    if let Some(order) = &asked
        && order.agrees(&seen)
    {
        let (patient, order) = (order.patient.clone(), Some(order.id.clone()));
        return Ok(Whose { patient, order, held: false, matching: "" });
    }
    let linked = patient::link(tx, ctx, &arrived.facility, &seen).await?;
    let trouble = match linked.clash {
        _ if asked.is_some() => Some("patient_differs"),
        Some(_) => Some("patient_clash"),
        None if !linked.identified => Some("no_patient_id"),
        None => None,
    };
    let Some(matching) = trouble else {
        return Ok(Whose { patient: linked.id, order: None, held: false, matching: "no_order" });
    };
    let patient = if linked.clash.is_some() {
        // The row of that number is somebody else's: the recording gets a patient of its own until a person links it.
        let nobody = Seen { local_id: String::new(), ..seen };
        patient::link(tx, ctx, &arrived.facility, &nobody).await?.id
    } else {
        linked.id
    };
    Ok(Whose { patient, order: None, held: true, matching })
}

/// The order that was named beside the file.
pub(super) struct Wanted {
    /// Row id.
    pub id: String,
    /// Its patient.
    pub patient: String,
    local_id: String,
    name: String,
    numbers: [String; 2],
}

impl Wanted {
    /// Whether the file may be this order's: its patient number, when it says one, is the order's, and so is a Han name.
    fn agrees(&self, seen: &Seen) -> bool {
        let plain = |t: &str| t.trim().trim_start_matches('0').to_lowercase();
        let said = plain(&seen.local_id);
        let number = said.is_empty()
            || said == plain(&self.local_id)
            || self.numbers.iter().any(|n| !n.is_empty() && plain(n) == said);
        let han = |t: &str| name::read(t).ideographic.is_some();
        let other = han(&seen.name) && han(&self.name) && name::fold(&seen.name) != name::fold(&self.name);
        number && !other
    }
}

/// The order a person named, in the facility of the file; one that was cancelled meanwhile is none.
async fn wanted(tx: &mut Tx, permit: &Permit, arrived: &Arrived) -> Result<Option<Wanted>> {
    let Some(id) = &arrived.asked.order else { return Ok(None) };
    let Some(row) = tx.opt(order::sql::FIND, args![id, permit.scope()]).await? else { return Ok(None) };
    if row.text("facility")? != arrived.facility || row.text("state")? == "cancelled" {
        return Ok(None);
    }
    let patient = row.text("patient")?;
    let who = tx.one(sql::PATIENT, args![&patient]).await?;
    Ok(Some(Wanted {
        id: row.text("id")?,
        patient,
        local_id: who.text("local_id")?,
        name: who.text("name")?,
        numbers: [row.text("placer_no")?, row.text("filler_no")?],
    }))
}

/// The person as the file names them.
pub(super) fn seen(document: &Document) -> Seen {
    let s = &document.subject;
    let read = name::read(&s.name);
    let sex = match s.sex.trim().chars().next() {
        Some('M' | 'm' | '男') => "M",
        Some('F' | 'f' | '女') => "F",
        Some('O' | 'o') => "O",
        _ => "",
    };
    let birth: String = s.birth_date.chars().filter(char::is_ascii_digit).take(8).collect();
    Seen {
        local_id: s.id.trim().to_owned(),
        name: read.shown,
        pinyin: read.pinyin,
        initials: read.initials,
        sex: sex.into(),
        birth_date: if birth.len() == 8 { birth } else { String::new() },
        ..Seen::default()
    }
}
