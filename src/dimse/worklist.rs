//! C-FIND on the modality worklist (PS3.4 §K.4.1): the open imaging and ECG orders of the peer's own facility. The name is laid
//! out as the peer's policy wants it (`mwl_name`), `mwl_own_ae` narrows the list to what is planned for the peer itself.

use serde_json::Value;
use yigong_base::site::Peer;
use yigong_clinic::order::schedule::{Step, Steps, Wanted};
use yigong_formats::dicom::attributes::Attributes;
use yigong_formats::dicom::layout::Layout;
use yigong_formats::dicom::{Tag, Vr, matching, tag, uid};

use super::dialogue::Break;
use super::find::{MAX_MATCHES, finish};
use super::identifier::{self, Writing};
use super::operation::{Exchange, Request};
use super::status::{self, Status};

/// Scheduled Procedure Step Sequence and what stands in it (PS3.4 table K.6-1).
const STEP: Tag = Tag(0x0040_0100);
const STATION_AE: Tag = Tag(0x0040_0001);
const START_DATE: Tag = Tag(0x0040_0002);
const START_TIME: Tag = Tag(0x0040_0003);
const STEP_DESCRIPTION: Tag = Tag(0x0040_0007);
const STEP_CODE: Tag = Tag(0x0040_0008);
const STEP_ID: Tag = Tag(0x0040_0009);
const LOCATION: Tag = Tag(0x0040_0011);
const STEP_STATUS: Tag = Tag(0x0040_0020);
/// Requested Procedure and Imaging Service Request.
const REFERENCED_STUDY: Tag = Tag(0x0008_1110);
const REQUESTING_PHYSICIAN: Tag = Tag(0x0032_1032);
const REQUESTING_SERVICE: Tag = Tag(0x0032_1033);
const PROCEDURE_DESCRIPTION: Tag = Tag(0x0032_1060);
const PROCEDURE_CODE: Tag = Tag(0x0032_1064);
const PROCEDURE_ID: Tag = Tag(0x0040_1001);
const PROCEDURE_PRIORITY: Tag = Tag(0x0040_1003);
const PLACER_NUMBER: Tag = Tag(0x0040_2016);
const FILLER_NUMBER: Tag = Tag(0x0040_2017);
const HISTORY: Tag = Tag(0x0010_21B0);
/// Code Value, Coding Scheme Designator, Code Meaning (PS3.3 §8.8).
const CODE: [Tag; 3] = [Tag(0x0008_0100), Tag(0x0008_0102), Tag(0x0008_0104)];
/// Scheme of the catalogue's codes: local (PS3.3 §8.2).
const SCHEME: &str = "99YIGONG";

/// Answers a worklist query.
pub(super) async fn on_c_find(exchange: &Exchange, request: &Request) -> Result<(), Break> {
    let end = match identifier::read(request) {
        Ok(keys) => rows(exchange, request, &keys).await?,
        Err(status) => status,
    };
    finish(exchange, request, &end).await
}

async fn rows(exchange: &Exchange, request: &Request, keys: &Attributes) -> Result<Status, Break> {
    let (permit, ctx, peer) = (exchange.permit(), &exchange.centre.ctx, &exchange.peer);
    let writing = Writing::of(request, keys, peer);
    let shape = Shape::of(peer, keys);
    let mut keys_without_name = keys.clone();
    for t in [tag::PATIENT_NAME, tag::CHARSET] {
        keys_without_name.remove(t);
    }
    let period = take_period(&mut keys_without_name);
    let mut steps = Steps::new(wanted(keys));
    let mut sent = 0;
    loop {
        let page = async { steps.next(&mut *ctx.db.read(&permit).await?, &permit).await }.await;
        let page = match page {
            Ok(Some(page)) => page,
            Ok(None) => return Ok(Status::new(status::SUCCESS, "")),
            Err(fault) => {
                tracing::error!(peer = %peer.name, %fault, "a worklist query failed");
                return Ok(Status::new(status::UNABLE, fault.code()));
            }
        };
        for step in page {
            if exchange.is_cancelled() {
                return Ok(Status::new(status::CANCELLED, ""));
            }
            let held = shape.attributes(&step);
            if !shape.takes(&step)
                || !is_named(keys, &step, request.context.options.fuzzy)
                || !matching::row(&keys_without_name, &held, false)
                || !period.as_ref().is_none_or(|(d, t)| matching::combined(d, t, &step.date, &step.time))
            {
                continue;
            }
            if sent == MAX_MATCHES {
                return Ok(Status::new(status::OUT_OF_RESOURCES, format!("more than {MAX_MATCHES} matches")));
            }
            let code = if is_known(keys, &held) { status::PENDING } else { status::PENDING_UNSUPPORTED };
            let pending = request.command.answered(code, "").unwrap_or_default();
            exchange.answer(pending, Some(&writing.encode(&identifier::answer(keys, &held)))).await?;
            sent += 1;
            tokio::task::yield_now().await;
        }
        if exchange.is_cancelled() {
            return Ok(Status::new(status::CANCELLED, ""));
        }
    }
}

/// What the statement can narrow; the rest is decided row by row.
fn wanted(keys: &Attributes) -> Wanted {
    let exact = |keys: &Attributes, t: Tag| match keys.values(t) {
        [one] if !matching::has_wildcard(one) => one.trim().to_owned(),
        _ => String::new(),
    };
    let open = Attributes::default();
    let step = keys.items(STEP).first().unwrap_or(&open);
    let (from, to) = match step.values(START_DATE) {
        [one] => matching::range(Vr::DA, one).unwrap_or_default(),
        _ => Default::default(),
    };
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    Wanted {
        from,
        to: if to == "~" { String::new() } else { to },
        accession: exact(keys, tag::ACCESSION),
        patient_id: exact(keys, tag::PATIENT_ID),
        // Any other spelling is compared folded, row by row.
        modality: Some(exact(step, tag::MODALITY)).filter(|m| m.chars().all(plain)).unwrap_or_default(),
    }
}

/// Start date and start time where both are ranges of one form: then they are one period, whether or not anything was
/// negotiated (PS3.4 table K.6-1), and no keys of their own any more.
fn take_period(keys: &mut Attributes) -> Option<(String, String)> {
    let mut step = keys.items(STEP).first()?.clone();
    let one = |t| matches!(step.values(t), [_]);
    let (date, time) = (step.text(START_DATE).to_owned(), step.text(START_TIME).to_owned());
    if !one(START_DATE) || !one(START_TIME) || !matching::is_combined(&date, &time) {
        return None;
    }
    step.remove(START_DATE);
    step.remove(START_TIME);
    keys.put_items(STEP, vec![step]);
    Some((date, time))
}

fn is_named(keys: &Attributes, step: &Step, fuzzy: bool) -> bool {
    let wanted = keys.values(tag::PATIENT_NAME);
    let forms = || {
        let mut forms = matching::name_forms(&step.name);
        forms.extend(matching::name_forms(&Layout::Both.write(&step.name)));
        forms
    };
    matching::is_universal(wanted) || {
        let forms = forms();
        wanted.iter().any(|key| matching::person(key, &forms, fuzzy))
    }
}

/// Whether a row knows every attribute asked for.
fn is_known(keys: &Attributes, held: &Attributes) -> bool {
    use yigong_formats::dicom::attributes::Value;
    keys.iter().all(|(t, _, value)| match (value, held.get(t)) {
        _ if matches!(t, tag::CHARSET | tag::TIMEZONE) => true,
        (_, None) => false,
        (Value::Items(wanted), Some(Value::Items(items))) => {
            wanted.first().zip(items.first()).is_none_or(|(w, i)| is_known(w, i))
        }
        _ => true,
    })
}

/// How rows are shown to one peer.
struct Shape {
    layout: Layout,
    own_ae: Option<String>,
    /// The station an unassigned examination is shown for.
    station: String,
}

impl Shape {
    fn of(peer: &Peer, keys: &Attributes) -> Self {
        let ae = peer.ae_title.clone().unwrap_or_default();
        let asked = keys.items(STEP).first().map(|s| s.text(STATION_AE).to_owned()).unwrap_or_default();
        let only_own = peer.policy.get("mwl_own_ae").and_then(Value::as_bool).unwrap_or(false);
        Self {
            layout: peer.policy_text("mwl_name").and_then(Layout::named).unwrap_or_default(),
            own_ae: only_own.then(|| ae.clone()),
            station: if asked.is_empty() || matching::has_wildcard(&asked) { ae } else { asked },
        }
    }

    /// Whether the peer's policy lets it see the examination.
    fn takes(&self, step: &Step) -> bool {
        self.own_ae.as_ref().is_none_or(|ae| step.station.is_empty() || step.station == *ae)
    }

    fn attributes(&self, step: &Step) -> Attributes {
        let mut s = Attributes::default();
        let station = if step.station.is_empty() { &self.station } else { &step.station };
        s.put(tag::MODALITY, step.modality.as_str());
        s.put(STATION_AE, station.as_str())
            .put(START_DATE, step.date.as_str())
            .put(START_TIME, step.time.as_str());
        // Who performs it, and at which station name, is not known: keys of that kind match everything.
        s.put(STEP_DESCRIPTION, step.examination.as_str());
        s.put_items(STEP_CODE, vec![code(step)]);
        s.put(STEP_ID, step_id(step)).put(LOCATION, step.facility_name.as_str());
        s.put(STEP_STATUS, "SCHEDULED");
        let mut a = Attributes::default();
        a.put_items(STEP, vec![s]);
        a.put(tag::ACCESSION, step.filler_no.as_str()).put(tag::INSTITUTION, step.facility_name.as_str());
        a.put(tag::REFERRING, self.layout.write(&step.orderer));
        a.put_items(REFERENCED_STUDY, Vec::new());
        a.put(tag::PATIENT_NAME, self.layout.write(&step.name));
        a.put(tag::PATIENT_ID, if step.patient_id.starts_with('?') { "" } else { step.patient_id.as_str() });
        a.put(tag::BIRTH_DATE, step.birth_date.as_str()).put(tag::SEX, step.sex.as_str());
        a.put(HISTORY, step.history.as_str()).put(tag::PATIENT_COMMENTS, "");
        a.put(tag::STUDY_UID, study_uid(step)).put(tag::BODY_PART, step.body_part.as_str());
        a.put(REQUESTING_PHYSICIAN, self.layout.write(&step.orderer));
        a.put(REQUESTING_SERVICE, step.department.as_str());
        a.put(PROCEDURE_DESCRIPTION, step.examination.as_str());
        a.put_items(PROCEDURE_CODE, vec![code(step)]);
        a.put(PROCEDURE_ID, step_id(step)).put(PROCEDURE_PRIORITY, priority(&step.priority));
        a.put(PLACER_NUMBER, step.placer_no.as_str()).put(FILLER_NUMBER, step.filler_no.as_str());
        a
    }
}

fn code(step: &Step) -> Attributes {
    let mut item = Attributes::default();
    for (t, value) in CODE.into_iter().zip([step.code.as_str(), SCHEME, step.examination.as_str()]) {
        item.put(t, value);
    }
    item
}

/// SH of at most 16 characters: the end of the row id, which differs from row to row.
fn step_id(step: &Step) -> String {
    let skip = step.item.chars().count().saturating_sub(16);
    step.item.chars().skip(skip).collect()
}

/// The study that the examination makes: the id of its row as a UID under 2.25 (PS3.5 §B.2), the same in every answer.
fn study_uid(step: &Step) -> String {
    u128::from_str_radix(&step.study, 16).map(uid::from_u128).unwrap_or_default()
}

/// Requested Procedure Priority (PS3.3 §C.4.12).
fn priority(ours: &str) -> &'static str {
    match ours {
        "stat" | "emergency" => "STAT",
        "urgent" => "HIGH",
        _ => "ROUTINE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_dates_and_times_is_one_period() {
        let keys = |date: &str, time: &str| {
            let (mut step, mut keys) = (Attributes::default(), Attributes::default());
            step.put(START_DATE, date).put(START_TIME, time).put(tag::MODALITY, "CR");
            keys.put_items(STEP, vec![step]);
            keys
        };
        let mut asked = keys("20260705-20260707", "1000-1800");
        let period = take_period(&mut asked);
        assert_eq!(period, Some(("20260705-20260707".into(), "1000-1800".into())));
        let left = &asked.items(STEP)[0];
        assert!(!left.has(START_DATE) && !left.has(START_TIME) && left.text(tag::MODALITY) == "CR");
        for (date, time) in [("20260705", "1000-1800"), ("20260705-", "1000-1800"), ("20260705-20260707", "")]
        {
            let mut asked = keys(date, time);
            assert_eq!(take_period(&mut asked), None, "{date} {time}");
            assert!(asked.items(STEP)[0].has(START_DATE));
        }
    }
}
