//! What a reader marked leaves as an object of the study; other marks give another object; no mark, none.

use yigong_base::access::Role;
use yigong_base::fault::Fault;
use yigong_base::patient::{self, Seen};
use yigong_base::testing::{Bench, engines};
use yigong_formats::dicom::key_objects::KEY_OBJECTS;
use yigong_formats::dicom::{SliceSource, header};

use super::super::testing::{Shot, device, person, send, settle, study};
use super::super::{detail, egress, key_image, quarantine, retrieve};
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

async fn shown(bench: &Bench, permit: &Permit) -> Vec<retrieve::Stored> {
    let mut conn = bench.ctx.db.read(permit).await.unwrap();
    let mut all = retrieve::of_study(&mut conn, permit, "1.2.3", "").await.unwrap();
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
        let (clinic, writer) = (peer.permit(), person("w", "LEAD", true, &[Role::Writer]));
        let images = shown_images(&bench, &clinic).await;
        make(ctx, &id).await.unwrap();
        signed(&bench, &id).await;
        make(ctx, &id).await.unwrap();
        assert!(shown(&bench, &clinic).await.is_empty(), "nothing is marked: {}", bench.engine);

        let first = mark(&bench, &writer, &id, &images[0], "右肺上叶结节").await;
        make(ctx, &id).await.unwrap();
        make(ctx, &id).await.unwrap();
        let one = shown(&bench, &clinic).await;
        assert_eq!(one.len(), 1, "doing it twice changes nothing");
        let sent = egress::bytes(ctx, &one[0]).await.unwrap();
        let object = yigong_formats::dicom::Object::parse(&sent, None).unwrap();
        let items = object.root().items(yigong_formats::dicom::Tag::new(0x0040, 0xA730));
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
        make(ctx, &id).await.unwrap();
        let other = shown(&bench, &clinic).await;
        assert_eq!(other.len(), 1, "it takes the place of the first");
        assert_ne!(other[0].uid, one[0].uid);

        let mut tx = ctx.db.begin(&writer).await.unwrap();
        key_image::unmark(&mut tx, ctx, &writer, &first).await.unwrap();
        tx.exec("DELETE FROM key_image WHERE study = $1", args![&id]).await.unwrap();
        tx.commit().await.unwrap();
        make(ctx, &id).await.unwrap();
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
    for held in quarantine::list(&mut tx, &registrar, "open").await.unwrap() {
        quarantine::release(&mut tx, &bench.ctx, &registrar, &held.id, "checked by phone").await.unwrap();
    }
    tx.commit().await.unwrap();
    settle(bench, &id).await;
    let (clinic, writer) = (peer.permit(), person("w", "LEAD", true, &[Role::Writer]));
    let mut conn = bench.ctx.db.read(&clinic).await.unwrap();
    let image = retrieve::of_study(&mut conn, &clinic, "1.2.3", "").await.unwrap().remove(0);
    drop(conn);
    signed(bench, &id).await;
    mark(bench, &writer, &id, &image.id, "").await;
    make(&bench.ctx, &id).await.unwrap();
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
