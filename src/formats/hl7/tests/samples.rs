//! Third-party messages and Chinese messages derived from them: read whole or refused, never shorter.

use crate::hl7::*;
use std::path::PathBuf;

fn folder() -> Option<PathBuf> {
    let shared = std::env::var("YIGONG_SHARED").unwrap_or_else(|_| "../../../shared".to_owned());
    let found =
        [PathBuf::from(&shared), PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(&shared)]
            .into_iter()
            .map(|p| p.join("data/hl7"))
            .find(|p| p.is_dir());
    if found.is_none() {
        println!("SKIPPED: no shared sample messages (set YIGONG_SHARED)");
    }
    found
}

fn files(folder: &PathBuf) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    all.retain(|p| p.extension().is_some_and(|e| e == "hl7"));
    all.sort();
    all
}

/// Lines of the bytes by the plainest rule, for comparison.
fn naive(text: &str) -> Vec<String> {
    let text = text.trim_start_matches(['\u{FEFF}', '\u{B}']);
    text.split(['\r', '\n'])
        .map(|l| l.trim_end_matches(['\u{1C}', '\u{B}']).to_owned())
        .filter(|l| !l.trim().is_empty())
        .collect()
}

#[test]
fn every_sample_is_read_whole_or_refused_by_line() {
    let Some(folder) = folder() else { return };
    let (mut read, mut refused) = (0, Vec::new());
    for path in files(&folder) {
        let bytes = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let got = match receive(&bytes, &ReadOptions::default()) {
            Ok(got) => got,
            Err(e) => {
                refused.push(format!("{name}: {e}"));
                continue;
            }
        };
        let mut lines = naive(&got.decoded.text);
        if got.batch {
            lines.retain(|l| !["FHS", "BHS", "BTS", "FTS"].iter().any(|b| l.starts_with(b)));
        }
        let mut at = 0;
        for message in got.messages {
            match message {
                Err(e) => {
                    assert!(e.line > 0, "{name}: a refusal names its line: {e}");
                    refused.push(format!("{name}: {e}"));
                    at = lines.len();
                }
                Ok(m) => {
                    super::agree::agree(&m);
                    let separator = m.delimiters().field;
                    let msh = lines.get(at).unwrap();
                    assert_eq!(msh.split(separator).nth(9).unwrap_or_default(), m.control_id(), "{name}");
                    for segment in m.text().split_terminator('\r') {
                        // one normal segment covers one or more lines (a lone LF became a line break)
                        let mut line =
                            lines.get(at).unwrap_or_else(|| panic!("{name}: segment without a line")).clone();
                        at += 1;
                        while line != segment && format!("{line}{separator}") != segment {
                            line = format!(
                                "{line}\\.br\\{}",
                                lines.get(at).unwrap_or_else(|| panic!("{name}: {segment:?}"))
                            );
                            at += 1;
                        }
                    }
                    read += 1;
                }
            }
        }
        assert_eq!(at, lines.len(), "{name}: lines left over");
    }
    println!("read {read}, refused {}:\n{}", refused.len(), refused.join("\n"));
    assert!(read >= 235, "only {read} read");
}

/// The messages make_gb18030.py derives from the samples, in a folder of their own.
#[expect(clippy::disallowed_methods, reason = "a test runs the script that makes its data")]
fn derived(folder: &std::path::Path) -> Option<PathBuf> {
    let out = std::env::temp_dir().join(format!("yigong-gb18030-{}", std::process::id()));
    let made = std::process::Command::new("python3")
        .arg(folder.join("make_gb18030.py"))
        .arg("--out")
        .arg(&out)
        .output()
        .ok()?;
    made.status.success().then_some(out)
}

#[test]
fn derived_chinese_messages_are_decoded_right_or_held() {
    let Some(folder) = folder() else { return };
    let Some(cases) = derived(&folder) else {
        println!("SKIPPED: derived Chinese messages (python3 is needed to make them)");
        return;
    };
    let index: serde_json::Value =
        serde_json::from_slice(&std::fs::read(cases.join("cases.json")).unwrap()).unwrap();
    let mut count = 0;
    for case in index.as_array().unwrap() {
        let file = case["file"].as_str().unwrap();
        let bytes = std::fs::read(cases.join(file)).unwrap();
        let expect = case["expect"].as_str().unwrap();
        let got = charset::decode(&bytes, None);
        count += 1;
        match expect {
            "refuse" => assert!(got.is_err(), "{file}: must be refused"),
            "ambiguous" => assert!(got.unwrap().ambiguous, "{file}: must be held"),
            "suspect" => {
                assert!(
                    got.is_err() || !charset::cut_characters(&bytes, Charset::Gb18030).is_empty(),
                    "{file}: cut not seen"
                );
            }
            want => {
                let got = got.unwrap_or_else(|e| panic!("{file}: {e}"));
                let right = std::fs::read_to_string(cases.join(file.replace(".hl7", ".expect.txt"))).unwrap();
                assert!(!got.ambiguous, "{file}: held without need");
                assert_eq!(got.text, right, "{file}");
                assert_eq!(
                    got.charset,
                    if want == "utf-8" { Charset::Utf8 } else { Charset::Gb18030 },
                    "{file}"
                );
                let whole = receive(&bytes, &ReadOptions::default()).unwrap();
                assert!(whole.messages.iter().all(Result::is_ok), "{file}");
            }
        }
    }
    let _ = std::fs::remove_dir_all(cases);
    println!("{count} derived messages");
    assert!(count > 1000);
}
