//! Three invented weeks, counted twice: by the report, and by loops that know nothing of it.
//!
//! Invariant: nothing here reads what the report read; a loop goes over whole conversations and labels.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::*;
use crate::model::conversation::Conversation;
use crate::model::queue::QueueOrder;
use crate::model::summary::Summary;
use crate::model::trace::SpanKind;
use crate::ops::queue;
use crate::store::Asker;

pub mod story;
mod trust;

use story::NOW;

fn of(workspace: &mut Workspace, order: &ReportOrder<'_>) -> Report {
    report(workspace, order, NOW, &mut |_| ControlFlow::Continue(())).unwrap()
}

fn asked(week: &str) -> ReportOrder<'static> {
    ReportOrder { days: Asked::week(week).unwrap(), ..ReportOrder::default() }
}

/// One conversation as a loop sees it.
struct Plain {
    summary: Summary,
    whole: Conversation,
    fallback: bool,
}

/// The conversations of the last week.
fn last_week(workspace: &Workspace) -> Vec<Plain> {
    let asker = Asker { reviewer: "lee", now: NOW };
    let filter = Filter::parse("when:2026-11-16..2026-11-22").unwrap();
    let ids = workspace.store().index(&filter, "", QueueOrder::Oldest, asker).unwrap().ids;
    let plain = |summary: Summary| {
        let whole = workspace.store().conversation(&summary.id).unwrap().unwrap();
        let scores = workspace.store().evaluation(&summary.id).unwrap().unwrap().scores;
        let fallback = scores.iter().any(|one| one.evaluator.exact() == "Fallbacks" && one.passed == Some(false));
        Plain { summary, whole, fallback }
    };
    queue::rows(workspace.store(), &ids, "lee").unwrap().into_iter().map(plain).collect()
}

fn close(figure: Figure, value: Option<f64>, n: usize) {
    assert_eq!(figure.n, n as u64, "{figure:?} {value:?}");
    match (figure.value, value) {
        (Some(a), Some(b)) => assert!((a - b).abs() < 1e-9, "{a} {b}"),
        (a, b) => assert_eq!(a, b),
    }
}

fn share(told: impl Iterator<Item = bool>) -> (Option<f64>, usize) {
    let told: Vec<bool> = told.collect();
    let yes = told.iter().filter(|one| **one).count();
    ((!told.is_empty()).then(|| yes as f64 / told.len() as f64), told.len())
}

/// The smallest value that at least `p` of all do not exceed.
fn tail(mut values: Vec<f64>, p: f64) -> (Option<f64>, usize) {
    values.sort_by(f64::total_cmp);
    let found = values
        .iter()
        .copied()
        .find(|value| values.iter().filter(|other| *other <= value).count() as f64 >= p * values.len() as f64);
    (found, values.len())
}

#[test]
fn every_measure_equals_an_independent_count() {
    let folder = tempfile::tempdir().unwrap();
    let mut workspace = story::judged(folder.path());
    let report = of(&mut workspace, &asked("W47"));
    let week = last_week(&workspace);
    assert_eq!((report.counts.conversations, week.len()), (40, story::PER_WEEK));
    let flag = |one: &Plain, name: &str| one.summary.outcomes.get(name).and_then(serde_json::Value::as_bool);
    let number = |one: &Plain, name: &str| one.summary.outcomes.get(name).and_then(serde_json::Value::as_f64);
    let check = |id: &str, (value, n): (Option<f64>, usize)| close(report.figures.get(id), value, n);
    check("resolution", share(week.iter().filter_map(|one| flag(one, "resolved"))));
    check("repeat_contact", share(week.iter().filter_map(|one| flag(one, "repeat_contact"))));
    check("reopened", share(week.iter().filter_map(|one| flag(one, "reopened"))));
    let first = week.iter().filter_map(|one| {
        let again = flag(one, "repeat_contact") == Some(true) || flag(one, "reopened") == Some(true);
        flag(one, "resolved").map(|resolved| resolved && !again)
    });
    check("first_contact_resolution", share(first));
    let handed = |one: &Plain| {
        let to_person =
            |step: &crate::model::step::Step| step.tool().is_some_and(|tool| tool.exact() == "escalate_to_human");
        one.whole.steps.iter().any(to_person)
    };
    check("escalation_rate", share(week.iter().map(handed)));
    check("containment", share(week.iter().map(|one| !handed(one))));
    check("fallback_rate", share(week.iter().map(|one| one.fallback)));
    let took = |one: &Plain| (one.summary.ended_at.unwrap().0 - one.summary.started_at.unwrap().0) as f64 / 1e6;
    check("handle_time_median", tail(week.iter().map(took).collect(), 0.5));
    check("handle_time_p90", tail(week.iter().map(took).collect(), 0.9));
    let calls = week.iter().flat_map(|one| &one.whole.steps).filter(|step| step.tool().is_some());
    check("tool_error_rate", share(calls.map(crate::model::step::Step::failed)));
    for (kind, of) in [(SpanKind::Llm, "model"), (SpanKind::Tool, "tool")] {
        let spans = week.iter().flat_map(|one| &one.whole.spans).filter(|span| span.kind == kind);
        let times = spans.filter_map(|span| Some((span.end?.0 - span.start?.0) as f64 / 1e3));
        let times: Vec<f64> = times.filter(|time| *time > 0.0).collect();
        check(&format!("{of}_latency_p50"), tail(times.clone(), 0.5));
        check(&format!("{of}_latency_p99"), tail(times, 0.99));
    }
    for (id, name) in [("csat", "csat"), ("cost_per_contact", "cost")] {
        let told: Vec<f64> = week.iter().filter_map(|one| number(one, name)).collect();
        check(id, (Some(told.iter().sum::<f64>() / told.len() as f64), told.len()));
    }
    let drawn: Vec<&Plain> = week
        .iter()
        .filter(|one| {
            let labels = workspace.store().labels(&one.summary.id).unwrap();
            labels.iter().any(|label| label.slot.as_ref().is_some_and(|slot| slot.kind.word() == "audit"))
        })
        .collect();
    let fails = |one: &Plain| one.summary.verdict == Some(Verdict::Fail);
    check("failure_rate", share(drawn.iter().map(|one| fails(one))));
    check("escalation_warranted", share(drawn.iter().filter(|one| handed(one)).map(|_| true)));
    check("escalation_missed", share(drawn.iter().filter(|one| !handed(one)).map(|_| false)));
    assert_eq!(report.counts.audited, drawn.len() as u64);
    assert!(report.counts.judged > report.counts.audited, "some were picked by hand, and no rate knows them");
}

#[test]
fn modes_owners_and_corrections_equal_an_independent_count_and_their_filters_list_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut workspace = story::judged(folder.path());
    let report = of(&mut workspace, &asked("W47"));
    let week = last_week(&workspace);
    let failed: Vec<&Plain> = week.iter().filter(|one| one.summary.verdict == Some(Verdict::Fail)).collect();
    let mut modes: BTreeMap<String, u64> = BTreeMap::new();
    failed.iter().flat_map(|one| &one.summary.modes).for_each(|mode| *modes.entry(mode.clone()).or_default() += 1);
    let told: BTreeMap<String, u64> =
        report.modes.iter().filter(|row| row.found > 0).map(|row| (row.mode.clone(), row.found)).collect();
    assert_eq!(told, modes);
    assert_eq!(report.counts.failed, failed.len() as u64);
    let listed = |filter: &str| {
        let filter = Filter::parse(filter).unwrap();
        let asker = Asker { reviewer: "lee", now: NOW };
        workspace.store().index(&filter, "", QueueOrder::Oldest, asker).unwrap().ids.len() as u64
    };
    for row in &report.modes {
        assert_eq!(listed(&row.filter), row.found, "{}", row.filter);
    }
    for row in &report.owners {
        assert_eq!(listed(&row.filter), row.found, "{}", row.filter);
    }
    for row in &report.segments {
        assert_eq!(listed(&row.filter), row.conversations, "{}", row.filter);
    }
    for row in &report.tools {
        assert_eq!(listed(&row.filter), row.conversations, "{}", row.filter);
    }
    let corrected: u64 = failed
        .iter()
        .flat_map(|one| workspace.store().labels(&one.summary.id).unwrap())
        .map(|label| label.corrections.len() as u64)
        .sum();
    assert_eq!(
        (report.corrections.n, report.corrections.rows.as_slice()),
        (corrected, &["process_refund".to_owned()][..])
    );
    let columns: BTreeSet<&str> = report.corrections.columns.iter().map(String::as_str).collect();
    assert_eq!(columns, BTreeSet::from(["create_ticket", "no call"]));
    // All went wrong at the second call, after the first.
    assert_eq!((report.transitions.rows.len(), report.transitions.columns.len()), (1, 1));
    // What only the last week has is new; what the weeks before have is not.
    let new: Vec<&str> = report.modes.iter().filter(|row| row.is_new).map(|row| row.mode.as_str()).collect();
    assert_eq!(new, ["refund-without-a-reason"]);
    assert_eq!(report.saturation.new_per_twenty.iter().sum::<u64>(), report.saturation.modes);
}

#[test]
fn rates_know_only_what_was_drawn_by_lot() {
    let folder = tempfile::tempdir().unwrap();
    let mut workspace = story::imported(folder.path());
    let report = of(&mut workspace, &asked("W47"));
    assert_eq!((report.audit.as_deref(), report.figures.get("failure_rate")), (None, Figure::default()));
    assert!(report.weeks.iter().all(|row| row.pass_rate.is_err()));
    assert!(report.evaluators.withheld.is_some() && report.modes.is_empty());
    assert!(report.figures.get("resolution").value.is_some(), "what is recorded needs no label");
    let text = text(&report, Form::Markdown).unwrap();
    assert!(text.contains("no rate of failure is told"), "{text}");
    let none = ReportOrder { days: Asked::week("W12").unwrap(), ..ReportOrder::default() };
    let error = super::report(&mut workspace, &none, NOW, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, ReportError::NoSuchWeek));
    let stopped = super::report(&mut workspace, &asked("W47"), NOW, &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(ReportError::Cancelled)));
}

#[test]
fn a_rate_of_failure_of_few_is_told_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let mut workspace = story::judged(folder.path());
    let mut report = of(&mut workspace, &asked("W47"));
    let at = METRICS.iter().position(|metric| metric.id == "failure_rate").unwrap();
    let words = |report: &Report| -> (String, String) {
        let markdown = text(report, Form::Markdown).unwrap();
        let tile = markdown.lines().find(|line| line.contains("drawn by lot") && line.contains("failure rate"));
        (tile.unwrap().to_owned(), text(report, Form::Html).unwrap())
    };
    for week in &mut report.weeks {
        week.pass_rate = Rate::of(4, 8, None);
    }
    report.figures.0[at] = Figure { value: Some(0.5), interval: Some((0.2, 0.8)), n: 8 };
    let (tile, page) = words(&report);
    assert!(tile.contains("50 %") && tile.contains("n 8") && page.contains("class=\"dot"), "{tile}");
    for week in &mut report.weeks {
        week.pass_rate = Rate::of(4, 7, None);
    }
    report.figures.0[at] = Figure { value: Some(0.5), interval: Some((0.2, 0.8)), n: 7 };
    let (tile, page) = words(&report);
    assert!(!tile.contains('%') && tile.contains("too few, n 7"), "{tile}");
    assert!(!page.contains("class=\"dot"));
}

#[test]
fn the_same_workspace_gives_the_same_bytes_at_any_time_and_none_of_them_are_personal() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir_all(one.path().join("workspace")).unwrap();
    let mut workspace = story::judged(one.path());
    std::fs::write(
        one.path().join("workspace").join(TARGETS),
        "[[target]]\nmetric = \"resolution\"\nat_least = 0.95\n\n[[target]]\nmetric = \"failure_rate\"\nat_most = 0.2\nwhere = \"channel:chat\"\n",
    )
    .unwrap();
    let door = Door::masked(&workspace);
    let page = |workspace: &mut Workspace, now: Timestamp, form: Form| {
        let found = super::report(workspace, &asked("W47"), now, &mut |_| ControlFlow::Continue(())).unwrap();
        text(&found.masked(&|text| door.text(text)), form).unwrap()
    };
    for form in [Form::Markdown, Form::Html, Form::Json] {
        let first = page(&mut workspace, NOW, form);
        assert_eq!(first, page(&mut workspace, Timestamp(NOW.0 + 40 * 86_400_000_000), form));
        assert!(!first.contains("@example.com") && !first.contains("&#64;example"), "{form:?}");
        new_file(&two.path().join(form.ending()), &first).unwrap();
        let again = new_file(&two.path().join(form.ending()), &first).unwrap_err();
        assert!(matches!(again, ReportError::Exists(_)));
    }
    // The key of pseudonyms is of the workspace; what it makes is left out of what is kept.
    let stable = |mut text: String| {
        for word in ["EMAIL-", "NAME-", "PHONE-", "ADDRESS-"] {
            let mut parts = text.split(word);
            let first = parts.next().unwrap_or_default().to_owned();
            let rest = parts.map(|part| part.trim_start_matches(|c: char| c.is_ascii_alphanumeric()));
            text = rest.fold(first, |out, part| out + word.trim_end_matches('-') + part);
        }
        text
    };
    insta::assert_snapshot!("report_md", stable(page(&mut workspace, NOW, Form::Markdown)));
    let json: serde_json::Value = serde_json::from_str(&stable(page(&mut workspace, NOW, Form::Json))).unwrap();
    let mut json = json.as_object().unwrap().clone();
    // Those have their own tests, and grow with every evaluator.
    json.remove("definitions");
    json["evaluators"]["rows"].as_array_mut().unwrap().truncate(1);
    json["segments"].as_array_mut().unwrap().truncate(2);
    insta::assert_snapshot!("report_json", serde_json::to_string_pretty(&json).unwrap());
}

#[test]
fn pages_hold_nothing_that_a_browser_obeys() {
    let folder = tempfile::tempdir().unwrap();
    let mut workspace = story::judged(folder.path());
    let mut found = of(&mut workspace, &asked("W47"));
    let hostile = "</text></svg><script>alert(1)</script>\"' onload=x | [a](javascript:b) \u{202e}";
    hostile.clone_into(&mut found.modes[0].name);
    hostile.clone_into(&mut found.corrections.rows[0]);
    hostile.clone_into(&mut found.impact[0].intent);
    hostile.clone_into(&mut found.segments[0].value);
    hostile.clone_into(&mut found.tools[0].tool);
    let page = text(&found, Form::Html).unwrap();
    assert!(page.contains("default-src 'none'"));
    // Every tag of the page is one of ours.
    let ours = [
        "!doctype", "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "ul", "li", "div",
        "span", "b", "table", "thead", "tbody", "tr", "th", "td", "svg", "text", "rect", "line", "circle", "g",
        "footer", "code",
    ];
    for part in page.split('<').skip(1) {
        let name: String =
            part.trim_start_matches('/').chars().take_while(|c| c.is_alphanumeric() || *c == '!').collect();
        assert!(ours.contains(&name.as_str()), "{name:?} in {part:?}");
    }
    assert!(!page.contains('\u{202e}') && !page.contains("http-equiv=\"refresh\""));
    let markdown = text(&found, Form::Markdown).unwrap();
    assert!(!markdown.contains("<script") && !markdown.replace("\\]", "").contains("]("), "{markdown}");
    for line in markdown.lines().filter(|line| line.starts_with('|')) {
        let cells = line.replace("\\|", "").matches('|').count();
        assert!((3..=12).contains(&cells), "{line}");
    }
}
