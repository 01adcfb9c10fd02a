//! Priority classes and the centre clock: complete receipt to publication (workflow specification 3.2, 3.3).

use yigong_base::clock::MINUTE_MS;

/// Priority classes in queue order.
pub const CLASSES: [&str; 4] = ["stat", "emergency", "urgent", "routine"];

/// Rank of a class; lower is first. An unknown text is routine.
#[must_use]
pub fn rank(priority: &str) -> i64 {
    match priority {
        "stat" => 0,
        "emergency" => 1,
        "urgent" => 2,
        _ => 3,
    }
}

/// Minutes from complete receipt to publication, by pipeline, modality and class (section 3.3, shipped defaults).
#[must_use]
pub fn minutes(pipeline: &str, modality: &str, priority: &str) -> i64 {
    let row: [i64; 4] = match (pipeline, modality) {
        ("ecg", _) => [15, 15, 30, 30],
        ("lab", "CBC" | "URINE") => [30, 30, 30, 30],
        ("lab", _) => [40, 40, 40, 240],
        (_, "US") => [15, 15, 30, 30],
        (_, "CT" | "MR" | "PT" | "NM") => [30, 60, 120, 240],
        _ => [30, 30, 60, 120],
    };
    row.get(usize::try_from(rank(priority)).unwrap_or(3)).copied().unwrap_or(240)
}

/// Deadline of an item that arrived at `arrived_at` (ms).
#[must_use]
pub fn deadline(pipeline: &str, modality: &str, priority: &str, arrived_at: i64) -> i64 {
    arrived_at + minutes(pipeline, modality, priority) * MINUTE_MS
}

#[cfg(test)]
mod tests {
    use super::{minutes, rank};

    #[test]
    fn the_table_of_section_3_3() {
        assert_eq!(minutes("imaging", "DX", "routine"), 120);
        assert_eq!(minutes("imaging", "CT", "emergency"), 60);
        assert_eq!(minutes("ecg", "ECG", "stat"), 15);
        assert_eq!(minutes("lab", "", "routine"), 240);
        assert!(rank("stat") < rank("emergency") && rank("urgent") < rank("routine"));
    }
}
