//! Embeds the built pages (`web/dist`) into the binary. Without them one plain page says so; npm is never run here.

#![expect(clippy::expect_used, reason = "a build that cannot embed the pages must stop")]

use std::fmt::Write as _;
use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=web/dist/assets.json");
    let root = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let dist = Path::new(&root).join("web/dist");
    let mut text = String::new();
    let list = std::fs::read_to_string(dist.join("assets.json")).ok();
    let list =
        list.map(|t| serde_json::from_str::<serde_json::Value>(&t).expect("web/dist/assets.json is json"));
    let build = list.as_ref().and_then(|l| l["build"].as_str()).unwrap_or_default();
    writeln!(text, "const BUILD: &str = {build:?};\nstatic ASSETS: &[Asset] = &[").expect("text grows");
    for file in list.iter().flat_map(|l| l["files"].as_array().into_iter().flatten()) {
        let path = file["path"].as_str().expect("path");
        let disk = dist.join(path.trim_start_matches('/'));
        writeln!(
            text,
            "Asset {{ path: {path:?}, mime: {:?}, sha256: {:?}, immutable: {}, br: include_bytes!({:?}), gz: include_bytes!({:?}) }},",
            file["mime"].as_str().expect("mime"),
            file["sha256"].as_str().expect("sha256"),
            file["immutable"].as_bool().unwrap_or(false),
            format!("{}.br", disk.display()),
            format!("{}.gz", disk.display()),
        )
        .expect("text grows");
    }
    text.push_str("];\n");
    std::fs::write(Path::new(&out).join("assets.rs"), text).expect("write assets.rs");
}
