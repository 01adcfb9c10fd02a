//! The entry functions of the fuzz targets over their committed corpus: every input found once stays a test.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a target stops at the first thing that is not as it should be"
)]

#[path = "../../../fuzz/src/entry.rs"]
mod entry;
#[path = "../../../fuzz/src/message.rs"]
mod message;

use std::path::Path;

/// Runs a target over one input.
type Target = fn(&[u8]);

fn over(target: &str, run: Target) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut count = 0;
    for file in std::fs::read_dir(&folder).unwrap() {
        run(&std::fs::read(file.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 0, "no corpus below {}", folder.display());
}

#[test]
fn scanner() {
    over("scanner", entry::scanner);
}

#[test]
fn charset() {
    over("charset", entry::charset);
}

#[test]
fn negotiation() {
    over("negotiation", entry::negotiation);
}

#[test]
fn command() {
    over("command", entry::command);
}

#[test]
fn multipart() {
    over("multipart", entry::multipart);
}

#[test]
fn qido() {
    over("qido", entry::qido);
}

#[test]
fn hl7() {
    over("hl7", message::hl7);
}

#[test]
fn ecg() {
    over("ecg", entry::ecg);
}

#[test]
fn ecg_scp() {
    over("ecg_scp", entry::ecg_scp);
}

#[test]
fn ecg_healforce() {
    over("ecg_healforce", entry::ecg_healforce);
}

#[test]
fn ecg_aecg() {
    over("ecg_aecg", entry::ecg_aecg);
}

#[test]
fn ecg_philips() {
    over("ecg_philips", entry::ecg_philips);
}

#[test]
fn ecg_muse() {
    over("ecg_muse", entry::ecg_muse);
}

#[test]
fn ecg_edf() {
    over("ecg_edf", entry::ecg_edf);
}

#[test]
fn ecg_ishne() {
    over("ecg_ishne", entry::ecg_ishne);
}

#[test]
fn ecg_wfdb() {
    over("ecg_wfdb", entry::ecg_wfdb);
}

#[test]
fn ecg_measure() {
    over("ecg_measure", entry::ecg_measure);
}

/// Every entry function that reads a structure is total: inputs cut at any length, and with any byte turned over.
#[test]
fn cut_and_flipped() {
    let targets: [(&str, Target); 15] = [
        ("scanner", entry::scanner),
        ("charset", entry::charset),
        ("negotiation", entry::negotiation),
        ("command", entry::command),
        ("multipart", entry::multipart),
        ("qido", entry::qido),
        ("ecg", entry::ecg),
        ("ecg_scp", entry::ecg_scp),
        ("ecg_healforce", entry::ecg_healforce),
        ("ecg_aecg", entry::ecg_aecg),
        ("ecg_philips", entry::ecg_philips),
        ("ecg_muse", entry::ecg_muse),
        ("ecg_edf", entry::ecg_edf),
        ("ecg_ishne", entry::ecg_ishne),
        ("ecg_wfdb", entry::ecg_wfdb),
    ];
    for (target, run) in targets {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
        let mut runs = 0;
        for file in std::fs::read_dir(&folder).unwrap() {
            let mut bytes = std::fs::read(file.unwrap().path()).unwrap();
            // The steps are odd to the structure, so that every kind of place is met in some file.
            let step = bytes.len() / 60 + 1;
            for at in (0..bytes.len()).step_by(step) {
                run(bytes.get(..at).unwrap());
                bytes[at] ^= 0xFF;
                run(&bytes);
                bytes[at] ^= 0xFF;
                runs += 2;
            }
            if runs > 4000 {
                break;
            }
        }
    }
}
