//! The character sets a person may choose for a device, where its own label and bytes leave doubt (specification §3, step 4).

use super::text;

/// The sets a person may choose for a device, with the reading each gives of a text.
#[must_use]
pub fn readings(raw: &[u8], person_name: bool) -> Vec<(&'static str, String)> {
    ["GB18030", "ISO_IR 192", "ISO_IR 100", "\\ISO 2022 IR 58"]
        .into_iter()
        .filter_map(|term| {
            let charset = text::of_terms(term)?;
            let (read, faults) = text::decode(&charset, raw, person_name);
            (faults.bad == 0).then_some((term, read.trim_end_matches(['\0', ' ']).to_owned()))
        })
        .collect()
}
