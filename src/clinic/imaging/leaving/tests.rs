//! What leaves, and what stays with which reason, on both engines.

use yigong_base::access::right::Role;
use yigong_base::testing::{Bench, engines};
use yigong_formats::dicom::{Object, SliceSource, head, tag};

use super::super::testing::{Shot, device, person, send, settle, study};
use super::super::{egress, reconcile};
use super::*;

/// The data set as a peer gets it, and the stored one.
async fn sent(bench: &Bench, stored: &Stored) -> (Vec<u8>, Vec<u8>) {
    let file = bench.ctx.blobs.read(&stored.object).await.unwrap();
    let start = head::read(&mut SliceSource(&file), None, &mut Default::default()).unwrap().dataset;
    let mut outgoing = egress::open(&bench.ctx, stored).await.unwrap();
    let length = outgoing.skip_head();
    let mut all = Vec::new();
    while let Some(mut part) = outgoing.next(100).await.unwrap() {
        all.append(&mut part);
    }
    assert_eq!(all.len() as u64, length);
    (all, file[usize::try_from(start).unwrap()..].to_vec())
}

#[tokio::test]
async fn the_data_set_alone_leaves_as_stored_or_corrected() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, device(&bench, "C01").await);
        let id = send(&bench, &peer, &Shot::default()).await.unwrap().instance;
        let clinic = peer.permit();
        let (out, stored) = sent(&bench, &instance(ctx, &clinic, &id).await.unwrap()).await;
        assert_eq!(out, stored, "byte for byte");

        let registrar = person("reg", "C01", &[Role::Registrar]);
        let study = study(&bench, "C01", "1.2.3").await;
        settle(&bench, &study).await;
        let someone = yigong_base::patient::Seen {
            local_id: "AF-1".into(),
            name: "欧阳䶮".into(),
            ..yigong_base::patient::Seen::default()
        };
        let mut tx = ctx.db.begin(&registrar).await.unwrap();
        let who = reconcile::Person::New(someone);
        reconcile::assign(&mut tx, ctx, &registrar, &study, &who, "called the clinic").await.unwrap();
        tx.commit().await.unwrap();
        let (out, stored) = sent(&bench, &instance(ctx, &clinic, &id).await.unwrap()).await;
        assert_ne!(out, stored);
        let object = Object::parse(&out, Some("1.2.840.10008.1.2.1")).unwrap();
        assert_eq!(object.root().text(tag::PATIENT_NAME), "OUYANGYAN=欧阳䶮");
        assert_eq!(object.root().text(tag::PATIENT_ID), "AF-1");
        assert_eq!(object.root().bytes(tag::PIXELS), Some([7; 16].as_slice()));
    }
}

#[tokio::test]
async fn what_stays_says_why() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, device(&bench, "C01").await);
        let (clinic, registrar) = (peer.permit(), person("reg", "C01", &[Role::Registrar]));
        let mut ids = Vec::new();
        for (instance, pixel) in [("1.2.3.4.5", 7), ("1.2.3.4.6", 8), ("1.2.3.4.7", 9), ("1.2.3.4.5", 10)] {
            let shot = Shot { instance, pixel, ..Shot::default() };
            ids.push(send(&bench, &peer, &shot).await.unwrap().instance);
        }
        let [first, second, third, version] = ids.as_slice() else { panic!("four") };
        let why = async |id: &str| match instance(ctx, &clinic, id).await {
            Ok(_) => String::new(),
            Err(fault) => format!("{}: {fault}", fault.code()),
        };
        assert_eq!(why(first).await, "");
        assert_eq!(why(version).await, "not_current: another version has taken its place");
        let far = instance(ctx, &Permit::peer("AEC02", "C02"), first).await;
        assert!(matches!(far, Err(Fault::NotFound { .. })));

        let study = study(&bench, "C01", "1.2.3").await;
        let mut tx = ctx.db.begin(&registrar).await.unwrap();
        let gone = std::slice::from_ref(first);
        reconcile::hide(&mut tx, ctx, &registrar, &study, gone, "113037", "motion").await.unwrap();
        tx.exec("UPDATE instance SET erased_at = 1 WHERE id = $1", args![version]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(why(first).await, "not_current: rejected (113037)");
        assert_eq!(why(version).await, "erased: the retention policy has given its bytes up");

        let stored = instance(ctx, &clinic, second).await.unwrap();
        let path = ctx.blobs.path(&stored.object).unwrap();
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 2]).unwrap();
        assert_eq!(why(second).await, "damaged: its stored bytes are damaged (length)");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(why(second).await, "damaged: its stored bytes are damaged (missing)");
        std::fs::write(&path, &whole).unwrap();
        assert_eq!(why(second).await, "");

        let object = instance(ctx, &clinic, third).await.unwrap().object;
        let mut tx = ctx.db.begin(&registrar).await.unwrap();
        let mark = "INSERT INTO damaged_object (address, kind, found_at) VALUES ($1, 'hash', 1)";
        tx.exec(mark, args![&object]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(why(third).await, "damaged: its stored bytes are damaged (hash)");
    }
}
