//! Which files an order asks for, and what goes into each.
//!
//! Invariant: every file has one name, and every name one file.

use std::collections::BTreeMap;

use crate::dataset::manifest::DataFile;
use crate::dataset::{Exporter, HUGGING_FACE, exporter};
use crate::model::dataset::Split;
use crate::model::export::ExportOrder;

use super::{ExportError, format_names};

/// Members that become JSON text where one shape per column is wanted.
pub(super) const STRINGS: &[&str] = &["tools", "arguments", "alternatives", "outcomes", "scores"];

/// The tables of a Hugging Face folder: what they are called, and the format of their rows.
pub(super) const VIEWS: [(&str, &str); 4] =
    [("sft", "openai-sft"), ("preference", "trl-preference"), ("kto", "trl-kto"), ("labels", "labels")];

/// Formats whose rows are trained on and say nothing of their split: of a dataset they have a file for each.
const BY_SPLIT: [&str; 8] = [
    "openai-sft",
    "openai-preference",
    "trl-sft",
    "trl-preference",
    "trl-kto",
    "trl-stepwise",
    "few-shot",
    "futureagi",
];

/// One file to be written.
pub struct Target {
    /// What makes its rows.
    pub exporter: &'static dyn Exporter,
    /// Its name, below the folder.
    pub name: String,
    /// The format asked for.
    pub format: &'static str,
    /// Only rows of this split; rows without one count as the train split's.
    pub split: Option<Split>,
    /// True where members of free form become strings.
    pub strings: bool,
    /// The table it is a part of.
    pub view: Option<&'static str>,
}

impl Target {
    pub(super) fn takes(&self, split: Option<Split>) -> bool {
        self.split.is_none_or(|own| own == split.unwrap_or(Split::Train))
    }

    pub(super) fn in_folder(&self) -> bool {
        self.view.is_some()
    }

    /// True where the file holds one split only, and is not there without rows.
    pub(super) fn is_of_split(&self) -> bool {
        self.split.is_some()
    }

    pub(super) fn empty(&self) -> DataFile {
        DataFile {
            name: self.name.clone(),
            format: self.format.to_owned(),
            rows: 0,
            bytes: 0,
            sha256: String::new(),
            left_out: BTreeMap::new(),
            warnings: BTreeMap::new(),
            split: self.split.map(Split::word),
        }
    }
}

/// The files of an order, in the order asked for.
pub(super) fn targets(order: &ExportOrder) -> Result<Vec<Target>, ExportError> {
    let known = || format_names().collect::<Vec<_>>().join(", ");
    let mut chosen: Vec<Target> = Vec::new();
    for name in &order.formats {
        let name = name.trim();
        if chosen.iter().any(|other| other.format == name) {
            continue;
        }
        if name == HUGGING_FACE.name {
            chosen.extend(folder());
            continue;
        }
        let found = exporter(name).ok_or_else(|| ExportError::Format { name: name.to_owned(), known: known() })?;
        let whole = |split: Option<Split>| Target {
            exporter: found,
            name: split.map_or_else(|| found.file_name().to_owned(), |split| of_split(found.file_name(), split)),
            format: found.name(),
            split,
            strings: order.json_strings && found.name().starts_with("trl-"),
            view: None,
        };
        if order.dataset.is_some() && BY_SPLIT.contains(&found.name()) {
            chosen.extend(Split::ALL.into_iter().map(|split| whole(Some(split))));
        } else {
            chosen.push(whole(None));
        }
    }
    if chosen.is_empty() { Err(ExportError::NoFormat(known())) } else { Ok(chosen) }
}

/// The name of the file of a split: `trl-sft-train.jsonl`.
fn of_split(file: &str, split: Split) -> String {
    let (name, end) = file.rsplit_once('.').unwrap_or((file, "jsonl"));
    format!("{name}-{}.{end}", split.word())
}

fn folder() -> impl Iterator<Item = Target> {
    VIEWS.into_iter().filter_map(|(view, format)| Some((view, exporter(format)?))).flat_map(|(view, exporter)| {
        Split::ALL.into_iter().map(move |split| Target {
            exporter,
            name: format!("{}data/{view}-{}.jsonl", HUGGING_FACE.file_name, split.word()),
            format: HUGGING_FACE.name,
            split: Some(split),
            strings: true,
            view: Some(view),
        })
    })
}
