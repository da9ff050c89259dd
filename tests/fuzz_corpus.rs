//! The corpus of the fuzz targets, as it is and changed in ways that are the same at every run.
//!
//! Invariant: what a fuzzer found once is replayed here for ever; no chance is involved.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

#[path = "../fuzz/check.rs"]
mod check;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use aftercall::ingest::{FORMATS, Format};
use check::check;

/// Changed forms of each input.
const CHANGED: u64 = 200;

/// Inputs are cut to this length before they are changed, so that the test stays a test.
const LONGEST: usize = 6 << 10;

/// What is put into inputs: the edges of numbers, of strings and of nesting, and names that readers know.
const WORDS: [&str; 24] = [
    "null",
    "{}",
    "[]",
    "\"\"",
    "-1",
    "1e999",
    "18446744073709551616",
    "0.1e-400",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "\u{202e}",
    "[[[[[[[[[[[[[[[[",
    "{\"a\":",
    "\n",
    "\r\n",
    ",",
    "\"traceId\":\"\"",
    "\"messages\":",
    "\"role\":\"tool\"",
    "\"spans\":[{}]",
    "\"9999-99-99T99:99:99Z\"",
    "\u{1f}\u{8b}",
    "resourceSpans",
];

/// A generator of numbers that are the same at every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    /// `data` with a few changes.
    fn change(&mut self, data: &[u8], other: &[u8]) -> Vec<u8> {
        let mut data = data.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(data.len() + 1);
            let length = self.below(40).min(data.len() - at);
            match self.below(7) {
                0 if at < data.len() => data[at] ^= 1 << self.below(8),
                1 => drop(data.drain(at..at + length)),
                2 => {
                    let copy = data[at..at + length].to_vec();
                    data.splice(at..at, copy);
                }
                3 | 4 => drop(data.splice(at..at + length.min(8), WORDS[self.below(WORDS.len())].bytes())),
                5 => data.truncate(at),
                _ => {
                    let from = self.below(other.len() + 1);
                    let until = (from + self.below(120)).min(other.len());
                    data.splice(at..at, other[from..until].iter().copied());
                }
            }
        }
        data
    }
}

fn target(name: &str) -> String {
    name.replace('-', "_")
}

/// Inputs with the files they are from.
type Inputs = Vec<(PathBuf, Vec<u8>)>;

fn corpus(name: &str) -> Inputs {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target(name));
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no input", folder.display());
    files.into_iter().map(|file| (file.clone(), fs::read(&file).unwrap())).collect()
}

/// Checks, and where that fails leaves the input for whoever looks into it.
fn replay(file: &Path, data: &[u8], format: Format) -> u64 {
    catch_unwind(AssertUnwindSafe(|| check(data, format))).unwrap_or_else(|_| {
        let kept = std::env::temp_dir().join("aftercall-fuzz-finding");
        fs::write(&kept, data).unwrap();
        panic!("{} as {format:?}, changed to what is in {}", file.display(), kept.display());
    })
}

#[test]
fn every_form_has_a_target_and_inputs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    for info in FORMATS {
        let name = target(info.name);
        let code = fs::read_to_string(root.join("fuzz_targets").join(format!("{name}.rs"))).unwrap();
        assert!(code.contains(&format!("Format::{:?})", info.format)), "{name}: {code}");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is no binary");
        assert!(!corpus(info.name).is_empty());
    }
}

#[test]
fn the_corpus_is_read_as_every_form() {
    for info in FORMATS {
        for (file, data) in corpus(info.name) {
            assert!(replay(&file, &data, info.format) > 0, "{} holds nothing", file.display());
            replay(&file, &data, Format::Auto);
            for other in FORMATS {
                replay(&file, &data, other.format);
            }
        }
    }
}

#[test]
fn changed_inputs_are_read_or_refused() {
    let all: Vec<(Format, Inputs)> = FORMATS.iter().map(|info| (info.format, corpus(info.name))).collect();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for (format, files) in &all {
        for (file, data) in files {
            let data = &data[..data.len().min(LONGEST)];
            for round in 0..CHANGED {
                let (_, others) = &all[numbers.below(all.len())];
                let (_, other) = &others[numbers.below(others.len())];
                let changed = numbers.change(data, other);
                replay(file, &changed, if round % 3 == 0 { Format::Auto } else { *format });
            }
        }
    }
}
