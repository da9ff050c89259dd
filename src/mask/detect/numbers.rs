//! Detectors of numbers: cards, bank accounts, telephones, addresses of machines.
//!
//! Invariant: what has a checksum is taken only if it passes; what has none needs its usual form or a word before it.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::{Place, after, before, compile, context, is_word};
use crate::mask::Class;

struct Patterns {
    groups: LazyLock<Regex>,
    iban_start: LazyLock<Regex>,
    iban: LazyLock<Regex>,
    ssn: LazyLock<Regex>,
    named_ssn: LazyLock<Regex>,
    ipv4: LazyLock<Regex>,
    ipv6: LazyLock<Regex>,
    international: LazyLock<Regex>,
    north_american: LazyLock<Regex>,
    national: LazyLock<Regex>,
    named_phone: LazyLock<Regex>,
    ordered: LazyLock<Regex>,
    versioned: LazyLock<Regex>,
}

const GROUPS: &str = r"\d+(?:[ .\-]{1,2}\d+)*";
const IBAN_START: &str = r"[A-Za-z]{2}\d{2}";
const IBAN: &str = r"^[A-Za-z]{2}\d{2}(?:[ \-]?[A-Za-z0-9]){11,30}";
const SSN: &str = r"\d{3}-\d{2}-\d{4}";
const NAMED_SSN: &str =
    r"(?i)\b(?:ssn|social security(?: number| no\.?)?)(?:\s+is|\s+was)?[\s:#=]*(\d{3}[ \-]?\d{2}[ \-]?\d{4})";
const IPV4: &str = r"\d{1,3}(?:\.\d{1,3}){3}";
const IPV6: &str = r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:\d?\.\d{1,3}\.\d{1,3}\.\d{1,3})?";
const INTERNATIONAL: &str = r"\+\d{1,3}[ ().\-/]{0,3}\d(?:[ ().\-/]{0,3}\d){5,13}";
const NORTH_AMERICAN: &str = r"(?:1[ .\-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[.\-])[2-9]\d{2}[ .\-]\d{4}";
const NATIONAL: &str = r"(?:\(0\d{1,5}\) ?|0\d{1,5}[ /\-]{1,3})\d{2,8}(?:[ \-]\d{2,8}){0,4}|00[1-9]\d{0,2}[ \-]\d{1,5}(?:[ \-]\d{2,8}){1,4}";
const NAMED_PHONE: &str = r#"(?xi)
    \b(?:(?:tele)?phone|mobile|cell(?:phone)?|tel|telefon|telefonnummer|handy|handynummer|mobil|mobilnummer|rufnummer|whatsapp|fax
        |(?:call|ring|text|reach|phone)\ (?:me|us|him|her|them)(?:\ back)?)
    (?:\ (?:number|no|nummer))?(?:\ (?:is|was|ist|lautet|at|on|under|unter))?[.:=\s"']{0,4}
    (\(?\+?\d(?:[\ ().\-/]{0,3}\d){6,14})
"#;
/// What makes a number after it an id of something.
const ORDERED: &str = r#"(?x)
    (?:order|invoice|tracking|ticket|reference|ref|parcel|shipment|booking|reservation|confirmation|transaction|case|claim
      |item|product|article|serial|sku|part|batch|contract|policy|customer|account|member|bestellung|bestellnummer|auftrag
      |rechnung|sendung|artikel|vorgang|id|uuid|imei|isbn|ean|gtin|timestamp)
    (?:\s?(?:number|num|no|nr|nummer|id|code))?\.?[\s:\#=\-"'(]*(?:(?:is|was|ist)\s)?[A-Za-z]{0,3}[\-\#]?$
"#;
/// What makes four numbers with dots after it a version.
const VERSIONED: &str = r"(?:version|versions|release|build|firmware|software|update|upgrade|revision|rev|ver|section|chapter|app|sdk|v)[\s.:=]*$";

/// Each is compiled when something first shows a sign of it.
static PATTERNS: Patterns = Patterns {
    groups: LazyLock::new(|| compile(GROUPS)),
    iban_start: LazyLock::new(|| compile(IBAN_START)),
    iban: LazyLock::new(|| compile(IBAN)),
    ssn: LazyLock::new(|| compile(SSN)),
    named_ssn: LazyLock::new(|| compile(NAMED_SSN)),
    ipv4: LazyLock::new(|| compile(IPV4)),
    ipv6: LazyLock::new(|| compile(IPV6)),
    international: LazyLock::new(|| compile(INTERNATIONAL)),
    north_american: LazyLock::new(|| compile(NORTH_AMERICAN)),
    national: LazyLock::new(|| compile(NATIONAL)),
    named_phone: LazyLock::new(|| compile(NAMED_PHONE)),
    ordered: LazyLock::new(|| compile(ORDERED)),
    versioned: LazyLock::new(|| compile(VERSIONED)),
};

#[cfg(test)]
pub(super) fn check_patterns() {
    for pattern in [
        GROUPS,
        IBAN_START,
        IBAN,
        SSN,
        NAMED_SSN,
        IPV4,
        IPV6,
        INTERNATIONAL,
        NORTH_AMERICAN,
        NATIONAL,
        NAMED_PHONE,
        ORDERED,
        VERSIONED,
    ] {
        Regex::new(pattern).unwrap();
    }
}

/// True where the range is no part of a longer id: not glued to letters, digits, or (by a hyphen) to either.
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let glued = |near: Option<char>, beyond: Option<char>| match near {
        Some(c) if is_word(c) || c == '#' => true,
        Some('-' | '.' | '/' | ':') => beyond.is_some_and(is_word),
        _ => false,
    };
    let ahead = after(text, range.end);
    let (previous, next) = (before(text, range.start), ahead.map_or(range.end, |c| range.end + c.len_utf8()));
    let further = previous.and_then(|c| before(text, range.start - c.len_utf8()));
    // A colon or slash before a number introduces it (`tel:…`); a full stop after it ends a sentence.
    let introduced = matches!(previous, Some(':' | '/')) && !further.is_some_and(|c| c.is_ascii_digit());
    (introduced || !glued(previous, further)) && !glued(ahead, after(text, next))
}

/// The fewest digits of a card.
pub(super) const SHORTEST_CARD: usize = 13;

fn is_ordered(text: &str, at: usize) -> bool {
    PATTERNS.ordered.is_match(&context(text, at))
}

pub(super) fn cards(text: &str) -> Vec<Place> {
    let mut places = Vec::new();
    for found in PATTERNS.groups.find_iter(text) {
        let mut groups: Vec<Range<usize>> = Vec::new();
        let mut at = found.start();
        for group in found.as_str().split([' ', '.', '-']) {
            if !group.is_empty() {
                groups.push(at..at + group.len());
            }
            at += group.len() + 1;
        }
        let mut first = 0;
        while first < groups.len() {
            let card = groups.get(first..).and_then(|groups| card_at(text, groups));
            first += card.as_ref().map_or(1, |(taken, _)| *taken);
            places.extend(card.map(|(_, range)| (Class::Card, range)));
        }
    }
    places
}

/// The card number that the first groups of digits make, in one of the ways in which cards are written.
fn card_at(text: &str, groups: &[Range<usize>]) -> Option<(usize, Range<usize>)> {
    const FORMS: [&[usize]; 5] = [&[4, 4, 4, 4, 3], &[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[8, 8]];
    let lengths: Vec<usize> = groups.iter().take(5).map(ExactSizeIterator::len).collect();
    let single = lengths.first().filter(|length| (SHORTEST_CARD..=19).contains(*length)).map(|_| 1);
    let forms = FORMS.iter().filter(|form| lengths.starts_with(form)).map(|form| form.len());
    forms.chain(single).find_map(|count| {
        let range = groups.first()?.start..groups.get(count - 1)?.end;
        let digits: Vec<u8> =
            text.get(range.clone())?.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect();
        let before = before(text, range.start);
        let glued =
            before.is_some_and(|c| is_word(c) || matches!(c, '-' | '#')) || after(text, range.end).is_some_and(is_word);
        let is_card = !glued && is_issued(&digits) && luhn(&digits) && !(count == 1 && is_ordered(text, range.start));
        is_card.then_some((count, range))
    })
}

/// True for the prefixes and lengths under which payment cards are issued.
fn is_issued(digits: &[u8]) -> bool {
    let prefix =
        |length: usize| digits.iter().take(length).fold(0_u32, |number, digit| number * 10 + u32::from(*digit));
    match digits.len() {
        13 => prefix(1) == 4,
        14 => matches!(prefix(3), 300..=305) || matches!(prefix(2), 36 | 38 | 39),
        15 => matches!(prefix(2), 34 | 37),
        16 => {
            prefix(1) == 4
                || matches!(prefix(2), 50..=59 | 35 | 60 | 62 | 64..=69 | 36 | 38)
                || matches!(prefix(4), 2221..=2720)
        }
        17..=19 => matches!(prefix(2), 40..=49 | 50 | 56..=69),
        _ => false,
    }
}

/// The Luhn checksum (ISO/IEC 7812-1): from the right, every second digit doubled, digits summed, a multiple of ten.
fn luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, digit)| u32::from(if i % 2 == 1 { doubled(*digit) } else { *digit }))
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != 0)
}

/// Lengths of IBANs by country, from the registry of ISO 13616.
const IBAN_LENGTHS: &[(usize, &str)] = &[
    (15, "NO"),
    (16, "BE"),
    (18, "DK FO FI GL NL SD FK"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU XK MN"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS VA"),
    (23, "AE GI IL IQ TL OM SO"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, "LY PT ST"),
    (26, "IS TR"),
    (27, "FR GR IT MC MR SM BI DJ"),
    (28, "AL AZ BY CY DO GT HU LB PL SV NI"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU YE"),
    (31, "MT SC"),
    (32, "LC"),
    (33, "RU"),
];

pub(super) fn ibans(text: &str) -> Vec<Place> {
    let mut places = Vec::new();
    let mut at = 0;
    while let Some(start) =
        text.get(at..).and_then(|rest| PATTERNS.iban_start.find(rest)).map(|found| at + found.start())
    {
        let found = text.get(start..).and_then(|rest| PATTERNS.iban.find(rest));
        let iban = found.and_then(|found| iban_at(text, start, found.as_str()));
        // The next may begin within what only looked like one.
        at = iban.as_ref().map_or(start + 1, |range| range.end);
        places.extend(iban.map(|range| (Class::Iban, range)));
    }
    places
}

fn iban_at(text: &str, start: usize, candidate: &str) -> Option<Range<usize>> {
    let country = candidate.get(..2)?.to_ascii_uppercase();
    let (length, _) = IBAN_LENGTHS.iter().find(|(_, countries)| countries.split(' ').any(|code| code == country))?;
    let last = candidate.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric()).nth(length - 1)?.0;
    let range = start..start + last + 1;
    let alone = !before(text, range.start).is_some_and(is_word) && !after(text, range.end).is_some_and(is_word);
    let compact: String = candidate.get(..=last)?.chars().filter(char::is_ascii_alphanumeric).collect();
    (alone && mod_97(&compact)).then_some(range)
}

/// The checksum of ISO 7064: the first four moved to the end, letters as 10 to 35, remainder 1 when divided by 97.
fn mod_97(iban: &str) -> bool {
    let (head, tail) = iban.split_at(4);
    let remainder = tail.chars().chain(head.chars()).try_fold(0_u32, |remainder, c| {
        let digit = c.to_digit(36)?;
        Some(if digit > 9 { (remainder * 100 + digit) % 97 } else { (remainder * 10 + digit) % 97 })
    });
    remainder == Some(1)
}

pub(super) fn named_ssns(text: &str) -> Vec<Place> {
    let named = PATTERNS.named_ssn.captures_iter(text).filter_map(|found| Some(found.get(1)?.range()));
    named.filter(|range| is_ssn(text, range)).map(|range| (Class::Ssn, range)).collect()
}

pub(super) fn ssns(text: &str) -> Vec<Place> {
    let written = PATTERNS.ssn.find_iter(text).map(|found| found.range());
    let written = written.filter(|range| stands_alone(text, range) && !is_ordered(text, range.start));
    written.filter(|range| is_ssn(text, range)).map(|range| (Class::Ssn, range)).collect()
}

/// True for numbers the administration may have given out: no part of zeros, no area 666 or from 900 on.
fn is_ssn(text: &str, range: &Range<usize>) -> bool {
    let digits: String = text.get(range.clone()).unwrap_or("").chars().filter(char::is_ascii_digit).collect();
    match (digits.get(..3), digits.get(3..5), digits.get(5..)) {
        (Some(area), Some(group), Some(serial)) => {
            area != "000" && area != "666" && !area.starts_with('9') && group != "00" && serial != "0000"
        }
        _ => false,
    }
}

pub(super) fn ips(text: &str) -> Vec<Place> {
    let mut places = Vec::new();
    for found in PATTERNS.ipv4.find_iter(text) {
        let address = found.as_str().parse::<Ipv4Addr>().ok();
        let public = address.is_some_and(|ip| !ip.is_loopback() && !ip.is_unspecified() && !ip.is_broadcast());
        if public && stands_alone_as_ip(text, &found.range()) {
            places.push((Class::Ip, found.range()));
        }
    }
    if text.contains(':') {
        for found in PATTERNS.ipv6.find_iter(text) {
            let written = found.as_str();
            let address = written.parse::<Ipv6Addr>().ok();
            let public = address.is_some_and(|ip| !ip.is_loopback() && !ip.is_unspecified());
            // Short ones without a digit are names in code, such as `de::ad`.
            let plausible = written.len() > 6 && written.contains(|c: char| c.is_ascii_digit());
            let near = |c: Option<char>| c.is_some_and(|c| is_word(c) || c == ':');
            if public && plausible && !near(before(text, found.start())) && !near(after(text, found.end())) {
                places.push((Class::Ip, found.range()));
            }
        }
    }
    places
}

fn stands_alone_as_ip(text: &str, range: &Range<usize>) -> bool {
    let near = |c: Option<char>| c.is_some_and(|c| is_word(c) || c == '-');
    let dotted = after(text, range.end) == Some('.') && after(text, range.end + 1).is_some_and(|c| c.is_ascii_digit());
    let version = PATTERNS.versioned.is_match(&context(text, range.start));
    !near(before(text, range.start))
        && before(text, range.start) != Some('.')
        && !near(after(text, range.end))
        && !dotted
        && !version
}

fn digits(text: &str, range: &Range<usize>) -> usize {
    text.get(range.clone()).unwrap_or("").bytes().filter(u8::is_ascii_digit).count()
}

pub(super) fn named_phones(text: &str) -> Vec<Place> {
    let named = PATTERNS.named_phone.captures_iter(text).filter_map(|found| Some(found.get(1)?.range()));
    let named = named.filter(|range| (7..=15).contains(&digits(text, range)));
    named.filter(|range| !after(text, range.end).is_some_and(is_word)).map(|range| (Class::Phone, range)).collect()
}

pub(super) fn phones(text: &str) -> Vec<Place> {
    let mut places: Vec<Range<usize>> = Vec::new();
    for found in PATTERNS.international.find_iter(text) {
        let range = found.range();
        let glued = before(text, range.start).is_some_and(|c| is_word(c) || c == '+')
            || after(text, range.end).is_some_and(is_word);
        // `+52.520008` is a place on the map.
        let decimal = found.as_str().matches('.').count() == 1 && !found.as_str().contains([' ', '-', '(', '/']);
        if !glued && !decimal && (8..=15).contains(&digits(text, &range)) {
            places.push(range);
        }
    }
    for found in PATTERNS.north_american.find_iter(text).chain(PATTERNS.national.find_iter(text)) {
        let range = found.range();
        if stands_alone(text, &range) && !is_ordered(text, range.start) && (10..=14).contains(&digits(text, &range)) {
            places.push(range);
        }
    }
    places.into_iter().map(|range| (Class::Phone, range)).collect()
}
