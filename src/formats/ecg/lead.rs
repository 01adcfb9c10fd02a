//! Names of leads: one number for SCP-ECG, DICOM and MDC (ISO/IEEE 11073-10102), one spelling for people.

/// Identity of a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeadId {
    /// Standard code n of SCP-ECG `5.6.3-9-n` and MDC `2:n`.
    Code(u16),
    /// Anything else, with the text of the file.
    Other(String),
}

const NAMES: &[(u16, &str)] = &[
    (1, "I"), (2, "II"), (61, "III"), (62, "aVR"), (63, "aVL"), (64, "aVF"), (3, "V1"), (4, "V2"), (5, "V3"), (6, "V4"), (7, "V5"), (8, "V6"),
    (9, "V7"), (10, "V2R"), (11, "V3R"), (12, "V4R"), (13, "V5R"), (14, "V6R"), (15, "V7R"), (16, "X"), (17, "Y"), (18, "Z"), (66, "V8"), (67, "V9"),
];

/// The twelve standard leads in the order they are drawn.
pub const STANDARD: [u16; 12] = [1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8];

impl LeadId {
    /// From a DICOM channel source code or its meaning; every spelling of lead I gives `Code(1)`.
    pub fn from_code(value: &str, scheme: &str, meaning: &str) -> LeadId {
        let value = clean(value);
        let number = match clean(scheme) {
            "SCPECG" => value.strip_prefix("5.6.3-9-").and_then(|n| n.parse().ok()),
            "MDC" | "ISO11073" => value.strip_prefix("2:").and_then(|n| n.parse().ok()).or_else(|| value.strip_prefix("5.6.3-9-").and_then(|n| n.parse().ok())),
            _ => None,
        };
        match number {
            Some(n) if NAMES.iter().any(|(code, _)| *code == n) => LeadId::Code(n),
            _ => LeadId::from_text(if clean(meaning).is_empty() { value } else { meaning }),
        }
    }

    /// From a name: `Lead I (Einthoven)`, `MDC_ECG_LEAD_I`, `I` all give I.
    pub fn from_text(text: &str) -> LeadId {
        let mut name = clean(text);
        for prefix in ["MDC_ECG_LEAD_", "MDC_ECG_LEADS_", "Lead ", "LEAD "] {
            name = name.strip_prefix(prefix).unwrap_or(name);
        }
        let name = name.split_once('(').map_or(name, |(head, _)| head).trim();
        NAMES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map_or_else(|| LeadId::Other(clean(text).to_owned()), |(code, _)| LeadId::Code(*code))
    }

    /// Name for people.
    pub fn name(&self) -> &str {
        match self {
            LeadId::Code(n) => NAMES.iter().find(|(code, _)| code == n).map_or("?", |(_, name)| name),
            LeadId::Other(text) => text,
        }
    }

    /// True for the twelve standard leads.
    pub fn is_standard(&self) -> bool {
        matches!(self, LeadId::Code(n) if STANDARD.contains(n))
    }
}

/// Electrode whose loss explains a fault of this standard chest lead.
pub fn chest_electrode(code: u16) -> Option<&'static str> {
    ["C1", "C2", "C3", "C4", "C5", "C6"].get(usize::from(code.checked_sub(3)?)).copied()
}

fn clean(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_lead_one() {
        for text in ["I", "Lead I", "Lead I (Einthoven)", "MDC_ECG_LEAD_I", "I\0", " I "] {
            assert_eq!(LeadId::from_text(text), LeadId::Code(1), "{text:?}");
        }
        assert_eq!(LeadId::from_code("5.6.3-9-61", "SCPECG", "Lead III").name(), "III");
        assert_eq!(LeadId::from_code("2:62", "MDC", "").name(), "aVR");
        assert_eq!(LeadId::from_text("vx"), LeadId::Other("vx".into()));
        assert_eq!(chest_electrode(5), Some("C3"));
    }
}
