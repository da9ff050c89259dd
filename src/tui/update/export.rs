//! The export form.
//!
//! Invariant: personal data leaves unmasked only with a reason typed in this form.

use std::path::PathBuf;

use crate::engine::request::{ExportOrder, Request, Ticket};
use crate::tui::state::export::{ExportForm, FORMATS, Personal, REASON_WORDS};
use crate::tui::state::{Expected, Overlay, State};

/// Opens the form.
pub fn open(state: &mut State) {
    if super::covered(state) {
        return;
    }
    let base = &state.config.export_directory;
    // Nothing is ever overwritten, so the folder of an earlier export is not offered again.
    let folders = std::iter::once(base.clone()).chain((2..).map(|number| format!("{base}-{number}")));
    let folder = folders.into_iter().find(|folder| !state.exported.contains(folder)).unwrap_or_default();
    let query = &state.queue.query;
    let filter = match &query.queue {
        Some(name) if query.filter.is_empty() => format!("queue:{name}"),
        Some(name) => format!("queue:{name} ({})", query.filter),
        None => query.filter.clone(),
    };
    let form = ExportForm::new(&folder, &filter);
    super::form::open(state, Overlay::Export(Box::new(form)));
}

/// Has the dataset written; the ticket of the job that does it.
///
/// # Errors
/// What is missing, in words.
pub fn write(state: &mut State, form: &ExportForm) -> Result<Ticket, String> {
    let formats: Vec<String> =
        FORMATS.iter().zip(form.formats).filter(|(_, on)| *on).map(|((name, _), _)| (*name).to_owned()).collect();
    let typed = form.directory.text().trim();
    if typed.is_empty() || formats.is_empty() {
        let missing = if typed.is_empty() { "a folder to write to" } else { "at least one format (space chooses)" };
        return Err(format!("It needs {missing}."));
    }
    if form.personal() == Personal::Unexplained {
        return Err(format!("To keep personal data, say why in at least {REASON_WORDS} words; or leave it empty."));
    }
    let directory = match (typed.strip_prefix("~/"), &state.config.home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(typed),
    };
    let title = format!("Export to {typed}");
    let reason = form.reason.text().trim();
    let order = ExportOrder {
        directory,
        formats,
        filter: form.filter.text().trim().to_owned(),
        keep_personal_data: (!reason.is_empty()).then(|| reason.to_owned()),
        ..ExportOrder::default()
    };
    Ok(super::import::start_for(state, Request::Export(order), (title, Expected::Job)))
}
