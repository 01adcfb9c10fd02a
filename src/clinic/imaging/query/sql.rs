//! SQL of queries. A statement is put together from tested fragments: what drives it (a UID list, a number, a name, the date
//! page) stands first and has an index; the exact matching of every key happens on the rows it gives (`formats::dicom::matching`).

use crate::imaging::sql::{in_scope, one_person};

/// Columns of a patient.
macro_rules! patient_columns {
    () => {
        "p.id AS patient, p.local_id AS local_id, p.identified AS identified, p.name AS name, p.pinyin AS pinyin, p.initials AS initials, p.sex AS sex, p.birth_date AS birth_date"
    };
}

/// Columns of a study.
macro_rules! study_columns {
    () => {
        "s.id AS study, s.uid AS study_uid, s.facility AS facility, s.accession AS accession, s.study_id AS study_id, s.modalities AS modalities,
        s.description AS study_description, s.study_date AS study_date, s.study_time AS study_time, s.referring AS referring, s.series_count AS series_count,
        s.instance_count AS instance_count, s.attributes AS study_attributes"
    };
}

/// Columns of a series.
macro_rules! series_columns {
    () => {
        "e.id AS series, e.uid AS series_uid, e.modality AS modality, e.number AS series_number, e.description AS series_description, e.body_part AS body_part,
        e.laterality AS laterality, e.instance_count AS series_instances, e.attributes AS series_attributes"
    };
}

/// Columns of an instance.
macro_rules! instance_columns {
    () => {
        "i.id AS instance, i.uid AS instance_uid, i.sop_class AS sop_class, i.transfer_syntax AS transfer_syntax, i.number AS instance_number, i.frames AS frames,
        i.attributes AS instance_attributes"
    };
}

/// Studies that have an image which is not hidden, the page behind ($2 date, $3 id), newest first, dates from $4 to $5, $6 = modality pattern or ''.
macro_rules! page {
    () => {
        " AND s.instance_count > 0 AND (s.study_date, s.id) < ($2, $3) AND s.study_date >= $4 AND s.study_date <= $5 AND ($6 = '' OR '!' || s.modalities || '!' LIKE $6)"
    };
}

/// Studies in scope under a condition: $1 scope, $2 to $6 the page, $7 limit.
macro_rules! studies {
    ($($condition:tt)*) => {
        concat!(
            "SELECT ", patient_columns!(), ", ", study_columns!(), " FROM study s JOIN patient p ON p.id = s.patient WHERE ",
            in_scope!("s.facility", "s.id", "$1"), page!(), one_person!("$1"), $($condition)*,
            " ORDER BY study_date DESC, study DESC LIMIT $7"
        )
    };
}

/// Studies of some patients: their page is found in the index of patients and dates alone, then its rows are read.
macro_rules! named_studies {
    ($patients:literal) => {
        concat!(
            "SELECT ",
            patient_columns!(),
            ", ",
            study_columns!(),
            " FROM study s JOIN patient p ON p.id = s.patient WHERE s.id IN (SELECT s.id FROM study s WHERE ",
            in_scope!("s.facility", "s.id", "$1"),
            page!(),
            " AND s.patient IN (SELECT k.patient FROM patient_key k WHERE ",
            $patients,
            ")",
            one_person!("$1"),
            " ORDER BY s.study_date DESC, s.id DESC LIMIT $7) ORDER BY study_date DESC, study DESC"
        )
    };
}

/// The same for one facility in the order of its own index: its own studies, and those granted to it.
macro_rules! facility_studies {
    ($($condition:tt)*) => {
        concat!(
            "SELECT ", patient_columns!(), ", ", study_columns!(), " FROM study s JOIN patient p ON p.id = s.patient WHERE ",
            in_scope!("s.facility", "s.id", "$1"), " AND s.facility = $1", page!(), $($condition)*,
            " UNION ALL SELECT ", patient_columns!(), ", ", study_columns!(), " FROM study s JOIN patient p ON p.id = s.patient WHERE ",
            in_scope!("s.facility", "s.id", "$1"),
            " AND s.facility <> $1 AND s.id IN (SELECT study FROM study_grant WHERE facility = $1)", page!(), one_person!("$1"), $($condition)*,
            " ORDER BY study_date DESC, study DESC LIMIT $7"
        )
    };
}

/// Sixteen values from $8 on; a shorter list repeats its last one.
macro_rules! sixteen {
    () => {
        "($8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)"
    };
}

/// A name between $8 and $9 among the keys of the patient of a row.
macro_rules! of_that_name {
    () => {
        " AND EXISTS (SELECT 1 FROM patient_key k WHERE k.patient = s.patient AND k.key >= $8 AND k.key < $9)"
    };
}

yigong_base::statements! {
    /// The date page of every facility.
    STUDIES = studies!("");
    /// The date page of one facility.
    STUDIES_OF_FACILITY = facility_studies!("");
    /// The date page, of patients with a frequent name.
    STUDIES_BY_FREQUENT_NAME = studies!(of_that_name!());
    /// The same for one facility.
    STUDIES_OF_FACILITY_BY_FREQUENT_NAME = facility_studies!(of_that_name!());
    /// Studies of the patients with a rare name, by the index of names.
    STUDIES_BY_NAME = named_studies!("k.key >= $8 AND k.key < $9");
    /// Studies of the patients with something inside the name.
    STUDIES_BY_NAME_PART = named_studies!("k.key LIKE $8 ESCAPE '!'");
    /// By Study Instance UIDs.
    STUDIES_BY_UID = studies!(concat!(" AND s.uid IN ", sixteen!()));
    /// By accession number.
    STUDIES_BY_ACCESSION = studies!(" AND s.accession = $8");
    /// By patient id: of the patient, and as the object said it where nobody has settled who it is.
    STUDIES_BY_PATIENT_ID = studies!(
        " AND s.id IN (SELECT t.id FROM study t JOIN patient q ON q.id = t.patient WHERE q.local_id = $8 UNION SELECT u.id FROM study u WHERE u.said_id = $8)"
    );
    /// Are there more than 2,000 patient keys of a name?
    FREQUENT = "SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM patient_key WHERE key >= $1 AND key < $2 LIMIT 2001) found";
    /// SOP classes of a study in scope.
    SOP_CLASSES = concat!(
        "SELECT DISTINCT i.sop_class AS sop_class FROM instance i WHERE i.study = $2 AND i.current = 1 AND ",
        in_scope!("i.facility", "i.study", "$1"),
        " ORDER BY sop_class"
    );
    /// The series of a study in scope.
    SERIES_OF_STUDY = concat!(
        "SELECT ", patient_columns!(), ", ", study_columns!(), ", ", series_columns!(), " FROM series e JOIN study s ON s.id = e.study JOIN patient p ON p.id = s.patient WHERE e.study = $2 AND e.instance_count > 0 AND ",
        in_scope!("s.facility", "s.id", "$1"),
        " ORDER BY e.number, e.uid"
    );
    /// Series by their UIDs in scope.
    SERIES_BY_UID = concat!(
        "SELECT ", patient_columns!(), ", ", study_columns!(), ", ", series_columns!(), " FROM series e JOIN study s ON s.id = e.study JOIN patient p ON p.id = s.patient WHERE e.uid IN ",
        "($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)", " AND e.instance_count > 0 AND ",
        in_scope!("s.facility", "s.id", "$1"),
        one_person!("$1"),
        " ORDER BY s.study_date DESC, s.id DESC, e.number, e.uid"
    );
    /// Instances of a series in scope: $2 series, $3 limit, $4 how many to pass over.
    INSTANCES_OF_SERIES = concat!(
        "SELECT ", patient_columns!(), ", ", study_columns!(), ", ", series_columns!(), ", ", instance_columns!(),
        " FROM instance i JOIN series e ON e.id = i.series JOIN study s ON s.id = i.study JOIN patient p ON p.id = s.patient WHERE i.series = $2 AND i.current = 1 AND ",
        in_scope!("i.facility", "i.study", "$1"),
        " ORDER BY i.number, i.uid LIMIT $3 OFFSET $4"
    );
    /// Instances by their UIDs in scope.
    INSTANCES_BY_UID = concat!(
        "SELECT ", patient_columns!(), ", ", study_columns!(), ", ", series_columns!(), ", ", instance_columns!(),
        " FROM instance i JOIN series e ON e.id = i.series JOIN study s ON s.id = i.study JOIN patient p ON p.id = s.patient WHERE i.uid IN ",
        "($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) AND i.current = 1 AND ",
        in_scope!("i.facility", "i.study", "$1"),
        one_person!("$1"),
        " ORDER BY s.study_date DESC, s.id DESC, e.number, e.uid, i.number, i.uid"
    );
    /// Patients of the own facility with a study in scope, by row id behind $2; $3 limit.
    PATIENTS = concat!(
        "SELECT ", patient_columns!(), " FROM patient p WHERE ($1 = '*' OR p.facility = $1) AND p.id > $2 AND p.identified = 1
        AND EXISTS (SELECT 1 FROM study s WHERE s.patient = p.id AND s.instance_count > 0 AND ", in_scope!("s.facility", "s.id", "$1"), ") ORDER BY p.id LIMIT $3"
    );
    /// The same by patient id $3; $4 limit.
    PATIENTS_BY_ID = concat!(
        "SELECT ", patient_columns!(), " FROM patient p WHERE ($1 = '*' OR p.facility = $1) AND p.id > $2 AND p.local_id = $3 AND p.identified = 1
        AND EXISTS (SELECT 1 FROM study s WHERE s.patient = p.id AND s.instance_count > 0 AND ", in_scope!("s.facility", "s.id", "$1"), ") ORDER BY p.id LIMIT $4"
    );
    /// The same by a name between $3 and $4; $5 limit.
    PATIENTS_BY_NAME = concat!(
        "SELECT ", patient_columns!(), " FROM patient p WHERE ($1 = '*' OR p.facility = $1) AND p.id > $2 AND p.identified = 1 AND p.id IN (SELECT k.patient FROM patient_key k WHERE k.key >= $3 AND k.key < $4)
        AND EXISTS (SELECT 1 FROM study s WHERE s.patient = p.id AND s.instance_count > 0 AND ", in_scope!("s.facility", "s.id", "$1"), ") ORDER BY p.id LIMIT $5"
    );
    /// How much a patient has in scope.
    PATIENT_COUNTS = concat!(
        "SELECT COUNT(*) AS studies, CAST(COALESCE(SUM(s.series_count), 0) AS BIGINT) AS series, CAST(COALESCE(SUM(s.instance_count), 0) AS BIGINT) AS instances
        FROM study s WHERE s.patient = $2 AND ", in_scope!("s.facility", "s.id", "$1")
    );
}
