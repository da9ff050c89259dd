//! Tests of evaluating a workspace.

use super::super::queue;
use super::super::workspace::{Identity, ImportOrder};
use super::*;
use crate::evaluate::features::Features;
use crate::model::act::{Act, FailedAt, Judgement, Subject};
use crate::model::label::Verdict;
use crate::model::queue::QueueQuery;
use crate::store::Access;

const GOOD: &str = r#"{"id": "good", "messages": [{"role": "user", "content": "Cancel order A-77120 please"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "cancel_order", "arguments": "{\"order_id\": \"A-77120\"}"}}]}, {"role": "tool", "tool_call_id": "1", "content": "{\"ok\": true}"}, {"role": "assistant", "content": "It is cancelled. Anything else?"}, {"role": "user", "content": "No, thank you!"}]}"#;

/// The same, with a call that failed and was claimed as done.
fn bad() -> String {
    GOOD.replace(r#""id": "good""#, r#""id": "bad""#).replace(r#"{\"ok\": true}"#, r#"{\"error\": \"500\"}"#)
}

struct Place {
    folder: tempfile::TempDir,
    workspace: Workspace,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::load("Mara", &folder.path().join("state")).unwrap();
    let workspace = Workspace::open(&folder.path().join("w"), identity, Access::Create).unwrap();
    Place { folder, workspace }
}

impl Place {
    fn import(&mut self, lines: &[&str]) {
        let file = self.folder.path().join("shop.jsonl");
        fs::write(&file, lines.join("\n")).unwrap();
        let order = ImportOrder { paths: vec![file], ..ImportOrder::default() };
        let report = self.workspace.import(&order, Timestamp(0), &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(report.problems, []);
    }

    fn run(&mut self, order: &EvaluateOrder) -> Result<EvaluateReport, EvaluateError> {
        evaluate(&mut self.workspace, order, Timestamp(0), &mut |_| ControlFlow::Continue(()))
    }

    fn id(&self, name: &str) -> ConversationId {
        self.workspace.store().resolve(name).unwrap()
    }

    /// Has a person judge it.
    fn judge(&mut self, name: &str, failed: bool) {
        let opened = crate::ops::review::open(&self.workspace, &self.id(name)).unwrap();
        let subject = Subject {
            conversation: opened.conversation.id.clone(),
            transcript_hash: opened.summary.transcript_hash.clone(),
        };
        let act = Act::Judge(Judgement {
            subject,
            verdict: if failed { Verdict::Fail } else { Verdict::Pass },
            failed_at: failed.then_some(FailedAt::NoSingleStep),
            severity: None,
            owner: None,
            modes: Vec::new(),
            corrections: Vec::new(),
            note: None,
            room: Vec::new(),
            slot: None,
            settles: None,
        });
        crate::ops::review::record(&mut self.workspace, &act, Timestamp(0)).unwrap();
    }

    fn found(&self, filter: &str) -> Vec<ConversationId> {
        let query = QueueQuery { filter: filter.to_owned(), order: QueueOrder::Suspicion, ..QueueQuery::default() };
        let asker = Asker { reviewer: "Mara", now: Timestamp(0) };
        queue::index(self.workspace.store(), &query, asker).unwrap().ids
    }
}

#[test]
fn what_was_said_is_in_lists_filters_and_the_opened_conversation() {
    let mut place = place();
    place.import(&[GOOD, &bad()]);
    let report = place.run(&EvaluateOrder::default()).unwrap();
    assert_eq!((report.conversations, report.overtaken, report.with_objections), (2, 0, 1));
    assert_eq!(report.evaluators["ClaimedSuccess"], Tally { passed: 1, failed: 1, abstained: 0 });
    assert_eq!(report.evaluators["VoiceSilence"].abstained, 2);
    let (good, bad) = (place.id("good"), place.id("bad"));
    let rows = queue::rows(place.workspace.store(), &[good.clone(), bad.clone()], "Mara").unwrap();
    assert!(rows[0].p_fail < rows[1].p_fail);
    assert!(rows[1].reasons[0].starts_with("success claimed without a call behind it"), "{:?}", rows[1].reasons);
    assert_eq!(rows[1].scores["ClaimedSuccess"], Some(0.0));
    assert_eq!(place.found("p_fail>0.5"), std::slice::from_ref(&bad));
    assert_eq!(place.found("score.ClaimedSuccess<0.5"), std::slice::from_ref(&bad));
    assert_eq!(place.found("")[0], bad);
    let opened = queue::read(place.workspace.store(), &bad, "Mara").unwrap();
    let claim = opened.conversation.steps.iter().find(|step| step.number == opened.suspects[0].at.step).unwrap();
    assert!(claim.tool().is_none());
    assert!(
        opened.suspects[0].why.as_ref().unwrap().exact().starts_with("said to be done, but"),
        "{:?}",
        opened.suspects
    );
    assert_eq!(opened.ranks.len(), opened.conversation.scores.len());
    assert!(opened.conversation.scores.iter().all(|score| score.source == "aftercall"));
}

#[test]
fn a_second_run_replaces_and_an_import_neither_loses_nor_counts_it() {
    let mut place = place();
    place.import(&[GOOD]);
    place.run(&EvaluateOrder::default()).unwrap();
    let id = place.id("good");
    let first = place.workspace.store().evaluation(&id).unwrap().unwrap();
    place.run(&EvaluateOrder { only: vec!["toolerrors".into()], ..EvaluateOrder::default() }).unwrap();
    let names = |one: &Evaluated| {
        let mut names: Vec<String> = one.scores.iter().map(|score| score.evaluator.exact().to_owned()).collect();
        names.sort();
        names
    };
    let second = place.workspace.store().evaluation(&id).unwrap().unwrap();
    assert_eq!(names(&first), names(&second));
    place.import(&[GOOD]);
    assert_eq!(place.workspace.store().evaluation(&id).unwrap(), Some(second));
    assert_eq!(place.workspace.store().totals(std::iter::once(&id)).unwrap().scores, 0);
}

#[test]
fn a_conversation_that_grew_has_no_evaluation_until_the_next_run() {
    let mut place = place();
    let grown =
        GOOD.replace("thank you!\"}", "thank you!\"}, {\"role\": \"user\", \"content\": \"This is unacceptable!!\"}");
    place.import(&[GOOD]);
    place.run(&EvaluateOrder::default()).unwrap();
    place.import(&[&grown]);
    let id = place.id("good");
    assert_eq!(place.workspace.store().evaluation(&id).unwrap(), None);
    assert_eq!(queue::rows(place.workspace.store(), std::slice::from_ref(&id), "Mara").unwrap()[0].p_fail, None);
    place.run(&EvaluateOrder::default()).unwrap();
    assert!(place.workspace.store().evaluation(&id).unwrap().is_some());
}

#[test]
fn policies_and_limits_of_the_workspace_are_used_and_broken_ones_stop_the_run() {
    let mut place = place();
    place.import(&[GOOD]);
    let folder = place.workspace.root().join(POLICIES);
    fs::create_dir(&folder).unwrap();
    let rule = "name = \"shop\"\n[[rule]]\nid = \"no-cancel\"\nmessage = \"never cancel\"\nseverity = 3\n[rule.call]\ntool = [\"cancel_*\"]\nnever = true\n";
    fs::write(folder.join("shop.toml"), rule).unwrap();
    let report = place.run(&EvaluateOrder::default()).unwrap();
    assert_eq!((report.rules, report.evaluators["policy/shop/no-cancel"].failed), (1, 1));
    let mut hits = Vec::new();
    let policy = policy(&folder.join("shop.toml")).unwrap();
    check_policy(&place.workspace, &policy, ("", Timestamp(0)), &mut |one, hit| {
        hits.push((one.external_id.exact().to_owned(), hit.step));
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(hits, [("good".to_owned(), 2)]);
    fs::write(folder.join("shop.toml"), rule.replace("never = true", "nevr = true")).unwrap();
    let error = place.run(&EvaluateOrder::default()).unwrap_err().to_string();
    assert!(error.contains("shop.toml: line 8"), "{error}");
    fs::remove_dir_all(&folder).unwrap();
    fs::write(place.workspace.root().join(LIMITS), "step_second = 3").unwrap();
    assert!(place.run(&EvaluateOrder::default()).unwrap_err().to_string().contains("step_second"));
    let limited = |text: &str| {
        fs::write(place.workspace.root().join(LIMITS), text).unwrap();
        limits(&place.workspace)
    };
    let (all, by_intent) = limited("calls_per_turn = 4\n[intent.refunds]\nstep_seconds = 3.0\n").unwrap();
    let refunds = &by_intent["refunds"];
    assert_eq!((all.calls_per_turn, refunds.calls_per_turn), (4, 4));
    assert!(all.step_seconds > 3.5 && refunds.step_seconds < 3.5);
    assert!(limited("[intent.refunds]\nstep_second = 3.0\n").unwrap_err().to_string().contains("step_second"));
    fs::remove_file(place.workspace.root().join(LIMITS)).unwrap();
    let mut unknown = |name: &str| {
        let order = EvaluateOrder { only: vec![name.to_owned()], ..EvaluateOrder::default() };
        place.run(&order).unwrap_err().to_string()
    };
    assert!(unknown("Nonsense").starts_with("there is no evaluator \"Nonsense\"; `aftercall evaluators`"));
    assert!(unknown("tool_errors").contains(", but there is ToolSelectionAccuracy, ToolErrors, ToolTimeouts;"));
}

#[test]
fn stored_numbers_are_weighed_again_without_transcripts() {
    let mut place = place();
    place.import(&[GOOD, &bad()]);
    place.run(&EvaluateOrder::default()).unwrap();
    assert_eq!(rescore(&mut place.workspace).unwrap().changed, 0);
    let ids = [place.id("good"), place.id("bad")];
    let before = queue::rows(place.workspace.store(), &ids, "Mara").unwrap();
    let mut stored = place.workspace.store().weighed(i64::MIN, 10).unwrap();
    for one in &mut stored {
        (one.p_fail, one.reasons) = (Some(0.5), "[]".to_owned());
    }
    place.workspace.store_mut().weigh_again(&stored).unwrap();
    let report = rescore(&mut place.workspace).unwrap();
    assert_eq!((report.conversations, report.changed), (2, 2));
    assert_eq!(queue::rows(place.workspace.store(), &ids, "Mara").unwrap(), before);
    // Numbers that came later than a stored list are missing at its end.
    assert_eq!(Features::from_stored("[3.0, 1.0]").unwrap().values()[..3], [3.0, 1.0, 0.0]);
    assert_eq!(Features::from_stored("{}"), None);
}

/// Sixty conversations: those with an even number end well and are long, the others end badly.
fn sixty() -> Vec<String> {
    let named = |at: usize, text: &str| text.replacen(r#""id": ""#, &format!(r#""id": "n{at}-"#), 1);
    (0..60).map(|at| if at % 2 == 0 { named(at, GOOD) } else { named(at, &bad()) }).collect()
}

#[test]
fn a_second_thread_changes_nothing_of_what_is_said() {
    let lines = sixty();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let said = |beside: Option<Beside>| {
        let mut place = place();
        place.import(&lines);
        let report = place.run(&EvaluateOrder { beside, ..EvaluateOrder::default() }).unwrap();
        let ids: Vec<ConversationId> = place.found("").into_iter().collect();
        let stored: Vec<_> = ids.iter().map(|id| place.workspace.store().evaluation(id).unwrap()).collect();
        (report, ids, stored)
    };
    let alone = said(None);
    let lent: Beside = |ahead, work| {
        work();
        ahead();
        true
    };
    assert_eq!(said(Some(lent)), alone);
    assert_eq!(said(Some(|_, _| false)), alone, "where no thread can be had");
    assert_eq!((alone.0.conversations, alone.1.len()), (60, 60));
}

#[test]
fn from_enough_verdicts_on_they_decide_what_everything_is_weighed_by() {
    let mut place = place();
    let lines = sixty();
    place.import(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(place.run(&EvaluateOrder::default()).unwrap().labels, 0);
    let name = |at: usize| format!("n{at}-{}", if at.is_multiple_of(2) { "good" } else { "bad" });
    let row = |place: &Place, at: usize| {
        queue::rows(place.workspace.store(), &[place.id(&name(at))], "Mara").unwrap().remove(0)
    };
    let (good, bad) = (row(&place, 58), row(&place, 59));
    // People say that what looks bad is fine, and the other way round.
    for at in 0..LABELS_ENOUGH - 1 {
        place.judge(&name(at), at % 2 == 0);
    }
    assert_eq!(place.run(&EvaluateOrder::default()).unwrap().labels, 0);
    assert_eq!((row(&place, 58), row(&place, 59)), (good.clone(), bad.clone()), "one short of enough");
    place.judge(&name(LABELS_ENOUGH - 1), false);
    let report = rescore(&mut place.workspace).unwrap();
    assert_eq!((report.conversations, report.changed, report.labels), (60, 60, LABELS_ENOUGH));
    let (taught_good, taught_bad) = (row(&place, 58), row(&place, 59));
    assert_eq!(taught_good.reasons.last().unwrap(), "learnt from 50 labels");
    assert!(taught_good.p_fail > good.p_fail && taught_bad.p_fail < bad.p_fail, "{taught_good:?} {taught_bad:?}");
    assert_eq!(rescore(&mut place.workspace).unwrap().changed, 0);
    // What comes later is weighed by the same.
    place.import(&[&lines[59].replace("n59-", "n61-")]);
    let report = place.run(&EvaluateOrder { missing: true, ..EvaluateOrder::default() }).unwrap();
    assert_eq!((report.conversations, report.labels), (1, LABELS_ENOUGH));
    assert_eq!(row(&place, 61).p_fail, taught_bad.p_fail);
}

#[test]
fn stopping_keeps_what_was_stored() {
    let mut place = place();
    place.import(&[GOOD, &bad()]);
    let report =
        evaluate(&mut place.workspace, &EvaluateOrder::default(), Timestamp(0), &mut |_| ControlFlow::Break(()))
            .unwrap();
    assert!(report.cancelled && report.conversations == 0);
    assert_eq!(place.workspace.store().evaluation(&place.id("bad")).unwrap(), None);
}

#[test]
fn the_table_of_scales_knows_the_built_in_evaluators() {
    let scales = Scales::built_in();
    for about in built_in() {
        let scale = scales.of(about.name);
        assert_eq!((scale.direction, scale.assumed), (about.direction, false), "{}", about.name);
    }
}

#[test]
fn constant_and_upside_down_evaluators_are_remarked_on() {
    let mut place = place();
    let scored = |at: usize, upside_down: f64| {
        GOOD.replace(
            r#""id": "good""#,
            &format!(r#""id": "n{at}", "scores": {{"flat": 0.5, "backwards": {upside_down}}}"#),
        )
    };
    let lines: Vec<String> = (0..60).map(|at| scored(at, if at % 2 == 0 { 0.9 } else { 0.1 })).collect();
    place.import(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    remark(&mut place.workspace).unwrap();
    let id = place.id("n0");
    let remarks = |place: &Place| queue::read(place.workspace.store(), &id, "Mara").unwrap().remarks;
    assert_eq!(
        remarks(&place).into_iter().collect::<Vec<_>>(),
        [("flat".to_owned(), "it said the same of all 60 it judged".to_owned())]
    );
    for at in 0..30 {
        // What scores high failed.
        place.judge(&format!("n{at}"), at % 2 == 0);
    }
    remark(&mut place.workspace).unwrap();
    let told = remarks(&place);
    assert!(told["backwards"].starts_with("upside down: of 30 judged"), "{told:?}");
}
