//! A work item as a UPS data set (PS3.3 §B.26, PS3.4 Table CC.2.5-3).

use serde_json::{Map, Value, json};
use yigong_clinic::Centre;
use yigong_clinic::centre::time_of;
use yigong_clinic::worklist::ups::Workitem;
use yigong_formats::dicom::json::{person, put};
use yigong_formats::dicom::{Tag, Vr, tag};

/// Procedure Step State.
pub(super) const STATE: Tag = Tag(0x0074_1000);
/// Scheduled Procedure Step Priority.
pub(super) const PRIORITY: Tag = Tag(0x0074_1200);
/// Transaction UID.
pub(super) const TRANSACTION: Tag = Tag(0x0008_1195);
/// Input Information Sequence.
pub(super) const INPUT: Tag = Tag(0x0040_4021);
/// Unified Procedure Step - Push.
const UPS_PUSH: &str = "1.2.840.10008.5.1.4.34.6.1";

/// Where a work item is.
pub(super) fn address(centre: &Centre, uid: &str) -> String {
    format!("{}/dicom-web/workitems/{uid}", centre.ctx.config.http.public_url)
}

/// The data set. The transaction UID of a claim is never shown (PS3.4 §CC.1.1).
pub(super) fn workitem(centre: &Centre, w: &Workitem) -> Value {
    let mut set = Map::new();
    let mut text = |t: u32, vr: Vr, value: &str| put(&mut set, Tag(t), vr, vec![json!(value)]);
    text(0x0008_0005, Vr::CS, "ISO_IR 192");
    text(0x0008_0016, Vr::UI, UPS_PUSH);
    text(0x0008_0018, Vr::UI, &w.uid);
    text(STATE.0, Vr::CS, w.state);
    text(PRIORITY.0, Vr::CS, w.priority);
    text(0x0074_1204, Vr::LO, &w.label);
    text(0x0074_1202, Vr::LO, &w.tier);
    text(0x0040_4005, Vr::DT, &time(centre, w.arrived_at));
    text(0x0040_4011, Vr::DT, &time(centre, w.deadline));
    text(0x0040_4041, Vr::CS, "READY");
    let [id, name, sex, birth_date] = &w.patient;
    text(tag::PATIENT_ID.0, Vr::LO, id);
    text(tag::SEX.0, Vr::CS, sex);
    text(tag::BIRTH_DATE.0, Vr::DA, birth_date);
    text(tag::STUDY_UID.0, Vr::UI, &w.study);
    put(&mut set, tag::PATIENT_NAME, Vr::PN, vec![shown_person(name)]);
    put(&mut set, Tag(0x0040_4018), Vr::SQ, vec![code(w)]);
    if !w.study.is_empty() {
        put(&mut set, INPUT, Vr::SQ, vec![input(centre, &w.study)]);
    }
    if !w.accession.is_empty() {
        let mut request = Map::new();
        put(&mut request, tag::ACCESSION, Vr::SH, vec![json!(w.accession)]);
        put(&mut request, tag::STUDY_UID, Vr::UI, vec![json!(w.study)]);
        put(&mut set, Tag(0x0040_A370), Vr::SQ, vec![Value::Object(request)]);
    }
    if !w.holder.is_empty() {
        let mut performer = Map::new();
        put(&mut performer, Tag(0x0040_4037), Vr::PN, vec![shown_person(&w.holder)]);
        put(&mut set, Tag(0x0040_4034), Vr::SQ, vec![Value::Object(performer)]);
    }
    if w.state == "CANCELED" && !w.reason.is_empty() {
        let mut progress = Map::new();
        put(&mut progress, Tag(0x0074_1238), Vr::LT, vec![json!(w.reason)]);
        put(&mut set, Tag(0x0074_1002), Vr::SQ, vec![Value::Object(progress)]);
    }
    Value::Object(set)
}

/// Scheduled Workitem Code Sequence: what is to be done, in our own coding scheme.
/// A name of our own rows: Han belongs into the ideographic group.
fn shown_person(name: &str) -> Value {
    if name.is_ascii() { person(name) } else { person(&format!("={name}")) }
}

fn code(w: &Workitem) -> Value {
    let meaning = match w.tier.as_str() {
        "write" => "Write the report",
        "audit" => "Audit the report",
        other => other,
    };
    let mut code = Map::new();
    put(&mut code, Tag(0x0008_0100), Vr::SH, vec![json!(w.tier)]);
    put(&mut code, Tag(0x0008_0102), Vr::SH, vec![json!("99YIGONG")]);
    put(&mut code, Tag(0x0008_0104), Vr::LO, vec![json!(meaning)]);
    Value::Object(code)
}

/// The study, and where it is retrieved (PS3.3 §10.17 Instance Reference and Access).
fn input(centre: &Centre, study: &str) -> Value {
    let mut place = Map::new();
    let url = format!("{}/dicom-web/studies/{study}", centre.ctx.config.http.public_url);
    put(&mut place, Tag(0x0008_1190), Vr::UR, vec![json!(url)]);
    let mut item = Map::new();
    put(&mut item, Tag(0x0040_E020), Vr::CS, vec![json!("DICOM")]);
    put(&mut item, tag::STUDY_UID, Vr::UI, vec![json!(study)]);
    put(&mut item, Tag(0x0040_E025), Vr::SQ, vec![Value::Object(place)]);
    Value::Object(item)
}

/// `YYYYMMDDHHMMSS+ZZXX` (PS3.5 §6.2 DT) in the centre's own time.
fn time(centre: &Centre, ms: i64) -> String {
    let minutes = centre.ctx.config.centre.utc_offset_minutes;
    let t = time_of(ms, minutes);
    let sign = if minutes < 0 { '-' } else { '+' };
    format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}{sign}{:02}{:02}",
        t.year(),
        u8::from(t.month()),
        t.day(),
        t.hour(),
        t.minute(),
        t.second(),
        minutes.abs() / 60,
        minutes.abs() % 60
    )
}
