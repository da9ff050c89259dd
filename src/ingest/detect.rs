//! What the bytes of an input are, judged by the bytes alone.
//!
//! Invariant: a file's name is never consulted; the verdict depends on the first bytes only.

use super::protobuf;

/// How an input is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrapping {
    /// Text, one record a line.
    Lines,
    /// Text, one JSON document over many lines.
    Document,
    /// A gzip stream.
    Gzip,
    /// A zstd stream.
    Zstd,
    /// Messages behind four bytes of length each, as the OpenTelemetry Collector's file exporter writes protobuf, and
    /// anything compressed message by message.
    Framed,
    /// One OTLP request in protobuf.
    Protobuf,
    /// A zip archive.
    Zip,
    /// Nothing at all.
    Empty,
    /// Something that is refused, and why.
    Refused(&'static str),
}

/// How a zstd frame begins.
pub(super) const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Judges the first bytes of an input; `whole` says that there are no more.
pub(super) fn wrapping(head: &[u8], whole: bool) -> Wrapping {
    if head.starts_with(&[0x1f, 0x8b]) {
        return Wrapping::Gzip;
    }
    if head.starts_with(&ZSTD) {
        return Wrapping::Zstd;
    }
    if is_frame(head) {
        return Wrapping::Framed;
    }
    if protobuf::looks_like_request(head) {
        return Wrapping::Protobuf;
    }
    if head.starts_with(b"PK\x03\x04") {
        return Wrapping::Zip;
    }
    if let Some(reason) = refusal(head) {
        return Wrapping::Refused(reason);
    }
    let text = without_bom(head);
    let start = text.iter().position(|byte| !byte.is_ascii_whitespace());
    match start {
        None if whole => Wrapping::Empty,
        None => Wrapping::Lines,
        Some(start) => text_form(&text[start..]),
    }
}

/// The bytes without a UTF-8 byte order mark.
pub(super) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes)
}

fn refusal(head: &[u8]) -> Option<&'static str> {
    let magic: [(&[u8], &'static str); 7] = [
        (&[0xff, 0xfe, 0, 0], "this is UTF-32 text; save it as UTF-8"),
        (&[0, 0, 0xfe, 0xff], "this is UTF-32 text; save it as UTF-8"),
        (&[0xff, 0xfe], "this is UTF-16 text (little endian); save it as UTF-8"),
        (&[0xfe, 0xff], "this is UTF-16 text (big endian); save it as UTF-8"),
        (b"PAR1", "this is a Parquet file; export it as JSON lines"),
        (b"SQLite format 3\0", "this is an SQLite database, not an export"),
        (b"BZh", "this is bzip2; recompress it with gzip or zstd"),
    ];
    if let Some((_, reason)) = magic.iter().find(|(bytes, _)| head.starts_with(bytes)) {
        return Some(reason);
    }
    let sample = &head[..head.len().min(512)];
    if !sample.contains(&0) {
        return None;
    }
    if is_utf16(sample, u16::from_le_bytes) {
        return Some("this is UTF-16 text (little endian); save it as UTF-8");
    }
    if is_utf16(sample, u16::from_be_bytes) {
        return Some("this is UTF-16 text (big endian); save it as UTF-8");
    }
    Some("this is binary data, no text or archive of a known kind")
}

/// True for text in units of two bytes, mostly of letters that one byte would do for. Other binary data has zeros as
/// well, but also units that no text has.
fn is_utf16(sample: &[u8], unit: fn([u8; 2]) -> u16) -> bool {
    let units = || sample.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let control = |unit: u16| unit < 0x20 && !matches!(unit, 0x09 | 0x0a | 0x0d);
    let narrow = units().filter(|unit| *unit < 0x100).count();
    narrow * 2 > units().count() && !units().any(|unit| control(unit) || unit == 0xffff)
}

/// How a file is written that grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrowthForm {
    /// A record a line.
    Lines,
    /// Messages behind four bytes of length each.
    Frames,
    /// It cannot be told yet.
    TooShort,
    /// Something whose records cannot be told from its end before it is complete.
    Other,
}

/// Judges what was written of a file so far.
pub fn growth_form(head: &[u8]) -> GrowthForm {
    match wrapping(head, false) {
        Wrapping::Framed => GrowthForm::Frames,
        // A line longer than what is there looks like the beginning of a document.
        Wrapping::Lines | Wrapping::Empty => GrowthForm::Lines,
        Wrapping::Document if !head.contains(&b'\n') => GrowthForm::TooShort,
        Wrapping::Refused(_) if head.len() < 256 => GrowthForm::TooShort,
        _ => GrowthForm::Other,
    }
}

/// Four bytes of length, below 128 MiB and so nothing that begins a text, before a zstd frame or a request.
fn is_frame(head: &[u8]) -> bool {
    let Some((length, message)) = head.split_at_checked(4) else { return false };
    length[0] < 8 && (message.starts_with(&ZSTD) || protobuf::looks_like_request(message))
}

/// Lines or one document: a first line that is complete in itself means lines.
fn text_form(text: &[u8]) -> Wrapping {
    if text[0] != b'{' && text[0] != b'[' {
        // A folder may hold a note or a licence beside its exports: one problem is enough to say so.
        let json =
            text.split(|byte| *byte == b'\n').any(|line| line.first().is_some_and(|byte| matches!(byte, b'{' | b'[')));
        return if json { Wrapping::Lines } else { Wrapping::Refused("this is text of no known form") };
    }
    let (mut depth, mut in_string, mut escaped) = (0_i64, false, false);
    for byte in text {
        match byte {
            b'\n' => {
                // A line that ends inside a string is a damaged line, not the first of a document.
                return if depth > 0 && !in_string { Wrapping::Document } else { Wrapping::Lines };
            }
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth -= 1,
            _ => {}
        }
    }
    if text[0] == b'[' && depth > 0 { Wrapping::Document } else { Wrapping::Lines }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_documents_are_told_apart_by_their_first_line() {
        assert_eq!(wrapping(b"{\"a\":1}\n{\"a\":2}\n", true), Wrapping::Lines);
        assert_eq!(wrapping(b"{\n  \"a\": 1\n}", true), Wrapping::Document);
        assert_eq!(wrapping(b"[\n{}]", true), Wrapping::Document);
        assert_eq!(wrapping(b"[{\"a\": [1", false), Wrapping::Document);
        assert_eq!(wrapping(b"\xef\xbb\xbf{\"a\":\"{\"}\n", true), Wrapping::Lines);
        assert_eq!(wrapping(b"{\"a\":\"cut\n{}\n", true), Wrapping::Lines);
        assert_eq!(wrapping(b"\n \n", true), Wrapping::Empty);
        assert_eq!(wrapping(b"", true), Wrapping::Empty);
    }

    #[test]
    fn encodings_and_archives_are_named() {
        assert!(matches!(wrapping(b"\xff\xfe{\0", true), Wrapping::Refused(why) if why.contains("UTF-16")));
        assert!(matches!(wrapping(b"{\0\"\0a\0\"\0", true), Wrapping::Refused(why) if why.contains("little")));
        for binary in [
            &b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0\x01\0\0\0\x30\x61"[..],
            &b"\x01\0\x02\0\x03\0\x04\0\x10\0"[..],
        ] {
            assert!(matches!(wrapping(binary, true), Wrapping::Refused(why) if why.contains("binary")), "{binary:?}");
        }
        assert_eq!(wrapping(b"PK\x03\x04..", true), Wrapping::Zip);
        assert_eq!(
            wrapping(b"# Notes\n\nThese are exports.\n", true),
            Wrapping::Refused("this is text of no known form")
        );
        assert_eq!(wrapping("\n\u{e9}t\u{e9}\n{}".as_bytes(), true), Wrapping::Lines);
        assert_eq!(wrapping(b"\x1f\x8b\x08", true), Wrapping::Gzip);
        assert_eq!(wrapping(b"\0\0\0\x09\x28\xb5\x2f\xfd.", true), Wrapping::Framed);
    }
}
