//! How far an imaging or ECG order has come. It is worked out from its evidence each time: what was examined leaves the worklist
//! of the devices, what was not stays there for the next device, and evidence that is taken away again brings it back.

use std::collections::BTreeMap;

use yigong_base::args;
use yigong_base::fault::Result;
use yigong_base::storage::Tx;

use super::head::answered;
use super::sql;

/// What a study or a recording shows, and what stands of its report.
#[derive(Debug, Default)]
struct Evidence {
    modalities: Vec<String>,
    report: String,
}

/// How far an examination has come; the later one is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Ordered,
    Received,
    Preliminary,
    Reported,
}

impl Stage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Received => "received",
            Self::Preliminary => "preliminary",
            Self::Reported => "reported",
        }
    }

    /// By the kind of the version that stands; empty = none.
    fn of(report: &str) -> Self {
        match report {
            "" => Self::Received,
            "prelim" => Self::Preliminary,
            _ => Self::Reported,
        }
    }
}

/// Works out the order of a study anew; a study without one changes nothing.
///
/// # Errors
/// Storage faults.
pub async fn of_study(tx: &mut Tx, study: &str, now: i64) -> Result<()> {
    let found = tx.opt(sql::OF_STUDY, args![study]).await?;
    match found.map(|row| row.opt_text("order_id")).transpose()?.flatten() {
        Some(order) => follow(tx, &order, now).await,
        None => Ok(()),
    }
}

/// Works out items and state of an imaging or ECG order anew. What was cancelled stays cancelled.
///
/// # Errors
/// Storage faults.
pub async fn follow(tx: &mut Tx, order: &str, now: i64) -> Result<()> {
    // Two devices of one order send at the same moment: the second sees what the first has brought.
    if tx.exec(sql::LOCK, args![order]).await? == 0 {
        return Ok(());
    }
    let evidence = evidence(tx, order).await?;
    let items = tx.all(sql::ITEMS, args![order]).await?;
    let (mut wanted, mut modalities) = (Vec::new(), Vec::new());
    for row in &items {
        let state = row.text("state")?;
        if state != "cancelled" {
            modalities.push(row.text("modality")?);
            wanted.push((row.text("id")?, state));
        }
    }
    let stages = stages(&modalities, &evidence);
    for ((id, state), stage) in wanted.iter().zip(&stages) {
        if state != stage.as_str() {
            tx.exec(sql::SET_ITEM, args![id, stage.as_str()]).await?;
        }
    }
    let whole = match stages.iter().min() {
        Some(stage) => stage.as_str(),
        // Of an order of which nothing is wanted any more the rest was cancelled: what came stands, or it is over.
        None => evidence.iter().map(|e| Stage::of(&e.report)).min().map_or("cancelled", Stage::as_str),
    };
    tx.exec(sql::MOVE, args![order, whole, now]).await?;
    Ok(())
}

async fn evidence(tx: &mut Tx, order: &str) -> Result<Vec<Evidence>> {
    let mut found: BTreeMap<String, Evidence> = BTreeMap::new();
    for row in tx.all(sql::PROOFS, args![order]).await? {
        let one = found.entry(row.text("id")?).or_default();
        one.modalities.push(row.text("modality")?);
        one.report = row.text("report")?;
    }
    Ok(found.into_values().collect())
}

/// The stage of each item, by its modality.
fn stages(items: &[String], evidence: &[Evidence]) -> Vec<Stage> {
    let mut out = vec![Stage::Ordered; items.len()];
    for one in evidence {
        let shown: Vec<&str> = one.modalities.iter().map(String::as_str).collect();
        for (stage, yes) in out.iter_mut().zip(answered(items.iter().map(String::as_str), &shown)) {
            if yes {
                *stage = (*stage).max(Stage::of(&one.report));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(items: &[&str], evidence: &[(&[&str], &str)]) -> Vec<&'static str> {
        let items: Vec<String> = items.iter().map(|i| (*i).to_owned()).collect();
        let evidence: Vec<Evidence> = evidence
            .iter()
            .map(|(m, report)| Evidence {
                modalities: m.iter().map(|m| (*m).to_owned()).collect(),
                report: (*report).to_owned(),
            })
            .collect();
        stages(&items, &evidence).into_iter().map(Stage::as_str).collect()
    }

    #[test]
    fn a_study_answers_the_examinations_of_its_modalities() {
        assert_eq!(run(&["CT", "DX"], &[]), ["ordered", "ordered"]);
        assert_eq!(run(&["CT", "DX"], &[(&["CT", "SR"], "")]), ["received", "ordered"]);
        assert_eq!(run(&["CT", "DX"], &[(&["CT"], "final"), (&["CR"], "")]), ["reported", "received"]);
        assert_eq!(run(&["CT", "DX"], &[(&["CT"], "prelim"), (&["CT"], "")]), ["preliminary", "ordered"]);
    }

    #[test]
    fn a_device_of_another_name_answers_all() {
        assert_eq!(run(&["ES"], &[(&["OT"], "")]), ["received"]);
        assert_eq!(run(&["CT", ""], &[(&["KO"], "")]), ["received", "received"]);
        assert_eq!(run(&["CT", "DX"], &[(&["KO", "DX"], "")]), ["ordered", "received"]);
    }
}
