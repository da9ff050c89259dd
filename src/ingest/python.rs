//! Python literals, as `repr` prints them, read into JSON text.
//!
//! Invariant: total on any input and without recursion beyond a stated depth.

use std::iter::Peekable;
use std::str::Chars;

/// Deeper nesting than this is not read.
const DEEPEST: u8 = 64;

/// The JSON text of a Python literal (dict, list, tuple, string, number, `None`, `True`, `False`); `None` where the text
/// is no literal.
pub(super) fn to_json(text: &str) -> Option<String> {
    let mut reader = Reader { chars: text.chars().peekable(), out: String::with_capacity(text.len()) };
    reader.value(0)?;
    reader.blank();
    reader.chars.next().is_none().then_some(reader.out)
}

/// The string literal that `text` begins with.
pub(super) fn leading_string(text: &str) -> Option<String> {
    let mut reader = Reader { chars: text.chars().peekable(), out: String::new() };
    let quote = reader.chars.next().filter(|c| matches!(c, '\'' | '"'))?;
    reader.string(quote)
}

struct Reader<'a> {
    chars: Peekable<Chars<'a>>,
    out: String,
}

impl Reader<'_> {
    fn blank(&mut self) {
        while self.chars.next_if(|c| c.is_whitespace()).is_some() {}
    }

    fn value(&mut self, depth: u8) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        self.blank();
        match *self.chars.peek()? {
            '{' => self.dict(depth),
            '[' => self.list(']', depth),
            '(' => self.list(')', depth),
            quote @ ('\'' | '"') => {
                self.chars.next();
                let text = self.string(quote)?;
                self.out.push_str(&serde_json::Value::from(text).to_string());
                Some(())
            }
            _ => self.word(),
        }
    }

    fn dict(&mut self, depth: u8) -> Option<()> {
        self.chars.next();
        self.out.push('{');
        let mut first = true;
        loop {
            self.blank();
            if self.chars.next_if_eq(&'}').is_some() {
                self.out.push('}');
                return Some(());
            }
            if !first {
                self.out.push(',');
            }
            first = false;
            let from = self.out.len();
            self.value(depth + 1)?;
            if !self.out[from..].starts_with('"') {
                // JSON knows only text keys.
                let key = self.out.split_off(from);
                self.out.push_str(&serde_json::Value::from(key).to_string());
            }
            self.blank();
            self.chars.next_if_eq(&':')?;
            self.out.push(':');
            self.value(depth + 1)?;
            self.comma('}')?;
        }
    }

    fn list(&mut self, close: char, depth: u8) -> Option<()> {
        self.chars.next();
        self.out.push('[');
        let mut first = true;
        loop {
            self.blank();
            if self.chars.next_if_eq(&close).is_some() {
                self.out.push(']');
                return Some(());
            }
            if !first {
                self.out.push(',');
            }
            first = false;
            self.value(depth + 1)?;
            self.comma(close)?;
        }
    }

    /// A comma, or (not consumed) the closing bracket.
    fn comma(&mut self, close: char) -> Option<()> {
        self.blank();
        match self.chars.peek()? {
            ',' => {
                self.chars.next();
                Some(())
            }
            c if *c == close => Some(()),
            _ => None,
        }
    }

    fn string(&mut self, quote: char) -> Option<String> {
        let mut text = String::new();
        loop {
            match self.chars.next()? {
                c if c == quote => return Some(text),
                '\\' => self.escape(&mut text)?,
                c => text.push(c),
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Option<()> {
        let digits = |reader: &mut Self, count: u32| {
            let mut code = 0;
            for _ in 0..count {
                code = code * 16 + reader.chars.next()?.to_digit(16)?;
            }
            char::from_u32(code)
        };
        let c = match self.chars.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'a' => '\u{7}',
            '0' => '\0',
            '\n' => return Some(()),
            'x' => digits(self, 2)?,
            'u' => digits(self, 4)?,
            'U' => digits(self, 8)?,
            c @ ('\\' | '\'' | '"') => c,
            other => {
                text.push('\\');
                other
            }
        };
        text.push(c);
        Some(())
    }

    fn word(&mut self) -> Option<()> {
        let mut word = String::new();
        while let Some(c) = self.chars.next_if(|c| c.is_alphanumeric() || matches!(c, '+' | '-' | '.' | '_')) {
            word.push(c);
        }
        let json = match word.as_str() {
            "None" => "null",
            "True" => "true",
            "False" => "false",
            number => serde_json::from_str::<&serde_json::value::RawValue>(number)
                .ok()
                .map(serde_json::value::RawValue::get)?,
        };
        self.out.push_str(json);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_become_json() {
        let python = r#"{'a': 'it\'s', "b": [1, 2.50, (True, None)], 3: {'é': "x\n\u00e9"}, }"#;
        assert_eq!(
            to_json(python).as_deref(),
            Some("{\"a\":\"it's\",\"b\":[1,2.50,[true,null]],\"3\":{\"é\":\"x\\né\"}}")
        );
        assert_eq!(to_json("{'n': 123456789012345678901234}").as_deref(), Some(r#"{"n":123456789012345678901234}"#));
        assert_eq!(to_json("{}").as_deref(), Some("{}"));
    }

    #[test]
    fn anything_else_is_left_alone() {
        for text in ["", "{", "{'a'", "{'a': }", "import os", "{'a': f()}", "{'a': 1} x", "'open", &"[".repeat(1000)] {
            assert_eq!(to_json(text), None, "{text}");
        }
    }
}
