//! What a correction says about an object, and what it no longer lets the object say: a device that sent the wrong person
//! wrote more of that person than the four elements by which anybody is found.

use yigong_base::fault::Result;
use yigong_base::storage::Row;
use yigong_formats::dicom::{Tag, Vr, tag};

use super::super::egress::Correction;
use super::super::others;

/// One element an act corrects; without a value it is taken away.
pub(super) type Said = (Tag, Vr, Option<String>);

/// The elements that name a patient (PS3.3 §C.7.1.1).
pub(super) fn names(patient: &Row) -> Result<Vec<(Tag, Vr, String)>> {
    let id = if patient.flag("identified")? { patient.text("local_id")? } else { String::new() };
    Ok(vec![
        (tag::PATIENT_NAME, Vr::PN, person_name(patient)?),
        (tag::PATIENT_ID, Vr::LO, id),
        (tag::BIRTH_DATE, Vr::DA, patient.text("birth_date")?),
        (tag::SEX, Vr::CS, patient.text("sex")?),
    ])
}

/// The words of an act.
pub(super) fn of(values: Vec<(Tag, Vr, String)>) -> Vec<Said> {
    values.into_iter().map(|(t, vr, word)| (t, vr, Some(word))).collect()
}

/// Whether corrections (a column `overlay`) take away what was said of another person, and of another order.
pub(super) fn taken_away(overlay: &str) -> Result<(bool, bool)> {
    let list: Vec<Correction> = if overlay.is_empty() { Vec::new() } else { serde_json::from_str(overlay)? };
    let says = |t: Tag| list.iter().any(|c| c.path == t.to_string());
    Ok((says(others::PERSON), says(others::ORDER)))
}

/// Everything an act may say about person and order.
pub(super) const OF_PERSON_AND_ORDER: [Tag; 7] = [
    tag::PATIENT_NAME,
    tag::PATIENT_ID,
    tag::BIRTH_DATE,
    tag::SEX,
    tag::ACCESSION,
    others::PERSON,
    others::ORDER,
];

/// What is not said any more of a person whose images they are not. The representation plays no part where nothing is written.
pub(super) const NO_OTHER_PERSON: Said = (others::PERSON, Vr::UN, None);

/// What is not said any more of an order that they do not answer.
pub(super) const NO_OTHER_ORDER: Said = (others::ORDER, Vr::UN, None);

/// `PINYIN=汉字`, or the name alone when there is nothing to spell (PS3.5 §6.2.1.2).
pub(super) fn person_name(patient: &Row) -> Result<String> {
    let (name, pinyin) = (patient.text("name")?, patient.text("pinyin")?);
    let plain = name.replace(['=', '\\'], " ");
    Ok(if plain.is_ascii() || pinyin.is_empty() || !pinyin.is_ascii() {
        plain
    } else {
        format!("{}={plain}", pinyin.to_uppercase().replace(['=', '\\'], " "))
    })
}
