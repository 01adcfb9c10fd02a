//! Laboratory tables: units, ranges, flags, delta checks.
