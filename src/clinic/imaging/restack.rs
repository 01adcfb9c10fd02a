//! Stack documents of an earlier version, written anew from their objects when somebody opens the series.

use serde_json::Value;
use yigong_base::Ctx;
use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::fault::{Fault, Result};
use yigong_formats::dicom::{FileSource, header};

use super::open::blocking;
use super::{sql, stack};

/// Renews what is outdated in a series; how many documents were. Derived from the object alone, so doing it twice is harmless.
///
/// # Errors
/// Storage faults of the database. An object that cannot be read keeps its document.
pub(super) async fn renew(ctx: &Ctx, series: &str) -> Result<usize> {
    let permit = Permit::system("stack");
    let mut old = Vec::new();
    for row in ctx.db.read(&permit).await?.all(sql::STACKS, args![series]).await? {
        if !stack::is_current(&row.json::<Value>("stack")?) {
            let (id, object) = (row.text("id")?, row.text("object_hash")?);
            let path = ctx.blobs.path(&object)?;
            old.push((id, path));
        }
    }
    let made = blocking(move || Ok(old.into_iter().filter_map(|(id, path)| made(id, &path)).collect())).await;
    let made: Vec<(String, Value)> = made?;
    let mut tx = ctx.db.begin(&permit).await?;
    for (id, document) in &made {
        tx.exec(sql::RENEW_STACK, args![id, document.clone()]).await?;
    }
    tx.commit().await?;
    tracing::info!(series, documents = made.len(), "stack documents renewed");
    Ok(made.len())
}

fn made(id: String, path: &std::path::Path) -> Option<(String, Value)> {
    let read = || -> Result<Value> {
        let io = |e: &std::io::Error| Fault::io("read object header", e);
        let file = std::fs::File::open(path).map_err(|e| io(&e))?;
        let length = file.metadata().map_err(|e| io(&e))?.len();
        let found = header(&mut FileSource::new(file, length), None);
        let found = found.map_err(|r| Fault::invalid(r.slug, r.detail))?;
        Ok(stack::document(&id, &found))
    };
    match read() {
        // An index without frames never replaces one that has some.
        Ok(document) if stack::is_current(&document) && document.get("id").is_some() => Some((id, document)),
        Ok(_) => None,
        Err(why) => {
            tracing::warn!(instance = %id, %why, "stack document stays outdated");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use yigong_base::testing::engines;

    use super::super::detail;
    use super::super::testing::{Shot, device, person, send, study};
    use super::*;

    #[tokio::test]
    async fn a_document_of_an_earlier_version_is_renewed_when_its_series_is_opened() {
        for bench in engines().await.unwrap() {
            let (ctx, peer) = (&bench.ctx, device(&bench, "C01").await);
            send(&bench, &peer, &Shot::default()).await.unwrap();
            let study = study(&bench, "C01", "1.2.3").await;
            let permit = Permit::system("test");
            let series = {
                let mut conn = ctx.db.read(&permit).await.unwrap();
                detail::study(&mut conn, ctx, &permit, &study).await.unwrap().series[0].id.clone()
            };
            let fresh = detail::renewed_stack(ctx, &permit, &series).await.unwrap().instances;
            assert_eq!((&fresh[0]["v"], &fresh[0]["rendered_for"]), (&json!(stack::VERSION), &json!([])));

            let mut old = fresh[0].clone();
            let id = old["id"].as_str().unwrap().to_owned();
            for key in ["v", "rendered_for"] {
                old.as_object_mut().unwrap().remove(key);
            }
            let mut tx = ctx.db.begin(&permit).await.unwrap();
            tx.exec(sql::RENEW_STACK, args![&id, old]).await.unwrap();
            tx.commit().await.unwrap();
            // nobody without the right to the series makes the server read its files
            let stranger = person("x", "C02", &[]);
            assert!(detail::renewed_stack(ctx, &stranger, &series).await.is_err());
            assert_eq!(detail::renewed_stack(ctx, &permit, &series).await.unwrap().instances, fresh);
            assert_eq!(renew(ctx, &series).await.unwrap(), 0, "nothing is left to do");
        }
    }

    #[tokio::test]
    async fn a_document_whose_object_is_gone_stays_and_says_nothing() {
        let bench = &engines().await.unwrap()[0];
        let (ctx, permit) = (&bench.ctx, Permit::system("test"));
        let peer = device(bench, "C01").await;
        send(bench, &peer, &Shot::default()).await.unwrap();
        let mut conn = ctx.db.read(&permit).await.unwrap();
        let study = study(bench, "C01", "1.2.3").await;
        let series = detail::study(&mut conn, ctx, &permit, &study).await.unwrap().series[0].id.clone();
        let row = conn.all(sql::STACKS, args![&series]).await.unwrap().remove(0);
        drop(conn);
        let mut tx = ctx.db.begin(&permit).await.unwrap();
        tx.exec(sql::RENEW_STACK, args![row.text("id").unwrap(), json!({"id": "i", "rows": 4})])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        std::fs::remove_file(ctx.blobs.path(&row.text("object_hash").unwrap()).unwrap()).unwrap();
        let held = detail::renewed_stack(ctx, &permit, &series).await.unwrap().instances;
        let made_by = yigong_base::codec::MADE_BY;
        assert_eq!(held, [json!({"id": "i", "rows": 4, "made_by": made_by})]);
    }
}
