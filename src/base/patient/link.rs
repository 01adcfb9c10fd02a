//! Linking what a device or message says about a patient to a row.

use serde::Serialize;
use yigong_formats::dicom::{matching, name};

use super::key::find_by;
use super::sql;
use crate::args;
use crate::ctx::Ctx;
use crate::fault::{Fault, Result};
use crate::storage::{Conn, Tx};

/// What was seen. Empty text = not said.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Patient id as the facility knows it.
    pub local_id: String,
    /// Name as written, Unicode.
    pub name: String,
    /// Pinyin, for search.
    pub pinyin: String,
    /// Initials, for search.
    pub initials: String,
    /// `M`, `F`, `O` or empty.
    pub sex: String,
    /// `YYYYMMDD` or empty.
    pub birth_date: String,
    /// National id number.
    pub national_id: String,
    /// Phone.
    pub phone: String,
}

impl Seen {
    /// The folded forms of the name by which the patient is found.
    pub(super) fn forms(&self) -> Vec<String> {
        let mut forms = matching::name_forms(&self.name);
        forms.extend([name::fold(&self.pinyin), name::fold(&self.initials)]);
        forms.retain(|f| !f.is_empty());
        forms.sort();
        forms.dedup();
        forms
    }
}

/// The row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Patient row id.
    pub id: String,
    /// Whether the id can be trusted to name a person.
    pub identified: bool,
    /// Which field contradicts the row (`name`, `sex`, `birth_date`); the row was left as it is.
    pub clash: Option<&'static str>,
}

/// Header of a patient for pages.
#[derive(Debug, Clone, Serialize)]
pub struct PatientHead {
    /// Row id.
    pub id: String,
    /// Facility of the key.
    pub facility: String,
    /// Local id.
    pub local_id: String,
    /// Name.
    pub name: String,
    /// Pinyin.
    pub pinyin: String,
    /// Sex.
    pub sex: String,
    /// `YYYYMMDD` or empty.
    pub birth_date: String,
    /// Age now, for example `63岁`; empty when unknown.
    pub age: String,
    /// Whether the id can be trusted.
    pub identified: bool,
}

/// Ids that name nobody (dicom specification 7.3).
#[must_use]
pub fn is_junk(local_id: &str) -> bool {
    let id = local_id.trim();
    // Eight digits are a date only where there is such a day: many hospitals number their patients from 20260001 on.
    let date = id.len() == 8 && (id.starts_with("19") || id.starts_with("20")) && is_day(id);
    date || matches!(
        id,
        "" | "0" | "1" | "急诊" | "无" | "测试" | "无名氏" | "test" | "TEST" | "ANONYMOUS" | "000000"
    )
}

/// Whether eight digits are a day of the calendar.
fn is_day(digits: &str) -> bool {
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|d| d.parse::<u16>().ok());
    let (Some(year), Some(month), Some(day)) = (part(0, 4), part(4, 6), part(6, 8)) else { return false };
    let month = u8::try_from(month).ok().and_then(|m| time::Month::try_from(m).ok());
    let date = month.zip(u8::try_from(day).ok());
    date.is_some_and(|(month, day)| time::Date::from_calendar_date(year.into(), month, day).is_ok())
}

/// Finds or creates the patient row of (facility, local id).
///
/// Only empty fields are filled. A contradiction in name, sex or birth date is reported and changes nothing:
/// the caller puts the object into quarantine. A junk id makes an unidentified patient of its own.
pub async fn link(tx: &mut Tx, ctx: &Ctx, facility: &str, seen: &Seen) -> Result<Linked> {
    let now = ctx.now();
    if is_junk(&seen.local_id) {
        let id = ctx.id();
        let local = format!("?{id}");
        insert(tx, &id, facility, &local, seen, false, now).await?;
        return Ok(Linked { id, identified: false, clash: None });
    }
    let Some(row) = tx.opt(sql::FIND, args![facility, seen.local_id.trim()]).await? else {
        let id = ctx.id();
        insert(tx, &id, facility, seen.local_id.trim(), seen, true, now).await?;
        return Ok(Linked { id, identified: true, clash: None });
    };
    let id = row.text("id")?;
    let (name, sex, birth) = (row.text("name")?, row.text("sex")?, row.text("birth_date")?);
    let differs = |held: &str, said: &str| !held.is_empty() && !said.is_empty() && held != said;
    let clash = if differs(&fold(&name), &fold(&seen.name)) {
        Some("name")
    } else if differs(&sex, &seen.sex) && sex != "O" && seen.sex != "O" {
        Some("sex")
    } else if differs(&birth, &seen.birth_date) {
        Some("birth_date")
    } else {
        None
    };
    if clash.is_none() {
        let or = |held: String, said: &str| if held.is_empty() { said.to_owned() } else { held };
        let (national, phone) = (row.text("national_id")?, row.text("phone")?);
        let grew = (name.is_empty() && !seen.name.is_empty())
            || (sex.is_empty() && !seen.sex.is_empty())
            || (birth.is_empty() && !seen.birth_date.is_empty())
            || (national.is_empty() && !seen.national_id.is_empty())
            || (phone.is_empty() && !seen.phone.is_empty());
        if grew {
            let known = Seen {
                name: or(name, &seen.name),
                sex: or(sex, &seen.sex),
                birth_date: or(birth, &seen.birth_date),
                national_id: or(national, &seen.national_id),
                phone: or(phone, &seen.phone),
                ..Seen::default()
            };
            let person = match person_of(tx, facility, &id, &known).await? {
                Some(person) => person,
                None => row.text("person")?,
            };
            tx.exec(
                sql::FILL,
                args![
                    &id,
                    known.name,
                    or(row.text("pinyin")?, &seen.pinyin),
                    &seen.initials,
                    known.sex,
                    known.birth_date,
                    known.national_id,
                    known.phone,
                    person,
                    now
                ],
            )
            .await?;
            find_by(tx, &id, &seen.forms()).await?;
        }
    }
    Ok(Linked { id, identified: row.flag("identified")?, clash })
}

async fn insert(
    tx: &mut Tx,
    id: &str,
    facility: &str,
    local: &str,
    seen: &Seen,
    identified: bool,
    now: i64,
) -> Result<()> {
    let person = person_of(tx, facility, id, seen).await?.unwrap_or_else(|| id.to_owned());
    tx.exec(
        sql::INSERT,
        args![
            id,
            facility,
            local,
            &seen.name,
            &seen.pinyin,
            &seen.initials,
            &seen.sex,
            &seen.birth_date,
            &seen.national_id,
            &seen.phone,
            person,
            identified,
            now
        ],
    )
    .await?;
    find_by(tx, id, &seen.forms()).await
}

/// The person index: the same national id number with the same name is the same person, and so is, in another facility, the same name,
/// sex, birth date and telephone number (in one facility they may be twins without a name of their own), unless two national id numbers speak against it (dicom specification 7.3).
async fn person_of(tx: &mut Tx, facility: &str, id: &str, known: &Seen) -> Result<Option<String>> {
    if known.name.is_empty() {
        return Ok(None);
    }
    let mut found = None;
    if known.national_id.len() >= 15 {
        found = tx.opt(sql::PERSON_BY_NATIONAL_ID, args![&known.national_id, &known.name]).await?;
    }
    let all = [&known.sex, &known.birth_date].iter().all(|v| !v.is_empty());
    if found.is_none() && all && known.phone.bytes().filter(u8::is_ascii_digit).count() >= 7 {
        let of =
            args![&known.name, &known.sex, &known.birth_date, &known.phone, &known.national_id, facility, id];
        found = tx.opt(sql::PERSON_BY_PHONE, of).await?;
    }
    Ok(found.map(|r| r.opt_text("person")).transpose()?.flatten())
}

/// Names are compared without spaces, carets and case.
fn fold(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace() && *c != '^').flat_map(char::to_lowercase).collect()
}

/// Header of a patient; `now` gives the age.
pub async fn head(conn: &mut Conn, id: &str, now: i64) -> Result<PatientHead> {
    let row = conn.opt(sql::HEAD, args![id]).await?.ok_or_else(|| Fault::not_found("patient"))?;
    let birth = row.text("birth_date")?;
    Ok(PatientHead {
        id: row.text("id")?,
        facility: row.text("facility")?,
        local_id: row.text("local_id")?,
        name: row.text("name")?,
        pinyin: row.text("pinyin")?,
        sex: row.text("sex")?,
        age: age_text(&birth, now),
        birth_date: birth,
        identified: row.flag("identified")?,
    })
}

/// Age at `now` (ms) of one born `YYYYMMDD`: years from 2, months below, days in the first month.
#[must_use]
pub fn age_text(birth_date: &str, now: i64) -> String {
    let part = |a: usize, b: usize| birth_date.get(a..b).and_then(|s| s.parse::<i64>().ok());
    let (Some(y), Some(m), Some(d)) = (part(0, 4), part(4, 6), part(6, 8)) else { return String::new() };
    let Ok(today) = time::OffsetDateTime::from_unix_timestamp(now.div_euclid(1_000) + 8 * 3_600) else {
        return String::new();
    };
    let (ty, tm, td) = (i64::from(today.year()), i64::from(u8::from(today.month())), i64::from(today.day()));
    let months = (ty - y) * 12 + tm - m - i64::from(td < d);
    match months {
        i64::MIN..=-1 => String::new(),
        0 => format!("{}天", (td - d).rem_euclid(31)),
        1..=23 => format!("{months}月"),
        _ => format!("{}岁", months / 12),
    }
}

#[cfg(test)]
mod tests {
    use super::{Seen, age_text, is_junk, link};
    use crate::access::Permit;
    use crate::args;
    use crate::testing::engines;

    #[test]
    fn ages() {
        let now = 1_790_000_000_000; // 2026-09-21
        assert_eq!(age_text("19630921", now), "63岁");
        assert_eq!(age_text("19630922", now), "62岁");
        assert_eq!(age_text("20260821", now), "1月");
        assert_eq!(age_text("", now), "");
        assert_eq!(age_text("20990101", now), "");
    }

    #[test]
    fn junk_ids() {
        for id in ["", " ", "0", "20260901", "急诊", "无"] {
            assert!(is_junk(id), "{id}");
        }
        for id in ["20260001", "20012345", "20250230", "19631301", "2026013x"] {
            assert!(!is_junk(id), "{id} is no day");
        }
        assert!(!is_junk("C010001"));
    }

    /// One person in two townships, and people who only share a name, a birthday or a mother's telephone.
    #[tokio::test]
    async fn one_person_in_two_facilities() {
        for bench in engines().await.unwrap() {
            let ctx = &bench.ctx;
            let seen = |local: &str, name: &str, birth: &str, phone: &str, national: &str| Seen {
                local_id: local.into(),
                name: name.into(),
                sex: "F".into(),
                birth_date: birth.into(),
                phone: phone.into(),
                national_id: national.into(),
                ..Seen::default()
            };
            let mut tx = ctx.db.begin(&Permit::system("test")).await.unwrap();
            let mut person = async |facility: &str, seen: Seen| {
                let id = link(&mut tx, ctx, facility, &seen).await.unwrap().id;
                let row = tx.one("SELECT person FROM patient WHERE id = $1", args![id]).await.unwrap();
                row.text("person").unwrap()
            };
            let phone = "13800138000";
            let first = person("C01", seen("P1", "王小梅", "19630210", phone, "")).await;
            assert_eq!(
                person("C02", seen("77", "王小梅", "19630210", phone, "")).await,
                first,
                "{}",
                bench.engine
            );
            for other in [
                seen("78", "王小兰", "19630210", phone, ""),
                seen("79", "王小梅", "19630211", phone, ""),
                seen("80", "王小梅", "19630210", "", ""),
                seen("81", "王小梅", "19630210", "13900139000", ""),
            ] {
                let what = format!("{other:?} {}", bench.engine);
                assert_ne!(person("C02", other).await, first, "{what}");
            }
            // Twins who have no names yet: one mother, one telephone, two numbers of one facility.
            let twin = person("C01", seen("T1", "张红之子", "20261128", phone, "")).await;
            assert_ne!(
                person("C01", seen("T2", "张红之子", "20261128", phone, "")).await,
                twin,
                "{}",
                bench.engine
            );
            // Both are referred to the county hospital: two persons fit, so neither is guessed.
            let there = person("C02", seen("N1", "张红之子", "20261128", phone, "")).await;
            assert_ne!(there, twin, "{}", bench.engine);
            // Two national id numbers speak against it, whatever else agrees.
            let third = person("C01", seen("L1", "李四", "19700101", phone, "110101197001010012")).await;
            let fourth = person("C02", seen("L2", "李四", "19700101", phone, "110101197001010020")).await;
            assert_ne!(third, fourth, "{}", bench.engine);
            // What is learnt later counts, too.
            let known = person("C01", seen("P5", "孙七", "19800303", phone, "")).await;
            assert_ne!(person("C02", seen("L9", "孙七", "", "", "")).await, known);
            let late = person("C02", seen("L9", "孙七", "19800303", phone, "")).await;
            assert_eq!(late, known, "{}", bench.engine);
        }
    }
}
