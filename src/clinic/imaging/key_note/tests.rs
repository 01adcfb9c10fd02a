//! What a reader marked leaves as an object of the study; other marks give another object; no mark, none.

use yigong_base::access::Role;
use yigong_base::fault::Fault;
use yigong_base::patient::{self, Seen};
use yigong_base::testing::{Bench, engines};
use yigong_formats::dicom::key_objects::KEY_OBJECTS;
use yigong_formats::dicom::{SliceSource, Tag, header};

use super::super::testing::{Shot, device, person, send, settle, study};
use super::super::{detail, egress, key_image, quarantine, reconcile, retrieve};
use super::*;

async fn signed(bench: &Bench, study: &str) {
    let mut tx = bench.ctx.db.begin(&Permit::system("test")).await.unwrap();
    tx.exec(
        "INSERT INTO report (id, pipeline, subject_kind, subject, patient, facility, state, current_version, verify_code, created_at, updated_at)
         SELECT 'r-' || s.id, 'imaging', 'study', s.id, s.patient, s.facility, 'published', 1, s.id, 0, 0 FROM study s WHERE s.id = $1",
        args![study],
    )
    .await
    .unwrap();
    tx.exec(
        "INSERT INTO report_version (report, n, kind, content, content_sha256, pdf_sha256, pdf_bytes, writer, signer, signer_demo, signature, certificate, signed_at, seq)
         SELECT id, 1, 'final', '{}', '', '', 0, 'w', '周审正', 1, $2, $2, $3, $4 FROM report WHERE subject = $1",
        args![study, vec![0_u8], bench.ctx.now(), 1_i64],
    )
    .await
    .unwrap();
    tx.exec("UPDATE study SET state = 'published' WHERE id = $1", args![study]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn mark(bench: &Bench, writer: &Permit, study: &str, instance: &str, note: &str) -> String {
    let mut tx = bench.ctx.db.begin(writer).await.unwrap();
    let wish = key_image::Mark {
        instance: instance.into(),
        frame: 1,
        note: note.into(),
        view: key_image::View::default(),
    };
    let id = key_image::mark(&mut tx, &bench.ctx, writer, study, &wish).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// The report is signed with the marks of this moment, and the job has run.
async fn make_signed(bench: &Bench, study: &str) {
    let mut tx = bench.ctx.db.begin(&Permit::system("test")).await.unwrap();
    commit::key_note(&mut tx, &bench.ctx, study).await.unwrap();
    tx.commit().await.unwrap();
    run(bench, study).await;
}

/// Runs the job of a study; `false` when none waits.
async fn run(bench: &Bench, study: &str) -> bool {
    let mut tx = bench.ctx.db.begin(&Permit::system("test")).await.unwrap();
    let job =
        tx.opt("SELECT payload FROM job WHERE kind = 'key_note' AND key = $1", args![study]).await.unwrap();
    tx.exec("DELETE FROM job WHERE kind = 'key_note'", args![]).await.unwrap();
    tx.commit().await.unwrap();
    let Some(job) = job else { return false };
    make(&bench.ctx, study, &job.json("payload").unwrap()).await.unwrap();
    true
}

async fn shown(bench: &Bench, permit: &Permit) -> Vec<retrieve::Stored> {
    let mut conn = bench.ctx.db.read(permit).await.unwrap();
    // A study of which nothing is shown is not found.
    let mut all = match retrieve::of_study(&mut conn, permit, "1.2.3", "").await {
        Err(Fault::NotFound { .. }) => Vec::new(),
        found => found.unwrap(),
    };
    all.retain(|one| one.sop_class == KEY_OBJECTS);
    all
}

#[tokio::test]
async fn marks_of_a_signed_report_become_an_object_of_the_study() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, device(&bench, "C01").await);
        send(&bench, &peer, &Shot::default()).await.unwrap();
        send(&bench, &peer, &Shot { instance: "1.2.3.4.6", pixel: 1, ..Shot::default() }).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        settle(&bench, &id).await;
        let (clinic, writer) = (peer.permit(), person("w", "LEAD", &[Role::Writer]));
        let images = shown_images(&bench, &clinic).await;
        make_signed(&bench, &id).await;
        signed(&bench, &id).await;
        make_signed(&bench, &id).await;
        assert!(shown(&bench, &clinic).await.is_empty(), "nothing is marked: {}", bench.engine);

        let first = mark(&bench, &writer, &id, &images[0], "右肺上叶结节").await;
        make_signed(&bench, &id).await;
        make_signed(&bench, &id).await;
        let one = shown(&bench, &clinic).await;
        assert_eq!(one.len(), 1, "doing it twice changes nothing");
        let sent = egress::bytes(ctx, &one[0]).await.unwrap();
        let object = yigong_formats::dicom::Object::parse(&sent, None).unwrap();
        let items = object.root().items(Tag::new(0x0040, 0xA730));
        assert_eq!(items.len(), 4, "observer twice, the note, one image");

        let mut conn = ctx.db.read(&clinic).await.unwrap();
        let seen = detail::study(&mut conn, ctx, &clinic, &id).await.unwrap();
        assert_eq!((seen.state.as_str(), seen.modality.as_str(), seen.series.len()), ("published", "CR", 2));
        assert_eq!((seen.safe.instances, seen.safe.proven), (2, 0), "devices keep what they sent, not this");
        let late =
            conn.one("SELECT late_images AS n, instance_count AS m FROM study", args![]).await.unwrap();
        assert_eq!((late.int("n").unwrap(), late.int("m").unwrap()), (0, 3), "no late image, no recheck");
        drop(conn);

        mark(&bench, &writer, &id, &images[1], "").await;
        make_signed(&bench, &id).await;
        let other = shown(&bench, &clinic).await;
        assert_eq!(other.len(), 1, "it takes the place of the first");
        assert_ne!(other[0].uid, one[0].uid);

        let mut tx = ctx.db.begin(&writer).await.unwrap();
        key_image::unmark(&mut tx, ctx, &writer, &first).await.unwrap();
        tx.exec("DELETE FROM key_image WHERE study = $1", args![&id]).await.unwrap();
        tx.commit().await.unwrap();
        make_signed(&bench, &id).await;
        assert!(shown(&bench, &clinic).await.is_empty(), "no mark, no object");
        let stranger = Permit::peer("X", "C02");
        let mut conn = ctx.db.read(&stranger).await.unwrap();
        let hidden = retrieve::of_study(&mut conn, &stranger, "1.2.3", "").await;
        assert!(matches!(hidden, Err(Fault::NotFound { .. })));
    }
}

async fn shown_images(bench: &Bench, permit: &Permit) -> Vec<String> {
    let mut conn = bench.ctx.db.read(permit).await.unwrap();
    let all = retrieve::of_study(&mut conn, permit, "1.2.3", "").await.unwrap();
    all.into_iter().map(|one| one.id).collect()
}

/// Patient ID, name, sex and birth date of an object as it leaves.
async fn says(bench: &Bench, one: &retrieve::Stored) -> [String; 4] {
    let sent = egress::bytes(&bench.ctx, one).await.unwrap();
    let head = header(&mut SliceSource(&sent), None).unwrap();
    let sex = head.sex.clone();
    [head.patient_id.clone(), head.name.raw.clone(), sex, head.birth_date.clone()]
}

/// The object that leaves with a study whose images were sent with this patient.
async fn beside(bench: &Bench, shot: &Shot<'_>) -> ([String; 4], [String; 4]) {
    let peer = device(bench, "C01").await;
    send(bench, &peer, shot).await.unwrap();
    let id = study(bench, "C01", "1.2.3").await;
    let registrar = Permit::system("test");
    let mut tx = bench.ctx.db.begin(&registrar).await.unwrap();
    for held in quarantine::list(&mut tx, &registrar, "open", "").await.unwrap() {
        quarantine::release(&mut tx, &bench.ctx, &registrar, &held.id, "checked by phone").await.unwrap();
    }
    tx.commit().await.unwrap();
    settle(bench, &id).await;
    let (clinic, writer) = (peer.permit(), person("w", "LEAD", &[Role::Writer]));
    let mut conn = bench.ctx.db.read(&clinic).await.unwrap();
    let image = retrieve::of_study(&mut conn, &clinic, "1.2.3", "").await.unwrap().remove(0);
    drop(conn);
    signed(bench, &id).await;
    mark(bench, &writer, &id, &image.id, "").await;
    make_signed(bench, &id).await;
    let one = shown(bench, &clinic).await.remove(0);
    // Sent back by an archive with another note in it, it belongs to its study.
    let mut back = egress::bytes(&bench.ctx, &one).await.unwrap();
    let at = back.windows(one.uid.len()).rposition(|w| w == one.uid.as_bytes()).unwrap();
    let last = at + one.uid.len() - 1;
    back[last] = if back[last] == b'1' { b'2' } else { b'1' };
    let received = super::super::testing::send_bytes(bench, &peer, &back).await.unwrap();
    assert_ne!(received.outcome, super::super::receive::Outcome::Quarantined, "{}", bench.engine);
    (says(bench, &image).await, says(bench, &one).await)
}

#[tokio::test]
async fn the_object_names_the_patient_as_the_images_do() {
    for bench in engines().await.unwrap() {
        let junk = Shot { patient: "0", ..Shot::default() };
        let (image, key) = beside(&bench, &junk).await;
        assert_eq!(key[..2], image[..2], "{}", bench.engine);
        assert_eq!(key[0], "0");
    }
    for bench in engines().await.unwrap() {
        let mut tx = bench.ctx.db.begin(&Permit::system("test")).await.unwrap();
        let known = Seen {
            local_id: "P1".into(),
            name: "王小东".into(),
            pinyin: "wangxiaodong".into(),
            ..Seen::default()
        };
        patient::link(&mut tx, &bench.ctx, "C01", &known).await.unwrap();
        tx.commit().await.unwrap();
        let letters = Shot { name: "WANG^XIAODONG", ..Shot::default() };
        let (image, key) = beside(&bench, &letters).await;
        assert_eq!(key[..2], image[..2], "{}", bench.engine);
        assert_eq!(key[..2], ["P1".to_owned(), "WANG^XIAODONG".to_owned()]);
    }
}

/// Two images, both marked and signed; their rows.
async fn two_marked(bench: &Bench) -> (String, Permit, Permit, Vec<String>) {
    let peer = device(bench, "C01").await;
    send(bench, &peer, &Shot::default()).await.unwrap();
    send(bench, &peer, &Shot { instance: "1.2.3.4.6", pixel: 1, ..Shot::default() }).await.unwrap();
    let id = study(bench, "C01", "1.2.3").await;
    settle(bench, &id).await;
    let (clinic, writer) = (peer.permit(), person("w", "LEAD", &[Role::Writer]));
    let images = shown_images(bench, &clinic).await;
    signed(bench, &id).await;
    for image in &images {
        mark(bench, &writer, &id, image, "").await;
    }
    make_signed(bench, &id).await;
    (id, clinic, writer, images)
}

async fn named(bench: &Bench, clinic: &Permit) -> Vec<String> {
    let Some(one) = shown(bench, clinic).await.pop() else { return Vec::new() };
    let sent = egress::bytes(&bench.ctx, &one).await.unwrap();
    let object = yigong_formats::dicom::Object::parse(&sent, None).unwrap();
    let series = object.root().items(Tag::new(0x0040, 0xA375))[0].items(Tag::new(0x0008, 0x1115));
    series[0].items(Tag::new(0x0008, 0x1199)).iter().map(|i| i.text(Tag::new(0x0008, 0x1155))).collect()
}

async fn acted(bench: &Bench, act: &str, what: &str, images: &[String]) -> String {
    let lead = person("reg", "C01", &[Role::ClinicTechnician]);
    let (ctx, why) = (&bench.ctx, "another patient");
    let mut tx = ctx.db.begin(&lead).await.unwrap();
    let done = match act {
        "hide" => reconcile::hide(&mut tx, ctx, &lead, what, images, "113038", why).await,
        "restore" => reconcile::restore(&mut tx, ctx, &lead, what, images, why).await,
        _ => reconcile::undo(&mut tx, ctx, &lead, what, why).await,
    };
    tx.commit().await.unwrap();
    done.unwrap()
}

#[tokio::test]
async fn a_rejected_image_leaves_the_selection_and_comes_back_with_it() {
    for bench in engines().await.unwrap() {
        let (id, clinic, writer, images) = two_marked(&bench).await;
        assert_eq!(named(&bench, &clinic).await, ["1.2.3.4.5", "1.2.3.4.6"]);
        assert!(!run(&bench, &id).await);
        // A mark that is made after the signature is not of the report.
        let mut tx = bench.ctx.db.begin(&writer).await.unwrap();
        tx.exec("DELETE FROM key_image WHERE instance = $1", args![&images[1]]).await.unwrap();
        tx.commit().await.unwrap();
        mark(&bench, &writer, &id, &images[1], "later").await;
        let first = acted(&bench, "hide", &id, &images[..1]).await;
        assert!(run(&bench, &id).await, "a rejection looks at the selection: {}", bench.engine);
        assert_eq!(named(&bench, &clinic).await, ["1.2.3.4.6"], "{}", bench.engine);
        let sent = egress::bytes(&bench.ctx, &shown(&bench, &clinic).await[0]).await.unwrap();
        let object = yigong_formats::dicom::Object::parse(&sent, None).unwrap();
        assert_eq!(
            object.root().items(Tag::new(0x0040, 0xA730)).len(),
            3,
            "observer twice, an image, no note"
        );
        acted(&bench, "hide", &id, &images[1..]).await;
        assert!(run(&bench, &id).await);
        assert!(shown(&bench, &clinic).await.is_empty(), "nothing is left to select: {}", bench.engine);
        acted(&bench, "restore", &id, &images[1..]).await;
        assert!(run(&bench, &id).await);
        assert_eq!(named(&bench, &clinic).await, ["1.2.3.4.6"], "{}", bench.engine);
        let again = acted(&bench, "restore", &id, &images[..1]).await;
        assert!(run(&bench, &id).await);
        assert_eq!(named(&bench, &clinic).await, ["1.2.3.4.5", "1.2.3.4.6"]);
        acted(&bench, "undo", &again, &[]).await;
        assert!(run(&bench, &id).await);
        assert_eq!(named(&bench, &clinic).await, ["1.2.3.4.6"], "{}: {first}", bench.engine);
    }
}

#[tokio::test]
async fn marks_are_those_of_the_signature_and_a_rejection_does_not_lose_them() {
    for bench in engines().await.unwrap() {
        let (id, clinic, writer, images) = two_marked(&bench).await;
        let lost = mark(&bench, &writer, &id, &images[0], "").await;
        let mut tx = bench.ctx.db.begin(&writer).await.unwrap();
        key_image::unmark(&mut tx, &bench.ctx, &writer, &lost).await.unwrap();
        commit::key_note(&mut tx, &bench.ctx, &id).await.unwrap();
        tx.commit().await.unwrap();
        mark(&bench, &writer, &id, &images[0], "after the signature").await;
        // The job of the signature still waits when the images change.
        let hidden = acted(&bench, "hide", &id, &images[1..]).await;
        acted(&bench, "undo", &hidden, &[]).await;
        assert!(run(&bench, &id).await);
        assert_eq!(named(&bench, &clinic).await, ["1.2.3.4.6"], "{}", bench.engine);
    }
}

#[tokio::test]
async fn one_version_of_a_selection_is_shown() {
    for bench in engines().await.unwrap() {
        let (id, clinic, ..) = two_marked(&bench).await;
        let one = shown(&bench, &clinic).await.remove(0);
        let mut back = egress::bytes(&bench.ctx, &one).await.unwrap();
        let at = back.windows(10).rposition(|w| w == b"Key images").unwrap();
        back[at] = b'k';
        let peer = yigong_base::site::peer::find(
            &mut bench.ctx.db.read(&Permit::system("test")).await.unwrap(),
            "p-C01",
        )
        .await
        .unwrap();
        let received = super::super::testing::send_bytes(&bench, &peer, &back).await.unwrap();
        assert_eq!(received.outcome, super::super::receive::Outcome::Version, "{}", bench.engine);
        make(&bench.ctx, &id, &Value::Null).await.unwrap();
        let shown = shown(&bench, &clinic).await;
        assert_eq!((shown.len(), &shown[0].id), (1, &one.id), "{}", bench.engine);
    }
}
