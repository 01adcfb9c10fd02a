//! What a physician measures, and what is in doubt: further rows beside those of recorder and server.

use serde_json::Value;
use yigong_base::fault::Fault;
use yigong_base::testing::{Bench, engines};
use yigong_formats::ecg;
use yigong_sample_data::ecg::Rhythm;

use super::super::{Asked, physician, sql, values};
use super::files::{aecg, hand_in, reader, shown, technician};

#[tokio::test]
async fn a_physicians_marks_are_further_rows_and_an_old_tag_writes_nothing() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let file = aecg("p1", 1, Rhythm::Sinus, "A-1");
        let record = hand_in(&bench, &file, &Asked::default()).await.record().unwrap().to_owned();
        let before = shown(&bench, &record).await;
        let hand: physician::Hand = serde_json::from_str(
            r#"{"marks": {"p_on": 300, "p_off": 400, "qrs_on": 480, "qrs_off": 600, "t_off": 900}, "values": [{"what": "hr", "number": 60}]}"#,
        )
        .unwrap();
        let tag = before["etag"].as_str().unwrap().to_owned();
        let mut tx = ctx.db.begin(&reader()).await.unwrap();
        physician::measure(&mut tx, ctx, &reader(), &record, &tag, &hand).await.unwrap();
        tx.commit().await.unwrap();
        let d = shown(&bench, &record).await;
        let of =
            |what: &str| d["values"].as_array().unwrap().iter().find(|v| v["what"] == what).unwrap().clone();
        for (what, number) in [("pr", 180.0), ("qrs", 120.0), ("qt", 420.0), ("qtcb", 420.0), ("qtcf", 420.0)]
        {
            assert_eq!(of(what)["physician"], number, "{what}");
        }
        let was = before["values"].as_array().unwrap().iter().find(|v| v["what"] == "pr").unwrap();
        assert_eq!((&of("pr")["server"], &of("pr")["vendor"]), (&was["server"], &was["vendor"]));
        assert_eq!(d["physician_marks"]["qrs_on"], 480.0);
        let mut tx = ctx.db.begin(&reader()).await.unwrap();
        let fault = physician::measure(&mut tx, ctx, &reader(), &record, &tag, &hand).await.unwrap_err();
        assert!(matches!(fault, Fault::Stale { .. }), "{fault:?}");
        let now = d["etag"].as_str().unwrap();
        let wrong: physician::Hand =
            serde_json::from_str(r#"{"marks": {"qrs_on": 500, "qrs_off": 400}}"#).unwrap();
        let fault = physician::measure(&mut tx, ctx, &reader(), &record, now, &wrong).await.unwrap_err();
        assert!(matches!(fault, Fault::Invalid { .. }), "{fault:?}");
        let fault = physician::measure(&mut tx, ctx, &technician(), &record, now, &hand).await.unwrap_err();
        assert!(matches!(fault, Fault::Denied { .. }), "{fault:?}");
    }
}

async fn measured(bench: &Bench, record: &str, hand: &str) -> Value {
    let hand: physician::Hand = serde_json::from_str(hand).unwrap();
    let tag = shown(bench, record).await["etag"].as_str().unwrap().to_owned();
    bench.clock.advance(1);
    let mut tx = bench.ctx.db.begin(&reader()).await.unwrap();
    physician::measure(&mut tx, &bench.ctx, &reader(), record, &tag, &hand).await.unwrap();
    tx.commit().await.unwrap();
    shown(bench, record).await["values"].clone()
}

fn of<'a>(values: &'a Value, what: &str) -> &'a Value {
    values.as_array().unwrap().iter().find(|v| v["what"] == what).unwrap()
}

#[tokio::test]
async fn qtc_follows_the_physicians_rate_and_qt_whichever_was_given() {
    for bench in engines().await.unwrap() {
        let file = aecg("q1", 1, Rhythm::Sinus, "A-1");
        let record = hand_in(&bench, &file, &Asked::default()).await.record().unwrap().to_owned();
        let qt = of(&shown(&bench, &record).await["values"], "qt")["server"].as_f64().unwrap();
        // The rate alone: with the QT that stands there.
        let v = measured(&bench, &record, r#"{"values": [{"what": "hr", "number": 150}]}"#).await;
        let [(_, bazett), (_, fridericia), ..] = physician::corrected(qt, 150.0);
        assert_eq!(of(&v, "qtcb")["physician"], bazett.round());
        assert_eq!(of(&v, "qtcf")["physician"], fridericia.round());
        assert_eq!(of(&v, "hr")["physician"], 150.0);
        assert_eq!(of(&v, "qt")["physician"], Value::Null);
        // The QT alone: with the physician's own rate of before.
        let v = measured(&bench, &record, r#"{"values": [{"what": "qt", "number": 300}]}"#).await;
        let [(_, bazett), ..] = physician::corrected(300.0, 150.0);
        assert_eq!(of(&v, "qtcb")["physician"], bazett.round());
        // No QT can be measured: no QTc either, whatever the server says.
        let v = measured(&bench, &record, r#"{"values": [{"what": "qt", "number": null}]}"#).await;
        let mut conn = bench.ctx.db.read(&reader()).await.unwrap();
        let sides = values::sides(&mut conn, &record).await.unwrap();
        let qtc = sides.iter().find(|s| s.what == "qtcf").unwrap();
        assert_eq!((qtc.physician, qtc.best()), (Some(None), None));
        assert_eq!(of(&v, "qtcf")["physician"], Value::Null);
    }
}

#[tokio::test]
async fn a_doubtful_value_is_stored_and_shown_as_one() {
    for bench in engines().await.unwrap() {
        let file = aecg("d1", 1, Rhythm::Sinus, "A-1");
        let record = hand_in(&bench, &file, &Asked::default()).await.record().unwrap().to_owned();
        // The measurement says of each value whether it is in doubt; stored is exactly that.
        let document = ecg::decode::decode(&file, &ecg::Limits::default()).unwrap();
        let said = ecg::analyse(&document, "").measured.doubtful;
        let d = shown(&bench, &record).await;
        for v in d["values"].as_array().unwrap() {
            let what = v["what"].as_str().unwrap();
            let expected = said.contains(&what) && v["server"].is_number();
            assert_eq!(v["doubtful"].as_bool().unwrap(), expected, "{what}");
        }
        // Later rows, in doubt where the server says so: never the recorder's.
        let ctx = &bench.ctx;
        let qt = |source| ecg::Value { what: "qt".into(), number: Some(400.0), unit: "ms", source };
        let new = [qt(ecg::Source::Server), qt(ecg::Source::Vendor)];
        bench.clock.advance(1);
        let mut tx = ctx.db.begin(&reader()).await.unwrap();
        values::add(&mut tx, ctx, &record, "", new.into_iter(), &["qt"]).await.unwrap();
        tx.commit().await.unwrap();
        let d = shown(&bench, &record).await;
        assert_eq!(of(&d["values"], "qt")["doubtful"], true);
        let rows = d["measurements"].as_array().unwrap();
        assert!(rows.iter().any(|m| m["what"] == "qt" && m["doubtful"] == true));
        let mut conn = ctx.db.read(&reader()).await.unwrap();
        let rows = conn.all(sql::VALUES, yigong_base::args![&record]).await.unwrap();
        let vendor: Vec<_> = rows.iter().filter(|r| r.text("source").unwrap() == "vendor").collect();
        assert!(!vendor.is_empty() && vendor.iter().all(|r| !r.flag("doubtful").unwrap()));
        // What is frozen in a report carries it too.
        let frozen = crate::report::gather::values(&mut conn, &record).await.unwrap();
        let qt = frozen.iter().find(|m| m.what == "qt" && m.source == "server").unwrap();
        assert_eq!(qt.shown(), "400?");
    }
}
