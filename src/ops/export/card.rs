//! The card of a Hugging Face folder: what the data is, who judged it, what was done to it.
//!
//! Invariant: it says nothing that the manifest and the version do not say, and holds no transcript text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::dataset::HUGGING_FACE;
use crate::dataset::manifest::Manifest;

use super::source::Source;
use super::target::{Target, VIEWS};

/// The texts of a folder beside its data: name and content; none where no folder was asked for.
pub(super) fn files(targets: &[Target], manifest: &Manifest, source: &Source) -> Vec<(String, String)> {
    if !targets.iter().any(Target::in_folder) {
        return Vec::new();
    }
    let place = |name: &str| format!("{}{name}", HUGGING_FACE.file_name);
    vec![
        (place("README.md"), front(targets, manifest, source) + &body(targets, manifest, source)),
        (place("LICENSE"), LICENSE.to_owned()),
    ]
}

const LICENSE: &str = "\
No licence was chosen for this data when it was exported. Whoever publishes it says here under which terms it may be
used; until then nobody but its owner may.
";

fn title(source: &Source) -> String {
    source.reference().unwrap_or_else(|| "aftercall export".to_owned())
}

fn front(targets: &[Target], manifest: &Manifest, source: &Source) -> String {
    // Each view tells the same conversations in its own way, so the largest says how many there are.
    let rows_of = |view: &str| -> u64 {
        let own = targets.iter().filter(|target| target.view == Some(view));
        let file = |target: &Target| manifest.files.iter().find(|file| file.name == target.name).map(|file| file.rows);
        own.filter_map(file).sum()
    };
    let rows = VIEWS.iter().map(|(view, _)| rows_of(view)).max().unwrap_or(0);
    let size = match rows {
        0..1_000 => "n<1K",
        1_000..10_000 => "1K<n<10K",
        10_000..100_000 => "10K<n<100K",
        100_000..1_000_000 => "100K<n<1M",
        _ => "1M<n<10M",
    };
    let mut out = format!(
        "---\nlicense: other\npretty_name: \"{}\"\ntags:\n- customer-service\n- agents\n- human-feedback\n\
         task_categories:\n- text-generation\nsize_categories:\n- {size}\nconfigs:\n",
        title(source)
    );
    for (view, _) in VIEWS {
        let own: Vec<&Target> = targets.iter().filter(|target| target.view == Some(view)).collect();
        if own.is_empty() {
            continue;
        }
        let _ = writeln!(out, "- config_name: {view}\n  data_files:");
        for target in own {
            let path = target.name.strip_prefix(HUGGING_FACE.file_name).unwrap_or(&target.name);
            let split = match target.split.map(crate::model::dataset::Split::word) {
                Some("dev") => "validation",
                Some(word) => word,
                None => "train",
            };
            let _ = writeln!(out, "  - split: {split}\n    path: {path}");
        }
    }
    out.push_str("---\n\n");
    out
}

fn body(targets: &[Target], manifest: &Manifest, source: &Source) -> String {
    let mut out = format!("# {}\n\nConversations of customer-service agents, judged by people.\n", title(source));
    let counts = &manifest.conversations;
    let verdicts: Vec<String> = counts.verdicts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    let _ = writeln!(out, "\n## Source and sampling\n\n{} conversations ({}).", counts.settled, verdicts.join(", "));
    for (reason, count) in &counts.left_out {
        let _ = writeln!(out, "- {count} left out: {reason}");
    }
    // What was typed comes from the manifest, which has passed the door.
    let sampling = source.version().zip(manifest.dataset.as_ref()).map(|(version, told)| {
        let known = version.rows.iter().filter(|row| row.inclusion_probability.is_some()).count();
        format!("Made by `{}`. Inclusion probabilities are known of {known} of {} rows; the others were chosen by people, so \
                 that rates of this data are not rates of the traffic.", told.made_by.replace('`', "'"), version.rows.len())
    });
    if let Some(sampling) = sampling {
        let _ = writeln!(out, "\n{sampling}");
    }
    out.push_str("\n## Labels\n\nThe positive class is fail. ");
    let codebook = source.codebook();
    let _ = writeln!(out, "Failure modes are those of codebook version {}:\n", codebook.version);
    for mode in &codebook.modes {
        let _ = writeln!(out, "- `{}`: {}. {}", mode.key, mode.name, mode.description);
    }
    people(&mut out, source);
    splits(&mut out, manifest);
    let masking = &manifest.masking;
    let _ = writeln!(
        out,
        "\n## Personal data\n\nPolicy: {} (rules version {}); {}.",
        masking.masking.policy, masking.masking.version, masking.limits
    );
    out.push_str(
        "\n## Limits\n\nTool arguments, tool lists and outcomes are JSON text in strings. What followed a corrected \
                  step is not in the data, unless a reviewer said that it still holds; nor is what the agent said beside a call \
                  that was corrected, unless a reviewer wrote other words for it.\n",
    );
    out.push_str("\n## Licence\n\nSee LICENSE.\n\n## Files\n\n| file | rows | SHA-256 |\n| --- | --- | --- |\n");
    for file in manifest.files.iter().filter(|file| targets.iter().any(|t| t.in_folder() && t.name == file.name)) {
        let path = file.name.strip_prefix(HUGGING_FACE.file_name).unwrap_or(&file.name);
        let _ = writeln!(out, "| {path} | {} | `{}` |", file.rows, file.sha256);
    }
    out
}

fn people(out: &mut String, source: &Source) {
    let Some(version) = source.version() else { return };
    let reviewers: BTreeSet<&str> = version.rows.iter().flat_map(|row| row.reviewers()).collect();
    let mut agreement: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &version.rows {
        *agreement.entry(&row.agreement).or_default() += 1;
    }
    let agreement: Vec<String> = agreement.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let _ = writeln!(
        out,
        "\n## Annotators and agreement\n\n{} reviewers. Rows by agreement: {}. Disputed judgements are not in the data.",
        reviewers.len(),
        agreement.join(", ")
    );
}

fn splits(out: &mut String, manifest: &Manifest) {
    let Some(dataset) = &manifest.dataset else { return };
    let splits: Vec<String> = dataset.splits.iter().map(|(split, rows)| format!("{rows} {split}")).collect();
    let _ = writeln!(
        out,
        "\n## Splits\n\n{}. Conversations of one customer, one task or nearly the same text are one group, and a group is in one \
         split. {} pairs of near duplicates, {} of them across splits.",
        splits.join(", "),
        dataset.near_duplicates,
        dataset.near_duplicates_across_splits
    );
    if let Some(hash) = &dataset.sealed_test_sha256 {
        let _ = writeln!(
            out,
            "\nThe test split ({} rows) is sealed and not in this folder; SHA-256 of its transcript hashes: `{hash}`.",
            dataset.sealed_test_rows
        );
    }
}
