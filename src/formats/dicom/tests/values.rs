//! What a value is, where its bytes alone do not say it.

use super::super::*;
use super::super::{json, part10};
use super::odd::{COMMENT, element, file, implicit, scanned, uids};

#[test]
fn sample_values_have_the_sign_of_the_samples() {
    for (sign, vr, shown) in [(1_u16, Vr::SS, -2000_i64), (0, Vr::US, 63_536)] {
        let mut file = part10::head("1.2.840.10008.5.1.4.1.1.7", "1.2.3", uid::IMPLICIT_LE);
        file.extend(implicit(tag::PIXEL_REPRESENTATION, &sign.to_le_bytes()));
        file.extend(implicit(tag::PADDING, &63_536_u16.to_le_bytes()));
        let object = scanned(&file);
        assert_eq!(object.root().int(tag::PADDING), Some(shown));
        let json = json::dataset(&object, &|_| String::new());
        assert_eq!(json["00280120"]["vr"], vr.as_str());
        assert_eq!(json["00280120"]["Value"][0], shown);
    }
}

#[test]
fn a_text_ends_where_the_rest_of_a_buffer_begins() {
    let object = scanned(&file(&[uids(), element(COMMENT, b"ST", b"CHEST\0garbage ")].concat()));
    assert_eq!(object.root().text(COMMENT), "CHEST");
}
