//! TLS between our own two sides: who is let in, and whom we call.

use std::path::{Path, PathBuf};

use yigong_base::config::DicomConfig;

use yigong_clinic::delivery::carrier::{Carrier, Outcome, Parcel};

use super::*;
use crate::dimse::DicomCarrier;
use crate::dimse::authority::{self, Issued, Pair, Subject};
use crate::dimse::{scu, tls};

struct Files {
    folder: PathBuf,
    authority: Pair,
}

impl Files {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("yigong-tls-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let authority = authority::make(name, now()).unwrap();
        std::fs::write(folder.join("ca.pem"), &authority.certificate).unwrap();
        Self { folder, authority }
    }

    /// Certificate and key for a name, and a configuration that shows them.
    fn own(&self, name: &str) -> (Issued, DicomConfig) {
        let subject = Subject { name: name.into(), hosts: Vec::new(), server: true };
        let made = authority::issue(&self.authority, &subject, now(), 30).unwrap();
        let file = |ending: &str| self.folder.join(format!("{name}.{ending}"));
        std::fs::write(file("pem"), &made.pair.certificate).unwrap();
        std::fs::write(file("key"), &made.pair.key).unwrap();
        let text = |path: &Path| path.display().to_string();
        let config = DicomConfig {
            tls_certificate: text(&file("pem")),
            tls_key: text(&file("key")),
            tls_ca: text(&self.folder.join("ca.pem")),
            ..DicomConfig::default()
        };
        (made, config)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The real time: certificates are checked against it.
fn now() -> i64 {
    use yigong_base::clock::{Clock, SystemClock};
    SystemClock::new().now()
}

async fn set_policy(stand: &Stand, policy: serde_json::Value) {
    let (ctx, permit) = (&stand.bench.ctx, Permit::system("test"));
    let mut tx = ctx.db.begin(&permit).await.unwrap();
    let mut row = peer::find(&mut tx, "p1").await.unwrap();
    row.policy = policy;
    peer::update(&mut tx, ctx, &permit, &row).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_is_the_peers_or_nobodys() {
    let files = Files::new("county");
    let (server, server_config) = files.own("server");
    let (clinic, clinic_config) = files.own("CR01");
    let (_, other_config) = files.own("CR02");
    let stand = stand_with(Some(tls::door(&server_config).unwrap())).await;
    let by = |config: &DicomConfig, hash: &str| Target {
        address: stand.tls_address.unwrap().to_string(),
        tls: Some(tls::call(config, vec![hash.to_owned()]).unwrap()),
        ..stand.target("CR01")
    };
    let listed = serde_json::json!({"tls": "required", "certificates": [{"sha256": clinic.sha256}]});
    set_policy(&stand, listed.clone()).await;
    scu::echo(&by(&clinic_config, &server.sha256)).await.unwrap();
    let plain = scu::echo(&stand.target("CR01")).await.unwrap_err();
    assert!(plain.what.contains("no reason given"), "{plain}");
    let borrowed = scu::echo(&by(&other_config, &server.sha256)).await.unwrap_err();
    assert!(borrowed.what.contains("no reason given"), "{borrowed}");
    // we do not speak to a server whose certificate is not the one we know
    let strange = scu::echo(&by(&clinic_config, &clinic.sha256)).await.unwrap_err();
    assert!(strange.what.starts_with("tls:"), "{strange}");
    // nor does the door open for another authority's certificate
    let elsewhere = Files::new("elsewhere");
    let (_, mut foreign) = elsewhere.own("CR01");
    foreign.tls_ca = clinic_config.tls_ca.clone();
    assert!(scu::echo(&by(&foreign, &server.sha256)).await.is_err());
    // revoked: the next association is refused
    set_policy(&stand, serde_json::json!({"certificates": []})).await;
    assert!(scu::echo(&by(&clinic_config, &server.sha256)).await.is_err());
    scu::echo(&stand.target("CR01")).await.unwrap();
    stand.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_bytes_on_the_tls_port_are_closed() {
    let files = Files::new("plain");
    let (_, config) = files.own("server");
    let stand = stand_with(Some(tls::door(&config).unwrap())).await;
    let mut stream = TcpStream::connect(stand.tls_address.unwrap()).await.unwrap();
    stream.write_all(&request("CR01")).await.unwrap();
    let mut heard = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut heard);
    tokio::time::timeout(SOON, read).await.expect("closed").expect("not reset");
    assert_eq!(heard.first(), Some(&0x15), "an alert record");
    let wrong = DicomConfig { tls_key: config.tls_ca.clone(), ..config };
    assert!(tls::door(&wrong).is_err_and(|fault| fault.to_string().contains("dicom.tls_key")));
    stand.end().await;
}

/// A report for the archive of this title, at the stand's plain door.
fn parcel(stand: &Stand, title: &str) -> Parcel {
    Parcel {
        delivery: "d1".into(),
        destination: "to1".into(),
        address: format!("{title}@{}", stand.address),
        settings: serde_json::json!({}),
        report: "r1".into(),
        n: 1,
        content: String::new(),
        pdf_object: String::new(),
        control_id: "1".into(),
        body: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_must_come_by_tls_is_never_called_plainly() {
    let stand = stand().await;
    let (ctx, permit) = (&stand.bench.ctx, Permit::system("test"));
    let row = || async {
        let mut row = peer::find(&mut ctx.db.read(&permit).await.unwrap(), "p1").await.unwrap();
        row.port = Some(104);
        row
    };
    let title = row().await.ae_title.unwrap();
    let carrier = DicomCarrier::new(ctx.clone());
    // this platform has no certificate: that is said, and nothing goes out
    for policy in [serde_json::json!({"tls": "required"}), serde_json::json!({"call_tls": true})] {
        set_policy(&stand, policy.clone()).await;
        let refused = Target::of(ctx, &row().await).unwrap_err().to_string();
        assert!(refused.contains("dicom.tls_"), "{policy}: {refused}");
        let Outcome::Retry { why } = carrier.deliver(&parcel(&stand, &title)).await.outcome else {
            panic!("{policy}: tried again later")
        };
        assert!(why.contains("dicom.tls_"), "{policy}: {why}");
    }
    // the register may say otherwise, and says nothing of strangers: here the parcel itself is what fails
    for (title, policy) in [
        (title.as_str(), serde_json::json!({"tls": "required", "call_tls": false})),
        ("STRANGER", serde_json::json!({"tls": "required"})),
    ] {
        set_policy(&stand, policy).await;
        let Outcome::Parked { why } = carrier.deliver(&parcel(&stand, title)).await.outcome else {
            panic!("{title}: needs a person")
        };
        assert!(why.starts_with("content:"), "{title}: {why}");
    }
    set_policy(&stand, serde_json::json!({"tls": "required", "call_tls": false})).await;
    assert!(Target::of(ctx, &row().await).unwrap().tls.is_none());
    stand.end().await;
}
