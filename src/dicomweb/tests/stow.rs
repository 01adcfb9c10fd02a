//! STOW-RS: every answer of specification §8.

use super::*;

const STORED: &str = "00081199";
const FAILED: &str = "00081198";

fn uids(answer: &Value, sequence: &str) -> Vec<String> {
    let items = answer[sequence]["Value"].as_array().cloned().unwrap_or_default();
    items.iter().map(|i| i["00081155"]["Value"][0].as_str().unwrap_or_default().to_owned()).collect()
}

#[actix_web::test]
async fn every_part_has_its_answer() {
    let stand = stand().await;
    let token = stand.facility("C01", &["images:read", "images:write"]).await;
    let good = film("1.2.3", "1.2.3.4.1", 1);
    let answer =
        stand.store("/dicom-web/studies", &token, &[good.clone(), film("1.2.3", "1.2.3.4.2", 1)]).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    assert_eq!(answer.header("content-type"), "application/dicom+json");
    assert_eq!(uids(&answer.json(), STORED), ["1.2.3.4.1", "1.2.3.4.2"], "in the order of the body");
    let url = answer.json()["00081190"]["Value"][0].as_str().unwrap().to_owned();
    assert!(url.ends_with("/dicom-web/studies/1.2.3"), "{url}");

    let again = stand.store("/dicom-web/studies/1.2.3", &token, std::slice::from_ref(&good)).await;
    assert_eq!(again.status, 200, "a repeat is stored already");
    let mixed = stand
        .store("/dicom-web/studies", &token, &[b"no object".to_vec(), film("1.2.3", "1.2.3.4.3", 1)])
        .await;
    assert_eq!(mixed.status, 202, "some failed");
    assert_eq!(uids(&mixed.json(), STORED), ["1.2.3.4.3"]);
    assert_eq!(mixed.json()[FAILED]["Value"][0]["00081197"]["Value"][0], 0xC000);
    assert!(mixed.json()[FAILED]["Value"][0]["00000902"]["Value"][0].as_str().unwrap().starts_with("uid"));
    let none = stand.store("/dicom-web/studies", &token, &[b"no object".to_vec()]).await;
    assert_eq!(none.status, 409, "nothing could be stored");

    let elsewhere = stand.store("/dicom-web/studies/1.2.4", &token, &[film("1.2.3", "1.2.3.4.9", 1)]).await;
    assert_eq!(elsewhere.status, 409);
    assert_eq!(elsewhere.json()[FAILED]["Value"][0]["00081197"]["Value"][0], 0xA900);
    assert_eq!(uids(&elsewhere.json(), FAILED), ["1.2.3.4.9"]);

    let held = stand.store("/dicom-web/studies", &token, &[film("1.2.3", "1.2.3.4.1", 99)]).await;
    assert_eq!(held.status, 200, "kept beside the first, a person decides");
    assert_eq!(held.json()[STORED]["Value"][0]["00081196"]["Value"][0], 0xB000);
    let list = stand.get("/dicom-web/studies/1.2.3/instances", &token).await;
    assert_eq!(list.json().as_array().unwrap().len(), 3, "{}", list.json());
}

#[actix_web::test]
async fn what_the_head_shows_is_refused_without_the_body() {
    let stand = stand().await;
    let token = stand.facility("C01", &["images:read", "images:write"]).await;
    let reads = stand.facility("C02", &["images:read"]).await;
    let parts = [film("1.2.3", "1.2.3.4.1", 1)];
    let body = multipart(&parts);
    let kind = format!("multipart/related; type=\"application/dicom\"; boundary={BOUNDARY}");
    let json_kind = kind.replace("application/dicom", "application/dicom+json");
    let long = format!("multipart/related; type=\"application/dicom\"; boundary={}", "b".repeat(129));
    type Case<'a> = (&'a str, &'a str, &'a str, Vec<(&'a str, &'a str)>, u16);
    let cases: [Case<'_>; 11] = [
        ("POST", "/dicom-web/studies", "", vec![("content-type", &kind)], 401),
        ("POST", "/dicom-web/studies", "wrong", vec![("content-type", &kind)], 401),
        ("POST", "/dicom-web/studies", &reads, vec![("content-type", &kind)], 403),
        ("POST", "/dicom-web/studies", &token, vec![("content-type", "application/dicom")], 400),
        ("POST", "/dicom-web/studies", &token, vec![("content-type", &json_kind)], 415),
        ("POST", "/dicom-web/studies", &token, vec![("content-type", &long)], 400),
        (
            "POST",
            "/dicom-web/studies",
            &token,
            vec![("content-type", &kind), ("content-encoding", "gzip")],
            415,
        ),
        ("POST", "/dicom-web/studies", &token, vec![("content-type", &kind), ("accept", "text/html")], 406),
        ("POST", "/dicom-web/studies/..", &token, vec![("content-type", &kind)], 400),
        ("DELETE", "/dicom-web/studies/1.2.3", &token, vec![], 405),
        ("PUT", "/dicom-web/nothing", &token, vec![], 404),
    ];
    for (method, path, who, headers, status) in cases {
        let answer = stand.ask(method, path, who, &headers, body.clone()).await;
        assert_eq!(answer.status, status, "{method} {path} {headers:?}: {}", answer.json());
        assert!(answer.json()["detail"].is_string(), "a refusal says why: {}", answer.json());
    }
    let xml = [("content-type", kind.as_str()), ("accept", "application/dicom+xml")];
    let answer = stand.ask("POST", "/dicom-web/studies", &token, &xml, body).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/dicom+xml"));
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.contains("<Value number=\"1\">1.2.3.4.1</Value>"), "{text}");
}

#[actix_web::test]
async fn a_body_that_breaks_off_names_what_is_stored() {
    let stand = stand().await;
    let token = stand.facility("C01", &["images:read", "images:write"]).await;
    let kind = format!("multipart/related; type=\"application/dicom\"; boundary={BOUNDARY}");
    let whole = multipart(&[film("1.2.3", "1.2.3.4.1", 1), film("1.2.3", "1.2.3.4.2", 1)]);
    let cut = whole[..whole.len() - 300].to_vec();
    let trailing = [whole.clone(), b"more".to_vec()].concat();
    let many = format!("--{BOUNDARY}\r\n\r\n\r\n").repeat(10_001).into_bytes();
    let empty = format!("--{BOUNDARY}--").into_bytes();
    for (body, status, what, stored) in [
        (cut, 400, "cut", 1),
        (trailing, 400, "trailing", 2),
        (empty, 400, "part-count", 0),
        (many, 413, "part-count", 0),
        (b"nothing like it".to_vec(), 400, "cut", 0),
    ] {
        let answer = stand.ask("POST", "/dicom-web/studies", &token, &[("content-type", &kind)], body).await;
        let said = answer.json();
        assert_eq!((answer.status, said["what"].as_str().unwrap()), (status, what), "{said}");
        assert_eq!(said["stored"].as_array().unwrap().len(), stored, "{said}");
    }
    let list = stand.get("/dicom-web/studies/1.2.3/instances", &token).await;
    assert_eq!(list.json().as_array().unwrap().len(), 2);
}
