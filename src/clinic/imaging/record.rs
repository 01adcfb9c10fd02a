//! The rows of a new object: study, series, instance.

use serde_json::json;
use yigong_base::args;
use yigong_base::fault::Result;
use yigong_base::patient::{self, Seen};
use yigong_base::site::device_clock;
use yigong_base::storage::Tx;
use yigong_formats::dicom::{matching, name, tag, uid};

use super::enter::{New, as_held, other_person};
use super::{device_time, sql, stack};
use crate::order;

impl New<'_> {
    pub(super) async fn new_study(&self, tx: &mut Tx) -> Result<String> {
        let h = self.header();
        let (ctx, facility) = (self.ctx, self.facility());
        let mut seen = Seen {
            local_id: h.patient_id.clone(),
            name: h.name.shown.clone(),
            pinyin: h.name.pinyin.clone(),
            initials: h.name.initials.clone(),
            sex: h.sex.clone(),
            birth_date: h.birth_date.clone(),
            phone: h.text(tag::PHONE),
            ..Seen::default()
        };
        let accession = h.text(tag::ACCESSION);
        if let Some((order, patient)) = self.unidentified(tx, &accession).await? {
            // The worklist had no patient number to give, and here is what was ordered: the study is that patient's.
            return self.put_study(tx, &patient, Some(order), "", &accession).await;
        }
        let mut linked = patient::link(tx, ctx, facility, &seen).await?;
        if linked.clash == Some("name") && self.same_name_spelt(tx, &linked.id).await? {
            // A device that knows only letters does not contradict the Han name of the order.
            let unnamed = Seen { name: String::new(), ..seen.clone() };
            linked = patient::link(tx, ctx, facility, &unnamed).await?;
        }
        let mut trouble = match linked.clash {
            // Nobody is guessed: the study gets a patient of its own until a person links it.
            Some(clash) => {
                seen.local_id = String::new();
                linked = patient::link(tx, ctx, facility, &seen).await?;
                Some(("patient-clash", clash))
            }
            None if !linked.identified => Some(("patient-id-junk", "")),
            None => None,
        };
        let order = if trouble.is_none() {
            match order::match_study(tx, facility, &accession, &linked.id).await? {
                None if accession.trim().is_empty() => {
                    order::match_uid(tx, facility, &h.study, &linked.id).await?
                }
                found => found,
            }
        } else {
            None
        };
        if trouble.is_none()
            && order.is_none()
            && order::is_for_another(tx, facility, &accession, &h.study, &linked.id).await?
        {
            // Either the number or the name is somebody else's: a report must go out under neither before a person has looked.
            trouble = Some(("order-of-other-patient", "accession"));
        }
        let elsewhere = self.uid_of_another(tx).await?;
        let lane = match (trouble, &elsewhere) {
            (Some(_), _) => "identity",
            (None, Some(_)) => "defect",
            (None, None) => "",
        };
        let id = self.put_study(tx, &linked.id, order, lane, &accession).await?;
        if let Some((reason, what)) = trouble {
            let detail = json!({"study_uid": h.study, "patient_id": h.patient_id, "differs": what});
            self.quarantine(tx, "identity", reason, "study", &id, detail).await?;
        }
        if let Some(facility) = elsewhere {
            let detail = json!({"study_uid": h.study, "patient_id": h.patient_id, "elsewhere": facility});
            self.quarantine(tx, "defect", "uid-of-other-patient", "study", &id, detail).await?;
        }
        Ok(id)
    }

    /// The order for an unidentified patient, and that patient, that an image without a patient number answers; not when it names
    /// somebody else.
    async fn unidentified(&self, tx: &mut Tx, accession: &str) -> Result<Option<(String, String)>> {
        let h = self.header();
        if !patient::is_junk(&h.patient_id) {
            return Ok(None);
        }
        let found = order::match_unidentified(tx, self.facility(), accession, &h.study).await?;
        let Some((order, patient)) = found else { return Ok(None) };
        let held = patient::head(tx, &patient, self.ctx.now()).await?;
        let is_other = other_person(&as_held(&held.name, &held.pinyin, &held.sex, &held.birth_date), h);
        Ok((!is_other).then_some((order, patient)))
    }

    async fn put_study(
        &self,
        tx: &mut Tx,
        patient: &str,
        order: Option<String>,
        lane: &str,
        accession: &str,
    ) -> Result<String> {
        let (h, ctx) = (self.header(), self.ctx);
        let id = ctx.id();
        let ahead = device_time::ahead_ms(ctx, h).filter(|ahead| *ahead > device_clock::OFF_MS);
        if let (Some(ahead), "dicom") = (ahead, self.peer.kind.as_str()) {
            device_clock::note(tx, &self.peer.id, ahead, false, ctx.now()).await?;
        }
        let modality = h.text(tag::MODALITY);
        let attributes = json!({
            "patient_id": h.patient_id, "patient_name": h.name.raw, "name_fold": name::fold(&h.name.shown), "name_pinyin": h.name.pinyin, "han": h.name.ideographic.is_some(), "sex": h.sex, "birth_date": h.birth_date,
            "institution": h.text(tag::INSTITUTION), "readers": h.root().strings(tag::READERS), "comments": h.text(tag::PATIENT_COMMENTS), "clock_ahead_ms": ahead,
        });
        patient::find_by(tx, patient, &matching::name_forms(&h.name.raw)).await?;
        let text = |t| h.text(t);
        tx.exec(
            sql::NEW_STUDY,
            args![
                &id,
                &h.study,
                self.facility(),
                patient,
                &order,
                lane,
                accession,
                text(tag::STUDY_ID),
                &modality,
                &modality,
                text(tag::BODY_PART),
                text(tag::STUDY_DESCRIPTION),
                digits(&text(tag::STUDY_DATE)),
                text(tag::STUDY_TIME),
                text(tag::REFERRING),
                text(tag::STATION),
                ctx.now(),
                attributes,
                &h.patient_id
            ],
        )
        .await?;
        Ok(id)
    }

    /// The facility that has a study of this UID of somebody else: a device that gives its UIDs twice.
    async fn uid_of_another(&self, tx: &mut Tx) -> Result<Option<String>> {
        for row in tx.all(sql::ELSEWHERE, args![&self.header().study, self.facility()]).await? {
            if other_person(&row.json("attributes")?, self.header()) {
                return row.text("facility").map(Some);
            }
        }
        Ok(None)
    }

    /// The held name and the one of the object are the same in pinyin, and one of them is not written in Han.
    async fn same_name_spelt(&self, tx: &mut Tx, patient: &str) -> Result<bool> {
        let held = patient::head(tx, patient, self.ctx.now()).await?;
        let said = &self.header().name;
        let spelt = said.ideographic.is_none() || name::read(&held.name).ideographic.is_none();
        let pinyin =
            if held.pinyin.is_empty() { name::read(&held.name).pinyin } else { name::fold(&held.pinyin) };
        Ok(spelt && !said.pinyin.is_empty() && pinyin == said.pinyin)
    }

    pub(super) async fn new_series(&self, tx: &mut Tx, study: &str) -> Result<String> {
        let h = self.header();
        let id = self.ctx.id();
        let attributes = json!({"station": h.text(tag::STATION), "manufacturer": h.text(tag::MANUFACTURER), "model": h.text(tag::MODEL), "date": digits(&h.text(tag::SERIES_DATE)), "time": h.text(tag::SERIES_TIME), "protocol": h.text(tag::PROTOCOL)});
        tx.exec(
            sql::NEW_SERIES,
            args![
                &id,
                study,
                &h.series,
                h.text(tag::MODALITY),
                h.root().int(tag::SERIES_NUMBER),
                h.text(tag::SERIES_DESCRIPTION),
                h.text(tag::BODY_PART),
                stack::laterality(h),
                attributes
            ],
        )
        .await?;
        Ok(id)
    }

    pub(super) async fn insert(
        &self,
        tx: &mut Tx,
        study: &str,
        series: &str,
        version: i64,
    ) -> Result<String> {
        let h = self.header();
        let id = self.ctx.id();
        let c = h.charset();
        let charset = json!({"declared": c.declared, "used": c.charset.term(), "how": c.how.as_str(), "confidence": c.confidence});
        let i = &h.image;
        let attributes = json!({"rows": i.rows, "cols": i.cols, "bits_allocated": i.bits_allocated, "date": digits(&h.text(tag::CONTENT_DATE)), "time": h.text(tag::CONTENT_TIME)});
        let size = i64::try_from(self.size).unwrap_or(i64::MAX);
        tx.exec(
            sql::NEW_INSTANCE,
            args![
                &id,
                study,
                series,
                self.facility(),
                &h.sop_instance,
                &h.sop_class,
                &h.transfer_syntax,
                h.root().int(tag::INSTANCE_NUMBER),
                // Of moving pictures only the object itself knows how many there are.
                if uid::is_video(&h.transfer_syntax) { h.image.frames as usize } else { h.frames.count() }
                    .max(1),
                self.object,
                self.dataset(),
                size,
                version,
                version == 1,
                &self.peer.id,
                self.ctx.now(),
                json!(h.defects.slugs()),
                charset,
                stack::document(&id, h),
                attributes,
                h.frames.to_bytes()
            ],
        )
        .await?;
        Ok(id)
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).take(8).collect()
}
