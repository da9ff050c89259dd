//! Whatever is read as `inspect`.

#![no_main]

#[path = "../check.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    check::check(data, aftercall::ingest::Format::Inspect);
});
