//! Studies that go out as they are stored, over real connections: every byte in its place, whatever else is asked there.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::*;

const OBJECTS: usize = 20;
const STUDY: &str = "/dicom-web/studies/1.2.3";

/// A film of the study whose pixel data goes out as a file.
fn large(n: usize) -> Vec<u8> {
    let instance = format!("1.2.3.4.{n}");
    let mut set = film_set("1.2.3", &instance, 0);
    let pixels = (0..600 * 300_usize).map(|at| (at * (n + 1) + at / 300) as u8).collect();
    set.put_u16(0x0028_0010, &[600]).put_u16(0x0028_0011, &[300]).put_bytes(0x7FE0_0010, b"OW", pixels);
    part10(&set, CR, &instance)
}

async fn served() -> (Stand, String, SocketAddr, ServerHandle) {
    let stand = stand().await;
    let token = stand.facility("C01", &["images:read", "images:write"]).await;
    let films: Vec<Vec<u8>> = (0..OBJECTS).map(large).collect();
    let stored = stand.store("/dicom-web/studies", &token, &films).await;
    assert_eq!(stored.status, 200, "{}", stored.json());
    let (address, handle) = stand.serve();
    (stand, token, address, handle)
}

fn asking(method: &str, path: &str, token: &str, accept: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nAccept: {accept}\r\n\r\n"
    )
}

fn connected(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// One answer: its head and as many bytes as that says.
fn answer(stream: &mut TcpStream, slow: bool) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    let mut body = vec![0; length];
    for piece in body.chunks_mut(150_000) {
        stream.read_exact(piece).unwrap();
        if slow {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    (head, body)
}

/// As the parts of an answer, whose order is the server's.
fn parts_of(head: &str, body: &[u8]) -> Vec<Vec<u8>> {
    let boundary = head.split("boundary=").nth(1).unwrap().lines().next().unwrap();
    let between = format!(
        "--{boundary}\r\nContent-Type: application/dicom; transfer-syntax=1.2.840.10008.1.2.1\r\n\r\n"
    );
    let end = format!("--{boundary}--\r\n");
    let mut rest = body.strip_prefix(between.as_bytes()).unwrap().strip_suffix(end.as_bytes()).unwrap();
    let mut parts = Vec::new();
    while let Some(at) = rest.windows(between.len()).position(|w| w == between.as_bytes()) {
        parts.push(rest[..at].strip_suffix(b"\r\n").unwrap().to_vec());
        rest = &rest[at + between.len()..];
    }
    parts.push(rest.strip_suffix(b"\r\n").unwrap().to_vec());
    parts
}

#[actix_web::test]
async fn a_study_is_whole_on_a_connection_that_is_used_again() {
    let (_stand, token, address, handle) = served().await;
    let all = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
    web::block(move || {
        let mut stream = connected(address);
        // Twice before the first answer is read, then something small, then one object alone.
        let twice = asking("GET", STUDY, &token, all).repeat(2);
        stream.write_all(twice.as_bytes()).unwrap();
        stream
            .write_all(asking("GET", "/dicom-web/studies", &token, "application/dicom+json").as_bytes())
            .unwrap();
        let mut wanted: Vec<Vec<u8>> = (0..OBJECTS).map(large).collect();
        wanted.sort();
        for slow in [true, false] {
            let (head, body) = answer(&mut stream, slow);
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            let mut parts = parts_of(&head, &body);
            parts.sort();
            assert!(parts == wanted, "{} parts", parts.len());
        }
        let (head, body) = answer(&mut stream, false);
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap().as_array().unwrap().len(), 1);
        let one = format!("{STUDY}/series/1.2.3.4/instances/1.2.3.4.7");
        for _ in 0..3 {
            stream
                .write_all(asking("GET", &one, &token, "application/dicom; transfer-syntax=*").as_bytes())
                .unwrap();
            let (head, body) = answer(&mut stream, false);
            assert!(head.starts_with("HTTP/1.1 200") && body == large(7), "{head}");
        }
    })
    .await
    .unwrap();
    handle.stop(false).await;
}

/// The framework takes an answer for one to `HEAD` when that is what it read last; no byte of a file follows such a head.
#[actix_web::test]
async fn no_file_goes_where_the_framework_writes_no_body() {
    let (_stand, token, address, handle) = served().await;
    let all = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
    web::block(move || {
        for path in [STUDY.to_owned(), format!("{STUDY}/series/1.2.3.4/instances/1.2.3.4.7")] {
            let mut stream = connected(address);
            let accept = if path == STUDY { all } else { "application/dicom; transfer-syntax=*" };
            let both = asking("GET", &path, &token, accept) + &asking("HEAD", "/healthz", &token, "*/*");
            stream.write_all(both.as_bytes()).unwrap();
            let mut got = Vec::new();
            // The connection ends, orderly or not.
            let _ = stream.read_to_end(&mut got);
            let pixels = &large(7)[1000..1100];
            let head = got.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
            let whole = got.len() > 100_000 && path == STUDY;
            assert!(whole || !got[head..].windows(100).any(|w| w == pixels), "{path}: {} bytes", got.len());
            if !whole {
                assert!(got.len() < 2000, "{path}: {} bytes", got.len());
            }
        }
    })
    .await
    .unwrap();
    handle.stop(false).await;
}
