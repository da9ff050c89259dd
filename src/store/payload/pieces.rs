//! Where to cut a long text so that what two texts share becomes the same piece.
//!
//! Invariant: the pieces are consecutive slices of the text, so that joining them gives the text, whatever it holds.

/// Texts below this length are never cut.
const LONG: usize = 192;

/// A text that was cut, and where another one that begins alike can be cut on.
#[derive(Debug)]
pub struct Cut<'a> {
    text: &'a str,
    /// Where the last piece ended at which cutting can go on, how many pieces there are up to there, and the brackets
    /// open there.
    end: usize,
    pieces: usize,
    open: Vec<u8>,
}

impl Cut<'_> {
    /// Whether `text` begins like this one, up to where cutting can go on.
    pub fn begins(&self, text: &str) -> bool {
        text.as_bytes().starts_with(&self.text.as_bytes()[..self.end])
    }
}

/// True for texts that are long and look like JSON: no other text is ever cut.
pub fn may_be_cut(text: &str) -> bool {
    let begins = |text: &str| text.bytes().find(|byte| !byte.is_ascii_whitespace());
    text.len() >= LONG && matches!(begins(text), Some(b'[' | b'{'))
}

/// Cuts a text that looks like JSON at the borders of the objects that are direct items of its outermost lists of
/// objects (the messages of a history); one piece where there are none.
///
/// Where `before` ends within the beginning that both texts share, only what follows is cut, and the first number tells
/// how many pieces of the one before are the first of this one.
pub fn cut<'a>(text: &'a str, before: Option<&Cut<'a>>) -> (usize, Vec<&'a str>, Option<Cut<'a>>) {
    let bytes = text.as_bytes();
    if !may_be_cut(text) {
        return (0, vec![text], None);
    }
    let before = before.filter(|cut| cut.begins(text));
    let known = before.map_or(0, |cut| cut.pieces);
    let mut pieces = Vec::new();
    let mut from = before.map_or(0, |cut| cut.end);
    let open = before.map(|cut| cut.open.clone()).unwrap_or_default();
    let mut scan = Scan { open, in_string: false, escaped: false, item: None };
    let mut end = before.map(|cut| Cut { text, end: cut.end, pieces: cut.pieces, open: cut.open.clone() });
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        if scan.in_string && !scan.escaped {
            at += plain(&bytes[at..]);
            let Some(byte) = bytes.get(at) else { break };
            scan.step(*byte);
            at += 1;
            continue;
        }
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
                let cut = end.get_or_insert_with(|| Cut { text, end: 0, pieces: 0, open: Vec::new() });
                (cut.end, cut.pieces) = (from, known + pieces.len());
                cut.open.clone_from(&scan.open);
            }
            Event::None => {}
        }
        at += 1;
    }
    if from < text.len() {
        pieces.push(&text[from..]);
    }
    (known, pieces, end)
}

/// How many bytes come ahead of the next quotation mark or backslash.
fn plain(bytes: &[u8]) -> usize {
    const STEP: usize = 32;
    let ends = |byte: u8| byte == b'"' || byte == b'\\';
    // Without a way out of the step the compiler looks at all of its bytes at once.
    let free = |step: &&[u8; STEP]| !step.iter().fold(false, |found, byte| found | ends(*byte));
    let steps = bytes.as_chunks::<STEP>().0.iter().take_while(free).count() * STEP;
    steps + bytes[steps..].iter().take_while(|byte| !ends(**byte)).count()
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
        let whole = |text| cut(text, None).1;
        let pieces = whole(&text);
        assert_eq!(pieces.concat(), text);
        assert_eq!(pieces.len(), 5);
        assert_eq!(pieces[3], r#"{"b": [{"c": 1}]}"#);
        let nested = format!(r#"{{"messages": [[{{"a": "{filler}"}}, {{"a": 2}}]], "rest": [1, 2]}}"#);
        assert_eq!(whole(&nested).len(), 5);
        assert_eq!(whole("[{},{}]").len(), 1);
        let broken = format!("[{{{{]]]}}}}[{{ \"{filler}");
        assert_eq!(whole(&broken).concat(), broken);
    }

    #[test]
    fn cutting_on_gives_the_pieces_of_cutting_whole() {
        let filler = "x".repeat(70);
        let item = |n: usize| format!(r#"{{"n": {n}, "deep": [{{"a": "{filler}] \\\" }}"}}]}}"#);
        let mut texts = Vec::new();
        for count in [4, 1, 7, 3, 7] {
            let items: Vec<String> = (0..count).map(item).collect();
            texts.push(format!("[{}]", items.join(", ")));
            texts.push(format!("[[{}], [{}]]", items.join(", "), items.join(",")));
            texts.push(format!("[{}, {{]", items.join(", ")));
            texts.push(format!("[{}, {{\"open", items.join(", ")));
            texts.push(format!("{{\"messages\": [{}], \"rest\": [{}]}}", items.join(","), items.join(",")));
        }
        let mut shared = 0;
        for before in &texts {
            for text in &texts {
                let (_, first, end) = cut(before, None);
                let (known, rest, again) = cut(text, end.as_ref());
                let (_, whole, whole_end) = cut(text, None);
                assert_eq!([&first[..known], &rest].concat(), whole, "{before} {text}");
                let told = |cut: Option<Cut<'_>>| cut.map(|cut| (cut.end, cut.pieces, cut.open));
                assert_eq!(told(again), told(whole_end));
                shared += known;
            }
        }
        assert!(shared > 100, "{shared}");
    }
}
