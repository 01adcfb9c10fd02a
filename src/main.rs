//! The `yigong` binary.
fn main() {}
