//! ECG recordings: receive, quality, measure, compare.
