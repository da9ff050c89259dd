//! What is looked at around every save: a clock that jumps, and a write-ahead log that cannot be emptied.
//!
//! Invariant: nothing here keeps a label from being saved; each thing is said once until it is well again.

use super::Desk;
use crate::model::time::Timestamp;

/// How far a clock may be behind the last saved label before that is said, in microseconds: two minutes, since the
/// clocks of two machines differ a little.
const BEHIND: i64 = 2 * 60 * 1_000_000;

/// How far ahead: a year, since a workspace may well rest for months.
const AHEAD: i64 = 366 * 24 * 3600 * 1_000_000;

/// Bytes of write-ahead log from which on it is said that something keeps it from being emptied.
const LOG_BYTES: u64 = 64 << 20;

/// What was said already.
#[derive(Default)]
pub struct Watch {
    clock: bool,
    log: bool,
}

impl Watch {
    /// Looks before an act is saved, since afterwards its own time is the newest.
    pub fn before(&mut self, desk: &Desk, now: Timestamp) -> Option<String> {
        let last = desk.opened()?.store().last_event_at().ok()??;
        let text = clock_notice(last, now);
        let said = std::mem::replace(&mut self.clock, text.is_some());
        text.filter(|_| !said)
    }

    /// Looks after an act was saved.
    pub fn after(&mut self, desk: &Desk) -> Option<String> {
        let text = log_notice(desk.opened()?.store().log_bytes());
        let said = std::mem::replace(&mut self.log, text.is_some());
        text.filter(|_| !said)
    }
}

/// What there is to say about a clock that shows `now` where the last label was saved at `last`.
fn clock_notice(last: Timestamp, now: Timestamp) -> Option<String> {
    let order = "Labels keep the order they were given in; only their times are wrong until the clock is set right.";
    match now.0.saturating_sub(last.0) {
        gap if gap < -BEHIND => {
            Some(format!("This machine's clock says {now}, but the last label was saved at {last}. {order}"))
        }
        gap if gap > AHEAD => Some(format!(
            "This machine's clock says {now}, more than a year after the last label ({last}). Is it right? {order}"
        )),
        _ => None,
    }
}

fn log_notice(bytes: u64) -> Option<String> {
    (bytes > LOG_BYTES).then(|| {
        format!(
            "The database's write-ahead log has grown to {} MB, since another program keeps reading an old state of \
             it. Labels are safe; close that program to free the space.",
            bytes >> 20
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_jump_are_named_and_steady_ones_are_not() {
        let last = Timestamp::parse("2026-11-20T12:00:00Z").unwrap();
        let at = |text: &str| clock_notice(last, Timestamp::parse(text).unwrap());
        assert_eq!(at("2026-11-20T12:00:01Z"), None);
        assert_eq!(at("2026-11-20T11:59:00Z"), None, "two machines may differ by a minute");
        assert_eq!(at("2027-05-20T12:00:00Z"), None, "half a year without a label");
        assert!(
            at("2026-11-20T11:00:00Z").unwrap().contains("11:00:00Z, but the last label was saved at 2026-11-20T12")
        );
        assert!(at("2036-11-20T12:00:00Z").unwrap().contains("more than a year after"));
    }

    #[test]
    fn a_log_is_named_once_it_is_large() {
        assert_eq!(log_notice(LOG_BYTES), None);
        assert!(log_notice(200 << 20).unwrap().contains("200 MB"));
    }
}
