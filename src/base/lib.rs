//! The platform: everything below the clinic that is not a file format.
//!
//! Order inside the package (a module uses only what stands to its left):
//! `id clock fault background kept digest config -> storage -> live -> jobs -> {inbox audit setting codec} -> access -> site -> patient`.

pub mod access;
pub mod audit;
pub mod background;
pub mod clock;
pub mod codec;
pub mod config;
mod ctx;
pub mod digest;
pub mod fault;
pub mod id;
pub mod inbox;
pub mod jobs;
pub mod kept;
pub mod live;
pub mod patient;
pub mod setting;
pub mod site;
pub mod storage;
pub mod testing;

pub use ctx::Ctx;
