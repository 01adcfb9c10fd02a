//! The rows of an object on its way into the index, in one transaction (specification §7.1 to §7.3).

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::clock::HOUR_MS;
use yigong_base::digest::sha256_hex;
use yigong_base::fault::Result;
use yigong_base::jobs::{self, Job};
use yigong_base::site::peer::Peer;
use yigong_base::storage::{Engine, Row, Tx};
use yigong_base::{Ctx, args, audit};
use yigong_formats::dicom::{Header, name, tag, uid};

use super::check::Checked;
use super::pixels::Pixels;
use super::quarantine::{self, Entry};
use super::receive::{Outcome, Received, UPLOAD};
use super::reconcile::note;
use super::sql;
use crate::order;

/// By then whoever waits has an answer, ms.
const LATER_MS: i64 = 30_000;

/// Images that come so soon after the last one may be of the same examination, ms.
const TOGETHER_MS: i64 = 2 * HOUR_MS;

/// An object on its way into the index.
pub(super) struct New<'a> {
    pub(super) ctx: &'a Ctx,
    pub(super) permit: &'a Permit,
    pub(super) peer: &'a Peer,
    pub(super) checked: &'a Checked,
    pub(super) object: &'a str,
    pub(super) size: u64,
    pub(super) source: &'static str,
    /// Hashes of the pixel data where versions had to be told apart.
    pub(super) pixels: &'a Pixels,
}

/// How far storing came.
pub(super) enum Step {
    /// Every row stands, with the study's row id.
    Done(Received, String),
    /// Nothing was written: the pixels of these objects must be compared first.
    Compare(Vec<String>),
}

impl New<'_> {
    pub(super) fn header(&self) -> &Header {
        &self.checked.header
    }

    /// What tells equal data sets in the row: the address, when it is the address of our head and the data set.
    pub(super) fn dataset(&self) -> &str {
        if self.checked.own_head { self.object } else { "" }
    }

    pub(super) fn facility(&self) -> &str {
        &self.peer.facility
    }

    pub(super) async fn store(&self, tx: &mut Tx) -> Result<Step> {
        let h = self.header();
        if tx.engine() == Engine::Postgres {
            tx.opt(sql::HOLD_PLACE_POSTGRES, args![self.facility(), &h.study]).await?;
        }
        let place = args![self.facility(), &h.study, &h.series, &h.sop_instance];
        let found = tx.opt(sql::PLACE, place).await?;
        let versions = match &found {
            Some(row) if row.int("versions")? == 0 => Vec::new(),
            _ => tx.all(sql::VERSIONS, args![self.facility(), &h.sop_instance]).await?,
        };
        for row in &versions {
            let object = row.text("object_hash")?;
            if object == self.object || self.was(row)? || self.pixels.equal(self.object, &object) {
                return self.same(tx, row).await;
            }
        }
        if !versions.is_empty() {
            let mut objects = vec![self.object.to_owned()];
            for row in &versions {
                objects.push(row.text("object_hash")?);
            }
            if !self.pixels.cover(&objects) {
                return Ok(Step::Compare(objects));
            }
        }
        if let Some(study) = &found
            && let Some(reason) = clash_with(study, h)?
            && !self.is_of_patient(tx, study, false).await?
            && !self.is_of_patient(tx, study, true).await?
        {
            let (held, study) = self.hold(tx, study, reason).await?;
            return Ok(Step::Done(held, study));
        }
        let study = match &found {
            Some(row) => row.text("id")?,
            None => self.new_study(tx).await?,
        };
        let (series, is_new) = match found.as_ref().map(|row| row.opt_text("series")).transpose()?.flatten() {
            Some(series) => (series, false),
            None => (self.new_series(tx, &study).await?, true),
        };
        let version = match versions.first() {
            Some(row) => row.int("version")? + 1,
            None => 1,
        };
        let id = self.insert(tx, &study, &series, version).await?;
        if version > 1 {
            let (kept, study) = self.other_version(tx, &id, &study, &versions).await?;
            return Ok(Step::Done(kept, study));
        }
        let (modality, modalities) = modalities(found.as_ref(), &h.text(tag::MODALITY))?;
        let now = self.ctx.now();
        let body_part = h.text(tag::BODY_PART);
        let mut grown = args![&study, i64::from(is_new), now, &modality, modalities, body_part];
        match tx.engine() {
            Engine::Sqlite => {
                tx.exec(sql::SERIES_GROWS, args![series]).await?;
                tx.exec(sql::STUDY_GROWS, grown).await?;
            }
            Engine::Postgres => {
                grown.extend(args![series]);
                tx.exec(sql::GROW_POSTGRES, grown).await?;
            }
        }
        // Also of a series of which nothing was shown any more: a retake of what the device had rejected.
        let shown = found.as_ref().map_or(Ok(None), |row| row.opt_int("shown"))?.unwrap_or(0);
        if shown == 0 {
            order::progress::of_study(tx, &study, now).await?;
        }
        self.lanes(tx, &study, &id).await?;
        if note::may_reject(&h.sop_class) {
            jobs::enqueue(tx, self.ctx, Job::new(note::JOB, id.as_str())).await?;
        }
        if uid::is_waveform(&h.sop_class) {
            // Who hands a file in understands it there and then; the job is for the case that this comes to nothing.
            let later = if self.source == UPLOAD { LATER_MS } else { 0 };
            let job = Job::new("ecg_receive", id.as_str()).at(now + later);
            jobs::enqueue(tx, self.ctx, job).await?;
        } else {
            let quiet = super::settle::quiet_ms(self.ctx, &modality);
            jobs::enqueue(tx, self.ctx, Job::new("settle", study.as_str()).at(now + quiet).quiet()).await?;
        }
        let detail = json!({"study": study, "object": self.object, "source": self.source, "size": self.size});
        audit::append(tx, self.ctx, self.permit, "instance.receive", "instance", &id, &detail);
        Ok(Step::Done(self.received(id, Outcome::New, ""), study))
    }

    pub(super) fn received(&self, instance: String, outcome: Outcome, reason: &'static str) -> Received {
        let defect = self.checked.lane().map_or("", |(_, slug)| slug);
        Received { instance, outcome, reason, defect }
    }

    /// Same UID, other bytes: the first stays current, a person decides (specification §7.2).
    async fn other_version(
        &self,
        tx: &mut Tx,
        id: &str,
        study: &str,
        versions: &[Row],
    ) -> Result<(Received, String)> {
        tx.exec(super::reconcile::sql::LOCK_STUDY, args![study]).await?;
        let here = versions.iter().any(|v| v.text("study").is_ok_and(|s| s == study));
        let mut same_pixels = false;
        for v in versions {
            same_pixels |= self.pixels.same(self.object, &v.text("object_hash")?) || self.shows(v)?;
        }
        let (lane, reason) = match (here, same_pixels) {
            (false, _) => ("content", "same-uid-other-study"),
            (true, true) => ("defect", "header-differs"),
            (true, false) => ("content", "pixels-differ"),
        };
        let detail = json!({"study": study, "instance_uid": self.header().sop_instance, "defects": self.header().defects.slugs()});
        self.quarantine(tx, lane, reason, "instance", id, detail.clone()).await?;
        if lane == "content" {
            tracing::warn!(instance = id, reason, "instance.version");
            // Which picture is the true one is for a person to say before anybody reads the study.
            self.hold_back(tx, study, lane).await?;
        }
        self.look_for_danger(tx).await?;
        audit::append(tx, self.ctx, self.permit, "instance.version", "instance", id, &detail);
        Ok((self.received(id.to_owned(), Outcome::Version, reason), study.to_owned()))
    }

    /// Another patient under a known study UID: kept outside the index until a person decides (specification §7.3).
    async fn hold(&self, tx: &mut Tx, found: &Row, reason: &'static str) -> Result<(Received, String)> {
        let study = found.text("id")?;
        if tx.opt(sql::QUARANTINED, args![self.object, reason, self.facility()]).await?.is_some() {
            return Ok((self.received(self.object.to_owned(), Outcome::Same, reason), study));
        }
        let h = self.header();
        let detail = json!({"study": study, "study_uid": h.study, "series_uid": h.series, "instance_uid": h.sop_instance, "sop_class": h.sop_class, "transfer_syntax": h.transfer_syntax});
        // Of one examination either of the two may be the wrong one: who reads what is here might read half of it, or the wrong person's.
        // Another person long after the last image is a device that gives its UIDs twice: what was whole stays work.
        let held: Value = found.json("attributes")?;
        let one_examination =
            self.ctx.now() - found.int("last_received_at")? <= TOGETHER_MS || !other_person(&held, h);
        let lane = if one_examination { "identity" } else { "defect" };
        let fold = name::fold(&h.name.shown);
        let person = [&h.patient_id, &fold, &h.sex, &h.birth_date].map(String::as_str).join("\0");
        let said = sha256_hex(person.as_bytes());
        let entry = Entry {
            for_study: Some(&study),
            said: Some(&said),
            ..self.entry(lane, reason, "object", self.object, detail)
        };
        quarantine::open(tx, self.ctx, self.permit, &entry).await?;
        self.look_for_danger(tx).await?;
        self.hold_back(tx, &study, lane).await?;
        Ok((self.received(self.object.to_owned(), Outcome::Quarantined, reason), study))
    }

    /// Nobody reads a recording that is held; what it says of the heart is looked at all the same (`ecg::stray`).
    async fn look_for_danger(&self, tx: &mut Tx) -> Result<()> {
        let h = self.header();
        if !uid::is_waveform(&h.sop_class) {
            return Ok(());
        }
        let whom =
            json!({"facility": self.facility(), "name": h.name.shown, "patient_id": h.patient_id.trim()});
        jobs::enqueue(tx, self.ctx, Job::new("ecg_stray", self.object).payload(whom)).await
    }

    /// Is the object of the patient whom a person, or an order, has given the study since? What the device said first counts, too.
    /// `finally`: whoever corrects it at this moment is waited for, and sees what comes of it.
    async fn is_of_patient(&self, tx: &mut Tx, study: &Row, finally: bool) -> Result<bool> {
        if finally {
            tx.exec(super::reconcile::sql::LOCK_STUDY, args![study.text("id")?]).await?;
        }
        let h = self.header();
        let row = tx.one(sql::PATIENT_OF, args![study.text("id")?]).await?;
        if !row.flag("identified")? || row.text("local_id")? != h.patient_id.trim() {
            return Ok(false);
        }
        let text = |column| row.text(column);
        let held = as_held(&text("name")?, &text("pinyin")?, &text("sex")?, &text("birth_date")?);
        Ok(!other_person(&held, h))
    }

    pub(super) async fn quarantine(
        &self,
        tx: &mut Tx,
        lane: &str,
        reason: &str,
        kind: &str,
        object: &str,
        detail: Value,
    ) -> Result<()> {
        let entry = self.entry(lane, reason, kind, object, detail);
        quarantine::open(tx, self.ctx, self.permit, &entry).await
    }

    fn entry<'e>(
        &'e self,
        lane: &'e str,
        reason: &'e str,
        kind: &'e str,
        object: &'e str,
        detail: Value,
    ) -> Entry<'e> {
        Entry {
            lane,
            reason,
            facility: self.facility(),
            peer: &self.peer.id,
            object_kind: kind,
            object_id: object,
            blob: Some(self.object),
            for_study: None,
            said: None,
            detail,
        }
    }

    async fn lanes(&self, tx: &mut Tx, study: &str, instance: &str) -> Result<()> {
        let Some((lane, reason)) = self.checked.lane() else { return Ok(()) };
        let (kind, object) = if lane == "security" { ("study", study) } else { ("instance", instance) };
        let detail = json!({"study": study, "defects": self.header().defects.slugs()});
        self.quarantine(tx, lane, reason, kind, object, detail).await?;
        self.hold_back(tx, study, lane).await
    }

    /// Puts a study into a lane; one that holds it back takes its work from the queue.
    async fn hold_back(&self, tx: &mut Tx, study: &str, lane: &str) -> Result<()> {
        tx.exec(super::reconcile::sql::LOCK_STUDY, args![study]).await?;
        tx.exec(sql::SET_LANE, args![study, lane]).await?;
        if matches!(lane, "security" | "identity" | "content") {
            super::reconcile::hold_back(tx, self.ctx, study).await?;
            jobs::enqueue(tx, self.ctx, Job::new("settle", study)).await?;
        }
        Ok(())
    }
}

/// Does the object name another patient than the study it belongs to?
fn clash_with(study: &Row, h: &Header) -> Result<Option<&'static str>> {
    let held: Value = study.json("attributes")?;
    if held.get("patient_id").and_then(Value::as_str).unwrap_or_default() != h.patient_id {
        return Ok(Some("other-patient-in-study"));
    }
    Ok(other_person(&held, h).then_some("patient-differs-in-study"))
}

/// A patient of the register as a study's `attributes` would say it.
pub(super) fn as_held(name: &str, pinyin: &str, sex: &str, birth_date: &str) -> Value {
    let read = name::read(name);
    let pinyin = if read.pinyin.is_empty() { name::fold(pinyin) } else { read.pinyin };
    json!({"name_fold": name::fold(&read.shown), "name_pinyin": pinyin, "han": read.ideographic.is_some(), "sex": sex, "birth_date": birth_date})
}

/// Does the object name somebody else than a study's `attributes`?
pub(super) fn other_person(held: &Value, h: &Header) -> bool {
    let of = |key: &str| held.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let differs = |a: &str, b: &str| !a.is_empty() && !b.is_empty() && a != b;
    let han = held.get("han").and_then(Value::as_bool).unwrap_or(false);
    // The same name in letters on one image and in Han on the next is no contradiction.
    let spelt = han != h.name.ideographic.is_some()
        && !h.name.pinyin.is_empty()
        && of("name_pinyin") == h.name.pinyin;
    let name = differs(&of("name_fold"), &name::fold(&h.name.shown)) && !spelt;
    name || differs(&of("sex"), &h.sex) || differs(&of("birth_date"), &h.birth_date)
}

/// Main modality and the list of all; what only accompanies images never leads.
fn modalities(study: Option<&Row>, this: &str) -> Result<(String, String)> {
    let (main, list) = match study {
        Some(row) => (row.text("modality")?, row.text("modalities")?),
        None => (String::new(), String::new()),
    };
    let beside = |m: &str| matches!(m, "" | "SR" | "PR" | "KO" | "DOC" | "AU");
    let main = if beside(&main) && (main.is_empty() || !beside(this)) { this.to_owned() } else { main };
    let mut all: Vec<&str> = list.split('!').filter(|m| !m.is_empty()).collect();
    if !this.is_empty() && !all.contains(&this) {
        all.push(this);
    }
    Ok((main, all.join("!")))
}
