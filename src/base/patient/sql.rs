//! SQL of patients.

crate::statements! {
    /// By key.
    FIND = "SELECT id, name, pinyin, sex, birth_date, national_id, phone, person, identified FROM patient WHERE facility = $1 AND local_id = $2";
    /// A new one.
    INSERT = "INSERT INTO patient (id, facility, local_id, name, pinyin, initials, sex, birth_date, national_id, phone, person, identified, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)";
    /// Fill what is empty, column by column: what somebody has written since the row was read stays.
    FILL = "UPDATE patient SET name = CASE WHEN name = '' THEN $2 ELSE name END, pinyin = CASE WHEN pinyin = '' THEN $3 ELSE pinyin END, initials = CASE WHEN initials = '' THEN $4 ELSE initials END,
        sex = CASE WHEN sex = '' THEN $5 ELSE sex END, birth_date = CASE WHEN birth_date = '' THEN $6 ELSE birth_date END, national_id = CASE WHEN national_id = '' THEN $7 ELSE national_id END,
        phone = CASE WHEN phone = '' THEN $8 ELSE phone END, person = $9, updated_at = $10 WHERE id = $1";
    /// What a person or the hospital's system says of it now.
    OVERWRITE = "UPDATE patient SET name = $2, pinyin = $3, initials = $4, sex = $5, birth_date = $6, national_id = $7, phone = $8, person = $9, updated_at = $10 WHERE id = $1";
    /// A form of the name by which the patient is found.
    ADD_KEY = "INSERT INTO patient_key (patient, key) VALUES ($1, $2) ON CONFLICT (patient, key) DO NOTHING";
    /// The one person of other facilities than $6 of this name ($1), sex, birth date and telephone number, none of whose records has another
    /// national id number than $5 or is another one of this facility.
    PERSON_BY_PHONE = "SELECT CASE WHEN COUNT(DISTINCT p.person) = 1 THEN MIN(p.person) END AS person FROM patient p WHERE p.name = $1 AND p.sex = $2 AND p.birth_date = $3 AND p.phone = $4 AND p.facility <> $6 AND p.identified = 1
        AND NOT EXISTS (SELECT 1 FROM patient x WHERE x.person = p.person AND ((x.facility = $6 AND x.id <> $7) OR ($5 <> '' AND x.national_id <> '' AND x.national_id <> $5)))";
    /// Another local record with the same national id: the same person.
    PERSON_BY_NATIONAL_ID = "SELECT person FROM patient WHERE national_id = $1 AND name = $2 ORDER BY created_at LIMIT 1";
    /// What pages show in a header.
    HEAD = "SELECT id, facility, local_id, name, pinyin, sex, birth_date, identified FROM patient WHERE id = $1";
}
