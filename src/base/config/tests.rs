use super::{Config, read};

fn none() -> impl Iterator<Item = (String, String)> {
    std::iter::empty()
}

#[test]
fn empty_text_is_the_default() {
    assert_eq!(read("", none()).unwrap(), Config::default());
}

#[test]
fn unknown_key_names_the_nearest() {
    let fault = read("[dicom]\nae_titel = \"X\"\n", none()).unwrap_err().to_string();
    assert!(fault.contains("dicom.ae_titel") && fault.contains("dicom.ae_title"), "{fault}");
    let fault = read("[htpp]\nbind = \"X\"\n", none()).unwrap_err().to_string();
    assert!(fault.contains("did you mean http"), "{fault}");
}

#[test]
fn environment_wins_and_is_typed() {
    let env = [("YIGONG__MLLP__FRAME_SECONDS".to_owned(), "7".to_owned())];
    let config = read("[mllp]\nframe_seconds = 3\n", env.into_iter()).unwrap();
    assert_eq!(config.mllp.frame_seconds, 7);
    let env = [("YIGONG__MLLP__FRAME_SECONDS".to_owned(), "seven".to_owned())];
    assert!(read("", env.into_iter()).unwrap_err().to_string().contains("YIGONG__MLLP__FRAME_SECONDS"));
}
