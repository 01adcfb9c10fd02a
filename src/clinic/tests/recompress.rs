//! Delayed recompression on both engines, with real codec workers: this program is also its own worker.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test program without the harness")]

mod common;

use common::{known, send};
use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::clock::DAY_MS;
use yigong_base::codec::work;
use yigong_base::storage::Row;
use yigong_base::testing::{Bench, engines};
use yigong_clinic::Centre;
use yigong_clinic::imaging::{Outcome, recompress, retrieve, transcode};
use yigong_formats::dicom::dataset::Writer;
use yigong_formats::dicom::{Vr, part10, tag, uid};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const ROWS: &str = "SELECT i.id, i.uid, i.object_hash, i.transfer_syntax, i.size_bytes, o.instance AS looked, o.object_hash AS was FROM instance i LEFT JOIN original o ON o.instance = i.id ORDER BY i.uid, i.version";

const REPORT: &str = "INSERT INTO report (id, pipeline, subject_kind, subject, patient, facility, state, current_version, verify_code, created_at, updated_at) SELECT 'r1', 'imaging', 'study', id, patient, facility, 'published', 1, 'code', 1, 1 FROM study";
const VERSION: &str = "INSERT INTO report_version (report, n, kind, content, content_sha256, pdf_sha256, pdf_bytes, writer, signer, signer_demo, signature, certificate, signed_at, seq) SELECT 'r1', 1, 'final', '{}', '', '', 0, 'w', 'w', 1, frame_index, frame_index, received_at, 1 FROM instance ORDER BY uid LIMIT 1";

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("codec-worker") => work(&mut std::io::stdin(), &mut std::io::stdout()).unwrap(),
        Some("--list") => {}
        _ => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(images_are_exchanged_with_the_proof_only());
            println!("images_are_exchanged_with_the_proof_only ... ok");
        }
    }
}

/// What is sent: name of the patient, whether the pixels are random bits, transfer syntax, bytes before the meta group.
struct Slice {
    instance: &'static str,
    name: &'static str,
    noise: bool,
    syntax: &'static str,
    preamble: u8,
}

const PLAIN: Slice =
    Slice { instance: "1.2.3.4.1", name: "TEST^ONE", noise: false, syntax: uid::EXPLICIT_LE, preamble: 0 };

impl Slice {
    /// 256 x 256, signed; a slope with two random bits compresses.
    fn bytes(&self) -> Vec<u8> {
        let mut w = Writer::new(self.syntax != uid::IMPLICIT_LE);
        w.text(tag::SOP_CLASS, Vr::UI, CT);
        w.text(tag::SOP_INSTANCE, Vr::UI, self.instance);
        w.text(tag::MODALITY, Vr::CS, "CT");
        w.text(tag::PATIENT_NAME, Vr::PN, self.name);
        w.text(tag::PATIENT_ID, Vr::LO, "P1");
        w.text(tag::STUDY_UID, Vr::UI, "1.2.3");
        w.text(tag::SERIES_UID, Vr::UI, "1.2.3.4");
        w.element(tag::SAMPLES, Vr::US, &1_u16.to_le_bytes());
        w.text(tag::PHOTOMETRIC, Vr::CS, "MONOCHROME2");
        for (t, n) in [
            (tag::ROWS, 256_u16),
            (tag::COLS, 256),
            (tag::BITS_ALLOCATED, 16),
            (tag::BITS_STORED, 16),
            (tag::HIGH_BIT, 15),
            (tag::PIXEL_REPRESENTATION, 1),
        ] {
            w.element(t, Vr::US, &n.to_le_bytes());
        }
        let mut state = 1_u32;
        let pixels: Vec<u8> = (0..65_536_u32)
            .flat_map(|i| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let value =
                    if self.noise { state >> 16 } else { (i % 256).wrapping_sub(1_000) + (state >> 30) };
                (value as u16).to_le_bytes()
            })
            .collect();
        w.element(tag::PIXELS, Vr::OW, &pixels);
        let mut out = part10::head(CT, self.instance, self.syntax);
        out[..128].fill(self.preamble);
        out.extend_from_slice(&w.bytes);
        out
    }
}

async fn rows(bench: &Bench) -> Vec<Row> {
    bench.ctx.db.read(&Permit::system("test")).await.unwrap().all(ROWS, args![]).await.unwrap()
}

fn untouched(row: &Row) -> bool {
    row.opt_text("looked").unwrap().is_none()
}

async fn change(bench: &Bench, sql: &'static str) {
    let mut tx = bench.ctx.db.begin(&Permit::system("test")).await.unwrap();
    tx.exec(sql, args![]).await.unwrap();
    tx.commit().await.unwrap();
}

/// The data set of an instance in a syntax, as a receiver gets it.
async fn out(centre: &Centre, instance: &str, syntax: &str) -> Vec<u8> {
    let permit = Permit::peer("CT01", "C01");
    let mut conn = centre.ctx.db.read(&permit).await.unwrap();
    let stored = retrieve::by_uid(&mut conn, &permit, "1.2.3", "1.2.3.4", instance).await.unwrap();
    drop(conn);
    let object = transcode::object(centre, &stored, syntax).await.unwrap();
    let head = object.head_bytes();
    object.whole().await.unwrap().split_off(head)
}

async fn images_are_exchanged_with_the_proof_only() {
    for bench in engines().await.unwrap() {
        let folder =
            std::env::temp_dir().join(format!("yigong-recompress-{}-{}", bench.engine, std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut ctx = bench.ctx.clone();
        let mut config = (*ctx.config).clone();
        config.imaging.recompress_after_days = 30;
        ctx.config = config.into();
        let centre = match Centre::open(ctx, &folder) {
            Ok(centre) => centre,
            Err(why) => return println!("SKIPPED: {why}"),
        };
        std::fs::remove_dir_all(&folder).unwrap();
        let sender = known(&bench).await;
        // A device's own head and preamble; implicit VR; bits that do not compress.
        let headed = Slice { instance: "1.2.3.4.2", preamble: 7, ..PLAIN };
        let implicit = Slice { instance: "1.2.3.4.3", syntax: uid::IMPLICIT_LE, ..PLAIN };
        let noise = Slice { instance: "1.2.3.4.4", noise: true, ..PLAIN };
        let sent = [&PLAIN, &headed, &implicit, &noise];
        for slice in sent {
            assert_eq!(send(&centre, &sender, &slice.bytes()).await, Outcome::New);
        }
        recompress::run(&centre).await.unwrap();
        change(&bench, "UPDATE study SET state = 'published'").await;
        change(&bench, REPORT).await;
        change(&bench, VERSION).await;
        recompress::run(&centre).await.unwrap();
        let before = rows(&bench).await;
        assert!(before.iter().all(untouched), "nothing young is touched");

        // What a court wants stays as it came.
        bench.clock.advance(31 * DAY_MS);
        change(
            &bench,
            "INSERT INTO legal_hold (study, reason, who, at) SELECT id, 'court', 'lead', 1 FROM study",
        )
        .await;
        recompress::run(&centre).await.unwrap();
        assert!(rows(&bench).await.iter().all(untouched), "held");
        change(&bench, "DELETE FROM legal_hold").await;

        recompress::run(&centre).await.unwrap();
        let after = rows(&bench).await;
        for (slice, (was, now)) in sent.iter().zip(before.iter().zip(&after)) {
            let syntax = now.text("transfer_syntax").unwrap();
            if slice.noise {
                assert_eq!(
                    (syntax.as_str(), now.opt_text("was").unwrap()),
                    (uid::EXPLICIT_LE, None),
                    "it stays"
                );
                assert!(!untouched(now), "and is not looked at again");
                continue;
            }
            assert_eq!(syntax, uid::JPEG_LS, "{}", slice.instance);
            assert!(now.int("size_bytes").unwrap() * 2 < was.int("size_bytes").unwrap());
            let address = now.text("object_hash").unwrap();
            assert_eq!(
                bench.ctx.blobs.read(&address).await.unwrap().len() as i64,
                now.int("size_bytes").unwrap()
            );
            // Byte for byte what came, for whoever asks for it.
            let file = slice.bytes();
            let data = &file[part10::head(CT, slice.instance, slice.syntax).len()..];
            assert!(out(&centre, slice.instance, slice.syntax).await == data, "{}", slice.instance);
        }
        let done = recompress::progress(&mut bench.ctx.db.read(&Permit::system("test")).await.unwrap())
            .await
            .unwrap();
        assert_eq!((done.done, done.left, done.cursor.as_str()), (3, 1, ""));
        assert!(done.saved > 150_000 && done.finished_at > 0, "{done:?}");
        recompress::run(&centre).await.unwrap();
        assert_eq!(rows(&bench).await.len(), 4);

        // The device sends again: the same objects; another name is another version with the same picture.
        for slice in sent {
            assert_eq!(send(&centre, &sender, &slice.bytes()).await, Outcome::Same, "{}", slice.instance);
        }
        let headless = Slice { preamble: 9, ..PLAIN };
        assert_eq!(
            send(&centre, &sender, &headless.bytes()).await,
            Outcome::Same,
            "another head, the same data"
        );
        let renamed = Slice { name: "TEST^TWO", ..PLAIN };
        let version = send(&centre, &sender, &renamed.bytes()).await;
        assert_eq!(version, Outcome::Quarantined, "another name under a known study");
        let padded = Slice { name: "TEST^ONE  ", ..PLAIN };
        assert_eq!(send(&centre, &sender, &padded.bytes()).await, Outcome::Version);
        let reason = "SELECT reason FROM quarantine WHERE object_kind = 'instance'";
        let entry =
            bench.ctx.db.read(&Permit::system("test")).await.unwrap().one(reason, args![]).await.unwrap();
        assert_eq!(entry.text("reason").unwrap(), "header-differs", "the picture is known to be the same");

        // The stored copy was hurt, and the device sends its own: that one stands from then on.
        change(&bench, "INSERT INTO damaged_object (address, kind, found_at) SELECT object_hash, 'hash', 1 FROM instance WHERE uid = '1.2.3.4.2'").await;
        assert_eq!(send(&centre, &sender, &headed.bytes()).await, Outcome::Same);
        let mended = rows(&bench).await.into_iter().find(|r| r.text("uid").unwrap() == "1.2.3.4.2").unwrap();
        assert_eq!(mended.text("transfer_syntax").unwrap(), uid::EXPLICIT_LE);
        assert!(untouched(&mended));
        assert_eq!(mended.text("object_hash").unwrap(), before[1].text("object_hash").unwrap());
    }
}
