//! Whatever is read as `expected`.

#![no_main]

#[path = "../check.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    check::check(data, aftercall::ingest::Format::Expected);
});
