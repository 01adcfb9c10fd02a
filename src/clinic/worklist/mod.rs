//! The work engine: admit, next, claim, lease, return.
