//! Whose recording it is: order, patient number and the recorder's serial number must agree; else a person looks
//! (待匹配). Nothing is guessed.

use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::patient::{self, Seen};
use yigong_base::storage::{Conn, Tx};
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
    /// What differs from the chosen order: `number name sex birth_date`, or `order` when the study belongs to another patient.
    pub differs: Vec<&'static str>,
    /// Who chose the order of a file that names nobody; empty = the file names somebody, or has no order.
    pub chosen_by: String,
}

impl Whose {
    fn settled(patient: String, order: String) -> Self {
        Self {
            patient,
            order: Some(order),
            held: false,
            matching: "",
            differs: Vec::new(),
            chosen_by: String::new(),
        }
    }

    fn open(patient: String, held: bool, matching: &'static str) -> Self {
        Self { patient, order: None, held, matching, differs: Vec::new(), chosen_by: String::new() }
    }
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
        Some(study) => of_study(tx, permit, arrived, study, document).await?,
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

async fn of_study(
    tx: &mut Tx,
    permit: &Permit,
    arrived: &Arrived,
    study: &Study,
    document: &Document,
) -> Result<Whose> {
    let patient = study.patient.clone();
    if arrived.is_held() {
        return Ok(Whose::open(patient, true, "identity"));
    }
    // The study keeps the patient it was sent with until a person has said otherwise.
    let asked = wanted(tx, permit.scope(), arrived).await?;
    if let Some(asked) = &asked {
        let mut differs = asked.differs(&seen(document));
        if asked.patient != patient && differs.is_empty() {
            differs.push("order");
        }
        if !differs.is_empty() {
            return Ok(Whose { differs, ..Whose::open(patient, true, "patient_differs") });
        }
    }
    let order = match &study.order {
        Some(id) => Some(id.clone()),
        None => order::match_study(tx, &arrived.facility, &study.accession, &patient).await?,
    };
    Ok(match order.or(asked.map(|a| a.id)) {
        Some(order) => Whose::settled(patient, order),
        None => Whose::open(patient, false, "no_order"),
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
    let asked = wanted(tx, permit.scope(), arrived).await?;
    let differs = asked.as_ref().map(|o| o.differs(&seen)).unwrap_or_default();
    let unnumbered = patient::is_junk(&seen.local_id);
    let chosen_by = &arrived.asked.chosen_by;
    if let Some(order) = &asked
        && differs.is_empty()
        // Without a number the file proves nothing: only a person who chose the order for this very file can say so.
        && (!unnumbered || !chosen_by.is_empty())
    {
        let chosen_by = if unnumbered { chosen_by.clone() } else { String::new() };
        return Ok(Whose { chosen_by, ..Whose::settled(order.patient.clone(), order.id.clone()) });
    }
    let linked = patient::link(tx, ctx, &arrived.facility, &seen).await?;
    let trouble = match linked.clash {
        _ if !differs.is_empty() => Some("patient_differs"),
        Some(_) => Some("patient_clash"),
        None if !linked.identified => Some("no_patient_id"),
        None => None,
    };
    let Some(matching) = trouble else { return Ok(Whose::open(linked.id, false, "no_order")) };
    let patient = if linked.clash.is_some() {
        // The row of that number is somebody else's: the recording gets a patient of its own until a person links it.
        let nobody = Seen { local_id: String::new(), ..seen };
        patient::link(tx, ctx, &arrived.facility, &nobody).await?.id
    } else {
        linked.id
    };
    Ok(Whose { differs, ..Whose::open(patient, true, matching) })
}

/// The order that was named beside the file.
pub(super) struct Wanted {
    /// Row id.
    pub id: String,
    /// Its patient.
    pub patient: String,
    who: Seen,
    numbers: [String; 2],
}

impl Wanted {
    /// What the file says that contradicts the order's patient: `number name sex birth_date`. What one of both does not say
    /// contradicts nothing.
    pub fn differs(&self, seen: &Seen) -> Vec<&'static str> {
        let plain = |t: &str| t.trim().trim_start_matches('0').to_lowercase();
        let said = plain(&seen.local_id);
        let number = !patient::is_junk(&seen.local_id)
            && said != plain(&self.who.local_id)
            && !self.numbers.iter().any(|n| !n.is_empty() && plain(n) == said);
        let known = |sex: &str| matches!(sex, "M" | "F");
        let sex = known(&seen.sex) && known(&self.who.sex) && seen.sex != self.who.sex;
        let birth = is_date(&seen.birth_date)
            && is_date(&self.who.birth_date)
            && seen.birth_date != self.who.birth_date;
        let list =
            [("number", number), ("name", self.named_otherwise(seen)), ("sex", sex), ("birth_date", birth)];
        list.into_iter().filter(|(_, is)| *is).map(|(what, _)| what).collect()
    }

    /// Han against Han as written; a name in letters against the pinyin in any order, or against the initials.
    fn named_otherwise(&self, seen: &Seen) -> bool {
        let (said, held) = (name::fold(&seen.name), name::fold(&self.who.name));
        if said.is_empty() || held.is_empty() || said == held {
            return false;
        }
        let han = |t: &str| name::read(t).ideographic.is_some();
        if han(&seen.name) && han(&self.who.name) {
            return true;
        }
        let sorted = |t: &str| {
            let mut all: Vec<char> = name::fold(t).chars().filter(|c| c.is_alphanumeric()).collect();
            all.sort_unstable();
            all
        };
        let (a, b) = (spelled(seen), spelled(&self.who));
        let alike = a.iter().any(|a| b.iter().any(|b| sorted(a) == sorted(b)));
        !alike && !a.is_empty() && !b.is_empty()
    }
}

/// The ways a name may be spelled in letters: pinyin, and for a Han name its initials.
fn spelled(who: &Seen) -> Vec<String> {
    let read = name::read(&who.name);
    let mut all = vec![who.pinyin.clone(), read.pinyin];
    if read.ideographic.is_some() {
        all.push(read.initials);
    }
    all.retain(|t| !t.is_empty());
    all
}

/// `YYYYMMDD` that can be a birth date; recorders write zeros or blanks for an unknown one.
fn is_date(text: &str) -> bool {
    let part = |a: usize, b: usize| text.get(a..b).and_then(|t| t.parse::<u16>().ok()).unwrap_or(0);
    text.len() == 8 && part(0, 4) >= 1890 && (1..=12).contains(&part(4, 6)) && (1..=31).contains(&part(6, 8))
}

/// The order a person named, in the facility of the file; one that was cancelled meanwhile is none.
pub(super) async fn wanted(conn: &mut Conn, scope: &str, arrived: &Arrived) -> Result<Option<Wanted>> {
    let Some(id) = &arrived.asked.order else { return Ok(None) };
    let Some(row) = conn.opt(order::sql::FIND, args![id, scope]).await? else { return Ok(None) };
    if row.text("facility")? != arrived.facility || row.text("state")? == "cancelled" {
        return Ok(None);
    }
    let patient = row.text("patient")?;
    let who = conn.one(sql::PATIENT, args![&patient]).await?;
    Ok(Some(Wanted {
        id: row.text("id")?,
        patient,
        who: Seen {
            local_id: who.text("local_id")?,
            name: who.text("name")?,
            pinyin: who.text("pinyin")?,
            sex: who.text("sex")?,
            birth_date: who.text("birth_date")?,
            ..Seen::default()
        },
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
