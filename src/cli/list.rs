//! `aftercall list`: conversations by filter, as a table, JSON lines or CSV.
//!
//! Invariant: masked, unless leaving personal data as it is was asked for and recorded.

use serde_json::Value;

use super::args::ListArgs;
use super::error::{CliError, Exit};
use super::output::Output;
use super::setup::Setup;
use super::table::{Table, clipped};
use crate::model::queue::QueueQuery;
use crate::model::summary::Summary;
use crate::ops::list::{ListRow, each_row};
use crate::text::door;

/// Columns for the first message in a table.
const MESSAGE: usize = 48;

/// Runs the command.
pub fn run(setup: &Setup, args: &ListArgs, output: &mut Output) -> Result<Exit, CliError> {
    let (workspace, door) = setup.open_to_tell(args.unmasked, "list", output)?;
    let query = QueueQuery { filter: args.filter.clone(), find: args.find.clone(), order: args.order.into() };
    let mut written = Ok(());
    let mut count = 0_u64;
    let mut table =
        Table::new(&["id", "when", "label", "intent", "steps", "tools", "failed", "worst score", "message"]);
    if args.csv {
        written = heading(output);
    }
    each_row(&workspace, &query, args.limit, setup.now(), &mut |summary| {
        count += 1;
        if args.json {
            written = output.json(&ListRow::of(&summary, &door)).map_err(CliError::from);
        } else if args.csv {
            written = csv(&ListRow::of(&summary, &door), output);
        } else {
            table.row(&cells(&door.summary(&summary)));
        }
        written.is_ok()
    })?;
    written?;
    if !args.json && !args.csv {
        if count == 0 {
            output.say("no conversation matches");
        } else {
            table.write(output)?;
        }
    }
    Ok(Exit::Ok)
}

fn cells(row: &Summary) -> Vec<String> {
    let when = row.started_at.and_then(crate::model::time::Timestamp::civil);
    let label = row.verdict.map_or_else(
        || row.label_state.word().to_owned(),
        |verdict| match row.label_state {
            crate::model::label::LabelState::Labelled => verdict.word().to_owned(),
            other => format!("{} {}", other.word(), verdict.word()),
        },
    );
    let worst = row.worst.first().map(|(name, _)| {
        let value = row.scores.get(name.exact()).copied().flatten();
        format!("{} {}", name.exact(), value.map_or_else(|| "–".to_owned(), |value| format!("{value}")))
    });
    vec![
        row.id.to_string(),
        when.map(|when| when.strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default(),
        label,
        row.segments.intent.as_ref().map(|text| clipped(text.exact(), 16)).unwrap_or_default(),
        row.counts.steps.to_string(),
        row.counts.tool_calls.to_string(),
        row.counts.failed_steps.to_string(),
        worst.map(|text| clipped(&text, 28)).unwrap_or_default(),
        clipped(row.first_message.exact(), MESSAGE),
    ]
}

/// The members of a row's JSON form, in order: the columns of the CSV form.
fn members(row: &ListRow) -> Vec<(String, Value)> {
    match serde_json::to_value(row) {
        Ok(Value::Object(members)) => members.into_iter().collect(),
        _ => Vec::new(),
    }
}

fn heading(output: &mut Output) -> Result<(), CliError> {
    let names: Vec<String> = ListRow::fields().iter().map(|name| door::csv_cell(name)).collect();
    Ok(output.made(&format!("{}\r\n", names.join(",")))?)
}

/// One row: numbers as they are, everything else as a cell; lists and objects as JSON.
fn csv(row: &ListRow, output: &mut Output) -> Result<(), CliError> {
    let cell = |(_, value): (String, Value)| match value {
        Value::Null => String::new(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => door::csv_cell(&text),
        other => door::csv_cell(&door::json_text(&other.to_string())),
    };
    let cells: Vec<String> = members(row).into_iter().map(cell).collect();
    Ok(output.made(&format!("{}\r\n", cells.join(",")))?)
}
