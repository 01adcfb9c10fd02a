//! Gathering what a version says beside the text: patient, facility, order, subject, alerts, mark.

use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::patient;
use yigong_base::storage::Conn;
use yigong_base::{Ctx, args};

use super::content::{Ecg, Item, Mark, Measurement, Order, Patient, Person, Place, ReportContent, Subject};
use super::open::ReportRow;
use super::sql;
use crate::order::head::answered;
use crate::recognition;

/// Everything but the sections, the kind and the signers.
pub async fn gather(conn: &mut Conn, ctx: &Ctx, report: &ReportRow, title: &str) -> Result<ReportContent> {
    let head = patient::head(conn, &report.patient, ctx.now()).await?;
    let mut content = ReportContent {
        report: report.id.clone(),
        n: report.current_version + 1,
        pipeline: report.pipeline.clone(),
        title: title.to_owned(),
        patient: Patient {
            id: head.id,
            local_id: head.local_id,
            name: head.name,
            sex: head.sex,
            birth_date: head.birth_date,
            age: head.age,
        },
        facility: place(conn, &report.facility).await?,
        centre: Place {
            code: String::new(),
            name: ctx.config.centre.name.clone(),
            name_en: ctx.config.centre.name_en.clone(),
        },
        subject: Subject {
            kind: report.subject_kind.clone(),
            id: report.subject.clone(),
            ..Subject::default()
        },
        verify_url: format!("{}/v/{}", public_url(ctx), report.verify_code),
        predecessor: (report.current_version > 0).then_some(report.current_version),
        ..ReportContent::default()
    };
    if let Some(lead) = conn.opt(sql::LEAD, args![]).await? {
        content.centre.code = lead.text("code")?;
        content.centre.name = format!("{} {}", lead.text("name")?, ctx.config.centre.name);
        content.centre.name_en = format!("{}, {}", lead.text("name_en")?, ctx.config.centre.name_en);
    }
    let (order, shown) = subject(conn, ctx, &mut content).await?;
    if let Some(id) = order.or_else(|| report.order_id.clone()) {
        content.order = order_of(conn, &id, &shown).await?;
    }
    for row in conn.all(sql::FINDINGS, args![&report.subject]).await? {
        content.critical.push(row.text("finding")?);
    }
    Ok(content)
}

/// Address under which people reach this centre.
#[must_use]
pub fn public_url(ctx: &Ctx) -> String {
    if ctx.config.http.public_url.is_empty() {
        format!("http://{}", ctx.config.http.bind)
    } else {
        ctx.config.http.public_url.trim_end_matches('/').to_owned()
    }
}

async fn place(conn: &mut Conn, code: &str) -> Result<Place> {
    let row = conn.one(sql::FACILITY, args![code]).await?;
    Ok(Place { code: row.text("code")?, name: row.text("name")?, name_en: row.text("name_en")? })
}

/// Fills the subject; answers its order, and the modalities that it shows (none = not to be told apart by them).
async fn subject(
    conn: &mut Conn,
    ctx: &Ctx,
    content: &mut ReportContent,
) -> Result<(Option<String>, Vec<String>)> {
    let none = (None, Vec::new());
    let id = content.subject.id.clone();
    let s = &mut content.subject;
    match s.kind.as_str() {
        "study" => {
            let Some(row) = conn.opt(sql::STUDY, args![&id]).await? else { return Ok(none) };
            s.uid = row.text("uid")?;
            s.accession = row.text("accession")?;
            s.modality = row.text("modality")?;
            s.body_part = row.text("body_part")?;
            let offset = ctx.config.centre.utc_offset_minutes;
            s.performed_at = dicom_time(&row.text("study_date")?, &row.text("study_time")?, offset)
                .unwrap_or(row.int("first_received_at")?);
            let shown = row.text("modalities")?.split('!').map(str::to_owned).collect();
            Ok((row.opt_text("order_id")?, shown))
        }
        "ecg" => {
            let Some(row) = conn.opt(sql::ECG, args![&id]).await? else { return Ok(none) };
            s.modality = "ECG".into();
            s.performed_at = row.opt_int("acquired_at")?.unwrap_or(row.int("received_at")?);
            s.received_at = row.int("received_at")?;
            let quality = row.json::<serde_json::Value>("quality")?;
            let text = |key: &str| quality.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
            let order = row.opt_text("order_id")?;
            content.ecg = Some(Ecg {
                measurements: values(conn, &id).await?,
                quality: text("verdict"),
                banner: text("banner"),
                page_hash: row.opt_text("page_hash")?.unwrap_or_default(),
            });
            Ok((order, vec!["ECG".into()]))
        }
        _ => {
            let Some(row) = conn.opt(sql::SPECIMEN, args![&id]).await? else { return Ok(none) };
            s.accession = row.text("barcode")?;
            s.specimen_type = row.text("type")?;
            s.collected_at = row.opt_int("collected_at")?.unwrap_or(0);
            s.received_at = row.opt_int("received_at")?.unwrap_or(0);
            s.performed_at = s.received_at;
            Ok((Some(row.text("order_id")?), Vec::new()))
        }
    }
}

/// The newest value of each source, in the order they were first seen.
pub(crate) async fn values(conn: &mut Conn, record: &str) -> Result<Vec<Measurement>> {
    let mut all: Vec<Measurement> = Vec::new();
    for row in conn.all(sql::ECG_VALUES, args![record]).await? {
        let new = Measurement {
            what: row.text("what")?,
            number: row.opt_real("number")?,
            unit: row.text("unit")?,
            source: row.text("source")?,
            doubtful: row.flag("doubtful")?,
        };
        match all.iter_mut().find(|m| m.what == new.what && m.source == new.source) {
            Some(held) => *held = new,
            None => all.push(new),
        }
    }
    Ok(all)
}

/// An order with the items that evidence of these modalities answers.
async fn order_of(conn: &mut Conn, id: &str, shown: &[String]) -> Result<Option<Order>> {
    let Some(row) = conn.opt(sql::ORDER, args![id]).await? else { return Ok(None) };
    let mut wanted = Vec::new();
    for item in conn.all(sql::ORDER_ITEMS, args![id]).await? {
        if item.text("state")? != "cancelled" {
            let named = Item { code: item.text("code")?, name: item.text("name")? };
            wanted.push((item.text("modality")?, named));
        }
    }
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    let yes = answered(wanted.iter().map(|(modality, _)| modality.as_str()), &shown);
    let items = wanted.into_iter().zip(yes).filter_map(|((_, item), yes)| yes.then_some(item)).collect();
    Ok(Some(Order {
        id: row.text("id")?,
        placer_no: row.text("placer_no")?,
        filler_no: row.text("filler_no")?,
        items,
        history: row.text("history")?,
        orderer: row.text("orderer")?,
        department: row.text("department")?,
        priority: row.text("priority")?,
    }))
}

/// The recognition mark of a final report; the performer of images and ECGs is the clinic, of laboratory values the centre.
pub async fn mark(conn: &mut Conn, content: &ReportContent) -> Result<Option<Mark>> {
    let (performer, items) = if content.pipeline == "lab" {
        (content.centre.code.clone(), content.lab_rows.iter().map(|r| r.code.clone()).collect())
    } else {
        let items = content.order.iter().flat_map(|o| o.items.iter().map(|i| i.code.clone())).collect();
        (content.facility.code.clone(), items)
    };
    let asked = recognition::Asked {
        pipeline: content.pipeline.clone(),
        performer,
        items,
        performed_at: content.subject.performed_at,
    };
    let computed = recognition::mark(conn, &asked).await?;
    Ok(computed.map(|c| Mark { text: c.text, level: c.level, evidence: c.evidence, items: c.items }))
}

/// A person by account id.
pub async fn person(conn: &mut Conn, permit: &Permit, id: &str) -> Result<Person> {
    let name = match conn.opt(sql::NAME, args![id]).await? {
        Some(row) => row.text("name")?,
        None if id == permit.who() => permit.name().to_owned(),
        None => id.to_owned(),
    };
    Ok(Person { id: id.to_owned(), name })
}

/// DICOM DA and TM, local to the centre, as ms; `None` when they do not parse.
fn dicom_time(date: &str, clock: &str, utc_offset_minutes: i64) -> Option<i64> {
    let part = |t: &str, a: usize, b: usize| t.get(a..b).and_then(|s| s.parse::<u8>().ok());
    let year = date.get(0..4)?.parse::<i32>().ok()?;
    let month = time::Month::try_from(part(date, 4, 6)?).ok()?;
    let day = time::Date::from_calendar_date(year, month, part(date, 6, 8)?).ok()?;
    let (h, m, s) =
        (part(clock, 0, 2).unwrap_or(0), part(clock, 2, 4).unwrap_or(0), part(clock, 4, 6).unwrap_or(0));
    let local = day.with_hms(h, m, s).ok()?.assume_utc().unix_timestamp();
    Some((local - utc_offset_minutes * 60) * 1_000)
}
