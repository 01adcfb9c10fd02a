//! Received messages, kept verbatim before they are understood; repeats are found here.

pub mod keep;
pub mod sql;

pub use keep::{End, Frame, Kept, find_same_body, find_same_id, finish, keep};
