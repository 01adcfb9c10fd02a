//! The pull over HTTP: both versions exactly once, scoped to the facility of the token.

use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use serde_json::Value;
use yigong_base::access::{Grant, Permit, Role, token};
use yigong_base::patient::{self, Seen};
use yigong_base::testing::{self, Bench};
use yigong_clinic::Centre;
use yigong_clinic::lab::{self, Arrival, Run, correct, queue, verify};
use yigong_clinic::order::{self, NewOrder, NewSpecimen};

use crate::api::auth;

fn verifier(id: &str) -> Permit {
    let grant = |role| Grant { role, facility: "LEAD".into(), pipelines: "*".into() };
    Permit::person(id, id, "LEAD", "LEAD", vec![grant(Role::LabVerifier), grant(Role::Lead)])
}

async fn centre(bench: &Bench) -> Centre {
    let folder = std::env::temp_dir().join(format!("yigong-fhir-{}", bench.ctx.id()));
    std::fs::create_dir_all(&folder).unwrap();
    let centre = Centre::open(bench.ctx.clone(), &folder).unwrap();
    let _ = std::fs::remove_dir_all(folder);
    centre
}

/// Potassium 7.1 ordered by C01, measured and released; then corrected by the lead when asked.
async fn publish(centre: &Centre, value: &str) -> (String, String) {
    let ctx = &centre.ctx;
    let one = verifier("v1");
    let clinic = Permit::peer("HIS", "C01");
    let mut tx = ctx.db.begin(&clinic).await.unwrap();
    lab::items::seed_demo(&mut tx, ctx, &Permit::system("test")).await.unwrap();
    let seen = Seen {
        local_id: "P77".into(),
        name: "王珅".into(),
        sex: "M".into(),
        birth_date: "19630302".into(),
        ..Seen::default()
    };
    let patient = patient::link(&mut tx, ctx, "C01", &seen).await.unwrap().id;
    let items = vec![order::catalogue::lookup(&mut tx, "K").await.unwrap().unwrap()];
    let specimens = vec![NewSpecimen { barcode: "B1".into(), ..NewSpecimen::default() }];
    let new = NewOrder {
        placer_no: "L1".into(),
        patient,
        pipeline: "lab".into(),
        items,
        priority: "routine".into(),
        specimens,
        ..NewOrder::default()
    };
    order::place(&mut tx, ctx, &clinic, "C01", &new).await.unwrap();
    let run = Run {
        barcode: "B1".into(),
        item: "K".into(),
        value: value.into(),
        unit: "mmol/L".into(),
        status: "F".into(),
        ..Run::default()
    };
    let arrival = Arrival {
        inbox: "i".into(),
        instrument: "BS".into(),
        facility: "LEAD".into(),
        community: true,
        runs: vec![run],
        ..Arrival::default()
    };
    lab::receive(&mut tx, ctx, &one, &arrival).await.unwrap();
    tx.commit().await.unwrap();
    release(centre, &one).await
}

async fn release(centre: &Centre, permit: &Permit) -> (String, String) {
    let picks: Vec<verify::Pick> = {
        let mut conn = centre.ctx.db.read(permit).await.unwrap();
        let queue = queue::queue(&mut conn, &centre.ctx, permit, "").await.unwrap();
        let rows = queue.specimens.into_iter().flat_map(|s| s.results).filter(|r| r.state != "published");
        rows.map(|r| verify::Pick { id: r.id, row_version: r.row_version }).collect()
    };
    let done = verify::release(centre, permit, &picks, "", false).await.unwrap();
    let issued = done.reports.first().unwrap_or_else(|| panic!("nothing came out: {:?}", done.refused));
    (issued.report.clone(), picks.first().map(|p| p.id.clone()).unwrap_or_default())
}

async fn amend(centre: &Centre, result: &str) {
    let (one, two) = (verifier("v1"), verifier("v2"));
    let mut tx = centre.ctx.db.begin(&one).await.unwrap();
    correct::correct(&mut tx, &centre.ctx, &one, result, "6.9", "haemolysed").await.unwrap();
    tx.commit().await.unwrap();
    release(centre, &two).await;
}

async fn tokens(centre: &Centre) -> (String, String) {
    let permit = Permit::system("test");
    let mut tx = centre.ctx.db.begin(&permit).await.unwrap();
    for facility in ["C01", "C02"] {
        token::create(
            &mut tx,
            &centre.ctx,
            &permit,
            facility,
            facility,
            &["reports:read".to_owned()],
            &format!("secret-{facility}"),
        )
        .await
        .unwrap();
    }
    tx.commit().await.unwrap();
    ("secret-C01".into(), "secret-C02".into())
}

macro_rules! get {
    ($app:expr, $token:expr, $url:expr) => {{
        let request = TestRequest::get()
            .uri($url)
            .insert_header(("Authorization", format!("Bearer {}", $token)))
            .to_request();
        let answer = call_service(&$app, request).await;
        let status = answer.status();
        let body: Value = serde_json::from_slice(&read_body(answer).await).unwrap_or(Value::Null);
        (status, body)
    }};
}

fn versions(bundle: &Value) -> Vec<(String, String)> {
    let text = |v: &Value, p: &str| v.pointer(p).and_then(Value::as_str).unwrap_or_default().to_owned();
    let entries = bundle.get("entry").and_then(Value::as_array).cloned().unwrap_or_default();
    entries.iter().map(|e| (text(e, "/resource/meta/versionId"), text(e, "/resource/status"))).collect()
}

fn link(bundle: &Value, relation: &str) -> Option<String> {
    let links = bundle.get("link")?.as_array()?;
    let found = links.iter().find(|l| l.get("relation").and_then(Value::as_str) == Some(relation))?;
    let url = found.get("url")?.as_str()?;
    Some(url.get(url.find("/fhir/")?..)?.to_owned())
}

#[actix_web::test]
async fn both_versions_come_exactly_once_and_only_to_their_facility() {
    for bench in testing::engines().await.unwrap() {
        let centre = centre(&bench).await;
        let (own, foreign) = tokens(&centre).await;
        let app = App::new().app_data(web::Data::new(centre.clone()));
        let app =
            init_service(app.service(web::scope("").wrap(from_fn(auth::guard)).configure(super::routes)))
                .await;
        let (report, result) = publish(&centre, "7.1").await;
        bench.clock.advance(60_000);

        let (status, first) = get!(app, own, "/fhir/R4/DiagnosticReport?_lastUpdated=gt2026-08-31");
        assert_eq!((status, versions(&first)), (StatusCode::OK, vec![("1".into(), "final".into())]));
        let updated =
            first.pointer("/entry/0/resource/meta/lastUpdated").and_then(Value::as_str).unwrap().to_owned();
        let poll = link(&first, "urn:yigong:poll").unwrap();
        assert_eq!(versions(&get!(app, own, &poll).1), vec![], "nothing new yet");

        amend(&centre, &result).await;
        for url in [poll, format!("/fhir/R4/DiagnosticReport?_lastUpdated=gt{updated}")] {
            let (_, next) = get!(app, own, &url);
            assert_eq!(versions(&next), vec![("2".into(), "corrected".into())], "{url}");
            assert_eq!(versions(&get!(app, own, &link(&next, "urn:yigong:poll").unwrap()).1), vec![]);
        }
        let (_, page) = get!(app, own, "/fhir/R4/DiagnosticReport?_count=1");
        let (_, rest) = get!(app, own, &link(&page, "next").unwrap());
        assert_eq!((versions(&page).len(), versions(&rest)), (1, vec![("2".into(), "corrected".into())]));
        assert!(link(&rest, "next").is_none());
        assert_eq!(
            page.pointer("/entry/0/resource/meta/tag/0/code").and_then(Value::as_str),
            Some("replaced")
        );

        assert_eq!(versions(&get!(app, foreign, "/fhir/R4/DiagnosticReport").1), vec![]);
        assert_eq!(
            get!(app, foreign, &format!("/fhir/R4/DiagnosticReport/{report}")).0,
            StatusCode::NOT_FOUND
        );
        assert_eq!(get!(app, "wrong", "/fhir/R4/DiagnosticReport").0, StatusCode::UNAUTHORIZED);
        assert_eq!(get!(app, own, "/fhir/R4/DiagnosticReport?status=final").0, StatusCode::BAD_REQUEST);
        assert_eq!(
            versions(&get!(app, own, "/fhir/R4/DiagnosticReport?identifier=L1&patient.identifier=P77").1)
                .len(),
            2
        );
        assert_eq!(versions(&get!(app, own, "/fhir/R4/DiagnosticReport?identifier=L2").1).len(), 0);

        let (_, current) = get!(app, own, &format!("/fhir/R4/DiagnosticReport/{report}"));
        let quantity = current.pointer("/contained/1/valueQuantity/value").and_then(Value::as_f64);
        assert_eq!(quantity, Some(6.9));
        assert_eq!(
            current.pointer("/contained/1/code/coding/0/code").and_then(Value::as_str),
            Some("2823-3")
        );
        assert_eq!(current.pointer("/contained/0/name/0/text").and_then(Value::as_str), Some("王珅"));
        let (_, old) = get!(app, own, &format!("/fhir/R4/DiagnosticReport/{report}/_history/1"));
        assert_eq!(old.pointer("/contained/1/valueQuantity/value").and_then(Value::as_f64), Some(7.1));
        assert_eq!(old.pointer("/meta/lastUpdated").and_then(Value::as_str), Some(updated.as_str()));
        assert!(
            old.pointer("/presentedForm/0/data")
                .and_then(Value::as_str)
                .is_some_and(|d| d.starts_with("JVBERi"))
        );
        let request = TestRequest::get()
            .uri(&format!("/fhir/R4/Binary/{report}-2"))
            .insert_header(("Authorization", format!("Bearer {own}")))
            .to_request();
        assert!(read_body(call_service(&app, request).await).await.starts_with(b"%PDF-"));
        let open = call_service(&app, TestRequest::get().uri("/fhir/R4/metadata").to_request()).await;
        assert_eq!(open.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn every_statement_is_well_formed_on_both_engines() {
    for bench in testing::engines().await.unwrap() {
        let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
        for (name, statement) in super::sql::ALL {
            conn.prepare(statement).await.unwrap_or_else(|e| panic!("{name} on {}: {e}", bench.engine));
        }
    }
}
