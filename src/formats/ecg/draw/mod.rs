//! Drawing on paper: one layout in integer units of 10 µm for page, PDF and screen, and the samples for the page.

pub mod blob;
pub mod layout;
pub mod svg;

pub use blob::blob;
pub use layout::{Drawing, Format, Paper, layout};
pub use svg::svg;
