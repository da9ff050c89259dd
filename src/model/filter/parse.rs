//! The parser of the filter language.
//!
//! Invariant: total, and bounded in length, depth and number of terms before it recurses.

use super::error::{FilterError, FilterProblem};
use super::fields::{self, FieldInfo, FieldKind};
use super::period::{Period, TimeMatch};
use super::{Comparison, Condition, Expr, Filter, NumberMatch, Test, TextMatch};

/// Longest filter in bytes.
const MAX_LENGTH: usize = 64 * 1024;
/// Deepest nesting of parentheses.
const MAX_DEPTH: usize = 64;
/// Most terms in one filter; SQLite's limits on expressions lie above it.
const MAX_TERMS: usize = 500;
/// Most values in all lists together.
const MAX_VALUES: usize = 5_000;

/// True for the words that join or negate terms.
pub(super) fn is_keyword(word: &str) -> bool {
    ["or", "and", "not"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}

/// True for the words that ask whether there is a value at all.
pub(super) fn is_presence(word: &str) -> bool {
    word == "*" || word.eq_ignore_ascii_case("none") || word.eq_ignore_ascii_case("any")
}

pub(super) fn filter(text: &str) -> Result<Filter, FilterError> {
    let mut parser = Parser { text, at: 0, depth: 0, terms: 0, values: 0 };
    if text.len() > MAX_LENGTH {
        return Err(parser.error(MAX_LENGTH, FilterProblem::TooLarge { what: "bytes", limit: MAX_LENGTH }));
    }
    parser.skip_space();
    if parser.rest().is_empty() {
        return Ok(Filter::default());
    }
    let expr = parser.any_of()?;
    if !parser.rest().is_empty() {
        return Err(parser.expected("a space, \"or\" or the end of the filter"));
    }
    Ok(Filter { expr: Some(expr) })
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    terms: usize,
    values: usize,
}

/// A value as typed.
struct Value {
    start: usize,
    text: String,
    quoted: bool,
    starred: bool,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn error(&self, position: usize, problem: FilterProblem) -> FilterError {
        let column = self.text.char_indices().take_while(|(at, _)| *at < position).count();
        FilterError { position, column, problem }
    }

    fn expected(&self, expected: &str) -> FilterError {
        let found = match self.peek() {
            None => "the end of the filter".to_owned(),
            Some(c) => format!("{c:?}"),
        };
        self.error(self.at, FilterProblem::Expected { expected: expected.to_owned(), found })
    }

    /// The word at hand (up to a space, a parenthesis or a quote), without taking it.
    fn word(&self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || "()\"".contains(c)).unwrap_or(rest.len());
        rest.get(..end).unwrap_or("")
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let word = self.word();
        let found = word.eq_ignore_ascii_case(keyword) && !self.rest()[word.len()..].starts_with('"');
        if found {
            self.at += word.len();
            self.skip_space();
        }
        found
    }

    fn any_of(&mut self) -> Result<Expr, FilterError> {
        let mut parts = vec![self.all_of()?];
        while self.take_keyword("or") {
            parts.push(self.all_of()?);
        }
        Expr::any_of(parts).ok_or_else(|| self.expected("a condition"))
    }

    fn all_of(&mut self) -> Result<Expr, FilterError> {
        let mut parts = vec![self.term()?];
        loop {
            let before = self.at;
            self.skip_space();
            match self.peek() {
                None | Some(')') => break,
                Some(_) if self.word().eq_ignore_ascii_case("or") => break,
                // `"a"b` and `a(b)` are told apart by what they are; anything else needs its space.
                Some(c) if self.at == before && !"(\"".contains(c) && !self.text[..self.at].ends_with([')', '"']) => {
                    return Err(self.expected("a space, \"or\" or the end of the filter"));
                }
                Some(_) => {}
            }
            self.take_keyword("and");
            parts.push(self.term()?);
        }
        Expr::all_of(parts).ok_or_else(|| self.expected("a condition"))
    }

    fn term(&mut self) -> Result<Expr, FilterError> {
        let mut negative = false;
        while self.take("-") || self.take_keyword("not") {
            negative = !negative;
        }
        let expr = self.primary()?;
        Ok(if negative { expr.negated() } else { expr })
    }

    fn primary(&mut self) -> Result<Expr, FilterError> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(self.error(self.at, FilterProblem::TooLarge { what: "terms", limit: MAX_TERMS }));
        }
        let start = self.at;
        if self.take("(") {
            return self.group(start);
        }
        if self.peek() == Some('"') {
            let words = self.quoted()?;
            if words.is_empty() {
                return Err(self.error(start, expected_found("words between the quotes", "none")));
            }
            return Ok(Expr::Words(words));
        }
        let name = self.name()?;
        if name.is_empty() || (is_keyword(&name) && !self.rest().starts_with([':', '<', '>', '='])) {
            self.at = start;
            return Err(self.expected("a condition: words, field:value, or ( … )"));
        }
        match self.operator() {
            None => Ok(Expr::Words(name)),
            Some((sign, how)) => self.test(start, &name, (sign, how)).map(Expr::Test),
        }
    }

    fn group(&mut self, start: usize) -> Result<Expr, FilterError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(start, FilterProblem::TooLarge { what: "nested parentheses", limit: MAX_DEPTH }));
        }
        self.skip_space();
        let expr = self.any_of()?;
        if !self.take(")") {
            return Err(self.expected("\")\""));
        }
        self.depth -= 1;
        Ok(expr)
    }

    /// A name or a bare word: up to a space, parenthesis, comma, quote or operator; a quoted key may follow a dot.
    fn name(&mut self) -> Result<String, FilterError> {
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || "()\",:<>=".contains(c)).unwrap_or(rest.len());
        self.at += end;
        let mut name = rest.get(..end).unwrap_or("").to_owned();
        if name.ends_with('.') && self.peek() == Some('"') {
            name.push_str(&self.quoted()?);
            if self.operator_ahead().is_none() {
                return Err(self.expected("one of : < > <= >= ="));
            }
        }
        Ok(name)
    }

    fn operator_ahead(&self) -> Option<(&'static str, Comparison)> {
        const SIGNS: [(&str, Comparison); 6] = [
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            (":", Comparison::Equal),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
            ("=", Comparison::Equal),
        ];
        SIGNS.into_iter().find(|(sign, _)| self.rest().starts_with(sign))
    }

    fn operator(&mut self) -> Option<(&'static str, Comparison)> {
        let found = self.operator_ahead()?;
        self.at += found.0.len();
        Some(found)
    }

    fn quoted(&mut self) -> Result<String, FilterError> {
        let start = self.at;
        self.take("\"");
        let mut text = String::new();
        loop {
            let Some(c) = self.peek() else {
                let found = "the end of the filter";
                return Err(
                    self.error(self.at, expected_found(&format!("the quote that ends the one at {start}"), found))
                );
            };
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(text),
                '\\' => text.push(self.escape()?),
                _ => text.push(c),
            }
        }
    }

    /// What stands for the escape whose backslash was just taken.
    fn escape(&mut self) -> Result<char, FilterError> {
        const KNOWN: &str = "one of \\\" \\\\ \\n \\t \\u{1f600} after the backslash";
        let c = self.peek().ok_or_else(|| self.expected(KNOWN))?;
        let plain = match c {
            '"' | '\\' => Some(c),
            'n' => Some('\n'),
            't' => Some('\t'),
            _ => None,
        };
        if let Some(plain) = plain {
            self.at += 1;
            return Ok(plain);
        }
        let digits = self.rest().strip_prefix("u{").and_then(|rest| rest.split_once('}')).map(|(digits, _)| digits);
        let code = digits.filter(|digits| digits.len() <= 6).and_then(|digits| {
            u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).map(|c| (c, digits.len()))
        });
        match code {
            Some((c, length)) => {
                self.at += length + 3;
                Ok(c)
            }
            None => Err(self.expected(KNOWN)),
        }
    }

    fn value(&mut self) -> Result<Value, FilterError> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(self.error(self.at, FilterProblem::TooLarge { what: "values", limit: MAX_VALUES }));
        }
        let start = self.at;
        if self.peek() == Some('"') {
            let text = self.quoted()?;
            let starred = self.take("*");
            return Ok(Value { start, text, quoted: true, starred });
        }
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || "()\",".contains(c)).unwrap_or(rest.len());
        self.at += end;
        match rest.get(..end) {
            None | Some("") => Err(self.expected("a value")),
            Some("*") => Ok(Value { start, text: "any".to_owned(), quoted: false, starred: false }),
            Some(text) => {
                let starred = text.ends_with('*');
                let text = text.strip_suffix('*').unwrap_or(text).to_owned();
                Ok(Value { start, text, quoted: false, starred })
            }
        }
    }

    fn test(&mut self, start: usize, name: &str, operator: (&'static str, Comparison)) -> Result<Test, FilterError> {
        let Some((info, key)) = fields::find(name).filter(|(info, key)| !info.keyed || !key.is_empty()) else {
            let problem = FilterProblem::UnknownField { name: name.to_owned(), nearest: fields::nearest(name) };
            return Err(self.error(start, problem));
        };
        let mut values = vec![self.value()?];
        while operator.1 == Comparison::Equal && self.take(",") {
            values.push(self.value()?);
        }
        let condition = self.condition(info, operator, &values)?;
        Ok(Test { field: info.field, key: key.to_owned(), condition })
    }

    fn condition(
        &self,
        info: &FieldInfo,
        (sign, how): (&'static str, Comparison),
        values: &[Value],
    ) -> Result<Condition, FilterError> {
        let each = |read: &dyn Fn(&Value) -> Option<Condition>| -> Result<Vec<Condition>, FilterError> {
            values.iter().map(|value| read(value).ok_or_else(|| self.bad_value(info, value))).collect()
        };
        let ordered = how != Comparison::Equal;
        match info.kind {
            FieldKind::Number => each(&|value| number(value, how)).map(merged),
            FieldKind::Value if ordered || sign == "=" && values.iter().all(|value| number(value, how).is_some()) => {
                each(&|value| number(value, how)).map(merged)
            }
            FieldKind::Time => each(&|value| time(value, how, sign)).map(merged),
            _ if ordered => {
                let problem = FilterProblem::Comparison { field: info.name, sign, expects: info.expects() };
                Err(self.error(values.first().map_or(self.at, |value| value.start), problem))
            }
            FieldKind::Value if values.iter().all(is_range) => each(&|value| number(value, how)).map(merged),
            FieldKind::Value | FieldKind::Text => each(&|value| Some(text(value))).map(merged),
            FieldKind::Choice(words) => each(&|value| choice(value, words)).map(merged),
            FieldKind::Flag => match values {
                [value] => flag(value).ok_or_else(|| self.bad_value(info, value)),
                more => Err(self.bad_value(info, more.get(1).unwrap_or(&more[0]))),
            },
        }
    }

    fn bad_value(&self, info: &FieldInfo, value: &Value) -> FilterError {
        let typed = if value.starred { format!("{}*", value.text) } else { value.text.clone() };
        let problem = FilterProblem::Value { field: info.name, expects: info.expects(), value: typed };
        self.error(value.start, problem)
    }
}

fn expected_found(expected: &str, found: &str) -> FilterProblem {
    FilterProblem::Expected { expected: expected.to_owned(), found: found.to_owned() }
}

/// Puts one-value conditions of the same kind together.
fn merged(conditions: Vec<Condition>) -> Condition {
    let (mut texts, mut numbers, mut times) = (Vec::new(), Vec::new(), Vec::new());
    for condition in conditions {
        match condition {
            Condition::Text(matches) => texts.extend(matches),
            Condition::Number(matches) => numbers.extend(matches),
            Condition::Time(matches) => times.extend(matches),
            flag @ Condition::Flag(_) => return flag,
        }
    }
    if !texts.is_empty() {
        Condition::Text(texts)
    } else if !times.is_empty() {
        Condition::Time(times)
    } else {
        Condition::Number(numbers)
    }
}

/// `none` is false, `any` is true, where not quoted.
fn presence(value: &Value) -> Option<bool> {
    (!value.quoted && !value.starred && is_presence(&value.text)).then(|| value.text.eq_ignore_ascii_case("any"))
}

fn text(value: &Value) -> Condition {
    Condition::Text(vec![match presence(value) {
        Some(true) => TextMatch::Present,
        Some(false) => TextMatch::Missing,
        None if value.starred && !value.text.is_empty() => TextMatch::Starts(value.text.clone()),
        None => TextMatch::Is(value.text.clone()),
    }])
}

fn choice(value: &Value, words: &[&str]) -> Option<Condition> {
    let word = words.iter().find(|word| word.eq_ignore_ascii_case(&value.text)).filter(|_| !value.starred);
    match (word, presence(value)) {
        (Some(word), _) => Some(Condition::Text(vec![TextMatch::Is((*word).to_owned())])),
        (None, Some(_)) => Some(text(value)),
        (None, None) => None,
    }
}

fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn is_range(value: &Value) -> bool {
    !value.quoted && !value.starred && range(&value.text).is_some()
}

fn range(text: &str) -> Option<(f64, f64)> {
    let (low, high) = text.split_once("..")?;
    Some((finite(low)?, finite(high)?))
}

fn number(value: &Value, how: Comparison) -> Option<Condition> {
    let ordered = how != Comparison::Equal;
    let found = match presence(value) {
        Some(_) if ordered => None,
        Some(true) => Some(NumberMatch::Present),
        Some(false) => Some(NumberMatch::Missing),
        None if value.starred || value.quoted => None,
        None => match range(&value.text) {
            Some((low, high)) => (!ordered).then_some(NumberMatch::Between(low, high)),
            None => finite(&value.text).map(|number| NumberMatch::Compare(how, number)),
        },
    };
    found.map(|found| Condition::Number(vec![found]))
}

fn time(value: &Value, how: Comparison, sign: &str) -> Option<Condition> {
    let ordered = how != Comparison::Equal;
    let found = match presence(value) {
        Some(_) if ordered => None,
        Some(true) => Some(TimeMatch::Present),
        Some(false) => Some(TimeMatch::Missing),
        None if value.starred => None,
        None => Period::parse(&value.text).map(|period| match sign {
            ":" | "=" => TimeMatch::In(period),
            _ => TimeMatch::Compare(how, period),
        }),
    };
    found.map(|found| Condition::Time(vec![found]))
}

fn flag(value: &Value) -> Option<Condition> {
    match value.text.to_ascii_lowercase().as_str() {
        "true" | "yes" => Some(Condition::Flag(true)),
        "false" | "no" => Some(Condition::Flag(false)),
        _ => None,
    }
}
