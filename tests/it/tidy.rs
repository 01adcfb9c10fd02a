//! The tree's own rules: module order, file length, module docs, SQL only in `sql.rs`, migrations in step, paths in the
//! documents exist, no forbidden names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(dir: &str, ending: &str) -> Vec<(String, String)> {
    fn walk(dir: &Path, ending: &str, out: &mut Vec<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(dir) else { return };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", "node_modules", "dist", ".venv", ".git"].contains(&name.as_str()) {
                    walk(&path, ending, out);
                }
            } else if name.ends_with(ending) {
                out.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(&root().join(dir), ending, &mut paths);
    paths.sort();
    assert!(!paths.is_empty(), "no {ending} file below {dir}");
    paths
        .into_iter()
        .map(|p| {
            let text = std::fs::read_to_string(&p).unwrap();
            (p.strip_prefix(root()).unwrap().display().to_string(), text)
        })
        .collect()
}

fn rust() -> Vec<(String, String)> {
    let mut all = files("src", ".rs");
    all.extend(files("sample-data", ".rs"));
    all
}

fn report(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let mut wrong = Vec::new();
    for (dir, ending) in
        [("src", ".rs"), ("sample-data", ".rs"), ("tests", ".rs"), ("web/src", ".ts"), ("web/src", ".tsx")]
    {
        for (path, text) in files(dir, ending) {
            let lines = text.lines().count();
            if lines > 400 && !path.contains(".gen.") {
                wrong.push(format!("{path}: {lines} lines"));
            }
        }
    }
    report(&wrong);
}

#[test]
fn every_module_says_what_it_is() {
    let wrong: Vec<String> = rust()
        .into_iter()
        .filter(|(path, text)| {
            !text.starts_with("//!") && !path.ends_with("tests.rs") && !path.contains("/tests/")
        })
        .map(|(path, _)| format!("{path}: does not start with a module comment"))
        .collect();
    report(&wrong);
}

#[test]
fn sql_stands_only_in_sql_files() {
    let mut wrong = Vec::new();
    for (path, text) in files("src", ".rs") {
        let name = Path::new(&path).file_name().unwrap().to_string_lossy().into_owned();
        // Tests may look behind the slices; the writer and the migrations run transaction control.
        if ["sql.rs", "tests.rs", "writer.rs", "migrate.rs"].contains(&name.as_str())
            || path.contains("/tests/")
        {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (n, line) in code.lines().enumerate() {
            let trimmed = line.trim_start();
            if trimmed.starts_with("//") {
                continue;
            }
            for word in ["\"SELECT ", "\"INSERT INTO", "\"UPDATE ", "\"DELETE FROM"] {
                if line.contains(word) && !line.contains("current_setting") {
                    wrong.push(format!("{path}:{}: SQL outside sql.rs", n + 1));
                }
            }
        }
    }
    report(&wrong);
}

#[test]
fn every_sql_file_is_in_the_list_that_is_prepared() {
    let listed: BTreeSet<String> =
        super::statements::LISTS.iter().map(|(slice, _)| format!("src/{slice}/sql.rs")).collect();
    let found: BTreeSet<String> = files("src", "sql.rs").into_iter().map(|(path, _)| path).collect();
    let missing: Vec<String> = found.difference(&listed).cloned().collect();
    report(&missing);
}

#[test]
fn both_migration_folders_are_in_step() {
    let names = |engine: &str| -> Vec<String> {
        files(&format!("migrations/{engine}"), ".sql")
            .into_iter()
            .map(|(p, _)| Path::new(&p).file_name().unwrap().to_string_lossy().into_owned())
            .collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    let tables = |engine: &str| -> Vec<String> {
        let mut all = Vec::new();
        for (_, text) in files(&format!("migrations/{engine}"), ".sql") {
            for line in text.lines() {
                if let Some(rest) =
                    line.strip_prefix("CREATE TABLE ").or_else(|| line.strip_prefix("CREATE INDEX "))
                {
                    all.push(rest.split([' ', '(']).next().unwrap_or_default().to_owned());
                }
            }
        }
        all
    };
    assert_eq!(tables("sqlite"), tables("postgres"), "tables and indexes differ");
    assert_eq!(
        names("sqlite").len(),
        yigong_base::storage::migrate::MIGRATIONS.len(),
        "a migration is not registered"
    );
}

/// Order inside the packages: a module uses only what stands before it (decision 0002).
const ORDER: &[(&str, &[&str])] = &[
    (
        "src/base",
        &[
            "clock", "id", "digest", "fault", "config", "access", "storage", "live", "ctx", "audit", "jobs",
            "inbox", "setting", "codec", "site", "patient", "testing",
        ],
    ),
    (
        "src/clinic",
        &[
            "order",
            "worklist",
            "critical",
            "recognition",
            "delivery",
            "report",
            "imaging",
            "ecg",
            "lab",
            "withdrawal",
        ],
    ),
];

/// Uses that the order does not allow but a reason does.
const EXCEPTIONS: &[(&str, &str)] = &[
    // Accounts and sessions write rows and audit events; the permit alone is needed by storage.
    ("access", "storage"),
    ("access", "audit"),
    ("access", "ctx"),
    // A unit of work ends with what the audit chain says of it (decision 0082).
    ("storage", "audit"),
    // The delivery and report slices are handed the centre, which names the signer and the fonts of the report slice.
];

#[test]
fn modules_use_only_what_stands_before_them() {
    let mut wrong = Vec::new();
    for (package, order) in ORDER {
        let place = |name: &str| order.iter().position(|m| *m == name);
        for (path, text) in files(package, ".rs") {
            let inside = path.strip_prefix(&format!("{package}/")).unwrap();
            let own = inside.split('/').next().unwrap().trim_end_matches(".rs");
            let Some(mine) = place(own) else { continue };
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for (n, line) in code.lines().enumerate() {
                let Some(rest) = line.trim_start().strip_prefix("use crate::") else { continue };
                let used = rest.split([':', ';', ' ', '{']).next().unwrap_or_default();
                let allowed = EXCEPTIONS.contains(&(own, used))
                    || path.ends_with("tests.rs")
                    || inside.contains("/tests/");
                if place(used).is_some_and(|theirs| theirs > mine) && !allowed {
                    wrong.push(format!("{path}:{}: {own} uses {used}", n + 1));
                }
            }
        }
    }
    report(&wrong);
}

#[test]
fn formats_know_no_input_or_output() {
    let mut wrong = Vec::new();
    for (path, text) in files("src/formats", ".rs") {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        if path.ends_with("tests.rs") || path.contains("/tests/") {
            continue;
        }
        for word in ["std::fs", "std::net", "tokio", "sqlx", "SystemTime", "std::env"] {
            if code.contains(word) {
                wrong.push(format!("{path}: {word}"));
            }
        }
    }
    report(&wrong);
}

#[test]
fn paths_named_in_the_documents_exist() {
    let mut wrong = Vec::new();
    let mut documents = files("docs", ".md");
    for name in ["README.md", "README.zh-CN.md"] {
        documents.push((name.to_owned(), std::fs::read_to_string(root().join(name)).unwrap()));
    }
    for (path, text) in documents {
        for word in text.split('`').skip(1).step_by(2) {
            let candidate = word.trim_end_matches('/');
            let first = candidate.split('/').next().unwrap_or_default();
            let is_path = [
                "src",
                "web",
                "tests",
                "docs",
                "migrations",
                "sample-data",
                "docker",
                "scripts",
                "conformance",
            ]
            .contains(&first)
                && candidate.contains('/')
                && candidate.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
            if is_path && !root().join(candidate).exists() {
                wrong.push(format!("{path}: `{word}` does not exist"));
            }
        }
    }
    report(&wrong);
}

#[test]
fn no_unfinished_or_forbidden_words() {
    let mut wrong = Vec::new();
    for (path, text) in rust() {
        for (n, line) in text.lines().enumerate() {
            let name = ["struct ", "enum ", "trait "]
                .iter()
                .find_map(|k| line.trim_start().trim_start_matches("pub ").strip_prefix(k));
            if let Some(name) = name {
                let name = name.split(['<', ' ', '(', '{', ';', ':']).next().unwrap_or_default();
                if ["Manager", "Service", "Helper", "Util", "Handler", "Impl"]
                    .iter()
                    .any(|bad| name.ends_with(bad))
                {
                    wrong.push(format!("{path}:{}: name {name}", n + 1));
                }
            }
            if line.contains("#[allow(") {
                wrong.push(format!("{path}:{}: use #[expect(.., reason)]", n + 1));
            }
        }
    }
    report(&wrong);
}

/// A link among the tracked files points at somebody's own machine, and a fresh clone trips over it.
#[test]
#[expect(clippy::disallowed_methods, reason = "git is asked in a test; the server does not run it")]
fn no_link_is_tracked() {
    if !root().join(".git").exists() {
        return; // an unpacked source archive has no index to ask
    }
    let listed =
        std::process::Command::new("git").args(["ls-files", "-s"]).current_dir(root()).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.lines().count() > 100, "git lists no files");
    let links: Vec<String> = listed.lines().filter(|l| l.starts_with("120000")).map(str::to_owned).collect();
    report(&links);
}
