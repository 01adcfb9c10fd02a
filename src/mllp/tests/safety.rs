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
