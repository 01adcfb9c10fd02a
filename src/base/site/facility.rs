//! Facilities: the lead hospital and its members.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{senders, sql};
use crate::access::Permit;
use crate::args;
use crate::audit;
use crate::ctx::Ctx;
use crate::fault::{Fault, Result};
use crate::storage::{Conn, Row, Tx};

/// Kinds of facility (glossary, `Facility`).
pub const KINDS: &[&str] =
    &["lead", "branch", "clinic", "village_point", "external", "third_party_lab", "regulator"];

/// A member of the community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facility {
    /// Short code, for example `C01`.
    pub code: String,
    /// Name, Chinese.
    pub name: String,
    /// Name, English.
    #[serde(default)]
    pub name_en: String,
    /// One of [`KINDS`].
    pub kind: String,
    /// Service grid.
    #[serde(default)]
    pub grid: String,
    /// Phone.
    #[serde(default)]
    pub phone: String,
    /// Duty phone for critical values.
    #[serde(default)]
    pub duty_phone: String,
    /// Whether it takes part.
    pub active: bool,
}

/// Creates or changes a facility.
pub async fn put(tx: &mut Tx, ctx: &Ctx, permit: &Permit, f: &Facility) -> Result<()> {
    if !KINDS.contains(&f.kind.as_str()) {
        return Err(Fault::invalid("kind", format!("one of {}", KINDS.join(", "))));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if f.code.is_empty() || f.code.len() > 16 || !f.code.chars().all(plain) {
        return Err(Fault::invalid("code", "1 to 16 letters, digits, - or _"));
    }
    if f.name.trim().is_empty() {
        return Err(Fault::invalid("name", "must not be empty"));
    }
    // Everything held at the lead hospital hangs on there being one, and on which it is.
    if let Some(lead) = lead(tx).await? {
        if lead.code == f.code && !(f.kind == "lead" && f.active) {
            return Err(Fault::conflict(
                "last_lead",
                "it is the lead hospital: nobody could administer the centre any more",
            ));
        }
        if lead.code != f.code && f.kind == "lead" {
            return Err(Fault::conflict("second_lead", format!("the lead hospital is {}", lead.code)));
        }
    }
    tx.exec(
        sql::PUT_FACILITY,
        args![&f.code, &f.name, &f.name_en, &f.kind, &f.grid, &f.phone, &f.duty_phone, f.active, ctx.now()],
    )
    .await?;
    // Whose facility takes part no more sends nothing more.
    senders::changed(tx, ctx).await?;
    audit::append(
        tx,
        ctx,
        permit,
        "facility.put",
        "facility",
        &f.code,
        &json!({"kind": f.kind, "active": f.active, "name": f.name, "phone": f.phone, "duty_phone": f.duty_phone}),
    );
    Ok(())
}

/// All facilities.
pub async fn list(conn: &mut Conn) -> Result<Vec<Facility>> {
    conn.all(sql::LIST_FACILITIES, args![]).await?.iter().map(of_row).collect()
}

/// One facility.
pub async fn find(conn: &mut Conn, code: &str) -> Result<Facility> {
    let row = conn.opt(sql::FIND_FACILITY, args![code]).await?.ok_or_else(|| Fault::not_found("facility"))?;
    of_row(&row)
}

/// The lead hospital.
pub async fn lead(conn: &mut Conn) -> Result<Option<Facility>> {
    conn.opt(sql::LEAD_FACILITY, args![]).await?.as_ref().map(of_row).transpose()
}

fn of_row(row: &Row) -> Result<Facility> {
    Ok(Facility {
        code: row.text("code")?,
        name: row.text("name")?,
        name_en: row.text("name_en")?,
        kind: row.text("kind")?,
        grid: row.text("grid")?,
        phone: row.text("phone")?,
        duty_phone: row.text("duty_phone")?,
        active: row.flag("active")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[tokio::test]
    async fn there_is_one_lead_hospital_and_it_stays() {
        for bench in testing::engines().await.unwrap() {
            let (ctx, permit) = (&bench.ctx, Permit::system("test"));
            let mut tx = ctx.db.begin(&permit).await.unwrap();
            let lead = lead(&mut tx).await.unwrap().unwrap();
            for (wrong, code) in [
                (Facility { active: false, ..lead.clone() }, "last_lead"),
                (Facility { kind: "clinic".into(), ..lead.clone() }, "last_lead"),
                (Facility { code: "A01".into(), ..lead.clone() }, "second_lead"),
            ] {
                let refused = put(&mut tx, ctx, &permit, &wrong).await.unwrap_err();
                assert!(matches!(refused, Fault::Conflict { code: ref c, .. } if c == code), "{refused:?}");
            }
            put(&mut tx, ctx, &permit, &Facility { name: "新院名".into(), ..lead }).await.unwrap();
        }
    }
}
