//! Every correction and its undo, on both engines, seen through what goes out.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::access::right::Role;
use yigong_base::args;
use yigong_base::fault::Fault;
use yigong_base::patient::Seen;
use yigong_base::storage::Tx;
use yigong_base::testing::{Bench, engines};
use yigong_formats::dicom::overlay::{self, Change};
use yigong_formats::dicom::{Object, Tag, Vr, tag};

use super::super::query::Level;
use super::super::testing::{Shot, chest, device, person, send, send_bytes, settle, study};
use super::super::tests::ask;
use super::super::{egress, quarantine, retrieve, settle as settling};
use super::*;
use crate::{order, worklist};

mod after;
mod identity;
mod images;
mod note;
mod work;

fn registrar() -> Permit {
    person("reg", "C01", &[Role::Registrar])
}

async fn begin(bench: &Bench, permit: &Permit) -> Tx {
    bench.ctx.db.begin(permit).await.unwrap()
}

/// Name, id, accession and UIDs of an object as a receiver gets it.
async fn out(bench: &Bench, study_uid: &str, series_uid: &str, instance: &str) -> Option<[String; 4]> {
    let permit = Permit::peer("AEC01", "C01");
    let mut conn = bench.ctx.db.read(&permit).await.unwrap();
    let stored = retrieve::by_uid(&mut conn, &permit, study_uid, series_uid, instance).await.ok()?;
    drop(conn);
    let bytes = egress::bytes(&bench.ctx, &stored).await.unwrap();
    let object = Object::parse(&bytes, None).unwrap();
    let root = object.root();
    assert_eq!(root.text(tag::STUDY_UID), study_uid, "what is asked for is what comes");
    assert_eq!(root.text(tag::SERIES_UID), series_uid);
    assert_eq!(root.bytes(tag::PIXELS).map(<[u8]>::len), Some(16));
    let meta = retrieve::metadata(&bench.ctx, &stored, "/x".into()).await.unwrap();
    assert_eq!(meta["00100020"]["Value"][0].as_str().unwrap_or_default(), root.text(tag::PATIENT_ID));
    let t = |tag| root.text(tag);
    Some([t(tag::PATIENT_NAME), t(tag::PATIENT_ID), t(tag::ACCESSION), root.strings(tag::CHARSET).join("\\")])
}

async fn images(bench: &Bench, study: &str) -> i64 {
    let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
    conn.one(sql::STUDY, args![study, "*"]).await.unwrap();
    let rows = conn.all(sql::PARTS, args![study]).await.unwrap();
    rows.iter().filter(|r| r.flag("current").unwrap()).count() as i64
}

async fn work_state(bench: &Bench, study: &str) -> Option<String> {
    let mut tx = begin(bench, &Permit::system("test")).await;
    worklist::admit::of_subject(&mut tx, study, "write").await.unwrap().map(|i| i.state)
}

async fn open_entries(bench: &Bench) -> Vec<quarantine::Held> {
    let permit = registrar();
    let mut conn = bench.ctx.db.read(&permit).await.unwrap();
    quarantine::list(&mut conn, &permit, "open", "").await.unwrap()
}
