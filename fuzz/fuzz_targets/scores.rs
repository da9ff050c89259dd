//! Whatever is read as `scores`.

#![no_main]

#[path = "../check.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    check::check(data, aftercall::ingest::Format::Scores);
});
