//! S-02: whoever is not known is answered before a byte of the body is read, on every route.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::*;

const BODY: u64 = 100_000_000;

/// Sends a head that announces 100 MB and then as much of it as the server takes; answers status, time, bytes taken.
fn push(address: SocketAddr, method: &str, path: &str) -> (u16, Duration, u64) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(10))).unwrap();
    let began = Instant::now();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/related; type=\"application/dicom\"; boundary=x\r\nContent-Length: {BODY}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0_u8; 12];
    stream.read_exact(&mut answer).unwrap();
    let took = began.elapsed();
    let status = std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap();
    let (mut taken, piece) = (0, vec![0_u8; 64 * 1024]);
    // The server has answered and does not read on: it closes, or takes no more than the buffers of the kernel hold.
    stream.set_nonblocking(true).unwrap();
    while let Ok(n) = stream.write(&piece) {
        taken += n as u64;
        if taken >= BODY {
            break;
        }
    }
    (status, took, taken)
}

#[actix_web::test]
async fn a_stranger_is_answered_before_the_body() {
    let stand = stand().await;
    let (address, handle) = stand.serve();
    let document = serde_json::to_value(crate::api::openapi::document()).unwrap();
    let mut routes = vec![
        ("POST".to_owned(), "/dicom-web/studies".to_owned()),
        ("POST".to_owned(), "/dicom-web/studies/1.2.3".to_owned()),
        ("POST".to_owned(), "/dicom-web/workitems".to_owned()),
        ("PUT".to_owned(), "/dicom-web/workitems/1.2/state".to_owned()),
        ("POST".to_owned(), "/wado".to_owned()),
    ];
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys().map(|m| m.to_uppercase()) {
            let open = (method == "POST" && path == "/api/session")
                || path == "/api/public"
                || path.starts_with("/v/");
            if matches!(method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE") && !open {
                routes.push((method, path.replace(['{', '}'], "")));
            }
        }
    }
    assert!(routes.len() > 20, "only {} routes", routes.len());
    let results = web::block(move || {
        routes.into_iter().map(|(m, p)| (push(address, &m, &p), m, p)).collect::<Vec<_>>()
    })
    .await
    .unwrap();
    for ((status, took, taken), method, path) in results {
        assert_eq!(status, 401, "{method} {path}");
        // The sockets' own buffers swallow some megabytes on a loopback; the program itself reads none of them.
        assert!(took < Duration::from_secs(1), "{method} {path} took {took:?}");
        assert!(taken < BODY / 4, "{method} {path}: {taken} bytes were taken");
    }
    handle.stop(false).await;
}
