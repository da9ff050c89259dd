//! Evaluators of going round in circles: questions asked again, answers repeated, calls repeated, agents handing back
//! and forth.
//!
//! Invariant: a repetition is flagged at the step that repeats, never at the one that was repeated, except for a
//! question whose answer was there before it was asked.

use super::facts::{Aim, Call, Facts};
use super::language::{Cue, Needles};
use super::{Case, Flag, Outcome};

/// How alike two agent messages are when they count as one said twice.
const SAME_ANSWER: f64 = 0.8;

/// How alike two customer messages are when one rephrases the other.
const REPHRASED: f64 = 0.5;

/// Questions for what was already given, answers said again, and hand-overs back and forth.
pub(super) fn loops(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    if facts.agent.is_empty() {
        return Outcome::abstain("the agent said nothing");
    }
    let mut flags = asked_again(facts);
    for row in repeated_answers(facts) {
        if !flags.iter().any(|flag| flag.row == Some(row)) {
            flags.push(Flag::at(row, "says almost the same as in an earlier turn"));
        }
    }
    flags.extend(back_and_forth(facts));
    flags.extend(repeated_within(facts));
    flags.sort_by_key(|flag| flag.row);
    let steps = facts.agent.len() + facts.calls.iter().filter(|call| call.aim == Aim::Agent).count();
    Outcome::share(steps, "agent steps", flags)
}

/// Questions for a number or address that the customer had given.
fn asked_again(facts: &Facts<'_>) -> Vec<Flag> {
    let mut flags = Vec::new();
    for (cue, what) in [(Cue::AsksNumber, "number"), (Cue::AsksEmail, "e-mail address")] {
        let asks: Vec<usize> = facts
            .agent
            .iter()
            .copied()
            .filter(|row| facts.rows[*row].cues.has(cue) && is_request(&facts.rows[*row].lower))
            .filter(|row| facts.rows[*row].identifiers().next().is_none())
            .collect();
        let given = |from: usize, to: usize| -> Vec<&str> {
            facts
                .customer
                .iter()
                .filter(|row| (from..to).contains(*row))
                .flat_map(|row| {
                    if cue == Cue::AsksEmail {
                        addresses(facts.rows[*row].text)
                    } else {
                        facts.rows[*row].identifiers().collect()
                    }
                })
                .collect()
        };
        let mut repeats = Vec::new();
        for pair in asks.windows(2) {
            let mut between = facts.customer.iter().filter(|row| (pair[0]..pair[1]).contains(*row));
            if between.any(|row| is_answer(facts, *row, cue)) && same_question(facts, pair[0], pair[1]) {
                repeats.push(pair[1]);
            }
        }
        if let (Some(first), Some(second)) = (asks.first(), repeats.first()) {
            let before = given(0, *first);
            if given(*first, *second).iter().any(|token| before.contains(token)) {
                repeats.insert(0, *first);
            }
        }
        flags.extend(
            repeats.into_iter().map(|row| Flag::at(row, format!("asks for a {what} the customer had already given"))),
        );
    }
    flags
}

/// True where a customer message gives what was asked for and little else, and does not say that it cannot.
fn is_answer(facts: &Facts<'_>, row: usize, cue: Cue) -> bool {
    let row = &facts.rows[row];
    let given =
        if cue == Cue::AsksEmail { !addresses(row.text).is_empty() } else { row.identifiers().next().is_some() };
    given && row.words <= 8 && !row.cues.has(Cue::Denial)
}

fn is_request(lower: &str) -> bool {
    static WORDS: Needles = Needles::new(|| {
        &["please", "i need", "i'll need", "provide", "share", "bitte", "veuillez", "por favor", "pouvez-vous"]
    });
    lower.contains('?') || WORDS.within(lower)
}

fn same_question(facts: &Facts<'_>, a: usize, b: usize) -> bool {
    const THINGS: [&str; 12] = [
        "order",
        "reserv",
        "booking",
        "account",
        "member",
        "ticket",
        "case",
        "tracking",
        "reference",
        "bestell",
        "commande",
        "pedido",
    ];
    let things = |row: usize| THINGS.iter().filter(|thing| facts.rows[row].lower.contains(**thing)).collect::<Vec<_>>();
    let (first, second) = (things(a), things(b));
    first.len() == 1 && first == second || (first.is_empty() && second.is_empty())
}

fn addresses(text: &str) -> Vec<&str> {
    text.split_whitespace().filter(|word| word.contains('@') && word.contains('.')).collect()
}

/// Agent messages that say what an earlier turn's message said.
pub(super) fn repeated_answers(facts: &Facts<'_>) -> Vec<usize> {
    let mut found = Vec::new();
    for (at, row) in facts.agent.iter().enumerate() {
        let here = &facts.rows[*row];
        if here.content().count() < 5 || here.cues.has(Cue::Closing) {
            continue;
        }
        let repeats = facts.agent[..at].iter().rev().take(12).map(|other| &facts.rows[*other]).any(|earlier| {
            earlier.turn != here.turn
                && earlier.content().count() >= 5
                && here.content().alike(earlier.content(), SAME_ANSWER)
        });
        if repeats {
            found.push(*row);
        }
    }
    found
}

/// Messages in which one sentence comes three times: a model that got stuck.
fn repeated_within(facts: &Facts<'_>) -> Vec<Flag> {
    let mut sentences = Vec::new();
    facts
        .agent
        .iter()
        .filter(|row| is_stuck(&facts.rows[**row].lower, &mut sentences))
        .map(|row| Flag::at(*row, "repeats one sentence within the message"))
        .collect()
}

/// True where one sentence comes three times and makes up most of a text. The list is only kept to be filled again.
fn is_stuck<'a>(text: &'a str, sentences: &mut Vec<&'a str>) -> bool {
    const LEAST: usize = 21;
    if text.len() < 3 * LEAST {
        return false;
    }
    sentences.clear();
    let mut from = 0;
    for to in memchr::memchr2_iter(b'.', b'\n', text.as_bytes()).chain([text.len()]) {
        if to - from >= LEAST
            && let Some(sentence) = text.get(from..to).map(str::trim)
            && sentence.len() >= LEAST
        {
            sentences.push(sentence);
        }
        from = to + 1;
    }
    // What makes up more than half outlasts a vote in which each sentence speaks against those before it.
    let (mut most, mut votes) = ("", 0_usize);
    for sentence in sentences.iter() {
        match (*sentence == most, votes) {
            (true, _) => votes += 1,
            (false, 0) => (most, votes) = (*sentence, 1),
            (false, _) => votes -= 1,
        }
    }
    let count = sentences.iter().filter(|sentence| **sentence == most).count();
    count >= 3 && count * 2 > sentences.len()
}

/// Hand-overs from one agent to another that undo the one before.
fn back_and_forth(facts: &Facts<'_>) -> Vec<Flag> {
    let moves: Vec<&Call<'_>> = facts.calls.iter().filter(|call| call.aim == Aim::Agent).collect();
    let mut flags = Vec::new();
    for (at, call) in moves.iter().enumerate().skip(2) {
        let again = moves[at - 2];
        if again.tool == call.tool && moves[at - 1].tool != call.tool {
            flags.push(Flag::at(call.row, "agents hand the customer back and forth"));
        }
    }
    if flags.is_empty()
        && let [first, second, ..] = moves.as_slice()
        && facts.rows[first.row].turn == facts.rows[second.row].turn
        && facts.rows[first.row].step.agent.is_some()
        && returns_to(facts, first, second)
    {
        flags.push(Flag::at(second.row, "handed straight back to the agent it came from"));
    }
    flags
}

/// True where the second hand-over names the agent that made the first.
fn returns_to(facts: &Facts<'_>, first: &Call<'_>, second: &Call<'_>) -> bool {
    let Some(agent) = &facts.rows[first.row].step.agent else { return false };
    let name: String =
        agent.exact().to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    second.tool.to_lowercase().contains(&name)
}

/// Calls that ask again for what was just answered, with nothing changed in between.
pub(super) fn repeated_calls<'a>(facts: &'a Facts<'_>) -> Vec<&'a Call<'a>> {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    let mut found = Vec::new();
    for call in facts.calls.iter().filter(|call| call.aim == Aim::Work) {
        let key = (call.tool, call.canonical.as_str());
        if seen.contains(&key) {
            found.push(call);
        }
        if call.is_done_write() {
            seen.clear();
        }
        seen.push(key);
    }
    found
}

/// Customers who had to say the same thing again in other words.
pub(super) fn rephrasing(case: &Case<'_>) -> Outcome {
    let facts = case.facts;
    let flags = rephrased(facts)
        .iter()
        .map(|row| Flag::at(*row, "the customer says again what an earlier message said"))
        .collect();
    if facts.customer.len() < 2 {
        return Outcome::abstain("the customer wrote fewer than two messages");
    }
    Outcome::share(facts.customer.len(), "customer messages", flags)
}

/// Customer messages that repeat one of the two before them.
pub(super) fn rephrased<'a>(facts: &'a Facts<'_>) -> &'a [usize] {
    facts.rephrased.get_or_init(|| find_rephrased(facts))
}

fn find_rephrased(facts: &Facts<'_>) -> Vec<usize> {
    let mut found = Vec::new();
    for (at, row) in facts.customer.iter().enumerate() {
        let words = facts.rows[*row].content();
        let alike =
            facts.customer[at.saturating_sub(2)..at].iter().map(|other| facts.rows[*other].content()).any(|before| {
                (words.count() <= 2 && words.only_repeat(before))
                    || (words.count() >= 3 && before.count() >= 3 && words.alike(before, REPHRASED))
            });
        if alike {
            found.push(*row);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sentence_has_to_come_three_times_and_make_up_most() {
        let (sorry, other) = ("I am sorry for the trouble", "This is another sentence altogether");
        let stuck = |sentences: &[&str]| is_stuck(&sentences.join(".\n"), &mut Vec::new());
        assert!(stuck(&[sorry, other, sorry, other, sorry]));
        assert!(stuck(&[other, "Yes", sorry, sorry, "No", sorry]));
        assert!(!stuck(&[sorry, sorry, other]));
        assert!(!stuck(&[sorry, other, sorry, other, sorry, other]));
    }
}
