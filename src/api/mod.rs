//! The HTTP API of the pages: one file per subject; each translates, calls one slice function, translates back.

pub mod admin;
pub mod admin_people;
pub mod assets;
pub mod auth;
pub mod clinic;
pub mod critical;
pub mod ecg;
pub mod events;
pub mod fault;
pub mod health;
pub mod imaging;
pub mod key_images;
pub mod lab;
pub mod openapi;
pub mod orders;
pub mod outbox;
pub mod public;
pub mod reports;
pub mod server;
pub mod session;
pub mod specimens;
pub mod work;
pub mod worklist;
