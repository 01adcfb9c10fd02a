//! `yigong conformance`: the DICOM Conformance Statement in the layout of PS3.2 Annex N, made from the code's own lists and
//! limits and from `conformance/dicom/claims.toml`. What is claimed in one place only cannot differ from what is done.

use std::fmt::Write;

use toml::{Table, Value};
use yigong_base::config::Config;
use yigong_base::fault::{Fault, Result};
use yigong_formats::dicom::negotiate::{MAX_CONTEXTS, MAX_PDU, MAX_REQUEST};
use yigong_formats::dicom::{classes, part10};

/// The claims, with the tests that prove them.
const CLAIMS: &str = include_str!("../../conformance/dicom/claims.toml");

/// Sections of the claims and the chapter each belongs to; the order is that of the statement.
const CHAPTERS: &[(&str, &[(&str, &str)])] = &[
    (
        "Networking",
        &[
            ("association", "Association policies"),
            ("scp", "Services as SCP"),
            ("scu", "Services as SCU"),
            ("query", "Query and retrieve"),
            ("worklist", "Modality worklist"),
            ("mpps", "Modality performed procedure step"),
            ("commitment", "Storage commitment"),
            ("storage", "Storage: status codes, duplicates, conflicts"),
            ("overlays", "Corrections on the way out"),
            ("dicomweb", "DICOMweb"),
            ("wado_uri", "WADO-URI"),
            ("ups", "UPS-RS"),
        ],
    ),
    ("Media interchange", &[("import", "Import of files")]),
    ("Transformation of pixels", &[("pixels", "Decoding and encoding"), ("rendering", "Rendering")]),
    ("Support of character sets", &[("character_sets", "Character sets")]),
    ("Security", &[("tls", "Transport"), ("security", "Users, peers, audit")]),
];

/// The statement as Markdown.
///
/// # Errors
/// The claims are not TOML, or have a section that no chapter knows.
pub fn statement() -> Result<String> {
    let claims: Table =
        toml::from_str(CLAIMS).map_err(|e| Fault::invalid("conformance/dicom/claims.toml", e.to_string()))?;
    let known = |name: &str| CHAPTERS.iter().any(|(_, parts)| parts.iter().any(|(key, _)| *key == name));
    if let Some(stray) = claims.keys().find(|k| !known(k)) {
        return Err(Fault::invalid(
            "conformance/dicom/claims.toml",
            format!("section {stray} has no chapter"),
        ));
    }
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = head(&mut out);
    for (n, (chapter, parts)) in CHAPTERS.iter().enumerate() {
        let _ = writeln!(out, "\n## {} {chapter}\n", n + 4);
        for (m, (key, title)) in parts.iter().filter(|(key, _)| claims.contains_key(*key)).enumerate() {
            let _ = writeln!(out, "\n### {}.{} {title}\n", n + 4, m + 1);
            if let Some(value) = claims.get(*key) {
                section(&mut out, value, 4);
            }
        }
    }
    let _ = annexes(&mut out);
    Ok(out)
}

fn head(out: &mut String) -> std::fmt::Result {
    let config = Config::default();
    writeln!(out, "# DICOM Conformance Statement of Yigong {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(out)?;
    writeln!(
        out,
        "Made by `yigong conformance`; do not edit. Layout: PS3.2. Results of the interop cases: [RESULTS.md](RESULTS.md)."
    )?;
    writeln!(out, "\n## 1 Overview\n")?;
    writeln!(
        out,
        "Yigong is the shared imaging, ECG and laboratory centre of a county medical community. Its imaging node receives, keeps,\n\
         finds and gives out DICOM objects of many facilities, each of which sees its own and what was granted to it."
    )?;
    writeln!(out, "\n## 2 Introduction\n")?;
    writeln!(
        out,
        "Whoever connects a device compares the tables below with the statement of the device. Every claim names the test that proves it."
    )?;
    writeln!(out, "\n## 3 Implementation\n")?;
    rows(
        out,
        &["Item", "Value"],
        &[
            vec!["Implementation class UID".into(), part10::IMPLEMENTATION_UID.into()],
            vec!["Implementation version name".into(), part10::IMPLEMENTATION_NAME.into()],
            vec!["Default AE title".into(), config.dicom.ae_title.clone()],
            vec!["Largest PDU received".into(), format!("{MAX_PDU} bytes")],
            vec!["Largest association request".into(), format!("{MAX_REQUEST} bytes")],
            vec!["Presentation contexts in a request".into(), MAX_CONTEXTS.to_string()],
            vec![
                "Associations, in all and per peer".into(),
                format!("{} and {}", config.dicom.associations, config.dicom.associations_per_peer),
            ],
            vec!["Idle time before an abort".into(), format!("{} s", config.dicom.idle_seconds)],
        ],
    );
    Ok(())
}

fn annexes(out: &mut String) -> std::fmt::Result {
    let classes = classes::storage_classes();
    writeln!(
        out,
        "\n## A Storage SOP classes\n\n{} standard classes; private and unknown ones by the policy of a peer.\n",
        classes.len()
    )?;
    let lines: Vec<Vec<String>> =
        classes.iter().map(|(name, uid)| vec![(*name).into(), format!("`{uid}`")]).collect();
    rows(out, &["Class", "UID"], &lines);
    let syntaxes = classes::transfer_syntaxes();
    writeln!(out, "\n## B Transfer syntaxes that are stored as received\n")?;
    let lines: Vec<String> = syntaxes.iter().map(|uid| format!("`{uid}`")).collect();
    writeln!(out, "{}", lines.join(", "))
}

/// A claim's value: a table becomes rows of key and value, a list of tables one table, tables inside become parts.
fn section(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Array(list) if list.iter().all(Value::is_table) => {
            let mut columns: Vec<&str> = Vec::new();
            for key in list.iter().filter_map(Value::as_table).flat_map(|t| t.keys()) {
                if !columns.contains(&key.as_str()) {
                    columns.push(key);
                }
            }
            let lines: Vec<Vec<String>> = list
                .iter()
                .filter_map(Value::as_table)
                .map(|t| columns.iter().map(|c| t.get(*c).map(words).unwrap_or_default()).collect())
                .collect();
            let titles: Vec<String> = columns.iter().map(|c| title(c)).collect();
            rows(out, &titles.iter().map(String::as_str).collect::<Vec<_>>(), &lines);
        }
        Value::Table(table) => {
            let nested =
                |v: &Value| matches!(v, Value::Array(a) if !a.is_empty() && a.iter().all(Value::is_table));
            let plain: Vec<Vec<String>> =
                table.iter().filter(|(_, v)| !nested(v)).map(|(k, v)| vec![title(k), words(v)]).collect();
            if !plain.is_empty() {
                rows(out, &["Item", "Claim"], &plain);
            }
            for (key, value) in table.iter().filter(|(_, v)| nested(v)) {
                let _ = writeln!(out, "\n{} {}\n", "#".repeat(depth), title(key));
                section(out, value, depth + 1);
            }
        }
        other => {
            let _ = writeln!(out, "{}", words(other));
        }
    }
}

/// A key as a title.
fn title(key: &str) -> String {
    let text = key.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |c| c.to_uppercase().chain(letters).collect())
}

/// A value in a cell.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Table(table) => {
            table.iter().map(|(k, v)| format!("{}: {}", title(k), words(v))).collect::<Vec<_>>().join("; ")
        }
        Value::Boolean(true) => "yes".into(),
        Value::Boolean(false) => "no".into(),
        other => other.to_string(),
    }
}

fn rows(out: &mut String, columns: &[&str], lines: &[Vec<String>]) {
    let row = |cells: Vec<String>| {
        format!(
            "| {} |",
            cells.iter().map(|c| c.replace('|', "\\|").replace('\n', " ")).collect::<Vec<_>>().join(" | ")
        )
    };
    let _ = writeln!(out, "{}", row(columns.iter().map(|c| (*c).to_owned()).collect()));
    let _ = writeln!(out, "{}", row(columns.iter().map(|_| "---".to_owned()).collect()));
    for line in lines {
        let _ = writeln!(out, "{}", row(line.clone()));
    }
}
