//! What is special about one connection, as data. Stored in the peer's policy; unknown keys are errors.

use super::charset::Charset;
use super::message::Path;
use super::read::ReadOptions;
use serde::{Deserialize, Serialize};

/// How far MSH-10 can be trusted to name one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlId {
    /// Clinic systems: the same id with another body is refused.
    Reliable,
    /// Instruments: ids restart, are constant or empty.
    Weak,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// Name of the dialect this came from.
    pub dialect: String,
    /// `auto`, `gb18030`, `utf-8`, `8859-1`.
    pub charset: String,
    /// See [`ControlId`].
    pub control_id: ControlId,
    /// The sender is an instrument: results are raw runs, cut characters are looked for.
    pub instrument: bool,
    /// Frames up to 16 MiB instead of 1 MiB.
    pub large: bool,
    /// Refuse FS without CR.
    pub strict_end: bool,
    /// Join wrapped base64 lines.
    pub join_wrapped: bool,
    /// Where the barcode of a result stands; the first that is not empty counts.
    pub barcode_at: Vec<String>,
    /// Component of OBX-3 with the item code; 4 means OBX-4 (some instruments send the name there).
    pub item_component: usize,
    /// Field of OBX with the value.
    pub value_field: usize,
    /// Decimal comma in NM.
    pub comma_decimal: bool,
    /// MSH-16 holds 0 sample, 1 calibration, 2 quality control.
    pub msh16_sample_kind: bool,
    /// `MSA-6` and `ERR|0|` in good answers.
    pub vendor_ack: bool,
    /// Item codes of this sender to ours.
    pub code_map: std::collections::BTreeMap<String, String>,
    /// Unit spellings of this sender to UCUM.
    pub unit_map: std::collections::BTreeMap<String, String>,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            dialect: "generic".to_owned(),
            charset: "auto".to_owned(),
            control_id: ControlId::Reliable,
            instrument: false,
            large: false,
            strict_end: false,
            join_wrapped: false,
            barcode_at: ["SPM-2.1.1", "SPM-2.1", "OBR-3", "OBR-2"].map(str::to_owned).to_vec(),
            item_component: 1,
            value_field: 5,
            comma_decimal: false,
            msh16_sample_kind: false,
            vendor_ack: false,
            code_map: Default::default(),
            unit_map: Default::default(),
        }
    }
}

impl Profile {
    /// A shipped dialect: `generic`, `generic-2.3.1`, `mindray-bs` (chemistry), `mindray-bc` (haematology).
    pub fn named(name: &str) -> Option<Self> {
        let instrument = Self {
            dialect: name.to_owned(),
            control_id: ControlId::Weak,
            instrument: true,
            ..Self::default()
        };
        match name {
            "generic" => Some(Self::default()),
            "generic-2.3.1" => Some(Self { barcode_at: paths(&["OBR-3", "OBR-2"]), ..instrument }),
            "mindray-bc" => Some(Self { barcode_at: paths(&["OBR-3"]), ..instrument }),
            "mindray-bs" => Some(Self {
                barcode_at: paths(&["OBR-2"]),
                msh16_sample_kind: true,
                vendor_ack: true,
                ..instrument
            }),
            _ => None,
        }
    }

    /// From a peer's policy `{"dialect": "mindray-bs", "charset": "gb18030"}`: the dialect, with single keys overridden.
    /// The keys may also stand under `profile`.
    ///
    /// # Errors
    /// An unknown dialect, key or value, named.
    pub fn of_policy(policy: &serde_json::Value) -> Result<Self, String> {
        let given = policy.get("profile").unwrap_or(policy);
        let name = given.get("dialect").and_then(serde_json::Value::as_str).unwrap_or("generic");
        let base = Self::named(name).ok_or_else(|| format!("unknown dialect {name}"))?;
        let mut merged = serde_json::to_value(base).map_err(|e| e.to_string())?;
        if let (Some(target), Some(keys)) = (merged.as_object_mut(), given.as_object()) {
            target.extend(keys.iter().map(|(k, v)| (k.clone(), v.clone())));
        }
        serde_json::from_value(merged).map_err(|e| e.to_string())
    }

    /// Options for [`super::read::receive`].
    pub fn read_options(&self) -> ReadOptions {
        ReadOptions { charset: Charset::of_setting(&self.charset), join_wrapped: self.join_wrapped }
    }

    /// The barcode paths; ones that are no paths are left out.
    pub fn barcode_paths(&self) -> Vec<Path> {
        self.barcode_at.iter().filter_map(|p| Path::parse(p)).collect()
    }
}

fn paths(all: &[&str]) -> Vec<String> {
    all.iter().map(|p| (*p).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_overrides_its_dialect_and_typing_errors_are_named() {
        let policy = serde_json::json!({"profile": {"dialect": "mindray-bs", "charset": "gb18030"}});
        let got = Profile::of_policy(&policy).unwrap();
        assert!(got.msh16_sample_kind && got.charset == "gb18030" && got.control_id == ControlId::Weak);
        assert!(Profile::of_policy(&serde_json::json!({"instrument": true})).unwrap().instrument);
        assert_eq!(Profile::of_policy(&serde_json::Value::Null).unwrap(), Profile::default());
        assert_eq!(Profile::of_policy(&serde_json::json!({})).unwrap(), Profile::default());
        assert!(
            Profile::of_policy(&serde_json::json!({"profile": {"chraset": "x"}}))
                .unwrap_err()
                .contains("chraset")
        );
        assert!(Profile::of_policy(&serde_json::json!({"profile": {"dialect": "x"}})).is_err());
        assert_eq!(Profile::default().barcode_paths().len(), 4);
    }
}
