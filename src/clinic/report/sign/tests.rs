//! Other people's programs accept our signatures, and nobody accepts a changed file.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::json;
use time::macros::datetime;

use super::*;
use crate::report::pdf::{DEFAULT_FOLDER, Fonts, render};

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("yigong-sign-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn info() -> SignInfo {
    SignInfo {
        name: "张审核".into(), reason: "审核签发".into(), time: datetime!(2026-11-24 10:42:07 +8)
    }
}

fn signer(folder: &Folder) -> LocalSigner {
    LocalSigner::open_or_create(&folder.0, info().time, &[7; 32]).unwrap()
}

fn run(program: &str, args: &[&str]) -> Option<(bool, String)> {
    #[expect(clippy::disallowed_methods, reason = "tests ask other people's programs")]
    let output = std::process::Command::new(program).args(args).output();
    let Ok(output) = output else {
        println!("SKIPPED: {program} is not installed");
        return None;
    };
    Some((
        output.status.success(),
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    ))
}

fn signed_report(signer: &LocalSigner) -> Option<Vec<u8>> {
    use crate::report::pdf::tests::{chest, sample};
    let Ok(fonts) = Fonts::load(&[PathBuf::from(DEFAULT_FOLDER)]) else {
        println!("SKIPPED: no chinese font under {DEFAULT_FOLDER}");
        return None;
    };
    Some(sign_pdf(&render(&sample(chest()), &fonts).unwrap(), signer, &info()).unwrap())
}

#[test]
fn pdfsig_calls_the_signature_valid_and_sees_a_changed_byte() {
    let folder = Folder::new("pdf");
    let Some(pdf) = signed_report(&signer(&folder)) else { return };
    let path = folder.0.join("report.pdf");
    std::fs::write(&path, &pdf).unwrap();
    let file = path.to_str().unwrap();
    let Some((_, answer)) = run("pdfsig", &["-nocert", file]) else { return };
    for expected in
        ["Signature is Valid.", "ETSI.CAdES.detached", "DEMO signer", "Total document signed", "SHA-256"]
    {
        assert!(answer.contains(expected), "{expected} in {answer}");
    }
    println!("{answer}");
    let (_, text) = run("pdftotext", &[file, "-"]).unwrap();
    assert!(text.contains("卢瑋玘䶮"), "{text}");

    let mut changed = pdf.clone();
    let at = pdf.windows(9).position(|w| w == b"endstream").unwrap() - 20;
    changed[at] ^= 1;
    std::fs::write(&path, &changed).unwrap();
    let (_, answer) = run("pdfsig", &["-nocert", file]).unwrap();
    assert!(!answer.contains("Signature is Valid."), "{answer}");
}

#[test]
fn openssl_verifies_the_pdf_signature_over_its_byte_range() {
    let folder = Folder::new("openssl");
    let Some(pdf) = signed_report(&signer(&folder)) else { return };
    let start = pdf.windows(10).rposition(|w| w == b"/Contents<").unwrap() + 9;
    let end = start + pdf[start..].iter().position(|b| *b == b'>').unwrap() + 1;
    let hex = std::str::from_utf8(&pdf[start + 1..end - 1]).unwrap();
    let bytes: Vec<u8> =
        (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[i * 2..i * 2 + 2], 16).unwrap()).collect();
    let length = 4 + usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
    std::fs::write(folder.0.join("cms"), &bytes[..length]).unwrap();
    std::fs::write(folder.0.join("content"), [&pdf[..start], &pdf[end..]].concat()).unwrap();
    assert_openssl(&folder);
}

#[test]
fn openssl_verifies_a_content_signature_and_so_do_we() {
    let folder = Folder::new("content");
    let signer = signer(&folder);
    let content = canonical_json(&json!({"b": "卢瑋", "a": [1, 2.5, null]}));
    let signature = sign_bytes(&content, &signer, &info()).unwrap();
    std::fs::write(folder.0.join("cms"), &signature.cms).unwrap();
    std::fs::write(folder.0.join("content"), &content).unwrap();
    assert_openssl(&folder);

    let trusted = [certificate_fingerprint(&signer.certificate_chain()[0])];
    let verified = verify_bytes(&content, &signature.cms, &trusted).unwrap();
    assert!(verified.common_name.contains("演示签名") && verified.common_name.contains("DEMO"));
    assert_eq!(verified.signed_at, Some(datetime!(2026-11-24 02:42:07 UTC)));
    assert_eq!(signature.sha256.len(), 64);
    assert_eq!(verify_bytes(b"{}", &signature.cms, &trusted), Err(SignError::Invalid("content was changed")));
    assert_eq!(verify_bytes(&content, &signature.cms, &[]), Err(SignError::Invalid("unknown certificate")));
}

fn assert_openssl(folder: &Folder) {
    let path = |name: &str| folder.0.join(name).to_str().unwrap().to_owned();
    let (cms, content, certificate) = (path("cms"), path("content"), path("signer.cert.pem"));
    let args = [
        "cms",
        "-verify",
        "-inform",
        "DER",
        "-in",
        &cms,
        "-content",
        &content,
        "-binary",
        "-CAfile",
        &certificate,
    ];
    let args = [&args[..], &["-purpose", "any", "-out", "/dev/null"]].concat();
    let Some((good, answer)) = run("openssl", &args) else { return };
    assert!(good && answer.contains("successful"), "{answer}");
}

#[test]
fn no_changed_byte_of_a_signature_is_accepted_and_none_panics() {
    let folder = Folder::new("bytes");
    let signer = signer(&folder);
    let trusted = [certificate_fingerprint(&signer.certificate_chain()[0])];
    let signature = sign_bytes(b"content", &signer, &info()).unwrap().cms;
    for at in 0..signature.len() {
        let mut changed = signature.clone();
        changed[at] ^= 0x01;
        // the signer identifier and the certificate-set order are not what we rely on; content, key and time are
        if let Ok(verified) = verify_bytes(b"content", &changed, &trusted) {
            assert_eq!(verified.signed_at, Some(datetime!(2026-11-24 02:42:07 UTC)), "byte {at}");
            assert_eq!(verified.certificate_sha256, trusted[0], "byte {at}");
        }
        assert!(verify_bytes(b"content", &signature[..at], &trusted).is_err());
    }
}

#[test]
fn the_key_is_private_and_opens_again() {
    let folder = Folder::new("key");
    let first = signer(&folder);
    assert!(first.is_demo());
    let again = LocalSigner::open_or_create(&folder.0, datetime!(2027-01-01 0:00 UTC), &[9; 32]).unwrap();
    assert_eq!(first.certificate_chain(), again.certificate_chain());
    let key = folder.0.join("signer.key.pem");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = LocalSigner::open_or_create(&folder.0, info().time, &[9; 32]).err().unwrap();
    assert!(refused.to_string().contains("may be read by others"), "{refused}");
}

#[test]
fn canonical_json_is_rfc_8785() {
    let value: serde_json::Value = serde_json::from_str(
        r#"{"peach":"This sorting order","pêche":"is wrong","numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"€$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#,
    )
    .unwrap();
    let expected = r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"peach":"This sorting order","pêche":"is wrong","string":"€$\u000f\nA'B\"\\\\\"/"}"#;
    assert_eq!(String::from_utf8(canonical_json(&value)).unwrap(), expected);
}

#[test]
fn a_file_that_is_not_ours_is_refused() {
    let folder = Folder::new("foreign");
    let signer = signer(&folder);
    for foreign in
        [&b""[..], b"%PDF-1.7\nstartxref\n99999999\n%%EOF", b"startxref", b"xref\ntrailer<<>>startxref\n0\n"]
    {
        assert!(matches!(sign_pdf(foreign, &signer, &info()), Err(SignError::Pdf(_))));
    }
}
