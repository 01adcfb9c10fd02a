//! Orders: one spine for the three pipelines.
