//! The patient's previous recording, held against the new one on arrival: exchanged electrodes, or somebody else?

use serde_json::Value;
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::storage::Conn;
use yigong_base::{Ctx, args};

use super::arrived::Arrived;
use super::place::started;
use super::understand::{Understood, earlier};
use super::whose::seen;
use super::{compare, sql};
use crate::order;

/// What the comparison says.
#[derive(Debug, Clone, Default)]
pub(super) struct Doubt {
    /// Suspected exchange of electrodes, or null.
    pub swap: Value,
    /// The beats look like another person's.
    pub other_person: bool,
}

/// Compares with the newest recording of the same person that could be read.
pub(super) async fn against(
    ctx: &Ctx,
    permit: &Permit,
    arrived: &Arrived,
    new: &Understood,
) -> Result<Doubt> {
    let object = {
        let mut conn = ctx.db.read(permit).await?;
        newest(&mut conn, ctx, permit, arrived, new).await?
    };
    let before = match object {
        // One that can no longer be read is no reason to keep the new one waiting.
        Some(object) => earlier(ctx, &object).await.ok(),
        None => None,
    };
    Ok(compare::doubt(new, before.as_ref()))
}

/// Original of the newest earlier recording of the person, wherever in the community it was made.
async fn newest(
    conn: &mut Conn,
    ctx: &Ctx,
    permit: &Permit,
    arrived: &Arrived,
    new: &Understood,
) -> Result<Option<String>> {
    let Some(person) = person(conn, arrived, new).await? else { return Ok(None) };
    let offset = ctx.config.centre.utc_offset_minutes;
    let at = started(&new.document.acquired, offset).unwrap_or(arrived.received_at);
    for row in conn.all(sql::PREVIOUS, args![person, "", permit.scope(), at]).await? {
        let readable = row.text("verdict")? != "redo" && row.text("state")? != "held";
        let object = row.text("object_hash")?;
        if readable && object != arrived.object {
            return Ok(Some(object));
        }
    }
    Ok(None)
}

async fn person(conn: &mut Conn, arrived: &Arrived, new: &Understood) -> Result<Option<String>> {
    let mut patient = arrived.study.as_ref().map(|s| s.patient.clone());
    if let (None, Some(order)) = (&patient, &arrived.asked.order) {
        let row = conn.opt(order::sql::FIND, args![order, &arrived.facility]).await?;
        patient = row.map(|r| r.text("patient")).transpose()?;
    }
    let row = match patient {
        Some(patient) => conn.opt(sql::PATIENT, args![patient]).await?,
        None => {
            let local_id = seen(&new.document).local_id;
            if local_id.is_empty() {
                return Ok(None);
            }
            conn.opt(sql::PERSON, args![&arrived.facility, local_id]).await?
        }
    };
    row.map(|r| r.text("person")).transpose()
}
