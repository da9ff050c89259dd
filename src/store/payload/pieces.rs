//! Where to cut a long text so that what two texts share becomes the same piece.
//!
//! Invariant: the pieces are consecutive slices of the text, so that joining them gives the text, whatever it holds.

/// Texts below this length are never cut.
const LONG: usize = 192;

/// Cuts a text that looks like JSON at the borders of the objects that are direct items of its outermost lists of
/// objects (the messages of a history); one piece where there are none.
pub fn cut(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let begins = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if bytes.len() < LONG || !matches!(begins, Some(b'[' | b'{')) {
        return vec![text];
    }
    let mut pieces = Vec::new();
    let mut scan = Scan { open: Vec::new(), in_string: false, escaped: false, item: None };
    let mut from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match scan.step(*byte) {
            Event::Begins => {
                if at > from {
                    pieces.push(&text[from..at]);
                }
                from = at;
            }
            Event::Ends => {
                pieces.push(&text[from..=at]);
                from = at + 1;
            }
            Event::None => {}
        }
    }
    if from < text.len() {
        pieces.push(&text[from..]);
    }
    pieces
}

/// What a byte did.
enum Event {
    Begins,
    Ends,
    None,
}

/// The brackets open at a place of the text.
struct Scan {
    open: Vec<u8>,
    in_string: bool,
    escaped: bool,
    /// How many brackets were open where the item being passed over began.
    item: Option<usize>,
}

impl Scan {
    fn step(&mut self, byte: u8) -> Event {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return Event::None;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => {
                let begins = byte == b'{' && self.item.is_none() && self.open.last() == Some(&b'[');
                if begins {
                    self.item = Some(self.open.len());
                }
                self.open.push(byte);
                if begins {
                    return Event::Begins;
                }
            }
            b'}' | b']' => {
                self.open.pop();
                if self.item == Some(self.open.len()) {
                    self.item = None;
                    return Event::Ends;
                }
            }
            _ => {}
        }
        Event::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_are_cut_at_their_messages() {
        let filler = "x".repeat(200);
        let text = format!(r#" [{{"role": "user", "content": "a ] }} \" {filler}"}} , {{"b": [{{"c": 1}}]}}] "#);
        let pieces = cut(&text);
        assert_eq!(pieces.concat(), text);
        assert_eq!(pieces.len(), 5);
        assert_eq!(pieces[3], r#"{"b": [{"c": 1}]}"#);
        let nested = format!(r#"{{"messages": [[{{"a": "{filler}"}}, {{"a": 2}}]], "rest": [1, 2]}}"#);
        assert_eq!(cut(&nested).len(), 5);
        assert_eq!(cut("[{},{}]").len(), 1);
        let broken = format!("[{{{{]]]}}}}[{{ \"{filler}");
        assert_eq!(cut(&broken).concat(), broken);
    }
}
