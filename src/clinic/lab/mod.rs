//! Laboratory: specimens, results, verification.
