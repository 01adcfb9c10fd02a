//! Which orders a study may answer, the likeliest first, each with what speaks for it (specification §7.3: accession number, time
//! beside the worklist, name with sex and birth date). Nothing is linked by that: a person chooses.

use serde_json::Value;
use yigong_base::args;
use yigong_base::clock::{DAY_MS, HOUR_MS};
use yigong_base::fault::Result;
use yigong_base::storage::{Conn, Row};
use yigong_formats::dicom::name;

use super::order::Choice;
use super::sql;

/// How long before and after its first image an order of the study is looked for, ms.
const BEFORE_MS: i64 = 7 * DAY_MS;
const AFTER_MS: i64 = DAY_MS;
/// So near an order was made for this examination, ms.
const NEAR_MS: i64 = 2 * HOUR_MS;
/// Orders shown.
const SHOWN: usize = 20;

/// What a study says of its patient.
struct Said {
    accession: String,
    local_id: String,
    name: String,
    pinyin: String,
    sex: String,
    birth_date: String,
    modality: String,
    at: i64,
}

impl Said {
    fn of(study: &Row) -> Result<Self> {
        let held: Value = study.json("attributes")?;
        let text = |key: &str| held.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self {
            accession: study.text("accession")?.trim().to_owned(),
            local_id: text("patient_id").trim().to_owned(),
            name: text("name_fold"),
            pinyin: text("name_pinyin"),
            sex: text("sex"),
            birth_date: text("birth_date"),
            modality: study.text("modality")?,
            at: study.int("first_received_at")?,
        })
    }

    /// What speaks for an order, and how much.
    fn weigh(&self, order: &Choice) -> (Vec<&'static str>, i64) {
        let same = |a: &str, b: &str| !a.is_empty() && a == b;
        let read = name::read(&order.name);
        let spelt = same(&self.pinyin, &read.pinyin) || same(&self.pinyin, &name::fold(&order.pinyin));
        let named = same(&self.name, &name::fold(&read.shown)) || spelt;
        let born = same(&self.birth_date, &order.birth_date);
        let reasons = [
            (
                same(&self.accession, &order.filler_no) || same(&self.accession, &order.placer_no),
                "accession",
                100,
            ),
            (same(&self.local_id, &order.local_id), "number", 50),
            (named, "name", 40),
            ((named || born) && same(&self.sex, &order.sex), "sex", 5),
            (born, "birth", 20),
            ((self.at - order.created_at).abs() <= NEAR_MS, "time", 15),
            (same(&self.modality, &order.modality), "modality", 10),
        ];
        let for_it = reasons.iter().filter(|(yes, ..)| *yes);
        (for_it.clone().map(|(_, why, _)| *why).collect(), for_it.map(|(.., weight)| weight).sum())
    }
}

/// The orders of the study's facility around its time, and those of its number, likeliest first.
pub(super) async fn orders(conn: &mut Conn, study: &Row) -> Result<Vec<Choice>> {
    let said = Said::of(study)?;
    let found = args![study.text("facility")?, said.at - BEFORE_MS, said.at + AFTER_MS, &said.accession];
    let rows = conn.all(sql::PROPOSED, found).await?;
    let mut all = rows.iter().map(Choice::of).collect::<Result<Vec<_>>>()?;
    let mut weighed: Vec<(i64, i64, Choice)> = all
        .drain(..)
        .map(|mut order| {
            let (why, weight) = said.weigh(&order);
            order.why = why;
            (-weight, (said.at - order.created_at).abs(), order)
        })
        .collect();
    weighed.sort_by_key(|(weight, far, _)| (*weight, *far));
    Ok(weighed.into_iter().take(SHOWN).map(|(.., order)| order).collect())
}
