//! Numbers that may be told only where there is enough behind them.
//!
//! Invariant: a formula with a guard answers [`Guarded`], so that nobody can print what the guard forbids; the reason
//! always says what would help.

use serde::{Serialize, Serializer};

/// A number, or why there is none.
pub type Guarded<T> = Result<T, Withheld>;

/// Why a number is not told.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Withheld {
    /// There is too little.
    #[error("needs {} more {what} ({have} of {need})", need.saturating_sub(*have))]
    TooFew {
        /// Too little of what, in the plural.
        what: &'static str,
        /// How many there are.
        have: u64,
        /// How many it takes.
        need: u64,
    },
    /// The evaluator is too near to a coin for its rate to be corrected.
    #[error("the evaluator is too near to a coin: TPR + TNR = {0:.2}, below 1.2")]
    NearACoin(f64),
    /// Every value is the same.
    #[error("every {0} is the same")]
    Constant(&'static str),
    /// The inputs do not belong together.
    #[error("{0}")]
    Unfit(&'static str),
}

impl Withheld {
    /// How many more it takes, where more would help.
    pub fn more(&self) -> Option<u64> {
        match self {
            Self::TooFew { have, need, .. } => Some(need.saturating_sub(*have)),
            Self::NearACoin(_) | Self::Constant(_) | Self::Unfit(_) => None,
        }
    }
}

/// At least `need` of `what`, or the reason.
///
/// # Errors
/// There are fewer.
pub fn at_least(have: u64, need: u64, what: &'static str) -> Guarded<()> {
    if have < need { Err(Withheld::TooFew { what, have, need }) } else { Ok(()) }
}

/// Writes a guarded number as `{"value": …}` or `{"withheld": "why", "needs": n}`.
///
/// # Errors
/// The serialiser's.
pub fn serialize<T: Serialize, S: Serializer>(guarded: &Guarded<T>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Told<T> {
        Known { value: T },
        Not { withheld: String, needs: Option<u64> },
    }
    match guarded {
        Ok(value) => Told::Known { value }.serialize(serializer),
        Err(why) => Told::<&T>::Not { withheld: why.to_string(), needs: why.more() }.serialize(serializer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_says_how_many_more() {
        let few = at_least(18, 30, "audit labels").unwrap_err();
        assert_eq!((few.to_string().as_str(), few.more()), ("needs 12 more audit labels (18 of 30)", Some(12)));
        assert_eq!(at_least(30, 30, "audit labels"), Ok(()));
        let told = |guarded: &Guarded<f64>| {
            let mut bytes = Vec::new();
            serialize(guarded, &mut serde_json::Serializer::new(&mut bytes)).unwrap();
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(told(&Ok(0.5)), r#"{"value":0.5}"#);
        assert_eq!(told(&Err(few)), r#"{"withheld":"needs 12 more audit labels (18 of 30)","needs":12}"#);
    }
}
