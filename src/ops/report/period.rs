//! Which days a report is about: a week, or days from one to another, and as many days before them to hold them against.
//!
//! Invariant: days are days in UTC and weeks ISO weeks; what a period is called depends on its days alone, never on a clock.

use jiff::ToSpan as _;
use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

use crate::model::id::ConversationId;
use crate::model::time::Timestamp;

/// Days asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Asked {
    /// The newest week in which a conversation began.
    #[default]
    Newest,
    /// This ISO week; without a year the newest one of that number in which a conversation began.
    Week {
        /// The ISO year.
        year: Option<i16>,
        /// From 1 to 53.
        week: i8,
    },
    /// From the first to the second day, both included.
    Days(Date, Date),
}

impl Asked {
    /// `W47`, `2026-W47` or `47`; `None` where the text is no week.
    pub fn week(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_uppercase();
        let (year, week) = match text.split_once('W') {
            None => (None, text.as_str()),
            Some(("", week)) => (None, week),
            Some((year, week)) => (Some(year.trim_end_matches('-').parse().ok()?), week),
        };
        let week = week.parse().ok().filter(|week| (1..=53).contains(week))?;
        Some(Self::Week { year, week })
    }

    /// The ISO week of a time; `None` beyond the calendar.
    pub fn week_of(time: Timestamp) -> Option<Self> {
        let (year, week) = week_of(time)?;
        Some(Self::Week { year: Some(year), week })
    }

    /// Days as `2026-11-16`; `None` where either is no day, or the first comes after the second.
    pub fn days(from: &str, to: &str) -> Option<Self> {
        let (from, to): (Date, Date) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
        (from <= to).then_some(Self::Days(from, to))
    }
}

/// A stretch of whole days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Window {
    /// `2026-W47`, or `2026-11-16..2026-11-18`.
    pub name: String,
    /// Its first day.
    #[serde(serialize_with = "day")]
    pub from: Date,
    /// Its last.
    #[serde(serialize_with = "day")]
    pub to: Date,
    /// What a session judged, where it is that and no stretch of days.
    #[serde(skip)]
    pub only: Option<Sitting>,
}

/// What a session judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sitting {
    /// Which conversations.
    pub ids: Vec<ConversationId>,
    /// From which clock of the log on, and before which.
    pub log: std::ops::Range<u64>,
}

/// The week in which a day is.
fn week_in(day: Date) -> Option<Window> {
    let week = day.iso_week_date();
    Window::week(week.year(), week.week())
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
fn day<S: Serializer>(day: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(day)
}

impl Window {
    /// The days that are asked for, given the newest beginning of a conversation; `None` where nothing of that kind is.
    pub fn of(asked: Asked, began: &mut dyn Iterator<Item = Timestamp>) -> Option<Self> {
        let weeks = began.filter_map(week_of);
        match asked {
            Asked::Newest => weeks.max().and_then(|(year, week)| Self::week(year, week)),
            Asked::Week { year: Some(year), week } => Self::week(year, week),
            Asked::Week { year: None, week } => {
                let year = weeks.filter(|(_, one)| *one == week).map(|(year, _)| year).max()?;
                Self::week(year, week)
            }
            Asked::Days(from, to) => Some(Self::between(from, to)),
        }
    }

    /// The week of a time; `None` beyond the calendar.
    pub fn around(time: Timestamp) -> Option<Self> {
        week_of(time).and_then(|(year, week)| Self::week(year, week))
    }

    fn week(year: i16, week: i8) -> Option<Self> {
        let from = ISOWeekDate::new(year, week, Weekday::Monday).ok()?.date();
        Some(Self { name: format!("{year}-W{week:02}"), ..Self::between(from, from.saturating_add(6.days())) })
    }

    fn between(from: Date, to: Date) -> Self {
        Self { name: format!("{from}..{to}"), from, to, only: None }
    }

    /// As many days before these.
    #[must_use]
    pub fn before(&self) -> Self {
        let days = self.days();
        self.like(self.from.saturating_sub(days.days()), self.from.saturating_sub(1.day()))
    }

    /// As many days after these.
    #[must_use]
    pub fn after(&self) -> Self {
        let days = self.days();
        self.like(self.to.saturating_add(1.day()), self.to.saturating_add(days.days()))
    }

    fn days(&self) -> i64 {
        i64::from(self.from.until(self.to).map_or(6, |span| span.get_days())) + 1
    }

    /// Other days, as a week where these are one.
    fn like(&self, from: Date, to: Date) -> Self {
        self.week_of().and_then(|_| week_in(from)).unwrap_or_else(|| Self::between(from, to))
    }

    /// The year and the week that these days are asked for by.
    fn week_of(&self) -> Option<(i16, i8)> {
        let week = self.from.iso_week_date();
        week_in(self.from).filter(|one| one == self).map(|_| (week.year(), week.week()))
    }

    /// These days, as they are asked for.
    pub fn asked(&self) -> Asked {
        let days = Asked::Days(self.from, self.to);
        self.week_of().map_or(days, |(year, week)| Asked::Week { year: Some(year), week })
    }

    /// The first moment within, and the first one after.
    pub fn range(&self) -> (Timestamp, Timestamp) {
        (midnight(self.from), midnight(self.to.saturating_add(1.day())))
    }

    /// As a filter.
    pub fn filter(&self) -> String {
        if let Some(Sitting { ids, .. }) = &self.only {
            let ids: Vec<&str> = ids.iter().map(ConversationId::as_str).collect();
            return if ids.is_empty() { "id:none".to_owned() } else { format!("id:{}", ids.join(",")) };
        }
        format!("when:{}..{}", self.from, self.to)
    }
}

fn midnight(day: Date) -> Timestamp {
    Timestamp(day.to_zoned(TimeZone::UTC).map_or(0, |start| start.timestamp().as_microsecond()))
}

/// Year and number of the ISO week of a time.
fn week_of(time: Timestamp) -> Option<(i16, i8)> {
    let week = time.civil()?.date().iso_week_date();
    Some((week.year(), week.week()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn weeks_are_iso_weeks_and_years_come_from_the_data() {
        let began = [at("2025-11-19T10:00:00Z"), at("2026-11-22T23:59:59Z"), at("2027-01-02T00:00:00Z")];
        let of = |asked| Window::of(asked, &mut began.into_iter()).map(|window| window.name);
        assert_eq!(of(Asked::week("w47").unwrap()).as_deref(), Some("2026-W47"));
        assert_eq!(of(Asked::week("2025-W47").unwrap()).as_deref(), Some("2025-W47"));
        // The second of January 2027 is a Saturday of the week that began in December.
        assert_eq!(of(Asked::Newest).as_deref(), Some("2026-W53"));
        assert_eq!(of(Asked::week("12").unwrap()), None);
        assert_eq!((Asked::week("W54"), Asked::week("x")), (None, None));
        let week = Window::of(Asked::week("2026-W47").unwrap(), &mut std::iter::empty()).unwrap();
        assert_eq!(week.filter(), "when:2026-11-16..2026-11-22");
        assert_eq!(week.range(), (at("2026-11-16T00:00:00Z"), at("2026-11-23T00:00:00Z")));
    }

    #[test]
    fn what_lies_before_is_as_long() {
        let first = Window::of(Asked::week("2026-W01").unwrap(), &mut std::iter::empty()).unwrap();
        assert_eq!(first.before().name, "2025-W52");
        assert_eq!(first.before().after(), first);
        assert_eq!(Window::of(first.asked(), &mut std::iter::empty()), Some(first));
        let days = Window::of(Asked::days("2026-11-16", "2026-11-18").unwrap(), &mut std::iter::empty()).unwrap();
        assert_eq!(days.before().name, "2026-11-13..2026-11-15");
        assert_eq!(days.before().after(), days);
        assert_eq!(Asked::days("2026-11-18", "2026-11-16"), None);
    }
}
