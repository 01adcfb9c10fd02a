//! The HTTP contract: no path of the OpenAPI document answers without a session, and every one is documented.

use std::collections::BTreeSet;

use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::{App, web};
use serde_json::Value;
use yigong::api;
use yigong::api::doors::{DOORS, Need};
use yigong_base::access::account::{NewAccount, create};
use yigong_base::access::password::Cost;
use yigong_base::access::session::{self, From};
use yigong_base::access::{Grant, Permit, Role, session::Session};
use yigong_base::site::{Facility, facility};
use yigong_base::testing::{Bench, sqlite};
use yigong_clinic::Centre;

/// Paths that answer strangers, on purpose.
const OPEN: &[(&str, &str)] = &[("GET", "/api/public"), ("POST", "/api/session"), ("GET", "/v/{code}")];

#[actix_web::test]
async fn strangers_get_401_everywhere() {
    let bench = sqlite().await.unwrap();
    let folder = std::env::temp_dir().join(format!("yigong-http-{}", bench.ctx.id()));
    std::fs::create_dir_all(&folder).unwrap();
    let centre = Centre::open(bench.ctx.clone(), &folder).unwrap();
    let app =
        init_service(App::new().app_data(web::Data::new(centre)).configure(api::server::everything)).await;
    let document = serde_json::to_value(api::openapi::document()).unwrap();
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            if OPEN.contains(&(method.as_str(), path.as_str())) {
                continue;
            }
            let real = path.replace(['{', '}'], "");
            for (name, value) in
                [("x-none", "x"), ("authorization", "Bearer wrong"), ("cookie", "yigong_session=wrong")]
            {
                let request = TestRequest::default()
                    .method(method.parse().unwrap())
                    .uri(&real)
                    .insert_header((name, value))
                    .set_payload("{")
                    .to_request();
                let answer = call_service(&app, request).await;
                assert_eq!(answer.status().as_u16(), 401, "{method} {real} with {name}");
                asked += 1;
            }
        }
    }
    assert!(asked > 100, "only {asked} requests");
}

const SECRET: &str = "shan-shui-2026";

async fn bench_with_lead() -> (Bench, Centre) {
    let bench = sqlite().await.unwrap();
    let folder = std::env::temp_dir().join(format!("yigong-http-{}", bench.ctx.id()));
    std::fs::create_dir_all(&folder).unwrap();
    let centre = Centre::open(bench.ctx.clone(), &folder).unwrap();
    let permit = Permit::system("test");
    let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
    for (code, kind) in [("LEAD", "lead"), ("C01", "clinic")] {
        let f = Facility {
            code: code.into(),
            name: code.into(),
            name_en: String::new(),
            kind: kind.into(),
            grid: String::new(),
            phone: String::new(),
            duty_phone: String::new(),
            active: true,
        };
        facility::put(&mut tx, &bench.ctx, &permit, &f).await.unwrap();
    }
    tx.commit().await.unwrap();
    (bench, centre)
}

/// Signs a new person in; the cookie and what the server knows of the session.
async fn person(
    centre: &Centre,
    login: &str,
    facility: &str,
    role: Role,
    must_change: bool,
) -> (String, Session) {
    let grant = Grant { role, facility: facility.into(), pipelines: "*".into() };
    let new = NewAccount {
        login: login.into(),
        name: login.into(),
        name_en: String::new(),
        facility: facility.into(),
        grants: vec![grant],
        must_change,
    };
    create(&centre.ctx, &Permit::system("test"), &new, SECRET, Cost::Demo).await.unwrap();
    let from = From { address: "", device: None };
    let token = session::sign_in(&centre.ctx, login, SECRET, from).await.unwrap().token;
    let held = session::find(&centre.ctx, &token).await.unwrap().unwrap();
    (format!("yigong_session={token}"), held)
}

macro_rules! ask {
    ($app:expr, $who:expr, $verb:expr, $path:expr, $body:expr) => {{
        let request = TestRequest::default()
            .method($verb.parse().unwrap())
            .uri($path)
            .insert_header(("cookie", $who.0.as_str()))
            .insert_header(("x-csrf-token", $who.1.csrf.as_str()))
            .insert_header(("content-type", "application/json"))
            .set_payload($body)
            .to_request();
        call_service(&$app, request).await
    }};
}

#[actix_web::test]
async fn every_address_has_a_row_and_a_role_without_the_right_is_refused_there() {
    let (_bench, centre) = bench_with_lead().await;
    let routes = api::server::everything;
    let app = init_service(App::new().app_data(web::Data::new(centre.clone())).configure(routes)).await;
    let document = serde_json::to_value(api::openapi::document()).unwrap();
    let plain = |pattern: &str| pattern.replace(":preview|thumbnail", "");
    let rows: BTreeSet<(String, String)> =
        DOORS.iter().map(|(v, p, _)| ((*v).to_owned(), plain(p))).collect();
    assert_eq!(rows.len(), DOORS.len(), "an address stands twice");
    let mut known = BTreeSet::from([("GET".to_owned(), "/api/openapi.json".to_owned())]);
    for (path, methods) in
        document["paths"].as_object().unwrap().iter().filter(|(p, _)| p.starts_with("/api/"))
    {
        known.extend(methods.as_object().unwrap().keys().map(|m| (m.to_uppercase(), path.clone())));
    }
    assert_eq!(rows, known, "the doors and the documented addresses differ");
    let (mut refused, mut let_in) = (0, 0);
    for role in Role::ALL {
        let who = person(&centre, role.as_str(), "LEAD", *role, false).await;
        for (verb, pattern, need) in DOORS {
            let ends =
                matches!((*verb, *pattern), ("DELETE", "/api/session") | ("POST", "/api/session/lock"));
            if ends || *pattern == "/api/events" {
                continue;
            }
            let rights = match need {
                Need::Anyone => continue,
                Need::Right(rights) | Need::Scope(_, rights) => *rights,
            };
            let path =
                plain(pattern).replace("{picture}", "preview").replace("{n}", "1").replace(['{', '}'], "");
            let answer = ask!(app, who, verb, &path, "{}");
            let may = rights.iter().any(|right| role.rights().contains(right));
            let status = answer.status().as_u16();
            if may {
                // What it finds is another matter; this door is open. A right that hangs on the row is asked for behind it.
                let body: Value = if status == 403 { read_body_json(answer).await } else { Value::Null };
                assert_ne!(body["what"], "address", "{role:?} {verb} {path}");
                let_in += 1;
            } else {
                assert_eq!(status, 403, "{role:?} {verb} {path}");
                refused += 1;
            }
        }
    }
    assert!(refused > 500 && let_in > 300, "{refused} refused, {let_in} let in");
}

#[actix_web::test]
async fn a_role_counts_where_it_is_held() {
    let (_bench, centre) = bench_with_lead().await;
    let scope = |p: &(String, Session)| p.1.permit.scope().to_owned();
    let at = async |login: &str, facility: &str, role| person(&centre, login, facility, role, false).await;
    assert_eq!(scope(&at("reader", "LEAD", Role::Auditor).await), "*");
    assert_eq!(
        scope(&at("ward", "LEAD", Role::ClinicDoctor).await),
        "LEAD",
        "a ward doctor sees the own facility"
    );
    assert_eq!(scope(&at("guest", "LEAD", Role::ExternalReader).await), "LEAD");
    assert_eq!(scope(&at("clinic", "C01", Role::Auditor).await), "C01");
    let grant = Grant { role: Role::ItAdmin, facility: "C01".into(), pipelines: "*".into() };
    let mut new = NewAccount {
        login: "it".into(),
        name: "it".into(),
        name_en: String::new(),
        facility: "C01".into(),
        grants: vec![grant],
        must_change: false,
    };
    let system = Permit::system("test");
    let refused = create(&centre.ctx, &system, &new, SECRET, Cost::Demo).await.unwrap_err();
    assert!(refused.to_string().contains("it_admin"), "{refused}");
    // Neither does a role at a third facility.
    new.grants = vec![Grant { role: Role::Registrar, facility: "C02".into(), pipelines: "*".into() }];
    assert!(create(&centre.ctx, &system, &new, SECRET, Cost::Demo).await.is_err());
}

#[actix_web::test]
async fn a_locked_page_only_waits_for_alerts_and_a_given_password_is_changed_first() {
    let (_bench, centre) = bench_with_lead().await;
    let routes = api::server::everything;
    let app = init_service(App::new().app_data(web::Data::new(centre.clone())).configure(routes)).await;
    let who = person(&centre, "doctor", "C01", Role::ClinicDoctor, false).await;
    assert_eq!(ask!(app, who, "GET", "/api/clinic/today", "").status().as_u16(), 200);
    assert_eq!(ask!(app, who, "POST", "/api/session/lock", "").status().as_u16(), 204);
    assert_eq!(ask!(app, who, "GET", "/api/clinic/today", "").status().as_u16(), 423);
    assert_eq!(ask!(app, who, "GET", "/api/critical?state=open", "").status().as_u16(), 423);
    let ringing: Value = read_body_json(ask!(app, who, "GET", "/api/critical/ringing", "")).await;
    assert_eq!(ringing["n"], 0);
    let wrong = ask!(app, who, "POST", "/api/session/reauth", r#"{"password": "nonsense"}"#);
    assert_eq!(wrong.status().as_u16(), 401);
    let right = format!(r#"{{"password": "{SECRET}"}}"#);
    assert_eq!(ask!(app, who, "POST", "/api/session/reauth", right).status().as_u16(), 200);
    assert_eq!(ask!(app, who, "GET", "/api/clinic/today", "").status().as_u16(), 200);
    // Five wrong ones, and the session is over.
    for _ in 0..5 {
        ask!(app, who, "POST", "/api/session/reauth", r#"{"password": "nonsense"}"#);
    }
    let right = format!(r#"{{"password": "{SECRET}"}}"#);
    assert_eq!(ask!(app, who, "POST", "/api/session/reauth", right).status().as_u16(), 401);
    assert_eq!(ask!(app, who, "GET", "/api/clinic/today", "").status().as_u16(), 401);

    let new = person(&centre, "new", "C01", Role::ClinicDoctor, true).await;
    let refused = ask!(app, new, "GET", "/api/clinic/today", "");
    assert_eq!(refused.status().as_u16(), 403);
    let problem: Value = read_body_json(refused).await;
    assert_eq!(problem["code"], "must_change");
    let change = |old: &str, new: &str| format!(r#"{{"old": "{old}", "new": "{new}"}}"#);
    let same = ask!(app, new, "PUT", "/api/session/password", change(SECRET, SECRET));
    assert_eq!(same.status().as_u16(), 422);
    let wrong = ask!(app, new, "PUT", "/api/session/password", change("nonsense", "a-new-secret"));
    assert_eq!(wrong.status().as_u16(), 401);
    let done = ask!(app, new, "PUT", "/api/session/password", change(SECRET, "a-new-secret"));
    assert_eq!(done.status().as_u16(), 204);
    assert_eq!(ask!(app, new, "GET", "/api/clinic/today", "").status().as_u16(), 200);
}
