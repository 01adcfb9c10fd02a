//! Receiving, duplicates, conflicts, settling and queries, on every engine.

mod never_lost;
mod waiting;
mod whose;

use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::site::peer::{self, Peer};
use yigong_base::storage::Conn;
use yigong_base::testing::{Bench, engines};
use yigong_formats::dicom::attributes::Attributes;
use yigong_formats::dicom::dataset::Writer;
use yigong_formats::dicom::{Tag, Vr, part10, tag, uid};

use super::query::{Level, Query, Search};
use super::*;

const CR: &str = "1.2.840.10008.5.1.4.1.1.1";

pub(super) async fn known(bench: &Bench) -> Peer {
    let p = Peer {
        id: "p1".into(),
        kind: "dicom".into(),
        facility: "C01".into(),
        name: "CR01".into(),
        ae_title: Some("CR01".into()),
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

#[derive(Clone, Copy)]
pub(super) struct Made<'a> {
    pub(super) instance: &'a str,
    pub(super) patient: &'a str,
    pub(super) name: &'a str,
    pub(super) pixel: u8,
}

/// A small film by patient, name, study, series and instance; text in GB18030.
pub(super) fn made_as(patient: &str, name: &str, study: &str, series: &str, instance: &str) -> Vec<u8> {
    let gb = |text: &str| yigong_formats::dicom::text::encode("GB18030", text).unwrap();
    let mut w = Writer::new(true);
    w.text(tag::CHARSET, Vr::CS, "GB18030");
    w.text(tag::SOP_CLASS, Vr::UI, CR);
    w.text(tag::SOP_INSTANCE, Vr::UI, instance);
    w.text(tag::STUDY_DATE, Vr::DA, "20260831");
    w.text(tag::STUDY_TIME, Vr::TM, "083000");
    w.text(tag::MODALITY, Vr::CS, "CR");
    w.element(tag::STUDY_DESCRIPTION, Vr::LO, &gb("胸部正位"));
    w.element(tag::PATIENT_NAME, Vr::PN, &gb(name));
    w.element(tag::PATIENT_ID, Vr::LO, &gb(patient));
    w.text(tag::STUDY_UID, Vr::UI, study);
    w.text(tag::SERIES_UID, Vr::UI, series);
    let mut out = part10::head(CR, instance, uid::EXPLICIT_LE);
    out.extend_from_slice(&w.bytes);
    out
}

/// A small film of one patient and study.
pub(super) fn made(instance: &str) -> Vec<u8> {
    file(&Made { instance, patient: "P10086", name: "卢^瑋", pixel: 7 })
}

pub(super) fn file(m: &Made<'_>) -> Vec<u8> {
    let mut w = Writer::new(true);
    w.text(tag::CHARSET, Vr::CS, "GB18030");
    w.text(tag::SOP_CLASS, Vr::UI, CR);
    w.text(tag::SOP_INSTANCE, Vr::UI, m.instance);
    w.text(tag::STUDY_DATE, Vr::DA, "20260831");
    w.text(tag::MODALITY, Vr::CS, "CR");
    w.element(tag::STUDY_DESCRIPTION, Vr::LO, &[0xD0, 0xD8, 0xB2, 0xBF]);
    w.element(tag::PATIENT_NAME, Vr::PN, &yigong_formats::dicom::text::encode("GB18030", m.name).unwrap());
    w.text(tag::PATIENT_ID, Vr::LO, m.patient);
    w.text(tag::STUDY_UID, Vr::UI, "1.2.3");
    w.text(tag::SERIES_UID, Vr::UI, "1.2.3.4");
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
    w.element(tag::PIXELS, Vr::OW, &[m.pixel; 16]);
    let mut out = part10::head(CR, m.instance, uid::EXPLICIT_LE);
    out.extend_from_slice(&w.bytes);
    out
}

pub(super) async fn send(bench: &Bench, peer: &Peer, bytes: &[u8]) -> yigong_base::fault::Result<Received> {
    let mut spool = bench.ctx.blobs.spool().await?;
    spool.write(bytes).await?;
    let spooled = spool.finish().await?;
    super::receive::receive_with(
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

/// What a query finds.
pub(super) async fn ask(
    conn: &mut Conn,
    permit: &Permit,
    level: Level,
    keys: &[(Tag, &str)],
) -> Vec<Attributes> {
    let mut wanted = Attributes::default();
    for (t, value) in keys {
        wanted.put_all(*t, value.split('\\').filter(|v| !v.is_empty()).map(str::to_owned).collect());
    }
    let found = Search::new(Query::new(level, wanted)).take(conn, permit, 0, 1_000).await.unwrap();
    found.into_iter().map(|f| f.attributes).collect()
}

#[tokio::test]
async fn one_study_from_arrival_to_worklist() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, known(&bench).await);
        let first = Made { instance: "1.2.3.4.5", patient: "P1", name: "Wang^XiaoDong=王^小东", pixel: 7 };
        let got = send(&bench, &peer, &file(&first)).await.unwrap();
        assert_eq!(got.outcome, Outcome::New);
        assert_eq!(send(&bench, &peer, &file(&first)).await.unwrap().outcome, Outcome::Same);
        let other = send(&bench, &peer, &file(&Made { pixel: 8, ..first })).await.unwrap();
        assert_eq!((other.outcome, other.reason), (Outcome::Version, "pixels-differ"));
        let letters = Made { instance: "1.2.3.4.7", name: "Wang^XiaoDong", ..first };
        assert_eq!(
            send(&bench, &peer, &file(&letters)).await.unwrap().outcome,
            Outcome::New,
            "the same name in letters"
        );
        let stranger = file(&Made { instance: "1.2.3.4.6", patient: "P2", name: "Li^Si=李^四", pixel: 7 });
        assert_eq!(send(&bench, &peer, &stranger).await.unwrap().outcome, Outcome::Quarantined);
        assert_eq!(send(&bench, &peer, &stranger).await.unwrap().outcome, Outcome::Same);

        let permit = Permit::peer("CR01", "C01");
        let mut conn = ctx.db.read(&permit).await.unwrap();
        for key in ["王小东", "*小东*", "wang*", "wxd", "WangXiaoDong", ""] {
            let found = ask(&mut conn, &permit, Level::Study, &[(tag::PATIENT_NAME, key)]).await;
            assert_eq!(found.len(), 1, "{key} on {}", bench.engine);
            assert_eq!(found[0].text(tag::PATIENT_NAME), "Wang^XiaoDong=王^小东");
            assert_eq!(found[0].text(tag::STUDY_DESCRIPTION), "胸部");
        }
        assert!(ask(&mut conn, &permit, Level::Study, &[(tag::PATIENT_NAME, "li*")]).await.is_empty());
        for (date, n) in [("20260831", 1), ("20260801-20260831", 1), ("-20260101", 0), ("20260901-", 0)] {
            let keys = [(tag::STUDY_DATE, date), (tag::MODALITIES_IN_STUDY, "CR\\DX")];
            assert_eq!(ask(&mut conn, &permit, Level::Study, &keys).await.len(), n, "{date}");
        }
        assert_eq!(ask(&mut conn, &permit, Level::Series, &[]).await.len(), 1);
        assert_eq!(ask(&mut conn, &permit, Level::Instance, &[]).await.len(), 2);
        let foreign = Permit::peer("OTHER", "C02");
        assert!(ask(&mut conn, &foreign, Level::Study, &[]).await.is_empty());
        assert!(retrieve::by_uid(&mut conn, &foreign, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.is_err());
        let stored = retrieve::by_uid(&mut conn, &permit, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap();
        assert_eq!(egress::bytes(ctx, &stored).await.unwrap(), file(&first));
        assert_eq!(retrieve::frame_bytes(ctx, &stored, 0).await.unwrap().into_bytes(), vec![7; 16]);
        let meta = retrieve::metadata(ctx, &stored, "/x".into()).await.unwrap();
        assert_eq!(meta["7FE00010"]["BulkDataURI"], "/x/bulkdata/7FE00010");
        let held = quarantine::list(&mut conn, &permit, "open", "").await.unwrap();
        assert_eq!(held.len(), 2);
        drop(conn);
        // Two pictures under one number wait for a person before anybody reads them.
        let version = held.iter().find(|h| h.reason == "pixels-differ").unwrap();
        let system = Permit::system("test");
        let mut tx = ctx.db.begin(&system).await.unwrap();
        quarantine::release(&mut tx, ctx, &system, &version.id, "the first is the true one").await.unwrap();
        tx.commit().await.unwrap();
        // So does a stranger's image that came for it.
        let stranger = held.iter().find(|h| h.object_kind == "object").unwrap();
        reconcile::index_held(ctx, &system, &stranger.id, None, false, "another patient").await.unwrap();

        bench.clock.advance(31_000);
        let study = settled(&bench).await;
        let permit = Permit::system("test");
        let mut conn = ctx.db.read(&permit).await.unwrap();
        let detail = detail::study(&mut conn, ctx, &permit, &study).await.unwrap();
        assert_eq!(
            (detail.state.as_str(), detail.series.len(), detail.patient.name.as_str()),
            ("queued", 1, "王小东")
        );
        let stack = detail::stack(&mut conn, &permit, &detail.series[0].id).await.unwrap();
        assert_eq!(stack.instances[0]["rows"], 4);
        let list =
            crate::worklist::admit::of_subject(&mut ctx.db.begin(&permit).await.unwrap(), &study, "write")
                .await
                .unwrap();
        assert_eq!(list.unwrap().title, "胸部");
    }
}

async fn settled(bench: &Bench) -> String {
    let permit = Permit::system("test");
    let study = {
        let mut conn = bench.ctx.db.read(&permit).await.unwrap();
        conn.one(sql::PLACE, args!["C01", "1.2.3", "", ""]).await.unwrap().text("id").unwrap()
    };
    super::settle::settle_with(&bench.ctx, &study).await.unwrap();
    study
}

#[tokio::test]
async fn junk_ids_and_clashes_wait_for_a_person() {
    for bench in engines().await.unwrap() {
        let peer = known(&bench).await;
        let junk = file(&Made { instance: "1.2.3.4.5", patient: "0", name: "王^小东", pixel: 1 });
        assert_eq!(send(&bench, &peer, &junk).await.unwrap().outcome, Outcome::New);
        bench.clock.advance(31_000);
        let study = settled(&bench).await;
        let permit = Permit::system("test");
        let held = {
            let mut conn = bench.ctx.db.read(&permit).await.unwrap();
            let detail = detail::study(&mut conn, &bench.ctx, &permit, &study).await.unwrap();
            assert_eq!(
                (detail.state.as_str(), detail.lane.as_str(), detail.patient.identified),
                ("held", "identity", false)
            );
            quarantine::list(&mut conn, &permit, "open", "").await.unwrap()
        };
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        quarantine::release(&mut tx, &bench.ctx, &permit, &held[0].id, "checked by phone").await.unwrap();
        tx.commit().await.unwrap();
        super::settle::settle_with(&bench.ctx, &study).await.unwrap();
        let mut conn = bench.ctx.db.read(&permit).await.unwrap();
        let detail = detail::study(&mut conn, &bench.ctx, &permit, &study).await.unwrap();
        assert_eq!(detail.state, "queued");
    }
}

#[tokio::test]
async fn key_images_are_marked_changed_and_taken_away_in_scope() {
    use super::key_image::{self, Mark, View};
    use yigong_base::access::{Grant, Role};
    let reader = |facility: &str, role: Role| {
        let grants = vec![Grant { role, facility: facility.into(), pipelines: "imaging".into() }];
        Permit::person("reader", "Reader", facility, "LEAD", grants)
    };
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, known(&bench).await);
        let one = file(&Made { instance: "1.2.3.4.5", patient: "P1", name: "王^小东", pixel: 1 });
        send(&bench, &peer, &one).await.unwrap();
        let study = settled(&bench).await;
        let writer = reader("LEAD", Role::Writer);
        let instance = {
            let mut conn = ctx.db.read(&writer).await.unwrap();
            retrieve::by_uid(&mut conn, &writer, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap().id
        };
        let wish = |frame: i64, note: &str| Mark {
            instance: instance.clone(),
            frame,
            note: note.into(),
            view: View { center: Some(-600.0), width: Some(1500.0), invert: false },
        };
        let act = async |permit: &Permit, wish: &Mark| {
            let mut tx = ctx.db.begin(permit).await.unwrap();
            let made = key_image::mark(&mut tx, ctx, permit, &study, wish).await;
            if made.is_ok() {
                tx.commit().await.unwrap();
            }
            made
        };
        let id = act(&writer, &wish(1, "")).await.unwrap();
        assert_eq!(act(&writer, &wish(1, "结节")).await.unwrap(), id, "one mark for a frame");
        assert!(act(&writer, &wish(2, "")).await.is_err(), "the instance has one frame");
        assert!(act(&writer, &wish(0, "")).await.is_err());
        assert!(act(&reader("LEAD", Role::QcOfficer), &wish(1, "")).await.is_err(), "no right to write");
        assert!(act(&reader("C02", Role::Writer), &wish(1, "")).await.is_err(), "another facility");
        let mut conn = ctx.db.read(&writer).await.unwrap();
        let list = key_image::list(&mut conn, &writer, &study).await.unwrap();
        assert_eq!((list.len(), list[0].note.as_str(), list[0].view.width), (1, "结节", Some(1500.0)));
        assert!(list[0].shown);
        let foreign = reader("C02", Role::ClinicDoctor);
        assert!(key_image::list(&mut conn, &foreign, &study).await.is_err());
        drop(conn);
        let mut tx = ctx.db.begin(&writer).await.unwrap();
        let bad = [instance.clone()];
        super::reconcile::hide(
            &mut tx,
            ctx,
            &reader("LEAD", Role::Registrar),
            &study,
            &bad,
            "113001",
            "motion",
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        let mut conn = ctx.db.read(&writer).await.unwrap();
        let list = key_image::list(&mut conn, &writer, &study).await.unwrap();
        assert!(!list[0].shown, "the mark stays, and says that its image is rejected");
        let told = crate::report::commit::marks(&mut conn, &study).await.unwrap();
        assert_eq!(told, serde_json::json!([]), "the document of the report does not name it");
        drop(conn);
        let mut tx = ctx.db.begin(&writer).await.unwrap();
        assert_eq!(key_image::unmark(&mut tx, ctx, &writer, &id).await.unwrap(), study);
        assert!(key_image::unmark(&mut tx, ctx, &writer, &id).await.is_err(), "gone already");
        tx.commit().await.unwrap();
        let mut conn = ctx.db.read(&writer).await.unwrap();
        assert!(key_image::list(&mut conn, &writer, &study).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn refused_objects_leave_nothing() {
    for bench in engines().await.unwrap() {
        let peer = known(&bench).await;
        let bad = file(&Made { instance: "1..2", patient: "P1", name: "A^B", pixel: 1 });
        let fault = send(&bench, &peer, &bad).await.unwrap_err();
        assert!(
            matches!(fault, yigong_base::fault::Fault::Invalid { ref what, .. } if what == "uid"),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn every_statement_is_well_formed_on_both_engines() {
    for bench in engines().await.unwrap() {
        let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
        let other = if bench.engine == "sqlite" { "_POSTGRES" } else { "_SQLITE" };
        for (name, statement) in sql::ALL.iter().filter(|(name, _)| !name.ends_with(other)) {
            conn.prepare(statement).await.unwrap_or_else(|e| panic!("{name} on {}: {e}", bench.engine));
        }
    }
}
