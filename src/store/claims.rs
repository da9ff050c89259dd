//! Claims that hold now, read from the log.
//!
//! Invariant: there is no table of them; what ends one is an event or its time.

use rusqlite::params;

use super::events::Log;
use super::{Store, StoreError};
use crate::model::claim::{Claim, LONGEST};
use crate::model::event::EventBody;
use crate::model::id::ConversationId;
use crate::model::time::Timestamp;

/// What ends a claim, besides its time: the reviewer's next claim, release, verdict or skip there.
const ENDED: &str = "SELECT 1 FROM events l WHERE l.conversation = c.conversation AND l.reviewer = c.reviewer
        AND l.kind IN ('claim', 'release', 'verdict', 'skip') AND (l.lamport, l.device, l.seq) > (c.lamport, c.device, c.seq)";

impl Store {
    /// The claims that hold now.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn claims(&self, now: Timestamp) -> Result<Vec<Claim>, StoreError> {
        let sql = format!("SELECT c.line FROM events c WHERE c.kind = 'claim' AND c.at >= ?1 AND NOT EXISTS ({ENDED})");
        self.log().standing(&sql, params![now.0.saturating_sub(LONGEST)], now)
    }
}

impl Log<'_> {
    /// The claims on one conversation that hold now.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn claims_on(&self, conversation: &ConversationId, now: Timestamp) -> Result<Vec<Claim>, StoreError> {
        let sql = format!(
            "SELECT c.line FROM events c WHERE c.conversation = ?1 AND c.kind = 'claim' AND NOT EXISTS ({ENDED})"
        );
        self.standing(&sql, params![conversation.as_str()], now)
    }

    fn standing(&self, sql: &str, values: impl rusqlite::Params, now: Timestamp) -> Result<Vec<Claim>, StoreError> {
        let mut claims = Vec::new();
        for event in self.query(sql, values)? {
            let (EventBody::Claim { until, .. }, Some(target)) = (event.body, event.target) else { continue };
            if until.0 > now.0 && until.0 <= now.0.saturating_add(LONGEST) {
                claims.push(Claim {
                    conversation: self.resolve(&target.conversation)?,
                    reviewer: event.reviewer,
                    until,
                });
            }
        }
        Ok(claims)
    }
}
