//! HL7 v2: framing, character sets, reading, writing, acknowledgement.
//!
//! Bytes go `frame -> charset -> normalise -> read`; values come back through `write` and `ack`.
//! A message is either read whole, with the proof of it, or refused with a line number: never in part.

pub mod ack;
pub mod charset;
pub mod delimiters;
pub mod error;
pub mod escape;
pub mod frame;
pub mod header;
pub mod message;
pub mod normalise;
pub mod profile;
pub mod read;
pub mod value;
pub mod write;

pub use ack::{AckCode, AckMode};
pub use charset::Charset;
pub use delimiters::Delimiters;
pub use error::{ErrorCode, ReadError};
pub use header::Header;
pub use message::{Message, Path, Segment};
pub use profile::Profile;
pub use read::{ReadOptions, Received, receive};
pub use write::Writer;

#[cfg(test)]
mod tests;
