//! Titles of the factory: the same one in several places, told apart by where it comes from.

use yigong_base::fault::Fault;

use super::*;
use crate::dimse::admission::look_up;
use yigong_formats::dicom::negotiate::Admission;

fn same_title(id: &str, facility: &str, addresses: &str) -> Peer {
    Peer {
        id: id.into(),
        kind: "dicom".into(),
        facility: facility.into(),
        name: id.into(),
        ae_title: Some("CR01".into()),
        app: None,
        app_facility: None,
        addresses: addresses.into(),
        port: Some(104),
        policy: serde_json::json!({}),
        enabled: true,
        last_seen_at: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_title_in_two_places() {
    let stand = stand().await;
    let (ctx, permit) = (&stand.bench.ctx, Permit::system("test"));
    let mut tx = ctx.db.begin(&permit).await.unwrap();
    let overlapping = same_title("p9", "C02", "127.0.0.0/8");
    let refused = peer::create(&mut tx, ctx, &permit, &overlapping).await;
    assert!(matches!(refused, Err(Fault::Conflict { ref code, .. }) if code == "ae_title"), "{refused:?}");
    peer::create(&mut tx, ctx, &permit, &same_title("p9", "C02", "10.2.0.0/16")).await.unwrap();
    tx.commit().await.unwrap();
    for (address, id) in [("127.0.0.1", "p1"), ("10.2.3.4", "p9")] {
        let (admission, peer) = look_up(&stand.centre, "CR01", address.parse().unwrap(), None).await.unwrap();
        assert!(matches!(admission, Admission::Admitted(_)), "{address}");
        assert_eq!(peer.unwrap().id, id, "{address}");
    }
    let (admission, _) = look_up(&stand.centre, "CR01", "10.3.0.1".parse().unwrap(), None).await.unwrap();
    assert!(matches!(admission, Admission::ForeignAddress));
    // Whoever is asked for by title is the one of the asking place; nobody is guessed.
    let mut conn = ctx.db.read(&permit).await.unwrap();
    assert_eq!(peer::find_ae(&mut conn, "CR01", "C02").await.unwrap().unwrap().id, "p9");
    assert!(peer::find_ae(&mut conn, "CR01", "LEAD").await.is_err());
    drop(conn);
    stand.end().await;
}
