//! The conformance statement in the tree is the one this program makes.

#[test]
fn the_statement_is_the_one_the_program_makes() {
    let made = yigong::cli::conformance::statement().unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/dicom/STATEMENT.md");
    let kept = std::fs::read_to_string(path).unwrap();
    assert!(kept.trim_end() == made.trim_end(), "run `yigong conformance > conformance/dicom/STATEMENT.md`");
}
