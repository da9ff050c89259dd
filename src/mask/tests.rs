//! Tests of `mask`.
//!
//! Invariant: every expectation is written out or checked by an oracle that shares no code with what it checks.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn masker() -> Masker {
    Masker::new([3; 32], Known::default(), Policy::default())
}

fn classes(text: &str) -> Vec<Class> {
    masker().mask(text).found.into_iter().map(|(class, _)| class).collect()
}

/// The text with every finding as its class word.
fn marked(text: &str) -> String {
    let mut out = String::new();
    let mut at = 0;
    for (class, range) in masker().mask(text).found {
        out.push_str(&text[at..range.start]);
        out.push_str(class.word());
        at = range.end;
    }
    out + &text[at..]
}

#[test]
fn usual_forms_are_found_whole() {
    for (text, expected) in [
        ("mail anna.schmidt+x@mail.example.com, please.", "mail EMAIL, please."),
        ("<anna@example.com> 'o'neill@example.org'", "<EMAIL> 'EMAIL'"),
        ("\\nanna@example.com", "\\nEMAIL"),
        ("reset?email=anna%40example.com&t=1", "reset?email=EMAIL&t=1"),
        ("anna dot schmidt at example dot com", "EMAIL"),
        ("card 4111 1111 1111 1111 123 or 378282246310005.", "card CARD 123 or CARD."),
        ("4111-1111-1111-1111, 3782 822463 10005", "CARD, CARD"),
        ("iban de89370400440532013000; GB29 NWBK 6016 1331 9268 19", "iban IBAN; IBAN"),
        ("+49 (0)30 901820-15, 0049 30 90182015", "PHONE, PHONE"),
        ("call (202) 555-0143 or 202-555-0143 or 1-202-555-0143", "call PHONE or PHONE or PHONE"),
        ("0171 1234567, 030/90182015, (030) 90182015, 020 7946 0958", "PHONE, PHONE, PHONE, PHONE"),
        ("my phone number is 5551234567; call me at 555 0143", "my phone number is PHONE; call me at PHONE"),
        ("tel:+4930901820", "tel:PHONE"),
        ("from 203.0.113.42:8080, [2001:db8::1] and 2001:db8::ff00:42:8329.", "from IP:8080, [IP] and IP."),
        ("ssn 078-05-1120 and SSN: 078051120", "ssn SSN and SSN: SSN"),
        ("password: hunter2!x9, then", "password: SECRET, then"),
        ("my password is Tr0ub4dor&3", "my password is SECRET"),
        ("Authorization: Bearer abcdef0123456789abcdef", "Authorization: Bearer SECRET"),
        ("postgres://shop:s3cretpw@db.example.com/x", "postgres://shop:SECRET@db.example.com/x"),
        ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "SECRET"),
        ("ship to 12 High Street, Springfield", "ship to ADDRESS, Springfield"),
        ("Lindenstraße 12a, 10969 Berlin bitte", "ADDRESS bitte"),
        ("Hi, my name is Anna Schmidt and", "Hi, my name is NAME and"),
    ] {
        assert_eq!(marked(text), expected);
    }
}

#[test]
fn ids_and_order_numbers_stay() {
    for text in [
        "order 4539578763621486",
        "order number: 4539578763621486, order #4539578763621486",
        "card 4111-1111-1111-1112 (fails Luhn)",
        "IBAN DE89 3704 0044 0532 0130 01",
        "version 10.4.2.1 of the app, v10.4.2.1, firmware: 10.4.2.1",
        "uuid 123e4567-e89b-12d3-a456-426614174000",
        "order A-1001, ref 2024-05-0143, tracking 1Z999AA10123456784",
        "ISBN 978-3-16-148410-0, EAN 4006381333931",
        "2026-11-20T10:12:04.123456+01:00 and 12:30:45",
        "reservation HAT136 on 2024-05-20 for $1,234.56, total 12345678.90",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736 span 00f067aa0ba902b7",
        "1763630400000 1763630400000000 ms, id 0123456789",
        "std::vec::Vec, a::b, face::cafe, 127.0.0.1, ::1",
        "user@host, @handle, npm i left-pad@1.3.0",
        "+52.520008, +13.404954 and +1+1 and -5",
        "token: string, password: required, secret = unknown",
        "credit_card_4421486 certificate_7504069 mia_li_3668",
        "order 555-123-4567-89, item 0171-12-34",
        "reach me at once, meet at noon dot",
    ] {
        assert_eq!(marked(text), text);
    }
}

#[test]
fn look_alikes_are_seen_through() {
    assert_eq!(marked("4111\u{200b}1111\u{200b}1111\u{200b}1111!"), "CARD!");
    assert_eq!(marked("\u{ff14}\u{ff11}\u{ff11}\u{ff11} 1111 1111 1111"), "CARD");
    assert_eq!(marked("an\u{ad}na＠example．com"), "EMAIL");
    assert_eq!(marked("202–555–0143"), "PHONE");
}

#[test]
fn known_people_are_found_anywhere() {
    let values = [(Class::Name, "Zoë Lindqvist".to_owned()), (Class::Address, "Am Hafen 3".to_owned())];
    let masker = masker().knowing(Known::new(values));
    let text = "ZOË LINDQVIST lives at am hafen 3. Lindqvist! Lindqvists?";
    let masked = masker.mask(text);
    let found: Vec<&str> = masked.found.iter().map(|(_, range)| &text[range.clone()]).collect();
    assert_eq!(found, ["ZOË LINDQVIST", "am hafen 3", "Lindqvist"]);
    assert_eq!(masker.mask(&masked.text).found, []);
}

#[test]
fn a_policy_leaves_classes_alone() {
    let policy = Policy::default().without(Class::Ip);
    let masked = Masker::new([0; 32], Known::default(), policy).mask("203.0.113.42 a@example.com");
    assert!(masked.text.starts_with("203.0.113.42 <EMAIL-"));
}

#[test]
fn json_keeps_its_form() {
    let text = "{ \"mail\":\"a@example.com\", \"n\" : 123456789012345678901234,\r\n\"n\":1e400, \"e\":\"\\u00e9\\/\", \
                \"in\":\"{\\\"to\\\": \\\"a@example.com\\\", \\\"x\\\": 1.0}\", \"phone\": [\"5551234567\"], \"order_id\": \"4539578763621486\"}";
    let masked = masker().mask_json_text(text);
    let mail = masker().mask("a@example.com").text;
    let phone = masker().mask("phone 5551234567").text.replace("phone ", "");
    let expected = text.replace("a@example.com", &mail).replace("5551234567", &phone);
    assert_eq!(masked, expected);
    assert_eq!(masker().mask_json_text(&masked), masked);
    assert_eq!(masker().mask_json_text("say a@example.com"), format!("say {mail}"));
    assert_eq!(masker().mask_json_text("{\"a\": \"\\ud800 a@example.com\"}").matches("EMAIL").count(), 1);
    let value = masker().mask_json(&json!({"a": ["a@example.com", 1], "b": null}));
    assert_eq!(value, json!({"a": [mail, 1], "b": null}));
    let value: Value = serde_json::from_str("{\"password\": \"hunter22\", \"token\": \"string\"}").unwrap();
    let masked = masker().mask_json(&value);
    assert!(masked["password"].as_str().unwrap().starts_with("<SECRET-"));
    assert_eq!(masked["token"], "string");
}

#[test]
fn numbers_are_masked_as_strings_under_their_key() {
    let text = r#"{"card_number":4111111111111111, "phone" : 4915112345671,"tel":[4915112345671.0],"n":-4111111111111111,
        "in":"{\"mobile\":5551234567}","order_id":4539578763621486,"at":1763630400,"ms":1763630400000,"us":1763630400000000,
        "ns":1763630400000000000,"updated_timestamp":4539578763621486,"price":12345678.9,"total":12345678,"e":4e15,
        "lat":52.520008,"big":4111111111111111222233334444,"ssn":78051120,"item":{"id":4111111111111111}}"#;
    let masked = masker().mask_json_text(text);
    let pseudonym = |text: &str, before: &str| masker().mask(text).text.replace(before, "");
    let (card, phone) = (pseudonym("4111111111111111", ""), pseudonym("phone 4915112345671", "phone "));
    let mobile = pseudonym("mobile 5551234567", "mobile ");
    let expected = text
        .replacen(":4111111111111111,", &format!(":\"{card}\","), 1)
        .replace("\"phone\" : 4915112345671", &format!("\"phone\" : \"{phone}\""))
        .replace("4915112345671.0", &format!("\"{phone}\""))
        .replace("5551234567", &format!("\\\"{mobile}\\\""));
    assert_eq!(masked, expected);
    assert_eq!(masker().mask_json_text(&masked), masked);
    let found: Vec<&str> = masker().scan(text).into_iter().map(|finding| &text[finding.range]).collect();
    assert_eq!(found.len(), 4, "{found:?}");
    assert_eq!((found[0], found[2], masker().scan(&masked)), ("4111111111111111", "4915112345671.0", vec![]));
    // A value is masked as its text is.
    let value: Value = serde_json::from_str(text).unwrap();
    assert_eq!(masker().mask_json(&value), serde_json::from_str::<Value>(&masked).unwrap());
    let number = serde_json::Number::from(4_915_112_345_671_u64);
    assert_eq!(masker().first_in_number("phone", &number), Some(Class::Phone));
    assert_eq!(masker().first_in_number("order_id", &number), None);
    // What metadata says as a number is known in words too.
    let Value::Object(metadata) = json!({"customer": {"phone": 4_915_112_345_671_u64}}) else { panic!() };
    let masked =
        masker().knowing(Known::from_metadata_and(&metadata, (&[], Vec::new()))).mask("reach him: 4915112345671");
    assert_eq!(masked.text, format!("reach him: {phone}"));
}

/// Counts of whole numbers of seven digits and more in JSON, and what of them is masked.
fn count_numbers(name: &str, value: &Value, counts: &mut (u64, Vec<String>)) {
    match value {
        Value::Number(number) => {
            counts.0 += u64::from(number.to_string().len() >= 7 && number.is_u64());
            if masker().first_in_number(name, number).is_some() {
                counts.1.push(format!("{name}: {number}"));
            }
        }
        Value::String(text) => {
            if let Ok(inner) = serde_json::from_str::<Value>(text)
                && (inner.is_object() || inner.is_array())
            {
                count_numbers(name, &inner, counts);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| count_numbers(name, item, counts)),
        Value::Object(members) => members.iter().for_each(|(name, value)| count_numbers(name, value, counts)),
        _ => {}
    }
}

#[test]
fn no_time_amount_or_id_of_shared_data_is_masked_as_a_number() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared"));
    if !folder.exists() {
        eprintln!("skipped: ../shared is absent");
        return;
    }
    let mut counts = (0, Vec::new());
    let mut folders = vec![folder.join("data"), folder.join("fixtures")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let whole = serde_json::from_str::<Value>(&text).ok();
            let lines = || text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            for value in whole.map_or_else(lines, |whole| vec![whole]) {
                count_numbers("", &value, &mut counts);
            }
        }
    }
    eprintln!("{} whole numbers of seven digits and more, {} masked: {:?}", counts.0, counts.1.len(), counts.1);
    assert!(counts.0 > 100 && counts.1.is_empty(), "{}: {:?}", counts.0, counts.1);
}

#[test]
fn a_finished_file_is_checked_line_by_line() {
    let text = "{\"text\":\"ok <EMAIL-0123abcd>\"}\n{\"text\":\"see\\nanna@example.com\"}\nplain 203.0.113.42\n";
    let found: Vec<(Class, &str)> = scan(text).into_iter().map(|f| (f.class, &text[f.range])).collect();
    assert_eq!(found, [(Class::Email, "\"see\\nanna@example.com\""), (Class::Ip, "203.0.113.42")]);
}

fn shared(file: &str) -> Option<String> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")).join(file);
    if !path.exists() {
        eprintln!("skipped: ../shared is absent");
        return None;
    }
    Some(std::fs::read_to_string(path).unwrap())
}

#[test]
fn the_hostile_lines_are_masked_as_expected() {
    let Some(file) = shared("hostile/pii/P01-mixed.jsonl") else { return };
    let (mut wanted, mut found_of_wanted) = (0, 0);
    for line in file.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let text = record["messages"][0]["content"].as_str().unwrap();
        let mut found: Vec<&str> = classes(text).into_iter().map(Class::word).collect();
        let expect: Vec<&str> =
            record["expect"].as_array().unwrap().iter().map(|class| class.as_str().unwrap()).collect();
        if expect.is_empty() {
            assert_eq!(found, Vec::<&str>::new(), "{text}");
            assert_eq!(masker().mask_json_text(line), line);
        }
        for class in expect {
            wanted += 1;
            let place = found.iter().position(|word| *word == class.trim_end_matches('?'));
            assert!(place.is_some() || class.ends_with('?'), "{class} in {text}");
            if let Some(place) = place {
                found.remove(place);
                found_of_wanted += 1;
            }
        }
        let masked = masker().mask_json_text(line);
        assert_eq!(masker().scan(&masked), vec![], "{masked}");
    }
    eprintln!("recall on the hostile lines: {found_of_wanted} of {wanted}");
    assert!(found_of_wanted * 10 >= wanted * 9);
}

/// A small generator of repeatable numbers (an LCG with the constants of Knuth's MMIX).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }

    fn letters(&mut self, count: usize, from: &str) -> String {
        (0..count).map(|_| char::from(from.as_bytes()[self.below(from.len() as u64) as usize])).collect()
    }

    fn card(&mut self) -> String {
        let prefix = self.pick(&["4", "51", "55", "6011", "2221"]);
        let mut digits = format!("{prefix}{}", self.digits(15 - prefix.len()));
        let sum: u32 = digits
            .bytes()
            .rev()
            .enumerate()
            .map(|(i, byte)| {
                let digit = u32::from(byte - b'0') * if i % 2 == 0 { 2 } else { 1 };
                digit / 10 + digit % 10
            })
            .sum();
        digits.push(char::from(b'0' + ((10 - sum % 10) % 10) as u8));
        let groups: Vec<&str> = (0..4).map(|i| &digits[i * 4..i * 4 + 4]).collect();
        groups.join(self.pick(&["", " ", "-"]))
    }

    fn iban(&mut self) -> String {
        let (country, length) = [("DE", 18), ("AT", 16), ("FR", 23), ("NL", 14)][self.below(4) as usize];
        let account = self.digits(length);
        let moved: String =
            format!("{account}{country}00").chars().map(|c| c.to_digit(36).unwrap().to_string()).collect();
        let remainder = moved.bytes().fold(0_u32, |rest, byte| (rest * 10 + u32::from(byte - b'0')) % 97);
        let iban = format!("{country}{:02}{account}", 98 - remainder);
        let groups: Vec<String> =
            iban.as_bytes().chunks(4).map(|chunk| String::from_utf8(chunk.to_vec()).unwrap()).collect();
        groups.join(self.pick(&["", " "]))
    }

    fn personal(&mut self) -> (Class, String) {
        const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
        const MIXED: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        match self.below(7) {
            0 => {
                let (local, domain) = (self.letters(6, LOWER), self.letters(8, LOWER));
                let joint = self.pick(&["", ".", "_", "+"]);
                (
                    Class::Email,
                    format!(
                        "{local}{joint}{}@{domain}.{}",
                        self.digits(2),
                        self.pick(&["com", "example", "co.uk", "de"])
                    ),
                )
            }
            1 => (Class::Card, self.card()),
            2 => (Class::Iban, self.iban()),
            3 => {
                let octets: Vec<String> = (0..4).map(|_| (1 + self.below(200)).to_string()).collect();
                (Class::Ip, octets.join(".").replacen("127.", "128.", 1))
            }
            4 => {
                let (area, exchange) = (200 + self.below(700), 200 + self.below(700));
                let line = self.digits(4);
                let form = match self.below(4) {
                    0 => format!("+1 {area}-{exchange}-{line}"),
                    1 => format!("({area}) {exchange}-{line}"),
                    2 => format!("{area}-{exchange}-{line}"),
                    _ => format!("+49 {} {}", 150 + self.below(29), self.digits(7)),
                };
                (Class::Phone, form)
            }
            5 => {
                (Class::Secret, format!("{}{}", self.pick(&["ghp_", "sk-proj-", "sk_live_"]), self.letters(36, MIXED)))
            }
            _ => {
                (Class::Ssn, format!("{}-{:02}-{:04}", 100 + self.below(500), 1 + self.below(98), 1 + self.below(9998)))
            }
        }
    }

    /// Sentences of the trade, full of numbers that nobody needs to hide.
    fn ordinary(&mut self) -> String {
        match self.below(8) {
            0 => format!("Your order {} left our warehouse today.", self.digits(10)),
            1 => format!(
                "Order #{} with {} items costs {}.{} EUR.",
                self.digits(16),
                self.below(9),
                self.below(900),
                self.digits(2)
            ),
            2 => format!("The tracking number is {}{}.", self.letters(2, "ABCDEFGHJK"), self.digits(12)),
            3 => format!(
                "It was booked on 2026-{:02}-{:02} at {:02}:{:02}.",
                1 + self.below(12),
                1 + self.below(28),
                self.below(24),
                self.below(60)
            ),
            4 => format!("Ticket T-{}-{} was closed after {} hours.", self.digits(4), self.digits(6), self.below(90)),
            5 => format!(
                "Please update to version {}.{}.{}.{} of the app.",
                self.below(20),
                self.below(20),
                self.below(20),
                self.below(20)
            ),
            6 => format!("Article {} is out of stock until week {}.", self.digits(13), self.below(52)),
            _ => format!("The refund of {} points went to account C{}.", self.digits(5), self.digits(8)),
        }
    }
}

#[test]
fn recall_and_false_masks_on_a_seeded_corpus() {
    let mut seeded = Seeded(7);
    let (mut missed, mut false_masks, mut words) = (Vec::new(), Vec::new(), 0);
    for _ in 0..4000 {
        let ordinary = seeded.ordinary();
        words += ordinary.split_whitespace().count();
        if !classes(&ordinary).is_empty() {
            false_masks.push(marked(&ordinary));
        }
        let (class, value) = seeded.personal();
        let text = format!(
            "{ordinary} {} {value}{}",
            seeded.pick(&["Please use", "It is", "Here:", "Take"]),
            seeded.pick(&["", ".", ", thanks", "!"])
        );
        let found = masker().mask(&text).found;
        let whole = found.iter().any(|(found, range)| *found == class && text[range.clone()] == value);
        if !whole {
            missed.push((class, text));
        }
    }
    assert!(missed.is_empty(), "{} missed, such as {:?}", missed.len(), &missed[..missed.len().min(5)]);
    assert!(false_masks.len() * 1000 <= words, "{} false in {words} words: {:?}", false_masks.len(), &false_masks[..5]);
}

fn any_text() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "a@example.com",
        "4111 1111 1111 1111",
        "+49 30 901820",
        "(202) 555-0143",
        "DE89 3704 0044 0532 0130 00",
        "203.0.113.42",
        "password: ",
        "phone ",
        "hunter22",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "<EMAIL-0123abcd>",
        "order ",
        " ",
        ".",
        "-",
        "@",
        "x",
        "%40",
        "%25",
        "\u{200b}",
        "１",
        "4",
        "1111",
        "my name is ",
        "Anna ",
        "12 High Street",
        "\n",
        "é",
        "://u:",
        "078-05-1120",
        "::",
        "ﬁ",
    ]);
    prop_oneof![prop::collection::vec(parts, 0..25).prop_map(|parts| parts.concat()), any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn places_are_valid_and_masking_is_idempotent(text in any_text()) {
        let masked = masker().mask(&text);
        let mut at = 0;
        for (_, range) in &masked.found {
            prop_assert!(range.start >= at && range.end > range.start);
            prop_assert!(text.get(range.clone()).is_some());
            at = range.end;
        }
        let again = masker().mask(&masked.text);
        prop_assert_eq!(&again.text, &masked.text);
        prop_assert!(again.found.is_empty());
    }

    #[test]
    fn json_stays_json_and_idempotent(texts in prop::collection::vec(any_text(), 0..4), key in any_text()) {
        let text = serde_json::to_string_pretty(&json!({key: texts, "n": 1.50})).unwrap();
        let masked = masker().mask_json_text(&text);
        prop_assert!(serde_json::from_str::<Value>(&masked).is_ok());
        prop_assert_eq!(masker().mask_json_text(&masked), masked);
    }
}

/// A key that is a secret is no context for its value: it will not be there the second time.
#[test]
fn a_masked_key_is_no_context() {
    let text = r#"{"sk_live_4eC39HqLyjWDarjtT1zdp7dcorder ":["078-05-1120%40a@example.com"]}"#;
    let masked = masker().mask_json_text(text);
    assert!(!masked.contains("078-05"), "{masked}");
    assert_eq!(masker().mask_json_text(&masked), masked);
}

/// Numbers of real conversations are order numbers, prices, dates and ids; none of them is personal data.
#[test]
fn numbers_in_recorded_conversations_stay() {
    for file in ["data/tau-bench/gpt-4o-airline.json", "data/tau-bench/retail-assertions-agent.json"] {
        let Some(text) = shared(file) else { return };
        let found = masker().scan(&text);
        let expected = [Class::Email, Class::Address, Class::Name, Class::Date];
        let unexpected: Vec<Class> = found.iter().map(|f| f.class).filter(|class| !expected.contains(class)).collect();
        assert_eq!(unexpected, [], "{file}");
        assert!(found.iter().filter(|finding| finding.class == Class::Email).count() > 100, "{file}");
    }
    for file in ["fixtures/otlp/traceai-openai.jsonl", "fixtures/otlp/otel-genai-openai-agents.jsonl"] {
        let Some(text) = shared(file) else { return };
        let found = masker().scan(&text);
        assert!(found.iter().all(|finding| [Class::Email, Class::Address].contains(&finding.class)), "{file}");
        assert!(!found.is_empty());
    }
}

#[test]
fn people_spoken_of_and_days_of_birth_are_found_and_what_only_looks_alike_is_not() {
    let masked = |text: &str| {
        masker().mask(text).found.iter().map(|(class, at)| (*class, text[at.clone()].to_owned())).collect::<Vec<_>>()
    };
    for (text, name) in [
        ("The user, Sophia Silva, is dissatisfied", "Sophia Silva"),
        ("User Yusuf R. Rossi (user_id yusuf_rossi_9620)", "Yusuf R. Rossi"),
        ("for passenger Kevin Smith's bag", "Kevin Smith"),
        ("Thank you, Ms. Lozano’s order", "Lozano"),
        ("the customer's name is Ivan Smith", "Ivan Smith"),
    ] {
        assert_eq!(masked(text), [(Class::Name, name.to_owned())], "{text}");
    }
    for text in [
        "Guest House Waterford",
        "User Interface Toggles",
        "our Customer Service Team",
        "customer Wants a refund",
        "the customer wants",
        "MS Office",
        "order 1985-04-04",
        "before 1985-04-04",
    ] {
        assert_eq!(masked(text), [], "{text}");
    }
    for (text, date) in [
        ("My date of birth is 04/04/1985.", "04/04/1985"),
        ("born on April 4th, 1985", "April 4th, 1985"),
        ("DOB: 1985-04-04", "1985-04-04"),
    ] {
        assert_eq!(masked(text), [(Class::Date, date.to_owned())], "{text}");
    }
    let json = masker().mask_json_text(r#"{"dob":"1985-04-04","date_of_birth":"1985-04-04","date":"2024-05-20"}"#);
    assert_eq!((json.matches("<DATE-").count(), json.contains("2024-05-20")), (2, true), "{json}");
}
