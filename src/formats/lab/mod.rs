//! Laboratory tables: units, ranges, flags, delta checks. Pure values in, verdicts out.
//!
//! Nothing here ships a clinical limit: ranges and critical limits are the county's data.

pub mod delta;
pub mod flags;
pub mod ranges;
pub mod units;

pub use delta::{DeltaRule, Verdict};
pub use flags::{CriticalLimit, Flag};
pub use ranges::{Range, Sex};
