//! What a text could hold at all, told by one look over its bytes, so that most detectors need not look at most texts.
//!
//! Invariant: a sign is never missing where its detector would find something; it may be there where nothing is found.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// Signs of personal data in the shadow of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one of many signs, and any of them may be there")]
pub(super) struct Signs {
    /// The beginning of a token.
    pub secret: bool,
    /// A word before which or after which a secret stands.
    pub assigned: bool,
    /// An at sign.
    pub email: bool,
    /// A spelled out dot.
    pub spoken: bool,
    /// Two letters and two digits that begin a word.
    pub iban: bool,
    /// The most digits that stand together, with what people write between them.
    pub digits: usize,
    /// Four numbers with dots between them.
    pub ipv4: bool,
    /// Colons as in an address.
    pub ipv6: bool,
    /// A number before a capital, or after the word for a street.
    pub address: bool,
    /// Words by which people introduce themselves.
    pub name: bool,
    /// A word for a customer, or a title, before a capital.
    pub spoken_of: bool,
    /// A word before dates of birth.
    pub birth: bool,
    /// A word before which telephone numbers stand.
    pub phone: bool,
    /// A word before social security numbers.
    pub ssn: bool,
}

impl Signs {
    /// Everything might be there.
    const ALL: Self = Self {
        secret: true,
        assigned: true,
        email: true,
        spoken: true,
        iban: true,
        digits: usize::MAX,
        ipv4: true,
        ipv6: true,
        address: true,
        name: true,
        spoken_of: true,
        birth: true,
        phone: true,
        ssn: true,
    };

    /// The fewest digits together that a detector of numbers takes: those of a telephone.
    pub const FEWEST: usize = 7;

    /// Looks for the signs.
    pub fn of(shadow: &str) -> Self {
        let mut look = Look::default();
        let bytes = shadow.as_bytes();
        for (at, byte) in bytes.iter().enumerate() {
            match KINDS[*byte as usize] {
                Kind::Plain => look.plain = at + 1,
                Kind::Between => {}
                Kind::Digit => look.digit(bytes, at),
                Kind::Colon => look.colon(bytes, at),
                Kind::At => {
                    look.plain = at + 1;
                    look.signs.email = true;
                }
                Kind::Wide => {
                    look.plain = at + 1;
                    look.wide = true;
                }
            }
        }
        // Digits of other scripts are digits to the patterns, and these two letters are `s` and `k` to those without case.
        if look.wide && shadow.chars().any(|c| !c.is_ascii() && (c.is_numeric() || matches!(c, 'ſ' | '\u{212a}'))) {
            return Self::ALL;
        }
        words(shadow, &mut look.signs);
        look.signs
    }

    /// True where no detector finds anything, whatever it knows of words and numbers.
    pub fn none(&self) -> bool {
        // Words before numbers say nothing without a number.
        let Self { secret, assigned, email, spoken, iban, digits, ipv4, ipv6, address, name, spoken_of, birth, .. } =
            *self;
        let words = secret || assigned || spoken || name || spoken_of || birth;
        !(words || email || iban || ipv4 || ipv6 || address) && digits < Self::FEWEST
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// May stand between the digits of one number.
    Between,
    Digit,
    Colon,
    At,
    /// A part of a character beyond ASCII.
    Wide,
}

const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Plain; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            b'0'..=b'9' => Kind::Digit,
            b' ' | b'(' | b')' | b'.' | b'-' | b'/' => Kind::Between,
            b':' => Kind::Colon,
            b'@' => Kind::At,
            0x80.. => Kind::Wide,
            _ => Kind::Plain,
        };
        byte += 1;
    }
    kinds
};

/// Most characters that any pattern allows between two digits of one number.
const WIDEST_GAP: usize = 3;

/// How streets end in languages that write them in one word, as far as a number follows.
const STREETS: [&str; 9] = ["straße", "strasse", "str.", "weg", "platz", "allee", "gasse", "damm", "ufer"];

/// A look in progress. Places are those after a byte, so that 0 stands for none.
#[derive(Default)]
struct Look {
    signs: Signs,
    plain: usize,
    digit: usize,
    colon: usize,
    together: usize,
    dots: usize,
    colons: usize,
    wide: bool,
}

impl Look {
    fn digit(&mut self, bytes: &[u8], at: usize) {
        let gap = at - self.digit;
        if self.digit == 0 || gap > WIDEST_GAP || self.plain > self.digit || self.colon > self.digit {
            (self.together, self.dots) = (0, 0);
        } else if gap > 0 {
            self.dots = if gap == 1 && bytes[at - 1] == b'.' { self.dots + 1 } else { 0 };
            self.signs.ipv4 |= self.dots >= 3;
        }
        self.together += 1;
        self.signs.digits = self.signs.digits.max(self.together);
        if self.digit != at || self.digit == 0 {
            self.signs.address |= follows_street(bytes, at);
        } else {
            self.signs.iban |= begins_iban(bytes, at);
        }
        self.signs.address |= precedes_street(bytes, at);
        self.digit = at + 1;
    }

    fn colon(&mut self, bytes: &[u8], at: usize) {
        let near = self.colon > 0
            && at - self.colon <= 4
            && bytes.get(self.colon..at).is_some_and(|between| between.iter().all(u8::is_ascii_hexdigit));
        self.colons = if near { self.colons + 1 } else { 1 };
        self.signs.ipv6 |= self.colons >= 6 || near && at == self.colon;
        self.colon = at + 1;
    }
}

/// True where the second of two digits after two letters stands here, and the letters begin a word.
fn begins_iban(bytes: &[u8], at: usize) -> bool {
    let Some(start) = at.checked_sub(3) else { return false };
    let glued =
        start.checked_sub(1).is_some_and(|before| bytes[before].is_ascii_alphanumeric() || bytes[before] == b'_');
    !glued && bytes[start].is_ascii_alphabetic() && bytes[start + 1].is_ascii_alphabetic()
}

/// True where the digit here ends a number after which a capital comes: `12 High Street`.
fn precedes_street(bytes: &[u8], at: usize) -> bool {
    let mut next = at + 1;
    next += usize::from(bytes.get(next).is_some_and(u8::is_ascii_alphabetic));
    next += usize::from(bytes.get(next) == Some(&b','));
    bytes.get(next) == Some(&b' ') && bytes.get(next + 1).is_some_and(|byte| byte.is_ascii_uppercase() || *byte >= 0x80)
}

/// True where the number that begins here comes after a street: `Lindenweg 12`.
fn follows_street(bytes: &[u8], at: usize) -> bool {
    let Some((b' ', before)) = bytes.get(..at).and_then(<[u8]>::split_last) else { return false };
    matches!(before.last(), Some(b'e' | b'.' | b'g' | b'z' | b'm' | b'r'))
        && STREETS.iter().any(|street| before.ends_with(street.as_bytes()))
}

/// Words that have to be there for a pattern of words to match, and the sign each is.
const WORDS: [(&str, Word); 83] = [
    ("-----begin", Word::Secret),
    ("akia", Word::Secret),
    ("asia", Word::Secret),
    ("aroa", Word::Secret),
    ("aida", Word::Secret),
    ("ghp_", Word::Secret),
    ("gho_", Word::Secret),
    ("ghu_", Word::Secret),
    ("ghs_", Word::Secret),
    ("ghr_", Word::Secret),
    ("github_pat_", Word::Secret),
    ("glpat-", Word::Secret),
    ("npm_", Word::Secret),
    ("hf_", Word::Secret),
    ("k_live_", Word::Secret),
    ("k_test_", Word::Secret),
    ("whsec_", Word::Secret),
    ("sk-", Word::Secret),
    ("xoxa-", Word::Secret),
    ("xoxb-", Word::Secret),
    ("xoxe-", Word::Secret),
    ("xoxo-", Word::Secret),
    ("xoxp-", Word::Secret),
    ("xoxr-", Word::Secret),
    ("xoxs-", Word::Secret),
    ("aiza", Word::Secret),
    ("ya29.", Word::Secret),
    ("sg.", Word::Secret),
    ("eyj", Word::Secret),
    ("bearer", Word::Assigned),
    ("://", Word::Assigned),
    ("key", Word::Assigned),
    ("secret", Word::Assigned),
    ("token", Word::Assigned),
    ("passw", Word::Assigned),
    ("passc", Word::Assigned),
    ("kennwort", Word::Assigned),
    ("pwd", Word::Assigned),
    ("dot", Word::Spoken),
    ("punkt", Word::Spoken),
    ("name is", Word::Name),
    ("name's", Word::Name),
    ("name ist", Word::Name),
    ("ich hei", Word::Name),
    ("m'appelle", Word::Name),
    ("me llamo", Word::Name),
    ("nombre es", Word::Name),
    ("user", Word::Person),
    ("customer", Word::Person),
    ("passenger", Word::Person),
    ("client", Word::Person),
    ("guest", Word::Person),
    ("caller", Word::Person),
    ("cardholder", Word::Person),
    ("traveler", Word::Person),
    ("traveller", Word::Person),
    ("kunde", Word::Person),
    ("kundin", Word::Person),
    ("name is", Word::Person),
    ("mr", Word::Person),
    ("ms", Word::Person),
    ("herr", Word::Person),
    ("frau", Word::Person),
    ("dob", Word::Birth),
    ("d.o.b", Word::Birth),
    ("birth", Word::Birth),
    ("born", Word::Birth),
    ("gebor", Word::Birth),
    ("geburt", Word::Birth),
    ("phone", Word::Phone),
    ("tel", Word::Phone),
    ("mobil", Word::Phone),
    ("cell", Word::Phone),
    ("handy", Word::Phone),
    ("rufnummer", Word::Phone),
    ("whatsapp", Word::Phone),
    ("fax", Word::Phone),
    ("call ", Word::Phone),
    ("ring ", Word::Phone),
    ("text ", Word::Phone),
    ("reach ", Word::Phone),
    ("ssn", Word::Ssn),
    ("social security", Word::Ssn),
];

#[derive(Clone, Copy)]
enum Word {
    Secret,
    Assigned,
    Spoken,
    Name,
    /// At the beginning of a word, before a capital.
    Person,
    Birth,
    /// At the beginning of a word.
    Phone,
    /// The same.
    Ssn,
}

/// True where a capital follows, after what may stand between a customer and a name.
fn before_capital(bytes: &[u8], end: usize) -> bool {
    let rest = bytes.get(end..).unwrap_or_default();
    let mut between = rest.iter().take(12).enumerate().filter(|(_, byte)| **byte == b' ').map(|(at, _)| at + 1);
    between.any(|at| rest.get(at).is_some_and(|byte| byte.is_ascii_uppercase() || *byte >= 0x80))
}

/// Sets the signs that are words.
fn words(shadow: &str, signs: &mut Signs) {
    static MATCHER: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let matcher = MATCHER.get_or_init(|| {
        let words = WORDS.iter().map(|(word, _)| word);
        AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(words).ok()
    });
    let Some(matcher) = matcher else {
        *signs = Signs { digits: signs.digits, ..Signs::ALL };
        return;
    };
    let begins = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| shadow.as_bytes().get(before));
        !before.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    for found in matcher.find_overlapping_iter(shadow) {
        match WORDS.get(found.pattern().as_usize()) {
            Some((_, Word::Secret)) => signs.secret = true,
            Some((_, Word::Assigned)) => signs.assigned = true,
            Some((_, Word::Spoken)) => signs.spoken = true,
            Some((_, Word::Name)) => signs.name = true,
            Some((_, Word::Person)) => {
                signs.spoken_of |= begins(found.start()) && before_capital(shadow.as_bytes(), found.end());
            }
            Some((_, Word::Birth)) => signs.birth = true,
            Some((_, Word::Phone)) => signs.phone |= begins(found.start()),
            Some((_, Word::Ssn)) => signs.ssn |= begins(found.start()),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Known;
    use super::super::detect::find_all;
    use super::*;

    /// Pieces of what detectors look for, which chance puts together in ways nobody thought of.
    const PIECES: [&str; 66] = [
        "The user, ",
        "customer named ",
        "Mr. ",
        "name is ",
        "dob: ",
        "1985-04-04",
        "a",
        "Z",
        " ",
        " ",
        "-",
        ".",
        "/",
        "(",
        ")",
        ":",
        "::",
        "+",
        "@",
        "_",
        "%",
        "\n",
        "é",
        "٣",
        "ſ",
        "0",
        "1",
        "4",
        "20",
        "202",
        "555",
        "0143",
        "1111",
        "4111",
        "GB29",
        "DE89",
        "NWBK",
        "2001",
        "db8",
        "ff",
        "example",
        ".com",
        " dot ",
        " at ",
        "phone ",
        "call me ",
        "tel",
        "SSN ",
        "password: ",
        "token=",
        "key ",
        "Bearer ",
        "sk-",
        "ghp_",
        "eyJabcdefgh",
        "hunter22",
        "my name is ",
        "Anna",
        "ich heiße ",
        "Schmidt",
        "12 High ",
        "Street",
        "Lindenweg ",
        "078-05-1120",
        "://",
        ", ",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn no_detector_finds_what_has_no_sign(picked in prop::collection::vec(0..PIECES.len(), 1..24)) {
            let text: String = picked.into_iter().map(|at| PIECES[at]).collect();
            let known = Known::default();
            prop_assert_eq!(super::super::detect::find(&text, &known), find_all(&text, &known, Signs::ALL), "{}", text);
        }
    }

    #[test]
    fn ordinary_prose_has_no_sign() {
        for text in [
            "Where is my kettle? Order LF-1042 should have been here on Monday.",
            "I've checked with a colleague: a credit of €397.32, back within 5 to 7 days.",
            "{\"status\":\"in_transit\",\"eta\":\"2026-11-20\",\"items\":3}",
        ] {
            let signs = Signs::of(text);
            assert!(signs.none() || signs.digits == 8 && Signs { digits: 0, ..signs }.none(), "{text}: {signs:?}");
        }
    }
}
