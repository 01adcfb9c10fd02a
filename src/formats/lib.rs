//! Bytes to values and back. No I/O, no async, no clock, no SQL.
//!
//! Everything that parses foreign bytes is here: every parser is total, bounded in memory and
//! linear in time (invariant 11), and never panics.

#![forbid(unsafe_code)]

pub mod dicom;
pub mod ecg;
pub mod hl7;
pub mod lab;
