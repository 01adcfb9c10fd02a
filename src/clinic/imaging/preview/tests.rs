//! The stack document as the worker understands it; the statements on both engines.

use serde_json::json;
use yigong_base::codec::Output;
use yigong_base::testing;

use super::*;

#[test]
fn a_stack_document_becomes_a_request() {
    let document = json!({
        "rows": 512, "cols": 256, "samples": 1, "bits_allocated": 16, "bits_stored": 12, "high_bit": 11, "signed": true,
        "photometric": "MONOCHROME2", "planar": null, "slope": 1.0, "intercept": -1024.0,
        "windows": [{"center": 40.0, "width": 400.0, "label": "软组织"}], "voi_function": "LINEAR", "padding": -2000,
        "invert": false, "uid": "1.2", "position": [0, 0, 0]
    });
    let request = request(&document, "1.2.840.10008.1.2.1", vec![Output::Raw]).unwrap();
    assert_eq!((request.shape.rows, request.shape.cols, request.shape.frame_bytes()), (512, 256, 262_144));
    assert!(request.shape.check().is_ok());
    assert!(super::request(&json!({"rows": 1}), "1.2", vec![]).is_err());
}

#[tokio::test]
async fn every_statement_is_well_formed_on_both_engines() {
    for bench in testing::engines().await.unwrap() {
        let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
        for (name, statement) in sql::ALL {
            conn.prepare(statement).await.unwrap_or_else(|e| panic!("{name} on {}: {e}", bench.engine));
        }
    }
}
