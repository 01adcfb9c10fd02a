//! The edges, the composition root and the command line of Yigong.

pub mod api;
pub mod app;
pub mod cli;
pub mod dicomweb;
pub mod dimse;
pub mod fhir;
pub mod mllp;
