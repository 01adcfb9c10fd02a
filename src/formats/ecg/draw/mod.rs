//! Drawing on paper: one layout in integer units of 10 µm for page, PDF and screen, and the samples for the page.

pub mod blob;
pub mod layout;
mod pen;
mod strips;
pub mod svg;
mod thin;

pub use blob::{Part, blob, blob_of};
pub use layout::{Drawing, Format, Paper, layout};
pub use svg::svg;
