//! What a program may write to a terminal: text that only draws, and the few sequences a full screen needs.
//!
//! Invariant: whatever is not known to be harmless is a finding.

/// Modes a full screen switches on and has to switch off again; all are off at the start but the cursor.
const MODES: [&str; 10] = ["25", "1000", "1002", "1003", "1006", "1015", "1049", "2004", "2026", "7"];

/// How many marks may stand upon one another.
const MOST_MARKS: usize = 8;

/// One piece of what was written.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    /// A character to draw.
    Text(char),
    /// A control sequence: parameters and final character.
    Csi(&'a str, char),
    /// An operating system command, without its frame.
    Osc(&'a str),
    /// Any other escape or control character.
    Control(char),
}

fn next(text: &str) -> Option<(Piece<'_>, &str)> {
    let mut chars = text.chars();
    let first = chars.next()?;
    let rest = chars.as_str();
    if first != '\u{1b}' {
        let piece = if first.is_control() { Piece::Control(first) } else { Piece::Text(first) };
        return Some((piece, rest));
    }
    if let Some(body) = rest.strip_prefix('[')
        && let Some(end) = body.find(|c| matches!(c, '@'..='~'))
        && body[..end].chars().all(|c| matches!(c, ' '..='?'))
    {
        let last = body[end..].chars().next()?;
        return Some((Piece::Csi(&body[..end], last), &body[end + 1..]));
    }
    if let Some(body) = rest.strip_prefix(']') {
        let ends = [body.find('\u{7}').map(|at| (at, 1)), body.find("\u{1b}\\").map(|at| (at, 2))];
        if let Some((end, length)) = ends.into_iter().flatten().min() {
            return Some((Piece::Osc(&body[..end]), &body[end + length..]));
        }
    }
    Some((Piece::Control(first), rest))
}

fn is_allowed(piece: &Piece<'_>, osc: &[&str]) -> bool {
    let plain = |parameters: &str| parameters.chars().all(|c| c.is_ascii_digit() || c == ';' || c == ':');
    match *piece {
        Piece::Text(c) => !matches!(c,
            '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{e0000}'..='\u{e01ef}'),
        Piece::Csi(parameters, 'm' | 'H' | 'J' | 'K' | 'A'..='D' | 'G' | 'd') => plain(parameters),
        Piece::Csi(parameters, 'h' | 'l') => parameters.strip_prefix('?').is_some_and(|mode| MODES.contains(&mode)),
        Piece::Csi(..) => false,
        Piece::Osc(body) => body.split(';').next().is_some_and(|number| osc.contains(&number)),
        Piece::Control(c) => matches!(c, '\r' | '\n'),
    }
}

/// What was written and must not be; `osc` are the numbers of operating system commands that may be.
pub fn findings(bytes: &[u8], osc: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return vec![format!("no UTF-8 at byte {}", error.valid_up_to())],
    };
    let (mut rest, mut marks) = (text, 0);
    while let Some((piece, after)) = next(rest) {
        let at = text.len() - rest.len();
        if !is_allowed(&piece, osc) {
            found.push(format!("byte {at}: {piece:?}"));
        }
        marks = if matches!(piece, Piece::Text('\u{300}'..='\u{36f}')) { marks + 1 } else { 0 };
        if marks == MOST_MARKS + 1 {
            found.push(format!("byte {at}: more than {MOST_MARKS} marks on one character"));
        }
        rest = after;
    }
    found
}

/// The modes that are on at the end though they were off at the start.
pub fn left_on(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    MODES
        .into_iter()
        // Wrapping is on from the start, and the cursor is shown.
        .filter(|mode| {
            let end = |letter| text.rfind(&format!("\u{1b}[?{mode}{letter}"));
            let (set, unset) = (end('h'), end('l'));
            if matches!(*mode, "25" | "7") { unset > set } else { set > unset }
        })
        .map(str::to_owned)
        .collect()
}

/// True where the colour of anything was set.
pub fn is_coloured(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let mut rest = &*text;
    while let Some((piece, after)) = next(rest) {
        if let Piece::Csi(parameters, 'm') = piece {
            let colour = |n: u32| matches!(n, 30..=38 | 40..=48 | 90..=97 | 100..=107);
            if parameters.split([';', ':']).filter_map(|n| n.parse().ok()).any(colour) {
                return true;
            }
        }
        rest = after;
    }
    false
}

#[test]
fn what_a_terminal_would_obey_is_found() {
    for bad in [
        "\u{1b}]52;c;AAAA\u{7}",
        "\u{1b}]8;;x\u{1b}\\",
        "\u{9b}2J",
        "\u{1b}[6n",
        "\u{1b}[?9h",
        "\u{1b}Ptmux",
        "\u{8}",
        "\u{7f}",
        "\u{202e}",
        "\u{200b}",
        "\u{e0041}",
        "\u{1b}c",
        "\u{1b}[21t",
    ] {
        assert_ne!(findings(bad.as_bytes(), &[]), Vec::<String>::new(), "{bad:?}");
    }
    assert_eq!(findings("\u{1b}[?1049h\u{1b}[1;1H\u{1b}[38;5;1mé\r\n".as_bytes(), &[]), Vec::<String>::new());
    assert_eq!(findings(b"\x1b]52;c;AAAA\x07", &["52"]), Vec::<String>::new());
    assert_eq!(findings(format!("e{}", "\u{301}".repeat(9)).as_bytes(), &[]).len(), 1);
    assert_eq!(left_on(b"\x1b[?1049h\x1b[?25l\x1b[?1049l"), ["25"]);
    assert_eq!(left_on(b"\x1b[?25l\x1b[?2026h\x1b[?2026l\x1b[?25h"), Vec::<String>::new());
    assert!(is_coloured(b"\x1b[38;5;3mx") && is_coloured(b"\x1b[1;31m") && !is_coloured(b"\x1b[1;7mx\x1b[39m\x1b[0m"));
}
