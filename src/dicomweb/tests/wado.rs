//! Objects, frames and bulk data in the form that is asked for; pictures need codec workers and are tested from outside.

use yigong_base::access::Grant;
use yigong_base::access::right::Role;
use yigong_base::args;
use yigong_clinic::imaging::reconcile;
use yigong_formats::dicom::{Object, part10, tag, uid};

use super::*;

/// The same film in Implicit VR Little Endian.
fn implicit(study: &str, instance: &str, pixel: u8) -> Vec<u8> {
    let mut file = part10::head(CR, instance, uid::IMPLICIT_LE);
    file.extend_from_slice(&film_set(study, instance, pixel).encode_implicit());
    file
}

const INSTANCE: &str = "/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1";

async fn stocked() -> (Stand, String) {
    let stand = stand().await;
    let token = stand.facility("C01", &["images:read", "images:write"]).await;
    let stored = stand.store("/dicom-web/studies", &token, &[implicit("1.2.3", "1.2.3.4.1", 7)]).await;
    assert_eq!(stored.status, 200, "{}", stored.json());
    (stand, token)
}

#[actix_web::test]
async fn an_object_in_explicit_little_endian_or_as_stored() {
    let (stand, token) = stocked().await;
    let plain = "application/dicom";
    for (accept, status, syntax) in [
        (plain.to_owned(), 200, uid::EXPLICIT_LE),
        (format!("{plain}; transfer-syntax=*"), 200, uid::IMPLICIT_LE),
        (format!("{plain}; transfer-syntax={}", uid::IMPLICIT_LE), 200, uid::IMPLICIT_LE),
        (format!("{plain}; transfer-syntax={}", uid::JPEG_BASELINE), 406, ""),
        (format!("{plain}; transfer-syntax=1.2.840.10008.1.2.4.90, {plain};q=0.5"), 200, uid::EXPLICIT_LE),
        ("text/plain".to_owned(), 406, ""),
    ] {
        let answer = stand.ask("GET", INSTANCE, &token, &[("accept", &accept)], Vec::new()).await;
        assert_eq!(answer.status, status, "{accept}: {}", answer.json());
        if status == 406 {
            assert!(answer.json()["detail"].as_str().unwrap().contains("transfer-syntax=*"), "{accept}");
            continue;
        }
        assert_eq!(answer.header("content-type"), format!("{plain}; transfer-syntax={syntax}"), "{accept}");
        assert_eq!(answer.header("content-encoding"), "identity");
        let object = Object::parse(&answer.body, None).unwrap();
        assert_eq!(object.head.transfer_syntax, syntax, "{accept}");
        assert_eq!(object.root().bytes(tag::PIXELS), Some([7; 256].as_slice()));
        assert_eq!(object.root().text(tag::PATIENT_NAME), "卢^瑋");
        let known = answer.header("etag").to_owned();
        let headers = [("accept", accept.as_str()), ("if-none-match", known.as_str())];
        assert_eq!(stand.ask("GET", INSTANCE, &token, &headers, Vec::new()).await.status, 304, "{accept}");
    }
}

#[actix_web::test]
async fn bulk_data_by_ranges() {
    let (stand, token) = stocked().await;
    let path = format!("{INSTANCE}/bulkdata/7FE00010");
    for (range, status, length, said) in [
        ("bytes=10-19", 206, 10, "bytes 10-19/256"),
        ("bytes=250-", 206, 6, "bytes 250-255/256"),
        ("bytes=256-", 416, 0, "bytes */256"),
        ("bytes=0-1,4-5", 200, 256, ""),
    ] {
        let headers = [("accept", "application/octet-stream"), ("range", range)];
        let answer = stand.ask("GET", &path, &token, &headers, Vec::new()).await;
        assert_eq!((answer.status, answer.body.len()), (status, length), "{range}");
        assert_eq!(answer.header("content-range"), said, "{range}");
    }
    for wrong in ["00091001", "nonsense", "7FE00010/1/00100010", "00081140/x/00081150"] {
        let answer = stand.get(&format!("{INSTANCE}/bulkdata/{wrong}"), &token).await;
        assert_eq!(answer.status, 404, "{wrong}");
    }
    let refused = stand.ask("GET", &path, &token, &[("accept", "image/png")], Vec::new()).await;
    assert_eq!(refused.status, 406);
}

#[actix_web::test]
async fn frames_that_are_not_there() {
    let (stand, token) = stocked().await;
    for (list, status) in [("1", 200), ("2", 404), ("0", 404), ("1,2", 404), ("one", 400), ("1,1", 200)] {
        let answer = stand.get(&format!("{INSTANCE}/frames/{list}"), &token).await;
        assert_eq!(answer.status, status, "{list}");
        if status != 200 {
            assert_eq!(answer.json()["what"], "frames", "{list}");
        }
    }
    assert_eq!(stand.get(&format!("{INSTANCE}/frames/2/rendered"), &token).await.status, 404);
}

/// What stands at an address may be replaced: a browser asks each time, and downloads again only what is another.
#[actix_web::test]
async fn an_address_is_asked_again_and_answers_with_what_stands_there_now() {
    let (stand, token) = stocked().await;
    let again = stand.store("/dicom-web/studies", &token, &[implicit("1.2.3", "1.2.3.4.1", 9)]).await;
    assert_eq!(again.status, 200, "kept as a further version: {}", again.json());
    let octets = "application/octet-stream";
    let parts = format!("multipart/related; type=\"{octets}\"");
    let forms = [("/frames/1", octets), ("/frames/1", parts.as_str()), ("/bulkdata/7FE00010", octets)];
    let mut known: Vec<String> = Vec::new();
    for (path, accept) in forms {
        let path = format!("{INSTANCE}{path}");
        let first = stand.ask("GET", &path, &token, &[("accept", accept)], Vec::new()).await;
        assert_eq!((first.status, first.header("cache-control")), (200, "private, no-cache"), "{path}");
        let tag = first.header("etag").to_owned();
        assert!(!known.contains(&tag), "one address has several forms, each with its tag");
        let headers = [("accept", accept), ("if-none-match", tag.as_str())];
        let held = stand.ask("GET", &path, &token, &headers, Vec::new()).await;
        assert_eq!((held.status, held.body.len()), (304, 0), "{path}: nothing is downloaded again");
        assert_eq!((held.header("etag"), held.header("cache-control")), (tag.as_str(), "private, no-cache"));
        known.push(tag);
    }

    let (ctx, registrar) = (&stand.bench.ctx, registrar());
    let mut tx = ctx.db.begin(&registrar).await.unwrap();
    let version = "SELECT id FROM instance WHERE uid = '1.2.3.4.1' AND current = 0";
    let id = tx.one(version, args![]).await.unwrap().text("id").unwrap();
    reconcile::promote(&mut tx, ctx, &registrar, &id, false, "the first was cut off").await.unwrap();
    tx.commit().await.unwrap();
    for ((path, accept), tag) in forms.iter().zip(&known) {
        let headers = [("accept", *accept), ("if-none-match", tag.as_str())];
        let now = stand.ask("GET", &format!("{INSTANCE}{path}"), &token, &headers, Vec::new()).await;
        assert_eq!(now.status, 200, "{path}");
        assert!(now.body.windows(256).any(|w| w == [9; 256]), "{path}: the promoted version");
        assert_ne!(now.header("etag"), tag);
    }

    let mut tx = ctx.db.begin(&registrar).await.unwrap();
    let study = tx.one("SELECT study FROM instance WHERE id = $1", args![&id]).await.unwrap().text("study");
    reconcile::hide(&mut tx, ctx, &registrar, &study.unwrap(), &[id], "113001", "motion").await.unwrap();
    tx.commit().await.unwrap();
    for ((path, accept), tag) in forms.iter().zip(&known) {
        let headers = [("accept", *accept), ("if-none-match", tag.as_str())];
        let gone = stand.ask("GET", &format!("{INSTANCE}{path}"), &token, &headers, Vec::new()).await;
        assert_eq!(gone.status, 404, "{path}");
    }
}

/// The viewer's own address names a version by its row and the build that made the samples: what it holds is good for as long
/// as both are named.
#[actix_web::test]
async fn a_frame_of_a_row_is_downloaded_once() {
    let (stand, token) = stocked().await;
    let mut read = stand.bench.ctx.db.read(&Permit::system("test")).await.unwrap();
    let id = read.one("SELECT id FROM instance", args![]).await.unwrap().text("id").unwrap();
    drop(read);
    let for_ever = "private, max-age=31536000, immutable";
    for (query, kept) in [
        (format!("f=raw&by={}", yigong_base::codec::MADE_BY), for_ever),
        // Stored otherwise one day: recompression.
        ("f=stored".to_owned(), "private, no-cache"),
        ("f=raw".to_owned(), "private, no-cache"),
        ("f=raw&by=0.0.1-of-last-year".to_owned(), "private, no-cache"),
    ] {
        let path = format!("/api/frames/{id}/1?{query}");
        let first = stand.get(&path, &token).await;
        assert_eq!((first.status, first.body.as_slice()), (200, [7; 256].as_slice()), "{query}");
        assert_eq!(first.header("cache-control"), kept, "{query}");
        let known = [("if-none-match", first.header("etag"))];
        let held = stand.ask("GET", &path, &token, &known, Vec::new()).await;
        assert_eq!((held.status, held.header("cache-control")), (304, first.header("cache-control")));
    }
}

fn registrar() -> Permit {
    let grant = Grant { role: Role::Registrar, facility: "C01".into(), pipelines: "*".into() };
    Permit::person("reg", "reg", "C01", "LEAD", vec![grant])
}

#[actix_web::test]
async fn a_damaged_object_does_not_keep_the_rest_of_its_study() {
    let stand = stand().await;
    let token = stand.facility("C01", &["images:read", "images:write"]).await;
    let films: Vec<_> = (1..=3).map(|n| film("1.2.3", &format!("1.2.3.4.{n}"), n)).collect();
    assert_eq!(stand.store("/dicom-web/studies", &token, &films).await.status, 200);
    let whole = stand.get("/dicom-web/studies/1.2.3/metadata", &token).await;
    assert_eq!((whole.status, whole.json().as_array().unwrap().len()), (200, 3));
    let (ctx, permit) = (&stand.bench.ctx, Permit::system("test"));
    let mut tx = ctx.db.begin(&permit).await.unwrap();
    let row = tx.one("SELECT object_hash FROM instance WHERE uid = '1.2.3.4.2'", args![]).await.unwrap();
    let address = row.text("object_hash").unwrap();
    let hurt = "INSERT INTO damaged_object (address, kind, found_at) VALUES ($1, 'altered', 1)";
    tx.exec(hurt, args![&address]).await.unwrap();
    tx.exec("DELETE FROM metadata_document", args![]).await.unwrap();
    tx.commit().await.unwrap();
    std::fs::remove_file(ctx.blobs.path(&address).unwrap()).unwrap();
    for path in ["/dicom-web/studies/1.2.3", "/dicom-web/studies/1.2.3/metadata"] {
        let answer = stand.get(path, &token).await;
        assert_eq!(answer.status, 206, "{path}");
        assert!(answer.header("warning").contains("1 damaged"), "{path}: {}", answer.header("warning"));
        assert_eq!(answer.header("etag"), "", "{path}: what is not whole is not kept");
        let text = String::from_utf8_lossy(&answer.body);
        let has = |uid: &str| text.contains(uid);
        assert!(has("1.2.3.4.1") && !has("1.2.3.4.2") && has("1.2.3.4.3"), "{path}");
    }
    let one = stand.get("/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.2", &token).await;
    assert_eq!(one.status, 507, "alone it is not to be had");
}

#[actix_web::test]
async fn a_page_of_a_list_says_that_there_is_more() {
    let stand = stand().await;
    let token = stand.facility("C01", &["images:read", "images:write"]).await;
    let films: Vec<_> = (1..=3).map(|n| film("1.2.3", &format!("1.2.3.4.{n}"), n)).collect();
    assert_eq!(stand.store("/dicom-web/studies", &token, &films).await.status, 200);
    for (query, rows, more) in
        [("limit=2", 2, true), ("limit=3", 3, false), ("", 3, false), ("limit=2&offset=1", 2, false)]
    {
        let answer = stand.get(&format!("/dicom-web/studies/1.2.3/instances?{query}"), &token).await;
        assert_eq!(answer.json().as_array().unwrap().len(), rows, "{query}");
        assert_eq!(answer.header("warning").contains("additional results"), more, "{query}");
    }
    let odd = stand.get("/dicom-web/studies?includefield=Nonsense,KVP", &token).await;
    assert_eq!(odd.status, 200);
    assert!(odd.header("warning").contains("Nonsense, 00180060"), "{}", odd.header("warning"));
    let head =
        stand.ask("HEAD", "/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1", &token, &[], vec![]);
    assert_eq!(head.await.status, 200);
}
