//! The command line.

pub mod codec_worker;
