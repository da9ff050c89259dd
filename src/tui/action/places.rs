//! Where keys are read, in sets: several rows of the table share one.
//!
//! Invariant: a set names each context once.

use super::Context;
use Context as C;

pub(super) const LISTS: &[Context] =
    &[C::Queue, C::Review, C::Help, C::Messages, C::Numbers, C::Insights, C::Session, C::Disputes, C::Calibration];
pub(super) const MAIN: &[Context] = &[C::Queue, C::Review];
pub(super) const SESSION: &[Context] = &[C::Queue, C::Review, C::Session];
pub(super) const WEEK: &[Context] = &[C::Insights];
pub(super) const IN_SESSION: &[Context] = &[C::Session];
pub(super) const REVIEW: &[Context] = &[C::Review];
pub(super) const QUEUE: &[Context] = &[C::Queue];
pub(super) const EVERY: &[Context] = Context::ALL;
pub(super) const ACTED: &[Context] = &[C::Queue, C::Review, C::Session, C::Disputes, C::Calibration];
pub(super) const LEFT: &[Context] = &[
    C::Queue,
    C::Review,
    C::Help,
    C::Messages,
    C::Progress,
    C::Numbers,
    C::Insights,
    C::Session,
    C::Disputes,
    C::Calibration,
];
pub(super) const JUDGE: &[Context] = &[C::Review, C::Disputes];
pub(super) const DISPUTES: &[Context] = &[C::Disputes];
pub(super) const CALIBRATION: &[Context] = &[C::Calibration];
pub(super) const OPENED: &[Context] = &[C::Queue, C::Disputes, C::Calibration];
pub(super) const DIGITS: &[&str] = &["1", "2", "3", "4", "5", "6", "7", "8", "9"];
pub(super) const TURNS: &[&str] = &["space", "right", "l"];
