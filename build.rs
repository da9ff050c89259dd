//! Compresses the sample conversations into what the program carries.
//!
//! Invariant: the files under `sample-data` are the only source; nothing compressed is kept beside them.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> io::Result<()> {
    let out = std::env::var("OUT_DIR").map_err(io::Error::other)?;
    for name in ["conversations.jsonl", "evaluations.jsonl"] {
        let source = Path::new("sample-data").join(name);
        println!("cargo::rerun-if-changed={}", source.display());
        let file = File::create(Path::new(&out).join(format!("{name}.gz")))?;
        let mut encoder = GzEncoder::new(file, Compression::best());
        encoder.write_all(&fs::read(&source)?)?;
        encoder.finish()?;
    }
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
