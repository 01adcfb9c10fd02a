//! Previews from received objects, on both engines, with real codec workers: this program is also its own worker.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test program without the harness")]

mod common;

use common::{known, send};
use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::codec::work;
use yigong_base::site::peer::Peer;
use yigong_base::testing::{Bench, engines};
use yigong_clinic::Centre;
use yigong_clinic::imaging::detail::{Picture, picture};
use yigong_clinic::imaging::preview::make;
use yigong_formats::dicom::dataset::{Writer, header};
use yigong_formats::dicom::{Vr, part10, tag, uid};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("codec-worker") => work(&mut std::io::stdin(), &mut std::io::stdout()).unwrap(),
        Some("--list") => {}
        _ => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(the_middle_slice_stands_for_a_stack());
            println!("the_middle_slice_stands_for_a_stack ... ok");
        }
    }
}

async fn the_middle_slice_stands_for_a_stack() {
    for bench in engines().await.unwrap() {
        let folder =
            std::env::temp_dir().join(format!("yigong-preview-{}-{}", bench.engine, std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let centre = match Centre::open(bench.ctx.clone(), &folder) {
            Ok(centre) => centre,
            Err(why) => return println!("SKIPPED: {why}"),
        };
        std::fs::remove_dir_all(&folder).unwrap();
        let sender = known(&bench).await;
        for (number, value) in [(1, 50), (2, 100), (3, 150)] {
            send(&centre, &sender, &slice(number, value)).await;
        }
        let (events, _) = bench.ctx.live.follow(Some(0));
        let study = events.iter().find(|e| e.slice == "imaging").unwrap().id.clone();
        let permit = Permit::system("preview");
        make(&centre, &permit, &study).await.unwrap();
        make(&centre, &permit, &study).await.unwrap();
        for (which, side) in [(Picture::Preview, 300), (Picture::Thumbnail, 160)] {
            let mut conn = bench.ctx.db.read(&permit).await.unwrap();
            let address = picture(&mut conn, &permit, "study", &study, which).await.unwrap();
            drop(conn);
            let jpeg = bench.ctx.blobs.read(&address).await.unwrap();
            let mut decoder = jpeg_decoder::Decoder::new(&jpeg[..]);
            let pixels = decoder.decode().unwrap();
            assert_eq!(usize::from(decoder.info().unwrap().width), side);
            // window 100/256: the slice of value 100 is the middle grey
            assert!(pixels[pixels.len() / 2].abs_diff(128) <= 2, "{}", pixels[pixels.len() / 2]);
        }
        let mut seen = vec![study];
        let none = (broken("1.2.9", b"\xff\xd8 nothing more "), "render-failed");
        // longer than any encoder makes 300 by 300 pixels: refused unread
        let long = (broken("1.2.8", &[&b"\xff\xd8"[..], &[0; 2 << 20]].concat()), "frame-large");
        for (file, slug) in [none, long] {
            what_cannot_be_shown_is_flagged(&centre, &bench, &sender, &mut seen, &file, slug).await;
        }
    }
}

/// No preview, and the instance says why, once.
async fn what_cannot_be_shown_is_flagged(
    centre: &Centre,
    bench: &Bench,
    sender: &Peer,
    seen: &mut Vec<String>,
    file: &[u8],
    slug: &str,
) {
    send(centre, sender, file).await;
    let (events, _) = bench.ctx.live.follow(Some(0));
    let study = events.iter().find(|e| e.slice == "imaging" && !seen.contains(&e.id)).unwrap().id.clone();
    seen.push(study.clone());
    let permit = Permit::system("preview");
    make(centre, &permit, &study).await.unwrap();
    make(centre, &permit, &study).await.unwrap();
    let mut conn = bench.ctx.db.read(&permit).await.unwrap();
    let row = conn.one("SELECT defects FROM instance WHERE study = $1", args![&study]).await.unwrap();
    let defects: Vec<String> = row.json("defects").unwrap();
    assert_eq!(defects.iter().filter(|d| *d == slug).count(), 1, "{defects:?}");
    assert!(picture(&mut conn, &permit, "study", &study, Picture::Preview).await.is_err());
}

/// A slice of one value, 300 by 300.
fn slice(number: u16, value: u16) -> Vec<u8> {
    let instance = format!("1.2.3.4.{number}");
    let mut w = head(&instance, "1.2.3", number);
    let pixels: Vec<u8> = std::iter::repeat_n(value.to_le_bytes(), 300 * 300).flatten().collect();
    w.element(tag::PIXELS, Vr::OW, &pixels);
    [part10::head(CT, &instance, uid::EXPLICIT_LE), w.bytes].concat()
}

/// The same as JPEG-LS whose one fragment is no codestream.
fn broken(study: &str, fragment: &[u8]) -> Vec<u8> {
    let instance = format!("{study}.1");
    let mut bytes = head(&instance, study, 1).bytes;
    header(&mut bytes, true, tag::PIXELS, Vr::OB, u32::MAX);
    for fragment in [&b""[..], fragment] {
        header(&mut bytes, false, tag::ITEM, Vr::UN, fragment.len() as u32);
        bytes.extend_from_slice(fragment);
    }
    header(&mut bytes, false, tag::SEQUENCE_END, Vr::UN, 0);
    [part10::head(CT, &instance, uid::JPEG_LS), bytes].concat()
}

fn head(instance: &str, study: &str, number: u16) -> Writer {
    let mut w = Writer::new(true);
    w.text(tag::SOP_CLASS, Vr::UI, CT);
    w.text(tag::SOP_INSTANCE, Vr::UI, instance);
    w.text(tag::MODALITY, Vr::CS, "CT");
    w.text(tag::PATIENT_NAME, Vr::PN, "TEST^PREVIEW");
    w.text(tag::PATIENT_ID, Vr::LO, "P1");
    w.text(tag::STUDY_UID, Vr::UI, study);
    w.text(tag::SERIES_UID, Vr::UI, &format!("{study}.4"));
    w.text(tag::INSTANCE_NUMBER, Vr::IS, &number.to_string());
    w.element(tag::SAMPLES, Vr::US, &1_u16.to_le_bytes());
    w.text(tag::PHOTOMETRIC, Vr::CS, "MONOCHROME2");
    for (name, n) in [
        (tag::ROWS, 300_u16),
        (tag::COLS, 300),
        (tag::BITS_ALLOCATED, 16),
        (tag::BITS_STORED, 12),
        (tag::HIGH_BIT, 11),
        (tag::PIXEL_REPRESENTATION, 0),
    ] {
        w.element(name, Vr::US, &n.to_le_bytes());
    }
    w.text(tag::WINDOW_CENTER, Vr::DS, "100");
    w.text(tag::WINDOW_WIDTH, Vr::DS, "256");
    w
}
