//! Associations in process: our own caller, a scripted peer that writes PDUs by hand, hostile bytes.

use std::net::SocketAddr;
use std::time::Duration;

use dicom_ul::pdu::{AssociationRQ, Pdu, PresentationContextProposed, UserVariableItem, write_pdu};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::site::peer::{self, Peer};
use yigong_base::testing::{Bench, sqlite};
use yigong_clinic::Centre;
use yigong_formats::dicom::build::{DataSet, TextSet, part10};
use yigong_formats::dicom::command::{Command, Response, StoreRequest};
use yigong_formats::dicom::negotiate::APPLICATION_CONTEXT;
use yigong_formats::dicom::uid;

use super::listener::{self, Doors};
use super::reports::Reports;
use super::scu::Target;
use super::tls::TlsDoor;
use super::wire::{DATA, Incoming, Pdvs};

mod hostile;
mod identity;
mod leaving;
mod normalised;
mod query;
mod retrieving;
mod service;
mod titles;
mod tls;

const CR: &str = "1.2.840.10008.5.1.4.1.1.1";
const SOON: Duration = Duration::from_secs(20);

struct Stand {
    bench: Bench,
    address: SocketAddr,
    tls_address: Option<SocketAddr>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
    centre: Centre,
    reports: Reports,
}

async fn stand() -> Stand {
    stand_with(None).await
}

/// A stand whose second door is open too.
async fn stand_with(door: Option<TlsDoor>) -> Stand {
    let bench = sqlite().await.unwrap();
    let folder = std::env::temp_dir().join(format!("yigong-dimse-{}", bench.ctx.id()));
    std::fs::create_dir_all(&folder).unwrap();
    let centre = Centre::open(bench.ctx.clone(), &folder).unwrap();
    let kept = centre.clone();
    let permit = Permit::system("test");
    let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
    for (id, ae, addresses) in
        [("p1", "CR01", "127.0.0.1"), ("p2", "FAR", "10.9.9.9"), ("p3", "MUTE", "127.0.0.1")]
    {
        let p = Peer {
            id: id.into(),
            kind: "dicom".into(),
            facility: "C01".into(),
            name: ae.into(),
            ae_title: Some(ae.into()),
            app: None,
            app_facility: None,
            addresses: addresses.into(),
            port: None,
            policy: serde_json::json!({"store": ae != "MUTE"}),
            enabled: true,
            last_seen_at: None,
        };
        peer::create(&mut tx, &bench.ctx, &permit, &p).await.unwrap();
    }
    tx.commit().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tls_address = None;
    let mut tls = None;
    if let Some(door) = door {
        let second = TcpListener::bind("127.0.0.1:0").await.unwrap();
        tls_address = Some(second.local_addr().unwrap());
        tls = Some((second, door));
    }
    let (stop, reports) = (CancellationToken::new(), Reports::default());
    let task =
        tokio::spawn(listener::run(centre, Doors { plain: listener, tls }, reports.clone(), stop.clone()));
    Stand { bench, address, tls_address, stop, task, centre: kept, reports }
}

impl Stand {
    fn target(&self, calling: &str) -> Target {
        Target {
            address: self.address.to_string(),
            calling_ae: calling.into(),
            called_ae: "YIGONG".into(),
            ..Target::default()
        }
    }

    async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(SOON, self.task).await.unwrap().unwrap();
    }

    async fn count(&self, table: &'static str) -> i64 {
        let mut read = self.bench.ctx.db.read(&Permit::system("test")).await.unwrap();
        let statement = match table {
            "instance" => "SELECT COUNT(*) AS n FROM instance",
            _ => "SELECT COUNT(*) AS n FROM audit WHERE action = 'peer.foreign_address'",
        };
        read.one(statement, args![]).await.unwrap().int("n").unwrap()
    }

    /// An association spoken by hand: one CR context, Explicit LE.
    async fn scripted(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(&request("CR01")).await.unwrap();
        let answer = pdu(&mut stream).await;
        assert_eq!(answer.0, 2);
        stream
    }
}

/// Both sides of an association that was asked for by hand and accepted.
async fn accepted(stand: &Stand, rq: AssociationRQ) -> (Incoming<OwnedReadHalf>, OwnedWriteHalf) {
    let mut bytes = Vec::new();
    write_pdu(&mut bytes, &Pdu::AssociationRQ(rq)).unwrap();
    let (read, mut out) = TcpStream::connect(stand.address).await.unwrap().into_split();
    out.write_all(&bytes).await.unwrap();
    let mut incoming = Incoming::new(read);
    assert_eq!(incoming.next(SOON, SOON).await.unwrap().0, 2);
    (incoming, out)
}

fn request(calling: &str) -> Vec<u8> {
    let rq = AssociationRQ {
        protocol_version: 1,
        calling_ae_title: calling.into(),
        called_ae_title: "YIGONG".into(),
        application_context_name: APPLICATION_CONTEXT.into(),
        presentation_contexts: vec![PresentationContextProposed {
            id: 1,
            abstract_syntax: CR.into(),
            transfer_syntaxes: vec![uid::EXPLICIT_LE.into()],
        }],
        user_variables: vec![UserVariableItem::MaxLength(16_384)],
    };
    let mut bytes = Vec::new();
    write_pdu(&mut bytes, &Pdu::AssociationRQ(rq)).unwrap();
    bytes
}

async fn pdu(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut incoming = Incoming::new(stream);
    let (kind, body) = incoming.next(SOON, SOON).await.unwrap();
    (kind, body.to_vec())
}

async fn response(stream: &mut TcpStream) -> Response {
    let (kind, body) = pdu(stream).await;
    assert_eq!(kind, DATA);
    let command: Vec<u8> = Pdvs(&body).flat_map(|p| p.unwrap().data.to_vec()).collect();
    let Ok(Command::Response(r)) = Command::decode(&command) else { panic!("a response was expected") };
    r
}

/// The data set of a small CR image of `side` × `side` pixels.
fn data_set(instance: &str, pixel: u8, side: u16) -> DataSet {
    let mut set = DataSet::new(TextSet::Gb18030);
    set.declare_text()
        .put_text(0x0008_0016, b"UI", CR)
        .put_text(0x0008_0018, b"UI", instance)
        .put_text(0x0008_0020, b"DA", "20260831")
        .put_text(0x0008_0060, b"CS", "CR")
        .put_text(0x0010_0010, b"PN", "卢^瑋")
        .put_text(0x0010_0020, b"LO", "P10086")
        .put_text(0x0020_000D, b"UI", "1.2.3")
        .put_text(0x0020_000E, b"UI", "1.2.3.4")
        .put_u16(0x0028_0002, &[1])
        .put_text(0x0028_0004, b"CS", "MONOCHROME2")
        .put_u16(0x0028_0010, &[side])
        .put_u16(0x0028_0011, &[side])
        .put_u16(0x0028_0100, &[8])
        .put_u16(0x0028_0101, &[8])
        .put_u16(0x0028_0102, &[7])
        .put_u16(0x0028_0103, &[0])
        .put_bytes(0x7FE0_0010, b"OW", vec![pixel; usize::from(side) * usize::from(side)]);
    set
}

fn file(instance: &str, pixel: u8, side: u16) -> Vec<u8> {
    part10(&data_set(instance, pixel, side), CR, instance)
}

fn store_request(instance: &str) -> Vec<u8> {
    let rq = StoreRequest {
        message_id: 5,
        sop_class: CR.into(),
        sop_instance: instance.into(),
        priority: 0,
        originator: None,
    };
    Command::Store(rq).encode()
}
