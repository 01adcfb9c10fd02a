//! Which syntaxes reach which.

use super::*;

#[test]
fn an_object_reaches_what_loses_nothing() {
    assert!(reaches("1.2.840.10008.1.2.4.90", uid::EXPLICIT_LE));
    assert!(reaches("1.2.840.10008.1.2.4.50", uid::JPEG_LS));
    assert!(reaches("1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.102"));
    assert!(!reaches("1.2.840.10008.1.2.4.102", uid::EXPLICIT_LE), "video is not decoded");
    assert!(!reaches(uid::EXPLICIT_LE, uid::JPEG_BASELINE), "an object is never made lossy");
    assert!(!reaches(uid::EXPLICIT_LE, "1.2.840.10008.1.2.4.90"));
}
