//! Presets as data: names, sources and one cell per rule, inclusive or exclusive exactly as in their tables.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::stated::Statements;

/// A cell of the table. One without thresholds is a rule that is not applied; its text says why.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct Cell {
    /// As in the table, Chinese.
    pub zh: String,
    /// English.
    pub en: String,
    /// False: the table at hand does not show this cell.
    #[serde(default = "yes")]
    pub in_excerpt: bool,
    /// Threshold: holds from this value on.
    pub at_least: Option<f64>,
    /// Holds up to and with this value.
    pub at_most: Option<f64>,
    /// Holds below.
    pub below: Option<f64>,
    /// The finding alone is enough.
    #[serde(default)]
    pub found: bool,
    /// Also the polymorphic kinds.
    #[serde(default)]
    pub polymorphic: bool,
    /// The finding must last so long.
    pub seconds: Option<f64>,
    /// What "marked" is taken for where the table gives no number.
    pub marked: Option<f64>,
    /// Only with R on T.
    #[serde(default)]
    pub r_on_t: bool,
    /// ST in limb leads and V4-V6, µV.
    pub other_at_least: Option<f64>,
    /// ST in V1-V3 above, µV.
    pub chest_above: Option<f64>,
    /// ST in V1-V3 from, µV.
    pub chest_at_least: Option<f64>,
    /// Neighbouring leads needed.
    pub leads: Option<usize>,
}

const fn yes() -> bool {
    true
}

impl Cell {
    /// Whether a value meets the threshold; a cell without one is met by nothing.
    #[must_use]
    pub fn met(&self, v: f64) -> bool {
        self.at_least.is_some_and(|t| v >= t)
            || self.at_most.is_some_and(|t| v <= t)
            || self.below.is_some_and(|t| v < t)
    }
}

/// Thresholds of one province.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Preset {
    /// Name shown to people.
    pub name: String,
    /// The same in English.
    pub name_en: String,
    /// Where the figures come from.
    pub source: String,
    /// Levels the table knows.
    pub levels: Vec<String>,
    #[serde(skip)]
    version: String,
    #[serde(skip)]
    code: String,
    cells: BTreeMap<String, Cell>,
}

impl Preset {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The cell of a rule.
    #[must_use]
    pub fn cell(&self, rule: &str) -> Option<&Cell> {
        self.cells.get(rule)
    }

    /// Code and version, as kept with a raise.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} {}", self.code, self.version)
    }
}

#[derive(Debug, Default, Deserialize)]
struct Item {
    rule: String,
    zh: String,
    en: String,
}

#[derive(Debug, Default, Deserialize)]
struct File {
    version: String,
    default: String,
    items: Vec<Item>,
    always: BTreeMap<String, Cell>,
    statements: Statements,
    presets: BTreeMap<String, Preset>,
}

fn file() -> &'static File {
    static FILE: OnceLock<File> = OnceLock::new();
    FILE.get_or_init(|| {
        let mut file: File =
            serde_json::from_str(include_str!("../presets/critical.json")).unwrap_or_default();
        for (code, preset) in &mut file.presets {
            preset.code.clone_from(code);
            preset.version.clone_from(&file.version);
        }
        file
    })
}

/// The preset of this code, or the default one.
#[must_use]
pub fn preset(code: &str) -> &'static Preset {
    static NONE: OnceLock<Preset> = OnceLock::new();
    let file = file();
    file.presets
        .get(code)
        .or_else(|| file.presets.get(&file.default))
        .unwrap_or_else(|| NONE.get_or_init(Preset::default))
}

/// Version of the file.
pub(super) fn version() -> &'static str {
    &file().version
}

/// The cell of a rule that holds whatever the preset.
pub(super) fn always(rule: &str) -> Option<&'static Cell> {
    file().always.get(rule)
}

/// What recorders state and how it is denied.
pub(super) fn statements() -> &'static Statements {
    &file().statements
}

/// Every preset with its source and cells:
/// `{"version","default","items":[{rule,zh,en}],"always":{rule:cell},"rows":[{code,name,name_en,source,levels,cells}]}`.
#[must_use]
pub fn presets() -> Value {
    let file = file();
    let items: Vec<Value> =
        file.items.iter().map(|i| json!({"rule": i.rule, "zh": i.zh, "en": i.en})).collect();
    let rows: Vec<Value> = file
        .presets
        .values()
        .map(|p| {
            json!({"code": p.code, "name": p.name, "name_en": p.name_en, "source": p.source, "levels": p.levels, "cells": p.cells})
        })
        .collect();
    json!({
        "version": file.version, "default": file.default, "items": items, "always": file.always, "rows": rows
    })
}
