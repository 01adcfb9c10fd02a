//! Sending, carrying and the shape of what is sent.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use yigong_base::testing;
use yigong_formats::hl7::frame::wrap;
use yigong_formats::hl7::{Charset, ReadOptions, receive};

use super::send::{self, SendError};
use super::tests::result_message;

#[tokio::test]
async fn as_a_sender_only_the_right_answer_counts() {
    let message = result_message("M1", "4.0");
    let wait = Duration::from_millis(500);
    assert_eq!(
        send::send(receiver(ack("AA", "M1"), true).await, message.as_bytes(), wait).await.unwrap().code,
        "AA"
    );
    assert_eq!(
        send::send(receiver(ack("AE", "M1"), true).await, message.as_bytes(), wait).await.unwrap().code,
        "AE"
    );
    assert_eq!(
        send::send(receiver(ack("AA", "M0"), true).await, message.as_bytes(), wait).await,
        Err(SendError::WrongId)
    );
    assert_eq!(
        send::send(receiver(ack("AA", "M1"), false).await, message.as_bytes(), wait).await,
        Err(SendError::Timeout)
    );
}

#[tokio::test]
async fn the_carrier_proves_parks_or_tries_again_with_the_same_bytes() {
    use yigong_clinic::delivery::carrier::{Carrier, Outcome, Parcel};
    use yigong_clinic::report::content::ReportContent;
    let bench = testing::sqlite().await.unwrap();
    let carrier = super::Hl7Carrier::new(bench.ctx.clone()).patience(Duration::from_millis(500));
    let parcel = |address: String, body: Option<Vec<u8>>| Parcel {
        delivery: "d".into(),
        destination: "x".into(),
        address,
        settings: serde_json::json!({"app": "HIS", "charset": "gb18030"}),
        report: "r".into(),
        n: 1,
        content: serde_json::to_string(&ReportContent {
            kind: "final".into(),
            pipeline: "imaging".into(),
            ..ReportContent::default()
        })
        .unwrap(),
        pdf_object: String::new(),
        control_id: "M1".into(),
        body,
    };
    let first = carrier.deliver(&parcel(receiver(ack("AA", "M0"), true).await, None)).await;
    assert!(matches!(first.outcome, Outcome::Retry { .. }), "a foreign answer proves nothing");
    let again =
        carrier.deliver(&parcel(receiver(ack("AA", "M1"), true).await, Some(first.body.clone()))).await;
    assert_eq!((again.outcome, again.body == first.body), (Outcome::Acked { receipt: "AA".into() }, true));
    let parked = carrier.deliver(&parcel(receiver(ack("AR", "M1"), true).await, None)).await;
    assert!(matches!(parked.outcome, Outcome::Parked { .. }));
    // Nothing was built at an earlier try: it is built now, and no empty message goes out.
    let built = carrier.deliver(&parcel(receiver(ack("AA", "M1"), true).await, Some(Vec::new()))).await;
    assert_eq!(built.outcome, Outcome::Acked { receipt: "AA".into() });
    assert!(built.body.starts_with(b"MSH|"), "{:?}", built.body);
    // A PDF that cannot be read now is tried again, and needs nobody.
    let mut with_pdf = parcel("127.0.0.1:1".into(), None);
    with_pdf.settings = serde_json::json!({"app": "HIS", "charset": "gb18030", "pdf": true});
    with_pdf.pdf_object = "0".repeat(64);
    let away = carrier.deliver(&with_pdf).await;
    assert!(
        matches!(away.outcome, Outcome::Retry { ref why } if !why.contains("connect")),
        "{:?}",
        away.outcome
    );
    let closed = carrier.deliver(&parcel("127.0.0.1:1".into(), None)).await;
    assert!(matches!(closed.outcome, Outcome::Retry { .. }));
}

/// A receiver that gives one answer, whatever it is sent.
async fn receiver(answer: String, framed: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0_u8; 4096];
        let _ = stream.read(&mut buffer).await;
        let bytes = if framed { wrap(answer.as_bytes()) } else { answer.into_bytes() };
        let _ = stream.write_all(&bytes).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    });
    address
}

fn ack(code: &str, id: &str) -> String {
    format!("MSH|^~\\&|A|B|||2026||ACK|9|P|2.3.1\rMSA|{code}|{id}|no\r")
}

#[test]
fn a_report_becomes_a_message_in_the_character_set_of_its_destination() {
    use yigong_clinic::report::content::{LabRow, Order, Patient, ReportContent};
    let content = ReportContent {
        report: "r1".into(),
        n: 2,
        kind: "amended".into(),
        pipeline: "lab".into(),
        patient: Patient {
            local_id: "P77".into(),
            name: "王珅".into(),
            sex: "M".into(),
            ..Patient::default()
        },
        order: Some(Order { placer_no: "L1".into(), filler_no: "A1".into(), ..Order::default() }),
        lab_rows: vec![
            LabRow {
                code: "K".into(),
                name: "血清钾".into(),
                value: "7.1".into(),
                unit: "mmol/L".into(),
                flag: "HH".into(),
                corrected_from: "6.9".into(),
                loinc: "2823-3".into(),
                ..LabRow::default()
            },
            LabRow { code: "NA".into(), value: "140".into(), ..LabRow::default() },
        ],
        ..ReportContent::default()
    };
    let style = super::oru::Style::of(&serde_json::json!({"charset": "gb18030"}));
    let text = super::oru::build(&content, &style, "C9", 480, Some("QUJD")).unwrap();
    let bytes = style.charset.encode(&text).unwrap();
    let got = receive(&bytes, &ReadOptions::default()).unwrap();
    let message = got.messages.first().unwrap().as_ref().unwrap();
    assert_eq!((got.decoded.charset, message.control_id()), (Charset::Gb18030, "C9"));
    assert_eq!(message.segment("OBR").unwrap().text(25), "C");
    let obx: Vec<_> = message.segments().filter(|s| s.name() == "OBX").collect();
    assert_eq!(
        (obx[0].text(5), obx[0].text(11), obx[0].component(3, 4)),
        ("7.1".into(), "C".into(), "2823-3".into())
    );
    assert_eq!((obx[1].text(11), obx[2].component(5, 5)), ("F".into(), "QUJD".into()));
    assert_eq!(message.segment("PID").unwrap().text(5), "王珅");
}
