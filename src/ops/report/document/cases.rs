//! Failures told one by one, so that they are understood without the program.
//!
//! Invariant: what reviewers do not agree on is told as what each of them said.

use super::super::Example;
use super::{Block, Case, Report, heading};

pub(super) fn examples(report: &Report, blocks: &mut Vec<Block>) {
    if report.modes.iter().all(|mode| mode.examples.is_empty()) {
        return;
    }
    heading(
        blocks,
        "To read",
        "Up to three of each mode, the gravest first. Personal data are masked by rules, and not everything is found; `aftercall show ID` opens one where the workspace is.",
    );
    for mode in report.modes.iter().filter(|mode| !mode.examples.is_empty()) {
        let cases = mode.examples.iter().map(case).collect();
        blocks.push(Block::Cases(mode.name.clone(), mode.description.clone(), cases));
    }
}

fn case(example: &Example) -> Case {
    let severity = match (example.severities.as_slice(), example.severity) {
        ([], None) => String::new(),
        ([], Some(severity)) => format!(", severity {severity}"),
        (several, _) => format!(", severity {} (reviewers differ)", either(several)),
    };
    let place = match (example.steps.as_slice(), example.step, &example.at) {
        ([], None, _) => ", no single step".to_owned(),
        ([], Some(step), Some(at)) => format!(", step {step}: {at}"),
        ([], Some(step), None) => format!(", step {step}"),
        (several, ..) => format!(", step {} (reviewers differ)", either(several)),
    };
    let told = &example.told;
    let lines = [
        ("customer wrote", &told.first_words),
        ("at that step", &told.done),
        ("right would have been", &told.should),
        ("note", &told.note),
    ];
    Case {
        name: format!("{}{severity}{place}", example.conversation),
        lines: lines.into_iter().filter_map(|(what, text)| Some((what, text.clone()?))).collect(),
    }
}

fn either<T: ToString>(several: &[T]) -> String {
    several.iter().map(T::to_string).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::ConversationId;

    #[test]
    fn what_reviewers_differ_on_is_no_fact() {
        let conversation = ConversationId::derive("shop", "1");
        let (severity, step, at) = (Some(4), Some(2), Some("refund".to_owned()));
        let (severities, steps, told) = (Vec::new(), Vec::new(), super::super::super::Told::default());
        let mut example = Example { conversation, severity, severities, step, steps, at, told };
        assert!(case(&example).name.ends_with(", severity 4, step 2: refund"));
        (example.severities, example.steps) = (vec![4, 1], vec![2, 7]);
        assert!(case(&example).name.ends_with(", severity 4 or 1 (reviewers differ), step 2 or 7 (reviewers differ)"));
    }
}
