//! Numbers in words: shares, intervals, and amounts in their units.
//!
//! Invariant: an interval stands in the unit of its value; what is not recorded says so.

use super::super::service::{Figure, METRICS, Unit};
use super::super::{Change, Guarded, Rate};
use crate::stats::rate::LEAST_IN_SEGMENT;

pub(in crate::ops::report) fn name_of(id: &str) -> &str {
    METRICS.iter().find(|metric| metric.id == id).map_or(id, |metric| metric.name)
}

/// A share as whole percent.
pub(in crate::ops::report) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

pub(in crate::ops::report) fn range((low, high): (f64, f64)) -> String {
    format!("[{:.0}-{:.0}]", low * 100.0, high * 100.0)
}

pub(in crate::ops::report) fn rate(rate: &Guarded<Rate>) -> String {
    match rate {
        Ok(rate) if rate.n < LEAST_IN_SEGMENT => too_few_of(rate.n),
        Ok(rate) => format!("{} {} n {}", percent(rate.rate), range(rate.interval), rate.n),
        Err(_) => "–".to_owned(),
    }
}

fn too_few_of(n: u64) -> String {
    format!("too few (n {n})")
}

/// True where a share is of so few that it would be read as more than it is.
pub(in crate::ops::report) fn too_few(unit: Unit, figure: Figure) -> bool {
    unit == Unit::Share && figure.value.is_some() && figure.n < LEAST_IN_SEGMENT
}

pub(in crate::ops::report) fn difference(change: &Change) -> String {
    let (low, high) = change.interval;
    format!("{:+.0} [{:+.0} to {:+.0}] points", change.difference * 100.0, low * 100.0, high * 100.0)
}

/// How a value of a unit is told: what it is multiplied with, its decimals, and what stands before and after.
pub(in crate::ops::report) fn scale(unit: Unit, value: f64) -> (f64, usize, &'static str, &'static str) {
    match unit {
        Unit::Share => (100.0, 0, "", " %"),
        Unit::Seconds if value >= 90.0 => (1.0 / 60.0, 1, "", " min"),
        Unit::Seconds => (1.0, 0, "", " s"),
        Unit::Milliseconds if value >= 10_000.0 => (0.001, 1, "", " s"),
        Unit::Milliseconds => (1.0, 0, "", " ms"),
        Unit::Grade => (1.0, 1, "", ""),
        Unit::Dollars => (1.0, 4, "$", ""),
    }
}

/// A number in its unit.
pub(in crate::ops::report) fn amount(unit: Unit, value: f64) -> String {
    let (factor, decimals, before, after) = scale(unit, value);
    format!("{before}{:.decimals$}{after}", value * factor)
}

/// A figure with its interval, or that there is none.
pub(in crate::ops::report) fn told(unit: Unit, figure: Figure) -> String {
    let Some(value) = figure.value else { return "not recorded".to_owned() };
    if too_few(unit, figure) {
        return too_few_of(figure.n);
    }
    let shown = amount(unit, value);
    let (factor, decimals, ..) = scale(unit, value);
    match (unit, figure.interval) {
        (_, None) => shown,
        (Unit::Share, Some(interval)) => format!("{shown} {}", range(interval)),
        (_, Some((low, high))) => format!("{shown} [{:.decimals$} to {:.decimals$}]", low * factor, high * factor),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_few_is_no_share() {
        let of = |n| told(Unit::Share, Figure { value: Some(0.6), interval: Some((0.2, 0.9)), n });
        assert_eq!((of(5).as_str(), of(8).as_str()), ("too few (n 5)", "60 % [20-90]"));
        assert_eq!(rate(&Rate::of(3, 5, None)), "too few (n 5)");
        assert!(rate(&Rate::of(3, 8, None)).starts_with("38 % ["));
        assert_eq!(told(Unit::Grade, Figure { value: Some(4.0), interval: None, n: 5 }), "4.0");
    }
}
