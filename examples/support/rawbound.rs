//! The bare pipeline that measurements stand beside: rows, indexes and full text, and no product.
//!
//! Invariant: its sources are only read; what is built of them lies below this package's `target`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program, built from its sources; `None` where they are absent or cannot be built, which is said.
pub fn built(source: &Path, folder: &Path) -> Option<PathBuf> {
    if !source.join("Cargo.toml").is_file() {
        println!("skipped: {} is absent, so there is nothing to compare with", source.display());
        return None;
    }
    let copy = folder.join("rawbound");
    fs::create_dir_all(copy.join("src")).expect("a folder");
    for name in ["Cargo.toml", "src/main.rs"] {
        fs::copy(source.join(name), copy.join(name)).expect("a copy");
    }
    let target = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/rawbound"));
    let built = Command::new("cargo")
        .args(["build", "--release", "--quiet", "--manifest-path"])
        .arg(copy.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .status();
    if !built.is_ok_and(|status| status.success()) {
        println!("skipped: the bare pipeline could not be built");
        return None;
    }
    Some(target.join("release/rawbound"))
}
