//! A seeded corpus of sentences with personal data of every class, and of sentences without any, with what was found.
//!
//! Invariant: everything is made up from a seed; what was planted is known exactly, so that a miss cannot hide.

#![allow(clippy::unwrap_used, dead_code, reason = "shared by a test and a measurement")]

use std::collections::BTreeMap;

use aftercall::mask::{Class, Known, Masker, Policy};

/// What was found of one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recall {
    /// Values planted.
    pub planted: usize,
    /// Of them, those that were masked whole.
    pub found: usize,
}

impl Recall {
    /// As a share.
    pub fn share(self) -> f64 {
        if self.planted == 0 { f64::NAN } else { self.found as f64 / self.planted as f64 }
    }
}

/// What was found in a corpus.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// By the word of the class.
    pub recall: BTreeMap<&'static str, Recall>,
    /// Words in which nothing was planted.
    pub words: usize,
    /// Masks where nothing was planted.
    pub false_masks: usize,
    /// Sentences to look at: values missed, and masks that should not be.
    pub examples: Vec<String>,
}

impl Found {
    /// False masks in 1,000 words.
    pub fn false_per_thousand(&self) -> f64 {
        self.false_masks as f64 * 1_000.0 / self.words.max(1) as f64
    }

    fn example(&mut self, text: String) {
        if self.examples.len() < 40 {
            self.examples.push(text);
        }
    }
}

/// Classes that are told by a checksum or a pattern; of names and addresses only usual forms and known ones are found.
pub const FIRM: [Class; 7] =
    [Class::Email, Class::Phone, Class::Card, Class::Iban, Class::Ip, Class::Secret, Class::Ssn];

/// Repeatable numbers (an LCG with the constants of Knuth's MMIX).
pub struct Seeded(pub u64);

impl Seeded {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// True with this chance.
    pub fn chance(&mut self, share: f64) -> bool {
        (self.below(1_000_000) as f64) < share * 1e6
    }

    pub fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }

    fn letters(&mut self, count: usize, from: &str) -> String {
        (0..count).map(|_| char::from(from.as_bytes()[self.below(from.len() as u64) as usize])).collect()
    }
}

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const MIXED: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const FIRST: [&str; 8] = ["Anna", "Jonas", "Maribel", "Oskar", "Priya", "Tomasz", "Yuki", "Zoë"];
const LAST: [&str; 8] = ["Berglund", "Castellano", "Demir", "Fitzgerald", "Kowalska", "Lindqvist", "Okafor", "Schmidt"];

fn email(seeded: &mut Seeded) -> String {
    let local = match seeded.below(5) {
        0 => format!("{}.{}", seeded.letters(5, LOWER), seeded.letters(8, LOWER)),
        1 => format!("{}+{}", seeded.letters(6, LOWER), seeded.letters(4, LOWER)),
        2 => format!("{}_{}", seeded.letters(4, LOWER), seeded.digits(4)),
        3 => seeded.letters(7, LOWER).to_uppercase(),
        _ => format!("{}{}", seeded.letters(3, LOWER), seeded.digits(2)),
    };
    let domain = seeded.letters(7, LOWER);
    let sub = seeded.pick(&["", "", "mail.", "eu.mail."]);
    format!("{local}@{sub}{domain}.{}", seeded.pick(&["com", "de", "co.uk", "org", "io", "museum"]))
}

fn phone(seeded: &mut Seeded) -> String {
    let (area, exchange, line) = (200 + seeded.below(700), 200 + seeded.below(700), seeded.digits(4));
    match seeded.below(8) {
        0 => format!("+1 {area}-{exchange}-{line}"),
        1 => format!("({area}) {exchange}-{line}"),
        2 => format!("{area}-{exchange}-{line}"),
        3 => format!("{area}.{exchange}.{line}"),
        4 => format!("+49 {} {}", 150 + seeded.below(29), seeded.digits(7)),
        5 => format!("0{} {}", 150 + seeded.below(29), seeded.digits(7)),
        6 => format!("+44 20 7{} {}", seeded.digits(3), seeded.digits(4)),
        _ => format!("+33 6 {} {} {} {}", seeded.digits(2), seeded.digits(2), seeded.digits(2), seeded.digits(2)),
    }
}

fn card(seeded: &mut Seeded) -> String {
    let amex = seeded.below(4) == 0;
    let length = if amex { 15 } else { 16 };
    let prefix = if amex { seeded.pick(&["34", "37"]) } else { seeded.pick(&["4", "51", "55", "6011", "2221"]) };
    let mut digits = format!("{prefix}{}", seeded.digits(length - 1 - prefix.len()));
    let doubled = |(at, byte): (usize, u8)| {
        let digit = u32::from(byte - b'0') * if at % 2 == 0 { 2 } else { 1 };
        digit / 10 + digit % 10
    };
    let sum: u32 = digits.bytes().rev().enumerate().map(doubled).sum();
    digits.push(char::from(b'0' + ((10 - sum % 10) % 10) as u8));
    let cuts: &[usize] = if amex { &[4, 6, 5] } else { &[4, 4, 4, 4] };
    let mut at = 0;
    let groups: Vec<&str> = cuts
        .iter()
        .map(|cut| {
            at += cut;
            &digits[at - cut..at]
        })
        .collect();
    groups.join(seeded.pick(&["", " ", "-"]))
}

fn iban(seeded: &mut Seeded) -> String {
    let (country, bank, length) =
        [("DE", "", 18), ("AT", "", 16), ("FR", "", 23), ("NL", "ABNA", 10), ("GB", "NWBK", 14), ("ES", "", 20)]
            [seeded.below(6) as usize];
    let account = format!("{bank}{}", seeded.digits(length));
    let moved: String = format!("{account}{country}00").chars().map(|c| c.to_digit(36).unwrap().to_string()).collect();
    let rest = moved.bytes().fold(0_u32, |rest, byte| (rest * 10 + u32::from(byte - b'0')) % 97);
    let iban = format!("{country}{:02}{account}", 98 - rest);
    let groups: Vec<String> =
        iban.as_bytes().chunks(4).map(|chunk| String::from_utf8(chunk.to_vec()).unwrap()).collect();
    let iban = groups.join(seeded.pick(&["", " "]));
    if seeded.below(5) == 0 { iban.to_lowercase() } else { iban }
}

fn ip(seeded: &mut Seeded) -> String {
    if seeded.below(3) == 0 {
        let group = |seeded: &mut Seeded| format!("{:x}", 0x1000 + seeded.below(0xe000));
        let groups: Vec<String> = (0..6).map(|_| group(seeded)).collect();
        return if seeded.below(2) == 0 {
            format!("2001:db8:{}", groups.join(":"))
        } else {
            format!("2001:db8::{}:{}", groups[0], groups[1])
        };
    }
    format!("{}.{}.{}.{}", 128 + seeded.below(60), seeded.below(256), seeded.below(256), 1 + seeded.below(254))
}

fn secret(seeded: &mut Seeded) -> String {
    match seeded.below(5) {
        0 => format!("ghp_{}", seeded.letters(36, MIXED)),
        1 => format!("sk_live_{}", seeded.letters(24, MIXED)),
        2 => format!("sk-proj-{}", seeded.letters(40, MIXED)),
        3 => format!("AKIA{}", seeded.letters(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")),
        _ => format!("xoxb-{}-{}-{}", seeded.digits(11), seeded.digits(12), seeded.letters(24, MIXED)),
    }
}

fn address(seeded: &mut Seeded) -> String {
    let number = 1 + seeded.below(180);
    match seeded.below(4) {
        0 => format!(
            "{number} {} {}",
            seeded.pick(&["High", "Church", "Maple", "Station"]),
            seeded.pick(&["Street", "Road", "Avenue", "Lane"])
        ),
        1 => format!(
            "{}straße {number}, {} {}",
            seeded.pick(&["Linden", "Bahnhof", "Garten"]),
            10_000 + seeded.below(80_000),
            seeded.pick(&["Berlin", "Bremen", "Fulda"])
        ),
        2 => format!("{}weg {number}", seeded.pick(&["Birken", "Mühlen", "Wiesen"])),
        _ => format!("{number} Park Drive"),
    }
}

/// A value of a class, and the words around it.
fn planted(seeded: &mut Seeded) -> (Class, String, String) {
    let lead = seeded.pick(&["Please use", "It is", "Here you go:", "Take", "I wrote", "Is that right?"]).to_owned();
    let tail = seeded.pick(&["", ".", ", thanks", "!", " (new)", " please"]);
    let (class, value) = match seeded.below(9) {
        0 => (Class::Email, email(seeded)),
        1 => (Class::Phone, phone(seeded)),
        2 => (Class::Card, card(seeded)),
        3 => (Class::Iban, iban(seeded)),
        4 => (Class::Ip, ip(seeded)),
        5 => (Class::Secret, secret(seeded)),
        6 => {
            let area = 100 + seeded.below(500);
            (Class::Ssn, format!("{area}-{:02}-{:04}", 1 + seeded.below(98), 1 + seeded.below(9998)))
        }
        7 => (Class::Address, address(seeded)),
        _ => (Class::Name, format!("{} {}", seeded.pick(&FIRST), seeded.pick(&LAST))),
    };
    let text = match class {
        Class::Name => {
            format!("{} {value}{tail}", seeded.pick(&["Hello, my name is", "Hi, this is what I said: my name is"]))
        }
        _ => format!("{lead} {value}{tail}"),
    };
    (class, value, text)
}

/// A sentence of the trade, full of numbers that nobody needs to hide.
fn ordinary(seeded: &mut Seeded) -> String {
    match seeded.below(14) {
        0 => format!("Your order {} left our warehouse today.", seeded.digits(10)),
        1 => format!(
            "Order #{} with {} items costs {}.{} EUR.",
            seeded.digits(16),
            seeded.below(9),
            seeded.below(900),
            seeded.digits(2)
        ),
        2 => format!("The tracking number is {}{}.", seeded.letters(2, "ABCDEFGHJK"), seeded.digits(12)),
        3 => format!(
            "It was booked on 2026-{:02}-{:02} at {:02}:{:02}.",
            1 + seeded.below(12),
            1 + seeded.below(28),
            seeded.below(24),
            seeded.below(60)
        ),
        4 => format!("Ticket T-{}-{} was closed after {} hours.", seeded.digits(4), seeded.digits(6), seeded.below(90)),
        5 => format!(
            "Please update to version {}.{}.{}.{} of the app.",
            seeded.below(20),
            seeded.below(20),
            seeded.below(20),
            seeded.below(20)
        ),
        6 => format!("Article {} is out of stock until week {}.", seeded.digits(13), seeded.below(52)),
        7 => format!("The refund of {} points went to account C{}.", seeded.digits(5), seeded.digits(8)),
        8 => format!(
            "Flight HAT{} from JFK to SEA leaves at {:02}:{:02}.",
            seeded.digits(3),
            seeded.below(24),
            seeded.below(60)
        ),
        9 => format!(
            "Your reservation {} holds {} bags for $1,{}.",
            seeded.letters(6, "ABCDEFGHJKLMNP"),
            seeded.below(5),
            seeded.digits(3)
        ),
        10 => format!(
            "Event {}-{}-{}-{}-{} was received.",
            seeded.letters(8, "0123456789abcdef"),
            seeded.letters(4, "0123456789abcdef"),
            seeded.letters(4, "0123456789abcdef"),
            seeded.letters(4, "0123456789abcdef"),
            seeded.letters(12, "0123456789abcdef")
        ),
        11 => format!(
            "Gift card {} is worth {} EUR, the table is {} x {} cm.",
            seeded.letters(10, "ABCDEFGH23456789"),
            seeded.below(200),
            seeded.below(300),
            seeded.below(200)
        ),
        12 => {
            "I have looked at the policy again and a refund is only possible within thirty days of delivery.".to_owned()
        }
        _ => "Thank you for waiting, may I ask which of the two tents arrived with a broken pole?".to_owned(),
    }
}

fn masker() -> Masker {
    Masker::new([3; 32], Known::default(), Policy::default())
}

/// Looks at a corpus of so many sentences with a value in each, and as many without.
pub fn look(seed: u64, sentences: usize) -> Found {
    let (mut seeded, masker, mut found) = (Seeded(seed), masker(), Found::default());
    for _ in 0..sentences {
        let before = ordinary(&mut seeded);
        found.words += before.split_whitespace().count();
        let wrong = masker.mask(&before).found.len();
        found.false_masks += wrong;
        if wrong > 0 {
            found.example(format!("false: {} -> {}", before, masker.mask(&before).text));
        }
        let (class, value, words) = planted(&mut seeded);
        let text = format!("{before} {words}");
        let start = before.len() + 1 + words.find(&value).unwrap();
        let end = start + value.len();
        let masked = masker.mask(&text);
        let whole = masked.found.iter().any(|(_, range)| range.start <= start && range.end >= end);
        let own = found.recall.entry(class.word()).or_default();
        own.planted += 1;
        own.found += usize::from(whole);
        // The words around a value count too.
        found.words += words.split_whitespace().count() - value.split_whitespace().count();
        let beside = masked.found.iter().filter(|(_, range)| range.end <= start || range.start >= end).count();
        found.false_masks += beside;
        if !whole || beside > 0 {
            found.example(format!("{}: {text} -> {}", class.word(), masked.text));
        }
    }
    found
}

/// Looks at lines that say themselves which classes are in their first message (`expect`); a class with a question mark
/// may be missed.
pub fn look_at_lines(lines: &str) -> Found {
    let (masker, mut found) = (masker(), Found::default());
    for line in lines.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = record["messages"][0]["content"].as_str().unwrap();
        let mut classes: Vec<&str> = masker.mask(text).found.iter().map(|(class, _)| class.word()).collect();
        let expected = record["expect"].as_array().unwrap().iter().filter_map(|class| class.as_str());
        for class in expected {
            let Some(known) = Class::ALL.iter().find(|one| one.word() == class.trim_end_matches('?')) else { continue };
            let place = classes.iter().position(|word| *word == known.word());
            if class.ends_with('?') && place.is_none() {
                continue;
            }
            let own = found.recall.entry(known.word()).or_default();
            own.planted += 1;
            own.found += usize::from(place.is_some());
            match place {
                Some(place) => drop(classes.remove(place)),
                None => found.example(format!("{class}: {text}")),
            }
        }
        found.words += text.split_whitespace().count();
        found.false_masks += classes.len();
        if !classes.is_empty() {
            found.example(format!("false {classes:?}: {text}"));
        }
    }
    found
}
