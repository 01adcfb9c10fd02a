//! Drawing on paper: one layout in integer units of 10 micrometres, rendered as SVG, and the wave blob of the page.

mod blob;
mod layout;
mod svg;

pub use blob::page;
pub use layout::{Drawing, Format, Layout, Text, layout};
pub use svg::render;
