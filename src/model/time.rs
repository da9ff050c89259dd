//! Points in time as UTC microseconds, and how they are written.
//!
//! Invariant: nothing here reads a clock; "now" is an argument everywhere.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time: microseconds since 1970-01-01T00:00:00Z. In JSON an RFC 3339 string in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From nanoseconds since the epoch, as OpenTelemetry has them; `None` for zero, which means "not set".
    pub fn from_nanos(nanos: u64) -> Option<Self> {
        (nanos != 0).then(|| Self(i64::try_from(nanos / 1_000).unwrap_or(i64::MAX)))
    }

    /// Parses an RFC 3339 time with an offset or `Z`; `None` where the text is no such time.
    pub fn parse(text: &str) -> Option<Self> {
        text.trim().parse::<jiff::Timestamp>().ok().map(|time| Self(time.as_microsecond()))
    }

    /// The civil date and time in UTC, `None` beyond the years -9999 to 9999.
    pub fn civil(self) -> Option<jiff::civil::DateTime> {
        let time = jiff::Timestamp::from_microsecond(self.0).ok()?;
        Some(time.to_zoned(jiff::tz::TimeZone::UTC).datetime())
    }
}

impl std::fmt::Display for Timestamp {
    /// RFC 3339 in UTC with as many fractional digits as needed; `?` where the year has no four digits.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(time) => write!(f, "{time}"),
            Err(_) => f.write_str("?"),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_parses_the_same_time() {
        let time = Timestamp::parse("2026-11-20T09:12:04.5Z").unwrap();
        assert_eq!(time.to_string(), "2026-11-20T09:12:04.5Z");
        assert_eq!(Timestamp::parse("2026-11-20T10:12:04.5+01:00"), Some(time));
        assert_eq!(Timestamp::from_nanos(0), None);
        assert_eq!(Timestamp::from_nanos(1_500), Some(Timestamp(1)));
        assert_eq!(Timestamp(i64::MAX).to_string(), "?");
    }
}
