//! Which reader takes a record that is no OTLP: the forms in the order in which they are tried.
//!
//! Invariant: a form is recognised by the members of the record alone, and the tests of two forms exclude each other or
//! stand in the order that settles it.

use serde_json::value::RawValue;

use super::decode::Decoder;
use super::export::Fields;
use super::{
    Format, agents_sdk, inspect, langchain, langfuse, langsmith, mlflow, phoenix, responses, rows, tau2, who_and_when,
};

/// The members of a record.
pub(super) type Members = [(String, Box<RawValue>)];

/// How one form is known and read.
struct Form {
    format: Format,
    is: fn(&Fields<'_>) -> bool,
    read: fn(&mut Decoder<'_, '_>, &Fields<'_>),
}

const FORMS: &[Form] = &[
    Form { format: Format::AgentsSdk, is: agents_sdk::is, read: agents_sdk::record },
    Form { format: Format::MlFlow, is: mlflow::is, read: mlflow::record },
    Form { format: Format::LangSmith, is: langsmith::is_run, read: langsmith::run },
    Form { format: Format::LangSmith, is: langsmith::is_feedback, read: langsmith::feedback },
    Form { format: Format::Phoenix, is: phoenix::is_span, read: phoenix::span },
    Form { format: Format::Phoenix, is: phoenix::is_annotation, read: phoenix::annotation },
    Form { format: Format::Langfuse, is: langfuse::is_session, read: langfuse::session },
    Form { format: Format::Langfuse, is: langfuse::is_trace, read: langfuse::trace },
    Form { format: Format::Langfuse, is: langfuse::is_observation, read: langfuse::observation },
    Form { format: Format::Langfuse, is: langfuse::is_score, read: langfuse::score },
    Form { format: Format::WhoAndWhen, is: who_and_when::is, read: who_and_when::record },
    Form { format: Format::Tau2, is: tau2::is_simulation, read: simulation },
    Form { format: Format::Tau2, is: tau2::is_results, read: tau2::results },
    Form { format: Format::Inspect, is: inspect::is_sample, read: sample },
    Form { format: Format::LangChain, is: langchain::is, read: langchain::record },
    Form { format: Format::Responses, is: responses::is, read: responses::record },
];

fn simulation(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    tau2::simulation(decoder, &tau2::Header::default(), &row.json_text());
}

fn sample(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    inspect::sample(decoder, &inspect::Header::default(), &row.json_text());
}

/// Reads a record of one of the forms; false where it is of none of them.
pub(super) fn record(decoder: &mut Decoder<'_, '_>, members: &Members) -> bool {
    let expected = decoder.options.format;
    let lists = matches!(expected, Format::Auto | Format::OpenAi | Format::LangChain | Format::Responses);
    if lists && decoder.in_list() {
        let row = Fields::of(members);
        if langchain::is_message(&row) || responses::is_item(&row) {
            decoder.gather(&row.json_text());
            return true;
        }
    }
    if !matches!(expected, Format::Auto) && !expected.holds_rows() && FORMS.iter().all(|form| form.format != expected) {
        return false;
    }
    let row = Fields::of(members);
    if expected.holds_rows() {
        rows::record(decoder, &row, expected);
        return true;
    }
    let allowed = |form: &&Form| expected == Format::Auto || form.format == expected;
    if let Some(form) = FORMS.iter().filter(allowed).find(|form| (form.is)(&row)) {
        (form.read)(decoder, &row);
        return true;
    }
    if let Some(format) = rows::detect(&row).filter(|_| expected == Format::Auto) {
        rows::record(decoder, &row, format);
        return true;
    }
    listed(decoder, &row)
}

/// Members under which a page of a list API, or a file around one, holds its records.
const LISTS: &[&str] = &["data", "traces", "runs", "spans", "observations", "annotations", "feedback", "items"];

/// A page of a list API: its items are the records, or the messages of one conversation.
fn listed(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) -> bool {
    if row.has("messages") || row.all().count() > 6 {
        return false;
    }
    let objects = |raw: &RawValue| raw.get().strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with('{'));
    let Some(list) = LISTS.iter().filter_map(|name| row.get(name)).find(|raw| objects(raw)) else { return false };
    decoder.unwrapped(list.get());
    true
}

/// A log whose items are to be read one at a time as they stream by, if `members` (those before the list) say so.
pub(super) enum Log {
    Inspect(inspect::Header),
    Tau2(tau2::Header),
}

impl Log {
    /// The log that the list called `name` belongs to.
    pub(super) fn of(name: &str, members: &Members, format: Format) -> Option<Self> {
        let allowed = |wanted: Format| format == Format::Auto || format == wanted;
        match name {
            "samples" if allowed(Format::Inspect) => inspect::Header::of(&Fields::of(members)).map(Self::Inspect),
            "simulations" if allowed(Format::Tau2) => tau2::Header::of(&Fields::of(members)).map(Self::Tau2),
            _ => None,
        }
    }

    /// Reads one item.
    pub(super) fn item(&self, decoder: &mut Decoder<'_, '_>, text: &str) {
        match self {
            Self::Inspect(header) => inspect::sample(decoder, header, text),
            Self::Tau2(header) => tau2::simulation(decoder, header, text),
        }
    }
}
