//! `aftercall search`: the steps in which words stand.
//!
//! Invariant: what stands in brackets was looked for; brackets of the text itself are no part of the JSON form's marks.

use super::args::find::SearchArguments;
use super::context::{Context, now};
use super::failure::{Code, Failure};
use super::import::count;
use super::output::Data;
use crate::model::search::Part;
use crate::ops::search::{FoundRow, SearchOrder, search as found};

/// Carries the command out.
pub fn search(context: &Context, arguments: &SearchArguments) -> Result<Code, Failure> {
    let wanted = SearchOrder {
        words: arguments.words.join(" "),
        filter: arguments.pool.filter.clone(),
        order: arguments.order.order(),
        limit: arguments.limit,
        steps: arguments.steps,
    };
    let (workspace, door) = context.open_door(arguments.unmasked.then_some("search"))?;
    let mut data = Data::open();
    let mut failure = None;
    let told = found(&workspace, (&wanted, &door), now(), &mut |row| {
        let outcome = if arguments.json { data.json(&row) } else { data.line(&line(&row)) };
        failure = outcome.err();
        failure.is_none()
    })?;
    if let Some(failure) = failure {
        return Err(failure);
    }
    data.finish()?;
    if !arguments.json {
        let more = if told >= wanted.limit as u64 { "; --limit shows more" } else { "" };
        context.talk.say(&format!("{}{more}", count(told, "hit")));
    }
    Ok(Code::Done)
}

/// A hit for people.
fn line(row: &FoundRow) -> String {
    let step = row.step.map_or_else(|| "-".to_owned(), |step| format!("step {step}"));
    let who = match (row.role, &row.tool, row.part) {
        (_, Some(tool), Part::Result) => format!("{tool} answered"),
        (_, Some(tool), _) => format!("{tool}()"),
        (Some(role), None, _) => role.to_owned(),
        (None, None, _) => "conversation".to_owned(),
    };
    format!("{}  {step:8}  {who:22}  {}", row.id, marked(row))
}

/// The snippet with what was looked for in brackets.
fn marked(row: &FoundRow) -> String {
    let mut out = String::with_capacity(row.snippet.len() + 8);
    let mut marks = row.marks.iter().peekable();
    for (at, c) in row.snippet.chars().chain(std::iter::once('\0')).enumerate() {
        while marks.next_if(|(_, end)| *end == at).is_some() {
            out.push(']');
        }
        if marks.peek().is_some_and(|(start, _)| *start == at) {
            out.push('[');
        }
        if c != '\0' {
            out.push(c);
        }
    }
    out
}
