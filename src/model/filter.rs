//! The filter language: which conversations, said in one line of text.
//!
//! Invariant: printing a filter and parsing the print gives the same filter; nothing typed can exhaust the stack.
//!
//! | written | means |
//! | --- | --- |
//! | `a b` | both |
//! | `a or b` | either; binds weaker than the space |
//! | `-a` | not |
//! | `( … )` | grouping |
//! | `field:value`, `field:a,b` | equal to the value, or to one of them; `none` and `any` ask for presence |
//! | `field:be*` | begins with |
//! | `field>3`, `<`, `>=`, `<=`, `=` | comparison of numbers and times |
//! | `field:3..7`, `when:2026-11-01..2026-11-07` | range, both ends included |
//! | `"exact words"`, `word` | words in any text of the conversation |
//! | `"a \"b\" \\ \n \u{e9}"` | quoting and escapes, for values and for names after a dot |

mod error;
mod fields;
mod parse;
mod period;

use std::fmt;

pub use error::{FilterError, FilterProblem};
pub use fields::{FIELDS, Field, FieldInfo, FieldKind, reference};
pub use period::{Period, PeriodEnd, TimeMatch, TimeRange};

/// A parsed filter. The empty filter accepts everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// What must hold; `None` accepts everything.
    pub expr: Option<Expr>,
}

/// A condition on a conversation.
///
/// Build it with [`Expr::all_of`], [`Expr::any_of`] and [`Expr::negated`], which keep the one normal form that printing
/// and parsing preserve.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// All hold; at least two, none of them an `And`.
    And(Vec<Expr>),
    /// At least one holds; at least two, none of them an `Or`.
    Or(Vec<Expr>),
    /// It does not hold; never a `Not` in a `Not`.
    Not(Box<Expr>),
    /// These words stand, in this order and next to each other, in some text of the conversation; never empty.
    Words(String),
    /// A field is as said.
    Test(Test),
}

/// A condition on one field.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The field.
    pub field: Field,
    /// The name after the dot, for [`Field::Score`], [`Field::Meta`] and [`Field::Outcome`]; empty for all others.
    pub key: String,
    /// What is asked of it.
    pub condition: Condition,
}

/// What is asked of a field; the variant follows from the field's [`FieldKind`].
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// One of these holds: [`FieldKind::Text`], [`FieldKind::Choice`], and [`FieldKind::Value`] without a comparison.
    Text(Vec<TextMatch>),
    /// One of these holds (two and more are equations and ranges only): [`FieldKind::Number`], and [`FieldKind::Value`] with a comparison or a range of numbers.
    Number(Vec<NumberMatch>),
    /// One of these holds: [`FieldKind::Time`].
    Time(Vec<TimeMatch>),
    /// It is so, or it is not so: [`FieldKind::Flag`].
    Flag(bool),
}

/// A test of a text. Where the field has several values, one of them has to match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextMatch {
    /// There is none.
    Missing,
    /// There is one, whatever it is.
    Present,
    /// Equal, letter case aside.
    Is(String),
    /// Begins so, letter case aside; never empty.
    Starts(String),
}

/// A test of a number; the numbers are finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NumberMatch {
    /// There is none.
    Missing,
    /// There is one, whatever it is.
    Present,
    /// Compares so. A missing number compares with nothing.
    Compare(Comparison, f64),
    /// From the first to the second, both included.
    Between(f64, f64),
}

/// How a number or a time is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `=`, or `:`
    Equal,
    /// `>=`
    GreaterOrEqual,
    /// `>`
    Greater,
}

impl Comparison {
    /// The operator in the filter language and in SQL alike.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Equal => "=",
            Self::GreaterOrEqual => ">=",
            Self::Greater => ">",
        }
    }

    /// Whether `left` compares so with `right`.
    pub fn holds(self, left: f64, right: f64) -> bool {
        left.partial_cmp(&right).is_some_and(|order| match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Greater => order.is_gt(),
        })
    }
}

impl Expr {
    /// All of `parts`; `None` where there are none.
    pub fn all_of(parts: Vec<Expr>) -> Option<Self> {
        Self::joined(parts, Self::And, |part| match part {
            Self::And(inner) => Ok(inner),
            other => Err(other),
        })
    }

    /// At least one of `parts`; `None` where there are none.
    pub fn any_of(parts: Vec<Expr>) -> Option<Self> {
        Self::joined(parts, Self::Or, |part| match part {
            Self::Or(inner) => Ok(inner),
            other => Err(other),
        })
    }

    /// The opposite.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    fn names_gate_runs(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::names_gate_runs),
            Self::Not(_) | Self::Words(_) => false,
            Self::Test(test) => test.names_gate_runs(),
        }
    }

    fn evaluators<'a>(&'a self, found: &mut Vec<&'a str>) {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.evaluators(found)),
            Self::Not(inner) => inner.evaluators(found),
            Self::Test(test) if test.field == Field::Score && !found.contains(&test.key.as_str()) => {
                found.push(&test.key);
            }
            Self::Words(_) | Self::Test(_) => {}
        }
    }

    fn is_of_labels(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::is_of_labels),
            Self::Not(inner) => inner.is_of_labels(),
            Self::Words(_) => false,
            Self::Test(test) => test.field.is_of_labels(),
        }
    }

    fn chooses_content(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::chooses_content),
            Self::Not(inner) => inner.chooses_content(),
            Self::Words(_) => true,
            Self::Test(test) => !test.field.is_of_labels() && !matches!(test.field, Field::When | Field::EndedAt),
        }
    }

    /// `None` accepts everything.
    fn without_labels(&self) -> Option<Self> {
        match self {
            Self::And(parts) => Self::all_of(parts.iter().filter_map(Self::without_labels).collect()),
            Self::Or(parts) => Self::any_of(parts.iter().map(Self::without_labels).collect::<Option<_>>()?),
            other => (!other.is_of_labels()).then(|| other.clone()),
        }
    }

    fn joined(
        parts: Vec<Expr>,
        join: impl Fn(Vec<Expr>) -> Self,
        split: impl Fn(Expr) -> Result<Vec<Expr>, Expr>,
    ) -> Option<Self> {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match split(part) {
                Ok(inner) => flat.extend(inner),
                Err(other) => flat.push(other),
            }
        }
        if flat.len() > 1 { Some(join(flat)) } else { flat.pop() }
    }
}

impl Test {
    fn names_gate_runs(&self) -> bool {
        let of_gate = |text: &str| text.to_lowercase().starts_with(super::gate::SOURCE);
        match (self.field, &self.condition) {
            (Field::Source, Condition::Text(matches)) => {
                matches.iter().any(|one| matches!(one, TextMatch::Is(text) | TextMatch::Starts(text) if of_gate(text)))
            }
            (Field::Meta, _) => super::gate::MEMBERS.contains(&self.key.as_str()),
            _ => false,
        }
    }
}

impl Filter {
    /// Parses the filter language; empty text gives the filter that accepts everything.
    ///
    /// # Errors
    /// Where the text stops being a filter: the position, what was expected, the nearest known field.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parse::filter(text)
    }

    /// True where everything is accepted.
    pub fn is_empty(&self) -> bool {
        self.expr.is_none()
    }

    /// True where it asks for runs that a gate brought (`source:gate-*`, `meta.gate:…`). No other filter finds them: they
    /// are copies to look at, and would count what they are copies of twice.
    pub fn names_gate_runs(&self) -> bool {
        self.expr.as_ref().is_some_and(Expr::names_gate_runs)
    }

    /// True where people's labels decide a part of it.
    pub fn is_of_labels(&self) -> bool {
        self.expr.as_ref().is_some_and(Expr::is_of_labels)
    }

    /// True where a part of it chooses by anything but people's labels and times.
    pub fn chooses_content(&self) -> bool {
        self.expr.as_ref().is_some_and(Expr::chooses_content)
    }

    /// The evaluators whose scores it asks for, each once, in the order written.
    pub fn evaluators(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.expr.iter().for_each(|expr| expr.evaluators(&mut found));
        found
    }

    /// The filter without what people's labels decide: it accepts at least what this one accepts, whatever the labels.
    #[must_use]
    pub fn without_labels(&self) -> Self {
        Self { expr: self.expr.as_ref().and_then(Expr::without_labels) }
    }

    /// The filter that takes what has this value in a field; `key` is that of an attribute, else empty.
    #[must_use]
    pub fn is(field: Field, key: &str, value: &str) -> Self {
        let condition = Condition::Text(vec![TextMatch::Is(value.to_owned())]);
        Self { expr: Some(Expr::Test(Test { field, key: key.to_owned(), condition })) }
    }

    /// The ids that it names one by one, in the order written; none where it does not ask for ids throughout.
    pub fn named_ids(&self) -> Vec<&str> {
        let parts = match &self.expr {
            Some(Expr::And(parts)) => parts.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        let ids = parts.iter().find_map(|part| match part {
            Expr::Test(Test { field: Field::Id, condition: Condition::Text(matches), .. }) => Some(matches),
            _ => None,
        });
        let mut named = Vec::new();
        for one in ids.into_iter().flatten() {
            if let TextMatch::Is(id) = one {
                named.push(id.as_str());
            }
        }
        named
    }

    /// Both filters at once.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { expr: Expr::all_of(self.expr.into_iter().chain(other.expr).collect()) }
    }
}

impl std::str::FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.as_ref().map_or(Ok(()), |expr| expr.fmt(f))
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => list(f, parts, " ", |part| matches!(part, Self::Or(_) | Self::And(_))),
            Self::Or(parts) => list(f, parts, " or ", |part| matches!(part, Self::Or(_))),
            Self::Not(inner) if matches!(**inner, Self::And(_) | Self::Or(_)) => write!(f, "-({inner})"),
            Self::Not(inner) => write!(f, "-{inner}"),
            Self::Words(words) if is_plain(words) && !parse::is_keyword(words) && !words.contains(':') => {
                f.write_str(words)
            }
            Self::Words(words) => quoted(f, words),
            Self::Test(test) => test.fmt(f),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, parts: &[Expr], joint: &str, grouped: impl Fn(&Expr) -> bool) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(joint)?;
        }
        if grouped(part) {
            write!(f, "({part})")?;
        } else {
            write!(f, "{part}")?;
        }
    }
    Ok(())
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = self.field.info();
        if info.keyed {
            f.write_str(info.prefix())?;
            if is_plain(&self.key) && !self.key.contains(':') { f.write_str(&self.key) } else { quoted(f, &self.key) }?;
        } else {
            f.write_str(info.name)?;
        }
        match &self.condition {
            Condition::Text(matches) if matches!(info.kind, FieldKind::Choice(_)) => {
                values(f, ":", &matches.iter().map(TextMatch::word).collect::<Vec<_>>())
            }
            Condition::Text(matches) => values(f, ":", matches),
            Condition::Number(matches) => match matches.as_slice() {
                [NumberMatch::Compare(how, number)] if *how != Comparison::Equal => {
                    write!(f, "{}{number}", how.sign())
                }
                // After a colon the values of a free field are texts, ranges aside.
                more if info.kind == FieldKind::Value
                    && !more.iter().all(|number| matches!(number, NumberMatch::Between(..))) =>
                {
                    values(f, "=", matches)
                }
                _ => values(f, ":", matches),
            },
            Condition::Time(matches) => match matches.as_slice() {
                [TimeMatch::Compare(how, period)] => write!(f, "{}{period}", how.sign()),
                _ => values(f, ":", matches),
            },
            Condition::Flag(flag) => write!(f, ":{flag}"),
        }
    }
}

impl TextMatch {
    /// The match of a choice: a known word, or whether there is one.
    fn word(&self) -> &str {
        match self {
            Self::Missing => "none",
            Self::Present => "any",
            Self::Is(word) | Self::Starts(word) => word,
        }
    }
}

fn values<T: fmt::Display>(f: &mut fmt::Formatter<'_>, sign: &str, values: &[T]) -> fmt::Result {
    for (i, value) in values.iter().enumerate() {
        f.write_str(if i == 0 { sign } else { "," })?;
        value.fmt(f)?;
    }
    Ok(())
}

impl fmt::Display for TextMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("none"),
            Self::Present => f.write_str("any"),
            Self::Is(text) if is_plain(text) && !parse::is_presence(text) => f.write_str(text),
            Self::Is(text) => quoted(f, text),
            Self::Starts(text) => {
                if is_plain(text) { f.write_str(text) } else { quoted(f, text) }?;
                f.write_str("*")
            }
        }
    }
}

impl fmt::Display for NumberMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("none"),
            Self::Present => f.write_str("any"),
            Self::Compare(_, number) => write!(f, "{number}"),
            Self::Between(low, high) => write!(f, "{low}..{high}"),
        }
    }
}

/// True where `text` reads the same with and without quotes.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.contains("..")
        && text.chars().all(|c| c.is_alphanumeric() || "_-.:/@+#".contains(c))
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            // What Rust itself would not print as it is (controls, bidi, zero-width) stays visible as its code point.
            _ if c != '\'' && c.escape_debug().count() > 1 => write!(f, "\\u{{{:x}}}", u32::from(c))?,
            _ => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

#[cfg(test)]
mod tests;
