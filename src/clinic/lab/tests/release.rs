//! What is released is what its verifier has seen, and all of it.

use std::path::PathBuf;

use super::*;

/// A centre over the bench, and the folder of its keys.
fn centre_of(bench: &Bench) -> (crate::Centre, PathBuf) {
    let folder = std::env::temp_dir().join(format!("yigong-lab-{}", bench.ctx.id()));
    std::fs::create_dir_all(&folder).unwrap();
    (crate::Centre::open(bench.ctx.clone(), &folder).unwrap(), folder)
}

/// What has come since the page was loaded is not thrown away by who releases what it showed; and of two who release at once no
/// value is left out.
#[tokio::test]
async fn a_release_never_hides_what_its_verifier_has_not_seen() {
    for bench in testing::engines().await.unwrap() {
        let (centre, folder) = centre_of(&bench);
        let (one, two, engine) = (verifier("v1"), verifier("v2"), bench.engine);
        order_with(&bench, "B8", &["K", "NA"]).await;
        send(&bench, "i1", vec![run("B8", "K", "4.0", "mmol/L"), run("B8", "NA", "140", "mmol/L")]).await;
        let shown = lanes(&bench).await.specimens.remove(0);
        send(&bench, "i2", vec![run("B8", "K", "7.1", "mmol/L")]).await;
        let stale = verify::release(&centre, &one, &picks(&shown, &["K"]), "", false).await.unwrap();
        assert_eq!(stale.refused.first().map(|r| r.code), Some("changed"), "{engine}");
        let now = lanes(&bench).await.specimens.remove(0);
        let of_k: Vec<&str> =
            now.results.iter().filter(|r| r.code == "K").map(|r| r.value_raw.as_str()).collect();
        assert_eq!(of_k, ["4.0", "7.1"], "{engine}: both wait, one beside the other");

        // Two people, each with another row of the same specimen, as at the same moment.
        let seven: Vec<_> = now.results.iter().filter(|r| r.value_raw == "7.1").collect();
        let seven = [verify::Pick { id: seven[0].id.clone(), row_version: seven[0].row_version }];
        let sodium = picks(&now, &["NA"]);
        let both = tokio::join!(
            verify::release(&centre, &one, &seven, "", false),
            verify::release(&centre, &two, &sodium, "", false)
        );
        let (a, b) = (both.0.unwrap(), both.1.unwrap());
        // Whoever was refused does it again.
        for (outcome, who, which) in [(&a, &one, &seven[..]), (&b, &two, &sodium[..])] {
            if outcome.released == 0 {
                let again = verify::release(&centre, who, which, "", false).await.unwrap();
                assert_eq!(again.released, 1, "{engine}: {:?}", again.refused);
            }
        }
        let report = a.reports.iter().chain(&b.reports).next().unwrap().report.clone();
        let mut conn = bench.ctx.db.read(&one).await.unwrap();
        let content = crate::report::read::content(&mut conn, &report, 2).await.unwrap();
        let mut rows: Vec<_> = content.lab_rows.iter().map(|r| (r.code.as_str(), r.value.as_str())).collect();
        rows.sort_unstable();
        assert_eq!(rows, [("K", "7.1"), ("NA", "140")], "{engine}");
        drop(conn);
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// Who says whose tube it was does not also say that the value is right.
#[tokio::test]
async fn whoever_attached_a_result_does_not_verify_it() {
    for bench in testing::engines().await.unwrap() {
        let (centre, folder) = centre_of(&bench);
        let (one, two) = (verifier("v1"), verifier("v2"));
        order_with(&bench, "B9", &["NA"]).await;
        send(&bench, "i1", vec![run("B9x", "NA", "140", "mmol/L")]).await;
        let run = {
            let mut conn = bench.ctx.db.read(&one).await.unwrap();
            unmatched::list(&mut conn, &one).await.unwrap().remove(0).id
        };
        let mut tx = bench.ctx.db.begin(&one).await.unwrap();
        unmatched::attach(&mut tx, &bench.ctx, &one, &run, "B9", "label misread").await.unwrap();
        tx.commit().await.unwrap();
        let shown = lanes(&bench).await.specimens.remove(0);
        let own = verify::release(&centre, &one, &picks(&shown, &["NA"]), "", false).await.unwrap();
        assert_eq!(own.refused.first().map(|r| r.code), Some("own_value"), "{}", bench.engine);
        let other = verify::release(&centre, &two, &picks(&shown, &["NA"]), "", false).await.unwrap();
        assert_eq!(other.released, 1, "{}", bench.engine);
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// A doctor was told of 7.1 and the value was 4.1: he is told so, whether he had acted on it or not.
#[tokio::test]
async fn a_critical_value_that_is_corrected_rings_again_and_says_what_it_is() {
    for bench in testing::engines().await.unwrap() {
        let (centre, folder) = centre_of(&bench);
        let (one, two) = (verifier("v1"), verifier("v2"));
        order_with(&bench, "B10", &["K"]).await;
        send(&bench, "i1", vec![run("B10", "K", "7.1", "mmol/L")]).await;
        let shown = lanes(&bench).await.specimens.remove(0);
        let k = shown.results[0].id.clone();
        assert_eq!(
            verify::release(&centre, &one, &picks(&shown, &["K"]), "", false).await.unwrap().released,
            1
        );
        let mut tx = bench.ctx.db.begin(&one).await.unwrap();
        tx.exec("UPDATE critical_alert SET state = 'closed', acked_by = 'd', closed_at = 1", args![])
            .await
            .unwrap();
        correct::correct(&mut tx, &bench.ctx, &one, &k, "4.1", "haemolysed").await.unwrap();
        tx.commit().await.unwrap();
        let shown = lanes(&bench).await.specimens.remove(0);
        verify::release(&centre, &two, &picks(&shown, &["K"]), "", false).await.unwrap();
        let mut conn = bench.ctx.db.read(&one).await.unwrap();
        let rows = conn.all("SELECT state, acked_by, finding FROM critical_alert", args![]).await.unwrap();
        let [alert] = rows.as_slice() else { panic!("one alert on {}", bench.engine) };
        assert_eq!(
            (alert.text("state").unwrap().as_str(), alert.text("acked_by").unwrap().as_str()),
            ("raised", "")
        );
        let said =
            conn.one("SELECT detail FROM critical_event WHERE action = 'corrected'", args![]).await.unwrap();
        assert!(said.text("detail").unwrap().contains("现为 4.1 mmol/L"), "{}", bench.engine);
        drop(conn);
        // The correction was the mistake: the value that had rung rings again.
        let again = verify_again(&bench, &centre, &shown, (&one, &two), "7.1").await;
        assert_eq!(again, 2, "{}: an alert of its own", bench.engine);
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// Corrects the one published value of a specimen and releases it; answers how many alerts there are.
async fn verify_again(
    bench: &Bench,
    centre: &crate::Centre,
    shown: &queue::LabSpecimen,
    (one, two): (&Permit, &Permit),
    value: &str,
) -> i64 {
    let published =
        shown.results.iter().find(|r| r.code == "K" && r.state != "published").unwrap().id.clone();
    let mut tx = bench.ctx.db.begin(one).await.unwrap();
    correct::correct(&mut tx, &bench.ctx, one, &published, value, "the first was right").await.unwrap();
    tx.commit().await.unwrap();
    let now = lanes(bench).await.specimens.remove(0);
    assert_eq!(verify::release(centre, two, &picks(&now, &["K"]), "", false).await.unwrap().released, 1);
    let mut conn = bench.ctx.db.read(one).await.unwrap();
    conn.one("SELECT COUNT(*) AS n FROM critical_alert", args![]).await.unwrap().int("n").unwrap()
}
