//! An alert goes with the evidence it was raised on. When that turns out to be somebody else's, whoever was told was told of the wrong
//! person: the alert names the right one and rings again. Of an alert that stands for several recordings only the part that moves goes.

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::jobs::{Job, enqueue};
use yigong_base::storage::{Row, Tx};
use yigong_base::{Ctx, args, audit};

use super::raise::{event, first_step};
use super::sql;

/// States in which nobody has answered yet.
pub(super) const RINGING: [&str; 5] =
    ["raised", "calling", "reached_readback", "reached_no_readback", "unable"];

/// The alerts of a subject name this patient from now on. Answers those that ring again.
///
/// # Errors
/// Storage faults.
pub async fn follow(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    subject: &str,
    patient: &str,
) -> Result<Vec<String>> {
    let mut again = Vec::new();
    tx.exec(sql::LOCK_OF, args![subject]).await?;
    for row in tx.all(sql::OF_ANOTHER, args![subject, patient]).await? {
        let id = row.text("id")?;
        let others = tx.all(sql::OTHER_SUBJECTS, args![&id, subject]).await?;
        match others.first() {
            Some(other) => {
                let heir = other.text("subject")?;
                again.push(part(tx, ctx, permit, &row, subject, patient, &heir).await?);
            }
            None if moved(tx, ctx, permit, &row, patient).await? => again.push(id),
            None => {}
        }
    }
    Ok(again)
}

/// The whole alert names another patient; true when it rings for him.
async fn moved(tx: &mut Tx, ctx: &Ctx, permit: &Permit, row: &Row, patient: &str) -> Result<bool> {
    let (id, from, state) = (row.text("id")?, row.text("patient")?, row.text("state")?);
    let dedupe = row.text("dedupe")?.replace(&from, patient);
    let ringing = RINGING.contains(&state.as_str());
    if row.flag("same")? || (ringing && !row.flag("known")?) {
        // Another number of the same person; or it rang for one whose name was not known, and goes on ringing.
        tx.exec(sql::GO_ALONG, args![&id, patient, dedupe]).await?;
        return Ok(false);
    }
    let answered = json!({
        "state": state, "acked_by": row.text("acked_by")?, "acked_at": row.opt_int("acked_at")?, "treated_at": row.opt_int("treated_at")?,
        "closed_at": row.opt_int("closed_at")?, "next": row.opt_int("next_escalation_at")?,
    });
    if let Some(before) = answer_of(tx, &id, patient).await? {
        // It comes back to the one it was taken from by mistake: what had been done for him stands.
        let of = |key: &str| before.get(key).cloned().unwrap_or(Value::Null);
        let (text, time) = (|key| of(key).as_str().unwrap_or_default().to_owned(), |key| of(key).as_i64());
        tx.exec(
            sql::COME_BACK,
            args![
                &id,
                patient,
                dedupe,
                text("state"),
                text("acked_by"),
                time("acked_at"),
                time("treated_at"),
                time("closed_at"),
                time("next")
            ],
        )
        .await?;
        note(tx, ctx, permit, &id, &from, patient, &answered).await?;
        return Ok(false);
    }
    let at = ctx.now() + first_step(&row.text("level")?);
    tx.exec(sql::RING_AGAIN, args![&id, patient, dedupe, at]).await?;
    enqueue(tx, ctx, Job::new("escalate", &id).at(at)).await?;
    note(tx, ctx, permit, &id, &from, patient, &answered).await?;
    Ok(true)
}

/// How an alert had been answered for a patient when it was last taken from him, unless it was ringing then.
async fn answer_of(tx: &mut Tx, alert: &str, patient: &str) -> Result<Option<Value>> {
    for row in tx.all(sql::LEFT, args![alert]).await? {
        let detail: Value = row.json("detail")?;
        if detail.get("from").and_then(Value::as_str) == Some(patient) {
            let answer = detail.get("answer").cloned().unwrap_or(Value::Null);
            let state = answer.get("state").and_then(Value::as_str).unwrap_or_default().to_owned();
            return Ok((!state.is_empty() && !RINGING.contains(&state.as_str())).then_some(answer));
        }
    }
    Ok(None)
}

/// Of an alert that stands for others, too, this subject's part becomes an alert of its own; the other one stays with them.
async fn part(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    row: &Row,
    subject: &str,
    patient: &str,
    heir: &str,
) -> Result<String> {
    let (id, from, level) = (row.text("id")?, row.text("patient")?, row.text("level")?);
    let new = ctx.id();
    let at = ctx.now() + first_step(&level);
    let dedupe = row.text("dedupe")?.replace(&from, patient);
    tx.exec(sql::PART, args![&id, &new, subject, patient, dedupe, ctx.now(), at]).await?;
    tx.exec(sql::LEAVE_SUBJECT, args![&id, subject]).await?;
    tx.exec(sql::NEW_OWNER, args![&id, subject, heir]).await?;
    let value = row.text("part")?;
    let finding = tx.one(sql::ONE, args!["*", &new]).await?.text("finding")?;
    tx.exec(sql::ADD_SUBJECT, args![&new, subject, &value, finding, ctx.now()]).await?;
    say_again(tx, &id).await?;
    event(tx, ctx, permit, &new, "raise", &json!({"value": value, "from": id})).await?;
    enqueue(tx, ctx, Job::new("escalate", &new).at(at)).await?;
    note(tx, ctx, permit, &id, &from, patient, &json!({"part": new})).await?;
    Ok(new)
}

/// Whose an alert is, once that is known.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// Kind of the subject.
    pub kind: &'static str,
    /// Id of the subject.
    pub subject: &'a str,
    /// Patient row.
    pub patient: &'a str,
    /// Facility whose doctor must acknowledge.
    pub facility: &'a str,
    /// Key of the finding without its side.
    pub key: &'a str,
}

/// The alerts of a subject that belonged to nobody are its owner's. Where another place has to answer, it rings there anew.
///
/// # Errors
/// Storage faults.
pub async fn belong(tx: &mut Tx, ctx: &Ctx, permit: &Permit, subject: &str, owner: &Owner<'_>) -> Result<()> {
    for row in tx.all(sql::OWNED, args![subject]).await? {
        let (id, was) = (row.text("id")?, row.text("facility")?);
        let dedupe = row.text("dedupe")?;
        let dedupe = format!("{}:{}", owner.key, dedupe.rsplit(':').next().unwrap_or_default());
        tx.exec(sql::BELONG, args![&id, owner.kind, owner.subject, owner.facility, &dedupe]).await?;
        relink(tx, &id, subject, owner.subject).await?;
        if was != owner.facility {
            let at = ctx.now() + first_step(&row.text("level")?);
            tx.exec(sql::RING_AGAIN, args![&id, owner.patient, &dedupe, at]).await?;
            enqueue(tx, ctx, Job::new("escalate", &id).at(at)).await?;
        }
        let detail = json!({"run": subject, "subject": owner.subject, "from": was, "to": owner.facility});
        event(tx, ctx, permit, &id, "belongs", &detail).await?;
        audit::append(tx, ctx, permit, "critical.belongs", "critical_alert", &id, &detail);
    }
    Ok(())
}

/// A part is another subject's; where that one has a part already, its own stays.
async fn relink(tx: &mut Tx, alert: &str, from: &str, to: &str) -> Result<()> {
    tx.exec(sql::RELINK, args![alert, from, to]).await?;
    tx.exec(sql::LEAVE_SUBJECT, args![alert, from]).await?;
    Ok(())
}

/// An alert says what its parts say, and nothing of one that has left. Alerts of before their parts had words stay as they are.
async fn say_again(tx: &mut Tx, alert: &str) -> Result<()> {
    let (mut findings, mut values) = (Vec::<String>::new(), Vec::<String>::new());
    for part in tx.all(sql::PARTS, args![alert]).await? {
        let Some(finding) = part.opt_text("finding")? else { return Ok(()) };
        let value = part.text("value")?;
        // A value that was corrected is marked in its part only.
        let value = value.trim_end_matches(" *").to_owned();
        for (list, word) in [(&mut findings, finding), (&mut values, value)] {
            if !word.is_empty() && !list.contains(&word) {
                list.push(word);
            }
        }
    }
    if !findings.is_empty() {
        tx.exec(sql::SET_WORDS, args![alert, findings.join("; "), values.join("; ")]).await?;
    }
    Ok(())
}

/// How a study stands in its alerts, before [`hand_over`] gives them to another one; kept with the act, for [`hand_back`].
///
/// # Errors
/// Storage faults.
pub async fn standing(tx: &mut Tx, source: &str, target: &str) -> Result<Value> {
    let mut all = Vec::new();
    for row in tx.all(sql::STANDING, args![source, target]).await? {
        let link = row.opt_int("at")?.map(|at| {
            Ok::<_, yigong_base::fault::Fault>(
                json!({"value": row.text("value")?, "finding": row.opt_text("finding")?, "at": at}),
            )
        });
        all.push(json!({
            "alert": row.text("id")?, "owner": row.flag("owner")?, "link": link.transpose()?, "had": row.int("had")? > 0,
        }));
    }
    Ok(Value::Array(all))
}

/// What was raised on a study of which nothing is left stands for the one its images went to.
///
/// # Errors
/// Storage faults.
pub async fn hand_over(tx: &mut Tx, standing: &Value, source: &str, target: &str) -> Result<()> {
    for s in standing.as_array().into_iter().flatten() {
        let (alert, flag) = (text(s, "alert"), |key: &str| s.get(key).and_then(Value::as_bool) == Some(true));
        if flag("owner") {
            tx.exec(sql::NEW_OWNER, args![alert, source, target]).await?;
        }
        if flag("had") {
            tx.exec(sql::LEAVE_SUBJECT, args![alert, source]).await?;
        } else {
            relink(tx, alert, source, target).await?;
        }
    }
    Ok(())
}

/// The way back of [`hand_over`].
///
/// # Errors
/// Storage faults.
pub async fn hand_back(tx: &mut Tx, standing: &Value, source: &str, target: &str) -> Result<()> {
    for s in standing.as_array().into_iter().flatten() {
        let (alert, flag) = (text(s, "alert"), |key: &str| s.get(key).and_then(Value::as_bool) == Some(true));
        if flag("owner") {
            tx.exec(sql::NEW_OWNER, args![alert, target, source]).await?;
        }
        match s.get("link") {
            Some(link) if link.is_object() && flag("had") => {
                let finding = link.get("finding").and_then(Value::as_str);
                let at = link.get("at").and_then(Value::as_i64).unwrap_or_default();
                let row = args![alert, source, text(link, "value"), finding, at];
                tx.exec(sql::ADD_SUBJECT, row).await?;
            }
            _ => {
                relink(tx, alert, target, source).await?;
            }
        }
    }
    Ok(())
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

async fn note(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    alert: &str,
    from: &str,
    to: &str,
    answer: &Value,
) -> Result<()> {
    event(tx, ctx, permit, alert, "another_patient", &json!({"from": from, "to": to, "answer": answer}))
        .await?;
    let detail = json!({"from": from, "to": to});
    audit::append(tx, ctx, permit, "critical.another_patient", "critical_alert", alert, &detail);
    Ok(())
}
