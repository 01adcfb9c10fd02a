//! Small images for the tests of this slice.

use yigong_base::access::right::Role;
use yigong_base::access::{Grant, Permit};
use yigong_base::args;
use yigong_base::fault::Result;
use yigong_base::site::peer::{self, Peer};
use yigong_base::testing::Bench;
use yigong_formats::dicom::dataset::Writer;
use yigong_formats::dicom::{Vr, part10, tag, text, uid};

use super::receive::{Arrival, Received, receive_with};
use super::{settle, sql};

const CR: &str = "1.2.840.10008.5.1.4.1.1.1";

/// An image of 4 x 4 pixels.
#[derive(Clone, Copy)]
pub(crate) struct Shot<'a> {
    pub(crate) study: &'a str,
    pub(crate) series: &'a str,
    pub(crate) instance: &'a str,
    pub(crate) patient: &'a str,
    pub(crate) name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) pixel: u8,
    pub(crate) accession: &'a str,
    /// (0008,0005) as written; empty = absent. The text is GB18030 in any case.
    pub(crate) label: &'a str,
}

impl Default for Shot<'_> {
    fn default() -> Self {
        Self {
            study: "1.2.3",
            series: "1.2.3.4",
            instance: "1.2.3.4.5",
            patient: "P1",
            name: "王^小东",
            description: "胸部",
            pixel: 7,
            accession: "",
            label: "GB18030",
        }
    }
}

impl Shot<'_> {
    /// As a file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let gb = |t: &str| text::encode("GB18030", t).unwrap();
        let mut w = Writer::new(true);
        if !self.label.is_empty() {
            w.text(tag::CHARSET, Vr::CS, self.label);
        }
        w.text(tag::SOP_CLASS, Vr::UI, CR);
        w.text(tag::SOP_INSTANCE, Vr::UI, self.instance);
        w.text(tag::STUDY_DATE, Vr::DA, "20260831");
        if !self.accession.is_empty() {
            w.text(tag::ACCESSION, Vr::SH, self.accession);
        }
        w.text(tag::MODALITY, Vr::CS, "CR");
        w.element(tag::STUDY_DESCRIPTION, Vr::LO, &gb(self.description));
        w.element(tag::PATIENT_NAME, Vr::PN, &gb(self.name));
        w.text(tag::PATIENT_ID, Vr::LO, self.patient);
        w.text(tag::STUDY_UID, Vr::UI, self.study);
        w.text(tag::SERIES_UID, Vr::UI, self.series);
        w.text(tag::INSTANCE_NUMBER, Vr::IS, "1");
        w.element(tag::SAMPLES, Vr::US, &1u16.to_le_bytes());
        w.text(tag::PHOTOMETRIC, Vr::CS, "MONOCHROME2");
        for (t, n) in [
            (tag::ROWS, 4u16),
            (tag::COLS, 4),
            (tag::BITS_ALLOCATED, 8),
            (tag::BITS_STORED, 8),
            (tag::HIGH_BIT, 7),
            (tag::PIXEL_REPRESENTATION, 0),
        ] {
            w.element(t, Vr::US, &n.to_le_bytes());
        }
        w.element(tag::PIXELS, Vr::OW, &[self.pixel; 16]);
        let mut out = part10::head(CR, self.instance, uid::EXPLICIT_LE);
        out.extend_from_slice(&w.bytes);
        out
    }
}

/// A registered device of a facility.
pub(crate) async fn device(bench: &Bench, facility: &str) -> Peer {
    let ae = format!("AE{facility}");
    let p = Peer {
        id: format!("p-{facility}"),
        kind: "dicom".into(),
        facility: facility.into(),
        name: ae.clone(),
        ae_title: Some(ae),
        app: None,
        app_facility: None,
        addresses: "127.0.0.1".into(),
        port: None,
        policy: serde_json::json!({}),
        enabled: true,
        last_seen_at: None,
    };
    let permit = Permit::system("test");
    let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
    peer::create(&mut tx, &bench.ctx, &permit, &p).await.unwrap();
    tx.commit().await.unwrap();
    p
}

/// Sends an image as the device would.
pub(crate) async fn send(bench: &Bench, peer: &Peer, shot: &Shot<'_>) -> Result<Received> {
    send_bytes(bench, peer, &shot.bytes()).await
}

/// Sends a file as the device would.
pub(crate) async fn send_bytes(bench: &Bench, peer: &Peer, file: &[u8]) -> Result<Received> {
    let mut spool = bench.ctx.blobs.spool().await?;
    spool.write(file).await?;
    let spooled = spool.finish().await?;
    receive_with(
        &bench.ctx,
        Arrival {
            peer: peer.clone(),
            spooled,
            sop_class: None,
            sop_instance: None,
            study: None,
            by: None,
            source: "import",
        },
    )
    .await
}

/// The study row of a UID.
pub(crate) async fn study(bench: &Bench, facility: &str, uid: &str) -> String {
    let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
    conn.one(sql::STUDY_OF_UID, args![facility, uid]).await.unwrap().text("id").unwrap()
}

/// Lets the quiet time pass and settles a study.
pub(crate) async fn settle(bench: &Bench, study: &str) {
    bench.clock.advance(200_000);
    settle::settle_with(&bench.ctx, study).await.unwrap();
}

/// A person with roles; `lead` = sees every facility.
pub(crate) fn person(id: &str, facility: &str, roles: &[Role]) -> Permit {
    let grants = roles
        .iter()
        .map(|role| Grant { role: *role, facility: facility.into(), pipelines: "*".into() })
        .collect();
    Permit::person(id, id, facility, "LEAD", grants)
}

/// The examination that is ordered in the tests.
pub(crate) fn chest() -> crate::order::CatalogItem {
    crate::order::CatalogItem {
        code: "CR-CHEST".into(),
        name: "胸部正位".into(),
        name_en: "Chest".into(),
        pipeline: "imaging".into(),
        modality: "CR".into(),
        body_part: "CHEST".into(),
        panel_items: Vec::new(),
    }
}
