//! Thirty facilities, every DICOMweb verb, each other's UIDs: nothing crosses. A link opens one study and nothing else.

use super::*;

/// Verbs on a study with one series and one instance.
fn verbs(study: &str) -> Vec<String> {
    let series = format!("/dicom-web/studies/{study}/series/{study}.4");
    let instance = format!("{series}/instances/{study}.4.1");
    let mut all: Vec<String> = ["", "/metadata", "/rendered", "/thumbnail"]
        .iter()
        .flat_map(|end| {
            [format!("/dicom-web/studies/{study}{end}"), format!("{series}{end}"), format!("{instance}{end}")]
        })
        .collect();
    for end in ["/frames/1", "/frames/1/rendered", "/frames/1/thumbnail", "/bulkdata/7FE00010"] {
        all.push(format!("{instance}{end}"));
    }
    all.push(format!(
        "/wado?requestType=WADO&studyUID={study}&seriesUID={study}.4&objectUID={study}.4.1&contentType=application%2Fdicom"
    ));
    all
}

fn searches(study: &str) -> [String; 6] {
    [
        format!("/dicom-web/studies?StudyInstanceUID={study}"),
        format!("/dicom-web/series?StudyInstanceUID={study}"),
        format!("/dicom-web/instances?StudyInstanceUID={study}"),
        format!("/dicom-web/studies/{study}/series"),
        format!("/dicom-web/studies/{study}/instances"),
        format!("/dicom-web/studies/{study}/series/{study}.4/instances"),
    ]
}

#[actix_web::test]
async fn thirty_facilities_see_nothing_of_each_other() {
    let stand = stand().await;
    let mut all = Vec::new();
    for n in 1..=30 {
        let token = stand.facility(&format!("X{n:02}"), &["images:read", "images:write"]).await;
        let study = format!("1.2.77.{n}");
        let stored =
            stand.store("/dicom-web/studies", &token, &[film(&study, &format!("{study}.4.1"), 1)]).await;
        assert_eq!(stored.status, 200);
        all.push((token, study));
    }
    let mut asked = 0;
    for (at, (token, own)) in all.iter().enumerate() {
        // Every facility asks for the studies of two others; together every study is asked for.
        for step in [1, 7] {
            let (_, foreign) = &all[(at + step) % all.len()];
            for path in verbs(foreign) {
                let answer = stand.get(&path, token).await;
                assert_eq!(answer.status, 404, "{path}: {}", answer.json());
                asked += 1;
            }
            for path in searches(foreign) {
                let answer = stand.get(&path, token).await;
                assert_eq!((answer.status, answer.json()), (200, serde_json::json!([])), "{path}");
                asked += 1;
            }
        }
        let found = stand.get("/dicom-web/studies", token).await.json();
        let uids: Vec<&str> =
            found.as_array().unwrap().iter().map(|s| s["0020000D"]["Value"][0].as_str().unwrap()).collect();
        assert_eq!(uids, [own.as_str()]);
    }
    assert!(asked > 1_200, "only {asked} requests");
    // What is asked for is there: the same addresses answer their owner.
    let (token, own) = &all[0];
    for path in verbs(own) {
        // Pictures need codec workers, which this program is not.
        if !["/rendered", "/thumbnail"].iter().any(|end| path.ends_with(end)) {
            assert_eq!(stand.get(&path, token).await.status, 200, "{path}");
        }
    }
}

#[actix_web::test]
async fn a_link_opens_one_study_by_header_and_by_path() {
    let stand = stand().await;
    let token = stand.facility("C01", &["images:read", "images:write"]).await;
    for study in ["1.2.3", "1.2.9"] {
        stand.store("/dicom-web/studies", &token, &[film(study, &format!("{study}.4.1"), 1)]).await;
    }
    let events = stand.bench.ctx.live.follow(Some(0)).0;
    let study = events.iter().find(|e| e.slice == "imaging").unwrap().id.clone();
    let made = stand
        .ask(
            "POST",
            &format!("/api/studies/{study}/links"),
            &token,
            &[("content-type", "application/json")],
            br#"{"viewer": "weasis"}"#.to_vec(),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.json());
    let (secret, id) =
        (made.json()["secret"].as_str().unwrap().to_owned(), made.json()["id"].as_str().unwrap().to_owned());
    assert!(made.json()["url"].as_str().unwrap().starts_with("weasis://%24dicom%3Ars"));
    let by_path = |path: &str| path.replacen("/dicom-web/", &format!("/dicom-web/t/{secret}/"), 1);
    for path in searches("1.2.3").iter().chain(&[
        "/dicom-web/studies/1.2.3/metadata".to_owned(),
        "/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1/frames/1".to_owned(),
    ]) {
        for (path, token) in [(path.clone(), secret.as_str()), (by_path(path), "")] {
            let answer = stand.get(&path, token).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.json());
            assert_ne!(answer.json(), serde_json::json!([]), "{path}");
        }
    }
    // What OHIF asks first leads it back through the secret.
    let settings = stand.get(&by_path("/dicom-web/ohif.json"), "").await;
    assert_eq!(settings.status, 200);
    let root = settings.json()["servers"]["dicomWeb"][0]["qidoRoot"].as_str().unwrap().to_owned();
    assert!(root.ends_with(&format!("/dicom-web/t/{secret}")), "{root}");
    // An address with escaped letters is the same address.
    assert_eq!(stand.get("/%64icom-web/ohif.json", &token).await.status, 200);
    assert_eq!(stand.get("/dicom%2Dweb/studies", &token).await.status, 200);
    let linked = stand.get(&by_path("/dicom-web/studies/1.2.3/metadata"), "").await;
    assert_eq!(linked.header("access-control-allow-origin"), "*");
    let pixels = linked.json()[0]["7FE00010"]["BulkDataURI"].as_str().unwrap().to_owned();
    assert!(pixels.contains(&format!("/dicom-web/t/{secret}/studies/1.2.3/")), "{pixels}");
    for path in verbs("1.2.9") {
        assert_eq!(stand.get(&path, &secret).await.status, 404, "{path}");
    }
    for path in searches("1.2.9") {
        assert_eq!(stand.get(&path, &secret).await.json(), serde_json::json!([]), "{path}");
    }
    let everything = stand.get("/dicom-web/studies", &secret).await.json();
    assert_eq!(everything.as_array().unwrap().len(), 1);
    for (method, path) in [
        ("GET", "/api/worklist"),
        ("GET", "/api/studies/x"),
        ("GET", "/fhir/R4/DiagnosticReport"),
        ("POST", "/dicom-web/studies"),
    ] {
        assert_eq!(stand.ask(method, path, &secret, &[], Vec::new()).await.status, 401, "{method} {path}");
    }
    let gone = stand.ask("DELETE", &format!("/api/links/{id}"), &token, &[], Vec::new()).await;
    assert_eq!(gone.status, 204);
    assert_eq!(stand.get("/dicom-web/studies", &secret).await.status, 401);
    assert_eq!(stand.get(&by_path("/dicom-web/studies"), "").await.status, 401);
}

#[actix_web::test]
async fn searches_and_work_items_are_json_or_406() {
    let stand = stand().await;
    let token = stand.facility("X01", &["images:read"]).await;
    let mut paths = searches("1.2.3").to_vec();
    paths.push("/dicom-web/workitems".to_owned());
    for path in paths {
        for (accept, status) in [
            ("application/dicom+json", 200),
            ("application/json", 200),
            ("*/*", 200),
            ("image/png, application/dicom+json;q=0.1", 200),
            ("image/png", 406),
            ("multipart/related; type=\"application/dicom+xml\"", 406),
        ] {
            let heard = stand.ask("GET", &path, &token, &[("accept", accept)], Vec::new()).await;
            assert_eq!(heard.status, status, "{path} {accept}");
        }
    }
}
