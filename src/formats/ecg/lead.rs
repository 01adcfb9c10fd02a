//! Leads by their number: the same in SCP-ECG, DICOM (5.6.3-9-n) and MDC partition 2 (2:n).

use std::fmt;

/// A lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeadId {
    /// Standard code n: I 1, II 2, V1..V6 3..8, III 61, aVR 62, aVL 63, aVF 64 and the further ones of the table.
    Standard(u16),
    /// A channel that is not a known ECG lead: its code and text as the file has them.
    Other(String, String),
}

/// The twelve leads in drawing order.
pub const TWELVE: [LeadId; 12] = [
    LeadId::Standard(1),
    LeadId::Standard(2),
    LeadId::Standard(61),
    LeadId::Standard(62),
    LeadId::Standard(63),
    LeadId::Standard(64),
    LeadId::Standard(3),
    LeadId::Standard(4),
    LeadId::Standard(5),
    LeadId::Standard(6),
    LeadId::Standard(7),
    LeadId::Standard(8),
];

/// Numbers and names (EN 1064 table of lead codes; Frank leads X Y Z are never shown as V leads).
const NAMES: &[(u16, &str)] = &[
    (1, "I"),
    (2, "II"),
    (3, "V1"),
    (4, "V2"),
    (5, "V3"),
    (6, "V4"),
    (7, "V5"),
    (8, "V6"),
    (9, "V7"),
    (10, "V2R"),
    (11, "V3R"),
    (12, "V4R"),
    (13, "V5R"),
    (14, "V6R"),
    (15, "V7R"),
    (16, "X"),
    (17, "Y"),
    (18, "Z"),
    (61, "III"),
    (62, "aVR"),
    (63, "aVL"),
    (64, "aVF"),
    (66, "V8"),
    (67, "V9"),
    (68, "V8R"),
    (69, "V9R"),
];

impl LeadId {
    /// From a number of the common table; `None` for numbers without a name here.
    #[must_use]
    pub fn of_number(n: u16) -> Option<Self> {
        NAMES.iter().any(|(k, _)| *k == n).then_some(Self::Standard(n))
    }

    /// From whatever text a maker writes: `Lead I (Einthoven)`, `Lead I`, `I`, `MDC_ECG_LEAD_I`, trailing NUL or space.
    #[must_use]
    pub fn of_name(text: &str) -> Option<Self> {
        let text = text.trim_matches(|c: char| c == '\0' || c.is_whitespace());
        let text = text.split('(').next().unwrap_or(text).trim();
        let upper = text.to_ascii_uppercase();
        let name =
            upper.strip_prefix("MDC_ECG_LEAD_").or_else(|| upper.strip_prefix("LEAD")).unwrap_or(&upper);
        let name = name.trim_matches(|c: char| matches!(c, ' ' | '_' | ':' | '-'));
        NAMES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(n, _)| Self::Standard(*n))
    }

    /// From a coded channel source: `5.6.3-9-n` (SCPECG), `2:n` or the 32-bit MDC number, else the name.
    #[must_use]
    pub fn of_code(code: &str, scheme: &str, meaning: &str) -> Option<Self> {
        let code = code.trim_matches(|c: char| c == '\0' || c.is_whitespace());
        if let Some(n) = code.strip_prefix("5.6.3-9-").and_then(|n| n.parse::<u16>().ok()) {
            return Self::of_number(n);
        }
        if scheme.trim().eq_ignore_ascii_case("MDC") {
            if let Some(n) = code.strip_prefix("2:").and_then(|n| n.parse::<u16>().ok()) {
                return Self::of_number(n);
            }
            if let Some(n) = code.parse::<u32>().ok().filter(|n| n >> 16 == 2) {
                return u16::try_from(n & 0xFFFF).ok().and_then(Self::of_number);
            }
        }
        Self::of_name(code).or_else(|| Self::of_name(meaning))
    }

    /// The standard number.
    #[must_use]
    pub const fn number(&self) -> Option<u16> {
        match self {
            Self::Standard(n) => Some(*n),
            Self::Other(..) => None,
        }
    }

    /// Limb lead I, II, III, aVR, aVL, aVF.
    #[must_use]
    pub const fn is_limb(&self) -> bool {
        matches!(self, Self::Standard(1 | 2 | 61..=64))
    }

    /// The electrode a chest lead hangs on, by its number 1..6.
    #[must_use]
    pub const fn chest(&self) -> Option<u16> {
        match self {
            Self::Standard(n @ 3..=8) => Some(*n - 2),
            _ => None,
        }
    }
}

impl fmt::Display for LeadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standard(n) => {
                f.write_str(NAMES.iter().find(|(k, _)| k == n).map_or("?", |(_, name)| name))
            }
            Self::Other(code, text) => f.write_str(if text.is_empty() { code } else { text }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_lead_one_gives_lead_one() {
        for text in ["Lead I (Einthoven)", "Lead I", "I", "MDC_ECG_LEAD_I", "I\0", "Lead I ", "lead i"] {
            assert_eq!(LeadId::of_name(text), Some(LeadId::Standard(1)), "{text}");
        }
        assert_eq!(LeadId::of_code("5.6.3-9-61", "SCPECG", ""), Some(LeadId::Standard(61)));
        assert_eq!(LeadId::of_code("2:63", "MDC", ""), Some(LeadId::Standard(63)));
        assert_eq!(LeadId::of_code("131136", "MDC", ""), Some(LeadId::Standard(64)));
        assert_eq!(LeadId::of_code("109006", "X", "Arterial pressure"), None);
        assert_eq!(LeadId::of_name("vX"), None);
        assert_eq!(LeadId::Standard(62).to_string(), "aVR");
    }
}
