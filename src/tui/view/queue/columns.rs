//! How wide each column of the list is.
//!
//! Invariant: together they are never wider than the screen.

/// Columns of the table, by the width of the screen.
pub(super) struct Columns {
    pub(super) number: usize,
    pub(super) when: usize,
    pub(super) segment: usize,
    pub(super) first: usize,
    pub(super) steps: usize,
    pub(super) tools: usize,
    pub(super) chance: usize,
    pub(super) scores: usize,
    pub(super) why: usize,
    pub(super) state: usize,
}

impl Columns {
    /// In a queue of a name, how likely it failed and why stand where scores stand elsewhere.
    pub(super) fn named(width: usize, count: usize) -> Self {
        let mut columns = Self::new(width, count);
        let room = columns.scores + columns.why + columns.first;
        columns.chance = 8;
        columns.scores = 0;
        columns.why = match width {
            ..72 => 14,
            72..96 => 26,
            96..116 => 32,
            116..150 => 40,
            _ => 52,
        };
        columns.first = room.saturating_sub(columns.why + columns.chance);
        columns
    }

    pub(super) fn new(width: usize, count: usize) -> Self {
        // At most so wide each; the first message takes what is left.
        let number = count.to_string().len().max(2) + 2;
        let widest = Self {
            number,
            when: 13,
            segment: 18,
            first: 0,
            steps: 6,
            tools: 6,
            chance: 0,
            scores: 40,
            why: 26,
            state: 12,
        };
        let mut columns = match width {
            ..72 => Self { when: 0, segment: 0, steps: 0, tools: 0, scores: 18, why: 0, state: 10, ..widest },
            72..96 => Self { when: 0, segment: 13, steps: 0, tools: 0, scores: 23, why: 0, state: 10, ..widest },
            96..116 => Self { when: 7, segment: 13, scores: 23, why: 0, state: 10, ..widest },
            116..132 => Self { when: 7, segment: 14, scores: 23, why: 17, state: 10, ..widest },
            132..150 => Self { when: 7, segment: 16, scores: 28, why: 17, state: 10, ..widest },
            _ => widest,
        };
        let fixed = columns.number
            + columns.when
            + columns.segment
            + columns.steps
            + columns.tools
            + columns.scores
            + columns.why
            + columns.state;
        columns.first = width.saturating_sub(fixed + 2);
        columns
    }
}
