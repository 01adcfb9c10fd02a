//! How long queries take on 100,000 studies. Run by hand: `cargo test -p yigong-clinic --lib speed -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::patient::{self, Seen};
use yigong_base::testing::{Bench, sqlite};
use yigong_formats::dicom::{Tag, name, tag};

use super::super::{Level, Query, Search};
use crate::imaging::sql;

const STUDIES: usize = 100_000;
const FACILITIES: usize = 30;
const SURNAMES: &[char] = &[
    '王', '李', '张', '刘', '陈', '杨', '黄', '赵', '吴', '周', '徐', '孙', '马', '朱', '胡', '郭', '何',
    '林',
];

/// The `n`-th of a list, round and round.
fn nth(list: &str, n: usize) -> char {
    list.chars().nth(n % list.chars().count()).unwrap()
}

fn person(n: usize) -> String {
    let given = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英小东国华建文春秋冬雪";
    format!("{}{}{}", SURNAMES[n * n % SURNAMES.len()], nth(given, n / 7), nth(given, n / 211))
}

async fn filled() -> Bench {
    let bench = sqlite().await.unwrap();
    let (ctx, permit) = (&bench.ctx, Permit::system("test"));
    for f in 0..FACILITIES {
        let mut tx = ctx.db.begin(&permit).await.unwrap();
        tx.exec(
            "INSERT INTO facility (code, name, name_en, kind, created_at) VALUES ($1, $1, $1, 'clinic', 1)",
            args![format!("F{f:02}")],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }
    for batch in 0..STUDIES / 500 {
        let mut tx = ctx.db.begin(&permit).await.unwrap();
        for n in batch * 500..(batch + 1) * 500 {
            let (facility, name) = (format!("F{:02}", n % FACILITIES), person(n));
            let read = name::read(&name);
            let seen = Seen {
                local_id: format!("P{n}"),
                name: name.clone(),
                pinyin: read.pinyin,
                initials: read.initials,
                ..Seen::default()
            };
            let linked = patient::link(&mut tx, ctx, &facility, &seen).await.unwrap();
            let (date, no): (String, Option<String>) =
                (format!("20{:02}{:02}{:02}", 16 + n % 10, 1 + n % 12, 1 + n % 28), None);
            tx.exec(
                sql::NEW_STUDY,
                args![
                    ctx.id(),
                    format!("1.2.3.{n}"),
                    facility,
                    linked.id,
                    no,
                    "",
                    format!("A{n:010}"),
                    "",
                    "CT",
                    "CT",
                    "CHEST",
                    "胸部 CT 平扫",
                    date,
                    "083000",
                    "",
                    "",
                    1_i64,
                    json!({"patient_name": name}),
                    format!("P{n}")
                ],
            )
            .await
            .unwrap();
        }
        tx.commit().await.unwrap();
    }
    bench
}

async fn median(bench: &Bench, permit: &Permit, keys: &[(Tag, &str)], limit: usize) -> (Duration, usize) {
    let mut times = Vec::new();
    let mut rows = 0;
    for _ in 0..31 {
        let mut wanted = yigong_formats::dicom::attributes::Attributes::default();
        keys.iter().for_each(|(t, v)| {
            wanted.put(*t, *v);
        });
        let mut query = Query::new(Level::Study, wanted);
        query.first = limit;
        let began = Instant::now();
        let mut conn = bench.ctx.db.read(permit).await.unwrap();
        rows = Search::new(query).take(&mut conn, permit, 0, limit).await.unwrap().len();
        times.push(began.elapsed());
    }
    times.sort();
    (times[times.len() / 2], rows)
}

#[tokio::test]
#[ignore = "fills 100,000 studies; run by hand"]
async fn measure() {
    let bench = filled().await;
    let (county, clinic) = (Permit::system("test"), Permit::peer("AE", "F07"));
    let one = person(7);
    for (what, keys) in [
        ("study uid", vec![(tag::STUDY_UID, "1.2.3.7")]),
        ("accession", vec![(tag::ACCESSION, "A0000000007")]),
        ("patient id", vec![(tag::PATIENT_ID, "P7")]),
        ("whole name", vec![(tag::PATIENT_NAME, one.as_str())]),
        ("surname prefix", vec![(tag::PATIENT_NAME, "王*")]),
        ("inside of a name", vec![(tag::PATIENT_NAME, "*小东*")]),
        ("pinyin prefix", vec![(tag::PATIENT_NAME, "wangxiao*")]),
        ("inside of the pinyin", vec![(tag::PATIENT_NAME, "*gxiaod*")]),
        ("date page", vec![]),
        ("one month", vec![(tag::STUDY_DATE, "20250301-20250331")]),
        ("rare and old", vec![(tag::STUDY_DATE, "20160101-20160131"), (tag::MODALITIES_IN_STUDY, "CT")]),
    ] {
        for (who, permit) in [("county", &county), ("clinic", &clinic)] {
            let (time, rows) = median(&bench, permit, &keys, 50).await;
            eprintln!("{what:22} {who}: {rows:3} rows in {:.2} ms", time.as_secs_f64() * 1_000.0);
        }
    }
}
