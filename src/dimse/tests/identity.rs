//! User identity on an association: accounts, names of the peer's policy, refusals, and the counting of wrong ones.

use dicom_ul::pdu::{UserIdentity, UserIdentityType};
use yigong_base::access::account::{NewAccount, create};
use yigong_base::access::password::{self, Cost};

use super::*;

fn with_identity(kind: UserIdentityType, name: &str, secret: &str) -> Vec<u8> {
    let Ok(mut rq) = yigong_formats::dicom::negotiate::read_request(&request("CR01")[6..]) else {
        panic!("readable")
    };
    let said = UserIdentity::new(true, kind, name.into(), secret.into());
    rq.user_variables.push(UserVariableItem::UserIdentityItem(said));
    let mut bytes = Vec::new();
    write_pdu(&mut bytes, &Pdu::AssociationRQ(rq)).unwrap();
    bytes
}

/// Type of the answering PDU and its body.
async fn asked(stand: &Stand, bytes: &[u8]) -> (u8, Vec<u8>) {
    let mut stream = TcpStream::connect(stand.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    pdu(&mut stream).await
}

async fn set_policy(stand: &Stand, policy: serde_json::Value) {
    let (ctx, permit) = (&stand.bench.ctx, Permit::system("test"));
    let mut tx = ctx.db.begin(&permit).await.unwrap();
    let mut peer = peer::find(&mut tx, "p1").await.unwrap();
    peer.policy = policy;
    peer::update(&mut tx, ctx, &permit, &peer).await.unwrap();
    tx.commit().await.unwrap();
}

fn is_positive(answer: &(u8, Vec<u8>)) -> bool {
    answer.0 == 2 && answer.1.ends_with(&[0x59, 0, 0, 2, 0, 0])
}

const REFUSED: [u8; 4] = [0, 1, 1, 1];

#[tokio::test(flavor = "multi_thread")]
async fn a_right_password_is_answered_and_a_wrong_one_refused() {
    let stand = stand().await;
    let ctx = &stand.bench.ctx;
    let hash = password::hash("secret", ctx.ids.secret_bytes(), Cost::Demo).await.unwrap();
    set_policy(&stand, serde_json::json!({"users": {"bob": hash}})).await;
    for (login, facility) in [("li", "C01"), ("lead", "LEAD"), ("far", "C02")] {
        let new = NewAccount {
            login: login.into(),
            name: login.into(),
            name_en: String::new(),
            facility: facility.into(),
            grants: Vec::new(),
            must_change: false,
        };
        create(ctx, &Permit::system("test"), &new, "pass-word", Cost::Demo).await.unwrap();
    }
    let password = |name, secret| with_identity(UserIdentityType::UsernamePassword, name, secret);
    for (name, secret) in [("bob", "secret"), ("li", "pass-word"), ("lead", "pass-word")] {
        assert!(is_positive(&asked(&stand, &password(name, secret)).await), "{name}");
    }
    assert!(is_positive(&asked(&stand, &with_identity(UserIdentityType::Username, "bob", "")).await));
    assert_eq!(
        asked(&stand, &with_identity(UserIdentityType::Username, "eve", "")).await,
        (3, REFUSED.into())
    );
    for (name, secret) in
        [("bob", "Secret"), ("li", "wrong-one"), ("far", "pass-word"), ("nobody", "pass-word")]
    {
        assert_eq!(asked(&stand, &password(name, secret)).await, (3, REFUSED.into()), "{name}");
    }
    // the fifth wrong one within a minute: from now on not even a right one is looked at
    assert_eq!(asked(&stand, &password("bob", "x")).await, (3, REFUSED.into()));
    assert_eq!(asked(&stand, &password("bob", "secret")).await, (3, REFUSED.into()));
    // one who shows nothing is not concerned
    assert_eq!(asked(&stand, &request("CR01")).await.0, 2);
    stand.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_may_have_to_show_one() {
    let stand = stand().await;
    set_policy(&stand, serde_json::json!({"user_identity": "required"})).await;
    assert_eq!(asked(&stand, &request("CR01")).await, (3, REFUSED.into()));
    let name = with_identity(UserIdentityType::Username, "bob", "");
    assert_eq!(asked(&stand, &name).await, (3, REFUSED.into()));
    // a ticket is not looked at, so it is no identity
    let saml = with_identity(UserIdentityType::SamlAssertion, "<x/>", "");
    assert_eq!(asked(&stand, &saml).await, (3, REFUSED.into()));
    stand.end().await;
}
