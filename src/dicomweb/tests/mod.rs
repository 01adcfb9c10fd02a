//! The DICOMweb edge against a real application: uploads and their answers, scope, links, what strangers get.

use std::net::{SocketAddr, TcpListener};

use actix_web::dev::ServerHandle;
use actix_web::http::header::{CONTENT_TYPE, HeaderName};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use serde_json::Value;
use yigong_base::access::{Permit, token};
use yigong_base::site::facility::{self, Facility};
use yigong_base::testing::{Bench, sqlite};
use yigong_clinic::Centre;
use yigong_formats::dicom::build::{DataSet, TextSet, part10};

use crate::api::server::everything;

mod scope;
mod stow;
mod strangers;
mod wado;
mod whole;

const CR: &str = "1.2.840.10008.5.1.4.1.1.1";
const BOUNDARY: &str = "yigong-test-boundary";

/// A centre with a token for each of some facilities.
struct Stand {
    bench: Bench,
    centre: Centre,
}

/// An answer, read to its end.
struct Heard {
    status: u16,
    headers: actix_web::http::header::HeaderMap,
    body: Vec<u8>,
}

impl Heard {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

async fn stand() -> Stand {
    let bench = sqlite().await.unwrap();
    let folder = std::env::temp_dir().join(format!("yigong-dicomweb-{}", bench.ctx.id()));
    std::fs::create_dir_all(&folder).unwrap();
    let centre = Centre::open(bench.ctx.clone(), &folder).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    Stand { bench, centre }
}

impl Stand {
    /// A facility with a token; its secret is made of the code and the scopes.
    async fn facility(&self, code: &str, scopes: &[&str]) -> String {
        let (ctx, permit) = (&self.bench.ctx, Permit::system("test"));
        let f = Facility {
            code: code.into(),
            name: code.into(),
            name_en: code.into(),
            kind: if code == "LEAD" { "lead" } else { "clinic" }.into(),
            grid: String::new(),
            phone: String::new(),
            duty_phone: String::new(),
            active: true,
        };
        let secret = format!("secret-{code}-{}", scopes.join("-"));
        let scopes: Vec<String> = scopes.iter().map(|s| (*s).to_owned()).collect();
        let mut tx = ctx.db.begin(&permit).await.unwrap();
        facility::put(&mut tx, ctx, &permit, &f).await.unwrap();
        token::create(&mut tx, ctx, &permit, code, code, &scopes, &secret).await.unwrap();
        tx.commit().await.unwrap();
        secret
    }

    /// The program on a port of its own, for what shows only on a real connection.
    fn serve(&self) -> (SocketAddr, ServerHandle) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let server = crate::api::server::start(self.centre.clone(), listener).unwrap();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        (address, handle)
    }

    /// Asks the application; a token without text sends none.
    async fn ask(
        &self,
        method: &str,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Heard {
        let data = web::Data::new(self.centre.clone());
        let app = init_service(App::new().app_data(data).configure(everything)).await;
        let mut request = TestRequest::default().method(method.parse().unwrap()).uri(path).set_payload(body);
        if !token.is_empty() {
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        for (name, value) in headers {
            request = request.insert_header((name.parse::<HeaderName>().unwrap(), *value));
        }
        let answer = call_service(&app, request.to_request()).await;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Heard { status, headers, body: read_body(answer).await.to_vec() }
    }

    async fn get(&self, path: &str, token: &str) -> Heard {
        self.ask("GET", path, token, &[], Vec::new()).await
    }

    async fn store(&self, path: &str, token: &str, parts: &[Vec<u8>]) -> Heard {
        let kind = format!("multipart/related; type=\"application/dicom\"; boundary={BOUNDARY}");
        self.ask("POST", path, token, &[(CONTENT_TYPE.as_str(), &kind)], multipart(parts)).await
    }
}

fn multipart(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(format!("--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n").as_bytes());
        body.extend_from_slice(part);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// A small film of a study.
fn film(study: &str, instance: &str, pixel: u8) -> Vec<u8> {
    part10(&film_set(study, instance, pixel), CR, instance)
}

fn film_set(study: &str, instance: &str, pixel: u8) -> DataSet {
    let mut set = DataSet::new(TextSet::Gb18030);
    set.declare_text()
        .put_text(0x0008_0016, b"UI", CR)
        .put_text(0x0008_0018, b"UI", instance)
        .put_text(0x0008_0020, b"DA", "20260831")
        .put_text(0x0008_0060, b"CS", "CR")
        .put_text(0x0010_0010, b"PN", "卢^瑋")
        .put_text(0x0010_0020, b"LO", "P10086")
        .put_text(0x0020_000D, b"UI", study)
        .put_text(0x0020_000E, b"UI", &format!("{study}.4"))
        .put_u16(0x0028_0002, &[1])
        .put_text(0x0028_0004, b"CS", "MONOCHROME2")
        .put_u16(0x0028_0010, &[16])
        .put_u16(0x0028_0011, &[16])
        .put_u16(0x0028_0100, &[8])
        .put_u16(0x0028_0101, &[8])
        .put_u16(0x0028_0102, &[7])
        .put_u16(0x0028_0103, &[0])
        .put_bytes(0x7FE0_0010, b"OW", vec![pixel; 256]);
    set
}
