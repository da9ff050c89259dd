//! `aftercall list`: one row a conversation, for people, scripts or spreadsheets.
//!
//! Invariant: rows leave by the door one after another; a list of any length takes the memory of a window.

use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation as _;

use super::args::ListArguments;
use super::context::{Context, now};
use super::failure::{Code, Failure};
use super::import::count;
use super::output::{Cell, Data, warn};
use crate::model::queue::QueueQuery;
use crate::model::summary::Summary;
use crate::model::time::Timestamp;
use crate::ops::door::Door;
use crate::ops::evaluate::names::unheard;
use crate::ops::list::{ListRow, each_row};
use crate::text::width;

/// Columns of the first message in the list for people where nobody's screen bounds them.
const MESSAGE_WIDTH: usize = 60;

/// Columns of the message that are worth leaving others out for.
const LEAST_MESSAGE: usize = 24;

/// Carries the command out.
pub fn list(context: &Context, arguments: &ListArguments) -> Result<Code, Failure> {
    let (workspace, door) = context.open_door(arguments.unmasked.then_some("list"))?;
    let query = QueueQuery {
        filter: arguments.pool.filter.clone(),
        find: arguments.find.clone(),
        order: arguments.order.order(),
        ..QueueQuery::default()
    };
    let mut data = Data::open();
    if arguments.csv {
        let names: Vec<Cell> = ListRow::fields().iter().map(|name| Cell::Plain((*name).to_owned())).collect();
        data.csv(&names)?;
    }
    let columns = crate::tui::columns();
    let (mut rows, mut failure) = (0, None);
    each_row(&workspace, &query, arguments.limit, now(), &mut |summary| {
        rows += 1;
        let row = ListRow::of(&summary, &door);
        let outcome = if arguments.json {
            data.json(&row)
        } else if arguments.csv {
            cells(&row).and_then(|cells| data.csv(&cells))
        } else {
            data.line(&line(&summary, &door, columns))
        };
        failure = outcome.err();
        failure.is_none()
    })?;
    if let Some(failure) = failure {
        return Err(failure);
    }
    data.finish()?;
    // Asked for a score that nobody gives, a filter finds nothing, or with a minus everything.
    let unheard = unheard(workspace.store(), &arguments.pool.filter)?;
    if !unheard.is_empty() {
        warn(unheard.trim_start_matches("; "));
    }
    if !arguments.json && !arguments.csv {
        context.talk.say(&count(rows, "conversation"));
    }
    Ok(Code::Done)
}

/// A row for people; on a screen of `columns` it takes one line, and says the less important only where there is room.
fn line(summary: &Summary, door: &Door, columns: Option<usize>) -> String {
    let row = door.summary(summary);
    let text = |text: Option<&crate::text::Untrusted>| text.map_or("", |text| text.exact()).to_owned();
    let segments = [text(row.segments.intent.as_ref()), text(row.segments.language.as_ref())];
    let segments = segments.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("/");
    let state = match (row.verdict, row.label_state.word()) {
        (Some(verdict), _) => verdict.word().to_uppercase(),
        (None, _) if row.skipped => "skipped".to_owned(),
        (None, "none") => "-".to_owned(),
        (None, state) => state.to_owned(),
    };
    let worst = row.worst.first().and_then(|(name, _)| {
        let value = row.scores.get(name.exact()).copied().flatten()?;
        Some(format!("{} {value:.2}", name.exact()))
    });
    let failed = if row.counts.failed_steps > 0 { format!("!{}", row.counts.failed_steps) } else { String::new() };
    let mode = row.modes.first().cloned().unwrap_or_default();
    let parts = [
        (fit(row.id.as_str(), 13), 0),
        (fit(&when(row.started_at), 16), 2),
        (fit(&state, 8), 0),
        (fit(&format!("{} steps {failed}", row.counts.steps), 13), 0),
        (fit(&worst.unwrap_or_default(), 26), 1),
        (fit(&if mode.is_empty() { segments } else { mode }, 22), 3),
    ];
    // The higher its number, the sooner a column gives way.
    let taken = |most: u8| parts.iter().filter(|(_, rank)| *rank <= most).map(|(text, _)| width::of(text) + 2).sum();
    let room = |most: u8| columns.map_or(MESSAGE_WIDTH, |columns| columns.saturating_sub(taken(most)));
    let most = (0..=3).rev().find(|most| room(*most) >= LEAST_MESSAGE).unwrap_or(0);
    let kept = parts.iter().filter(|(_, rank)| *rank <= most).map(|(text, _)| text.as_str());
    let message = fit(row.first_message.exact(), room(most).max(1));
    kept.chain([message.trim_end()]).collect::<Vec<_>>().join("  ")
}

/// Text cut or filled to so many columns, made safe before it is measured.
fn fit(text: &str, columns: usize) -> String {
    let shown = crate::text::door::terminal_line(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut out = String::new();
    let mut used = 0;
    let all = width::of(&shown);
    for cluster in shown.graphemes(true) {
        let wide = width::of(cluster);
        if all > columns && used + wide > columns.saturating_sub(1) {
            out.push('…');
            used += 1;
            break;
        }
        out.push_str(cluster);
        used += wide;
    }
    out.extend(std::iter::repeat_n(' ', columns.saturating_sub(used)));
    out
}

/// A time to the minute, in UTC.
pub fn when(time: Option<Timestamp>) -> String {
    match time.and_then(Timestamp::civil) {
        Some(civil) => civil.strftime("%Y-%m-%d %H:%M").to_string(),
        None => "-".to_owned(),
    }
}

/// A row as cells: text is guarded, numbers and missing values are plain, lists and objects are JSON.
fn cells(row: &ListRow) -> Result<Vec<Cell>, Failure> {
    let value = serde_json::to_value(row)?;
    let cell = |name: &&str| match value.get(name) {
        None | Some(Value::Null) => Cell::Plain(String::new()),
        Some(Value::String(text)) => Cell::Text(text.clone()),
        Some(plain @ (Value::Bool(_) | Value::Number(_))) => Cell::Plain(plain.to_string()),
        Some(nested) => Cell::Text(nested.to_string()),
    };
    Ok(ListRow::fields().iter().map(cell).collect())
}
