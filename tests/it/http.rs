//! The HTTP contract: no path of the OpenAPI document answers without a session, and every one is documented.

use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, web};
use yigong::api;
use yigong_base::testing::sqlite;
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
