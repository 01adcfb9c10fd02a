//! Messages that could reach the wrong patient, or none.

use super::*;

async fn say(server: &Server, text: String) -> String {
    String::from_utf8_lossy(&talk(server, &wrap(text.as_bytes()), 1).await).into_owned()
}

#[tokio::test]
async fn a_placer_number_of_another_patient_is_refused_and_the_message_kept() {
    let server = serve(testing::sqlite().await.unwrap()).await;
    assert!(say(&server, order_message("O1", "UNICODE UTF-8")).await.contains("MSA|AA|O1"));
    let other = order_message("O2", "UNICODE UTF-8").replace("P77", "P78").replace("王珅", "李梅");
    for (id, control) in [("O2", "NW"), ("O3", "XO"), ("O4", "CA")] {
        let text = other.replace("|O2|", &format!("|{id}|")).replace("ORC|NW", &format!("ORC|{control}"));
        let got = say(&server, text).await;
        assert!(got.contains(&format!("MSA|AE|{id}")) && got.contains("205^"), "{got}");
        assert!(!got.contains("A0000000001") && !got.contains("B100"), "{got}");
    }
    let mut conn = reader(&server).await;
    assert_eq!(states(&mut conn).await.iter().filter(|s| *s == "error").count(), 3);
    let permit = Permit::system("test");
    let page = order::list(&mut conn, &permit, "", "", None, server.bench.ctx.now()).await.unwrap();
    assert_eq!(page.rows.first().map(|r| r.state.as_str()), Some("ordered"), "still the first patient's");
}

/// Two orders in one message: one that cannot be taken takes the other along, and the same message, mended, is taken whole.
#[tokio::test]
async fn of_a_message_all_orders_stand_or_none_does() {
    let server = serve(testing::sqlite().await.unwrap()).await;
    let second = |code: &str| {
        format!("ORC|NW|L9\rOBR|1|L9||{code}|||||||||胸闷\rSPM|1|B900||SER^血清|||||||||||||20260901075500\r")
    };
    let got = say(&server, order_message("O1", "UNICODE UTF-8") + &second("")).await;
    assert!(got.contains("MSA|AE|O1"), "{got}");
    let permit = Permit::system("test");
    let mut conn = reader(&server).await;
    let page = order::list(&mut conn, &permit, "", "", None, server.bench.ctx.now()).await.unwrap();
    assert!(page.rows.is_empty(), "the sender was told that nothing was taken");
    assert_eq!(states(&mut conn).await, ["error"], "and the message is kept");
    drop(conn);
    let got = say(&server, order_message("O2", "UNICODE UTF-8") + &second("LYTES^电解质")).await;
    assert!(got.contains("MSA|AA|O2") && got.contains("ORC|OK|L1|") && got.contains("ORC|OK|L9|"), "{got}");
}

#[tokio::test]
async fn a_control_in_the_second_group_does_not_hide_the_patient_of_the_first() {
    let server = serve(testing::sqlite().await.unwrap()).await;
    say(&server, order_message("O1", "UNICODE UTF-8")).await;
    let text = result_message("1", "7.1")
        + "OBR|2||QC7|BS^240|||20260901075900\rSPM|1|||SER|||||||Q\rOBX|1|NM|K^Potassium||4.0|mmol/L|||||F\r";
    assert!(say(&server, text).await.contains("MSA|AA|1|"));
    assert_eq!(alerts(&server).await, 1);
    let mut conn = reader(&server).await;
    let permit = Permit::system("test");
    let queue = lab::queue::queue(&mut conn, &server.bench.ctx, &permit, "").await.unwrap();
    assert_eq!(queue.specimens.first().map(|s| s.results.len()), Some(2));
    assert!(lab::unmatched::list(&mut conn, &permit).await.unwrap().is_empty(), "the control is kept as one");
}

#[tokio::test]
async fn a_message_with_two_specimens_or_another_name_is_never_ready() {
    let server = serve(testing::sqlite().await.unwrap()).await;
    say(&server, order_message("O1", "UNICODE UTF-8")).await;
    let second = order_message("O2", "UNICODE UTF-8").replace("L1", "L2").replace("B100", "B200");
    assert!(say(&server, second).await.contains("MSA|AA|O2"));
    let two = result_message("1", "4.0").replace("OBR|1||B100", "OBR|1|B200|B100");
    assert!(say(&server, two).await.contains("MSA|AA|1|"));
    let permit = Permit::system("test");
    let mut conn = reader(&server).await;
    let open = lab::unmatched::list(&mut conn, &permit).await.unwrap();
    let reasons: Vec<&str> = open.iter().map(|u| u.reason.as_str()).collect();
    assert_eq!(reasons, ["ambiguous_barcode", "ambiguous_barcode"]);
    drop(conn);
    let named =
        result_message("2", "4.1").replace("PID|1||P77", "PID|1||P77||ZHANG^San").replace("0759", "0758");
    assert!(say(&server, named).await.contains("MSA|AA|2|"));
    let mut conn = reader(&server).await;
    let queue = lab::queue::queue(&mut conn, &server.bench.ctx, &permit, "").await.unwrap();
    assert_eq!((queue.counts.ready, queue.specimens.first().map(|s| s.lane)), (0, Some("look")));
}

#[tokio::test]
async fn first_messages_of_one_new_patient_at_once_are_all_taken() {
    for bench in testing::engines().await.unwrap() {
        let server = serve(bench).await;
        let mut all = tokio::task::JoinSet::new();
        for n in 0..6 {
            let text = order_message(&format!("N{n}"), "UNICODE UTF-8")
                .replace("L1", &format!("N{n}"))
                .replace("B100", &format!("N{n}"));
            let address = server.address.clone();
            all.spawn(async move {
                send::send(&address, text.as_bytes(), Duration::from_secs(20)).await.unwrap()
            });
        }
        while let Some(ack) = all.join_next().await {
            let ack = ack.unwrap();
            assert_eq!(ack.code, "AA", "{}", ack.text);
        }
    }
}
