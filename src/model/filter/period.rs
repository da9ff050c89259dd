//! Times in filters: days, ranges of days, and words relative to now.
//!
//! Invariant: relative words stay words until [`Period::range`] is given a "now"; days are days in UTC, weeks begin on
//! Monday.

use std::fmt;

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Comparison;
use crate::model::time::Timestamp;

/// A test of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeMatch {
    /// There is none.
    Missing,
    /// There is one, whenever it is.
    Present,
    /// Within the period.
    In(Period),
    /// Compared with the period: `<` before its start, `<=` before its end, `>` after its end, `>=` from its start on.
    Compare(Comparison, Period),
}

/// A stretch of whole days, or an exact time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// `last-7-days`: so many days, the last of them today; from 1 to 9,999.
    LastDays(u16),
    /// `this-week`
    ThisWeek,
    /// `last-week`
    LastWeek,
    /// `this-month`
    ThisMonth,
    /// `last-month`
    LastMonth,
    /// One day, or one exact time.
    At(PeriodEnd),
    /// From the one to the other, both included; an open side is `None`, though never both.
    Between(Option<PeriodEnd>, Option<PeriodEnd>),
}

/// A day, or an exact time, where a period begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodEnd {
    /// `2026-11-01`
    Day(Date),
    /// `today`
    Today,
    /// `yesterday`
    Yesterday,
    /// An RFC 3339 time.
    Time(Timestamp),
}

/// A stretch of time: from `from` (included) to `until` (not included); open where `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimeRange {
    /// The first moment within.
    pub from: Option<Timestamp>,
    /// The first moment after.
    pub until: Option<Timestamp>,
}

impl TimeRange {
    /// True where `time` lies within.
    pub fn contains(&self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= time) && self.until.is_none_or(|until| time < until)
    }
}

impl TimeMatch {
    /// The stretch of time asked for, seen from `now`; `None` for [`TimeMatch::Missing`] and [`TimeMatch::Present`].
    pub fn range(&self, now: Timestamp) -> Option<TimeRange> {
        match self {
            Self::Missing | Self::Present => None,
            Self::In(period) | Self::Compare(Comparison::Equal, period) => Some(period.range(now)),
            Self::Compare(how, period) => {
                let TimeRange { from, until } = period.range(now);
                // An open side lies beyond every time, so nothing is before or after it.
                let (first, last) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
                Some(match how {
                    Comparison::Less => TimeRange { from: None, until: from.or(Some(first)) },
                    Comparison::LessOrEqual => TimeRange { from: None, until },
                    Comparison::Greater => TimeRange { from: until.or(Some(last)), until: None },
                    Comparison::Equal | Comparison::GreaterOrEqual => TimeRange { from, until: None },
                })
            }
        }
    }
}

impl Period {
    /// Parses one period; `None` where the text is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some((from, to)) = text.split_once("..") {
            let end = |text: &str| if text.is_empty() { Some(None) } else { PeriodEnd::parse(text).map(Some) };
            let (from, to) = (end(from)?, end(to)?);
            return (from.is_some() || to.is_some()).then_some(Self::Between(from, to));
        }
        match text.to_ascii_lowercase().as_str() {
            "this-week" => Some(Self::ThisWeek),
            "last-week" => Some(Self::LastWeek),
            "this-month" => Some(Self::ThisMonth),
            "last-month" => Some(Self::LastMonth),
            word => match word.strip_prefix("last-").and_then(|rest| rest.strip_suffix("-days")) {
                Some(days) => days.parse().ok().filter(|days| (1..=9_999).contains(days)).map(Self::LastDays),
                None => PeriodEnd::parse(text).map(Self::At),
            },
        }
    }

    /// The stretch of time it means, seen from `now`.
    pub fn range(&self, now: Timestamp) -> TimeRange {
        let today = now.civil().map_or(Date::ZERO, jiff::civil::DateTime::date);
        let monday = today.saturating_sub(i64::from(today.weekday().to_monday_zero_offset()).days());
        match self {
            Self::LastDays(days) => days_from(today.saturating_sub((i64::from(*days) - 1).days()), Some(today)),
            Self::ThisWeek => days_from(monday, Some(monday.saturating_add(6.days()))),
            Self::LastWeek => days_from(monday.saturating_sub(7.days()), Some(monday.saturating_sub(1.day()))),
            Self::ThisMonth => days_from(today.first_of_month(), Some(today.last_of_month())),
            Self::LastMonth => {
                let last = today.first_of_month().saturating_sub(1.day());
                days_from(last.first_of_month(), Some(last))
            }
            Self::At(end) => TimeRange { from: end.start(today), until: end.end(today) },
            Self::Between(from, to) => {
                TimeRange { from: from.and_then(|end| end.start(today)), until: to.and_then(|end| end.end(today)) }
            }
        }
    }
}

fn days_from(first: Date, last: Option<Date>) -> TimeRange {
    TimeRange { from: midnight(first), until: last.and_then(|day| midnight(day.saturating_add(1.day()))) }
}

/// The first moment of a day in UTC; `None` at the very end of the calendar.
fn midnight(day: Date) -> Option<Timestamp> {
    let start = day.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp(start.timestamp().as_microsecond()))
}

impl PeriodEnd {
    fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "today" => Some(Self::Today),
            "yesterday" => Some(Self::Yesterday),
            _ if text.len() == 10 && text.is_ascii() => text.parse().ok().map(Self::Day),
            _ => Timestamp::parse(text).map(Self::Time),
        }
    }

    fn day(self, today: Date) -> Option<Date> {
        match self {
            Self::Day(day) => Some(day),
            Self::Today => Some(today),
            Self::Yesterday => Some(today.saturating_sub(1.day())),
            Self::Time(_) => None,
        }
    }

    fn start(self, today: Date) -> Option<Timestamp> {
        match self {
            Self::Time(time) => Some(time),
            day => day.day(today).and_then(midnight),
        }
    }

    fn end(self, today: Date) -> Option<Timestamp> {
        match self {
            Self::Time(time) => Some(Timestamp(time.0.saturating_add(1))),
            day => day.day(today).and_then(|day| midnight(day.saturating_add(1.day()))),
        }
    }
}

impl fmt::Display for TimeMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("none"),
            Self::Present => f.write_str("any"),
            Self::In(period) | Self::Compare(_, period) => period.fmt(f),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LastDays(days) => write!(f, "last-{days}-days"),
            Self::ThisWeek => f.write_str("this-week"),
            Self::LastWeek => f.write_str("last-week"),
            Self::ThisMonth => f.write_str("this-month"),
            Self::LastMonth => f.write_str("last-month"),
            Self::At(end) => end.fmt(f),
            Self::Between(from, to) => {
                from.map_or(Ok(()), |end| end.fmt(f))?;
                f.write_str("..")?;
                to.map_or(Ok(()), |end| end.fmt(f))
            }
        }
    }
}

impl fmt::Display for PeriodEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Today => f.write_str("today"),
            Self::Yesterday => f.write_str("yesterday"),
            Self::Time(time) => time.fmt(f),
        }
    }
}
