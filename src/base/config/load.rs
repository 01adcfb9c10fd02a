//! Reading the TOML file and the environment into a [`Config`].

use std::path::Path;

use toml::{Table, Value};

use super::Config;
use crate::fault::{Fault, Result};

/// Prefix of environment keys: `YIGONG__SECTION__KEY`.
const PREFIX: &str = "YIGONG__";

/// Reads a file (none = defaults) and the process environment.
pub fn load(file: Option<&Path>) -> Result<Config> {
    let text = match file {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|e| Fault::invalid("config", format!("read {}: {e}", path.display())))?,
        None => String::new(),
    };
    read(&text, std::env::vars())
}

/// Reads TOML text and environment pairs. Errors name the key and, if misspelt, the nearest known one.
pub fn read(text: &str, environment: impl Iterator<Item = (String, String)>) -> Result<Config> {
    let mut table: Table = text.parse().map_err(|e| Fault::invalid("config", format!("not toml: {e}")))?;
    let known =
        Table::try_from(Config::default()).map_err(|e| Fault::internal(format!("default config: {e}")))?;
    for (name, value) in environment {
        if let Some(rest) = name.strip_prefix(PREFIX) {
            overlay(&mut table, &known, &name, rest, &value)?;
        }
    }
    check_names(&table, &known)?;
    table.try_into().map_err(|e| Fault::invalid("config", format!("{e}").trim().to_owned()))
}

fn overlay(table: &mut Table, known: &Table, full: &str, rest: &str, value: &str) -> Result<()> {
    let lower = rest.to_lowercase();
    let Some((section, key)) = lower.split_once("__") else {
        return Err(Fault::invalid(full, format!("expected {PREFIX}SECTION__KEY")));
    };
    let sample = known
        .get(section)
        .and_then(Value::as_table)
        .and_then(|s| s.get(key))
        .ok_or_else(|| unknown(&format!("{section}.{key}"), known))?;
    let parsed = match sample {
        Value::Integer(_) => value.parse().map(Value::Integer).ok(),
        Value::Boolean(_) => value.parse().map(Value::Boolean).ok(),
        Value::Array(_) => {
            Some(Value::Array(value.split(':').map(|v| Value::String(v.to_owned())).collect()))
        }
        _ => Some(Value::String(value.to_owned())),
    }
    .ok_or_else(|| Fault::invalid(full, format!("expected a value like {sample}")))?;
    let entry = table.entry(section.to_owned()).or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(section) = entry {
        section.insert(key.to_owned(), parsed);
    }
    Ok(())
}

fn check_names(table: &Table, known: &Table) -> Result<()> {
    for (section, value) in table {
        let Some(Value::Table(keys)) = known.get(section) else { return Err(unknown(section, known)) };
        let Value::Table(given) = value else {
            return Err(Fault::invalid(section, "expected a section with keys"));
        };
        if let Some(wrong) = given.keys().find(|k| !keys.contains_key(*k)) {
            return Err(unknown(&format!("{section}.{wrong}"), known));
        }
    }
    Ok(())
}

fn unknown(name: &str, known: &Table) -> Fault {
    let mut names: Vec<String> = known.keys().cloned().collect();
    for (section, value) in known {
        if let Value::Table(keys) = value {
            names.extend(keys.keys().map(|k| format!("{section}.{k}")));
        }
    }
    let nearest = names.into_iter().min_by_key(|n| strsim::damerau_levenshtein(n, name)).unwrap_or_default();
    Fault::invalid(name, format!("unknown key; did you mean {nearest}?"))
}
