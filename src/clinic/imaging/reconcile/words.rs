//! What a correction says about an object, and what it no longer lets the object say: a device that sent the wrong person
//! wrote more of that person than the four elements by which anybody is found.

use yigong_base::fault::Result;
use yigong_base::storage::Row;
use yigong_formats::dicom::{Tag, Vr, tag};

/// One element an act corrects; without a value it is taken away.
pub(super) type Said = (Tag, Vr, Option<String>);

/// What else names or describes a person (PS3.3 §C.2.2, §C.2.3, §C.7.1.1, §C.7.2.2, §C.3.3). Size and weight are of the
/// body that was examined and stay.
const OF_THE_PERSON: [(u32, Vr); 38] = [
    (0x0008_1120, Vr::SQ), // Referenced Patient
    (0x0010_0021, Vr::LO), // Issuer of Patient ID
    (0x0010_0022, Vr::CS), // Type of Patient ID
    (0x0010_0024, Vr::SQ), // Issuer of Patient ID Qualifiers
    (0x0010_0026, Vr::SQ), // Source Patient Group Identification
    (0x0010_0027, Vr::SQ), // Group of Patients Identification
    (0x0010_0032, Vr::TM), // Birth Time
    (0x0010_0033, Vr::LO), // Birth Date in Alternative Calendar
    (0x0010_0050, Vr::SQ), // Insurance Plan Code
    (0x0010_0101, Vr::SQ), // Primary Language Code
    (0x0010_1000, Vr::LO), // Other Patient IDs
    (0x0010_1001, Vr::PN), // Other Patient Names
    (0x0010_1002, Vr::SQ), // Other Patient IDs Sequence
    (0x0010_1005, Vr::PN), // Birth Name
    (0x0010_1010, Vr::AS), // Age
    (0x0010_1040, Vr::LO), // Address
    (0x0010_1060, Vr::PN), // Mother's Birth Name
    (0x0010_1080, Vr::LO), // Military Rank
    (0x0010_1081, Vr::LO), // Branch of Service
    (0x0010_1090, Vr::LO), // Medical Record Locator
    (0x0010_2000, Vr::LO), // Medical Alerts
    (0x0010_2110, Vr::LO), // Allergies
    (0x0010_2150, Vr::LO), // Country of Residence
    (0x0010_2152, Vr::LO), // Region of Residence
    (0x0010_2154, Vr::SH), // Telephone Numbers
    (0x0010_2155, Vr::LT), // Telecom Information
    (0x0010_2160, Vr::SH), // Ethnic Group
    (0x0010_2180, Vr::SH), // Occupation
    (0x0010_21A0, Vr::CS), // Smoking Status
    (0x0010_21B0, Vr::LT), // Additional Patient History
    (0x0010_21C0, Vr::US), // Pregnancy Status
    (0x0010_21D0, Vr::DA), // Last Menstrual Date
    (0x0010_21F0, Vr::LO), // Religious Preference
    (0x0010_2297, Vr::PN), // Responsible Person
    (0x0010_2299, Vr::LO), // Responsible Organization
    (0x0010_4000, Vr::LT), // Patient Comments
    (0x0038_0010, Vr::LO), // Admission ID
    (0x0038_0050, Vr::LO), // Special Needs
];

/// What else names an order (PS3.3 §C.4.10, §C.7.2.1, §C.7.3.1): its numbers, and the steps of it that a series answers.
const OF_THE_ORDER: [(u32, Vr); 6] = [
    (0x0008_0051, Vr::SQ), // Issuer of Accession Number
    (0x0032_1064, Vr::SQ), // Requested Procedure Code
    (0x0040_0275, Vr::SQ), // Request Attributes
    (0x0040_1001, Vr::SH), // Requested Procedure ID
    (0x0040_2016, Vr::LO), // Placer Order Number
    (0x0040_2017, Vr::LO), // Filler Order Number
];

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

/// What is not said any more of a person whose images they are not.
pub(super) fn no_other_person() -> impl Iterator<Item = Said> {
    OF_THE_PERSON.iter().map(|(t, vr)| (Tag(*t), *vr, None))
}

/// What is not said any more of an order that they do not answer.
pub(super) fn no_other_order() -> impl Iterator<Item = Said> {
    OF_THE_ORDER.iter().map(|(t, vr)| (Tag(*t), *vr, None))
}

/// Everything an act may say about person and order.
pub(super) fn of_person_and_order() -> Vec<Tag> {
    let names = [tag::PATIENT_NAME, tag::PATIENT_ID, tag::BIRTH_DATE, tag::SEX, tag::ACCESSION];
    let others = OF_THE_PERSON.iter().chain(&OF_THE_ORDER).map(|(t, _)| Tag(*t));
    names.into_iter().chain(others).collect()
}

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
