//! Calibrations of real labels.
//!
//! Invariant: each test has a workspace of its own; what is told is compared with what the log alone gives.

use std::ops::ControlFlow;
use std::path::Path;

use super::super::workspace::{Identity, ImportOrder};
use super::*;
use crate::model::act::{FailedAt, Judgement, Subject};
use crate::model::codebook::CodebookChange;
use crate::model::label::StepPointer;
use crate::store::Access;

fn chat(number: usize) -> String {
    format!(
        r#"{{"id":"n{number}","messages":[{{"role":"user","content":"Where is order {number}?"}},{{"role":"assistant","content":"On its way."}}]}}"#
    )
}

fn opened(folder: &Path, name: &str) -> Workspace {
    let identity = Identity::load(name, &folder.join(format!("state-{name}"))).unwrap();
    Workspace::open(&folder.join("w"), identity, Access::Create).unwrap()
}

fn prepared(folder: &Path, chats: usize) -> Workspace {
    let file = folder.join("chats.jsonl");
    std::fs::write(&file, (0..chats).map(chat).collect::<Vec<_>>().join("\n")).unwrap();
    let mut lee = opened(folder, "lee");
    let order = ImportOrder { paths: vec![file], ..ImportOrder::default() };
    lee.import(&order, Timestamp(1), &mut |_| ControlFlow::Continue(())).unwrap();
    lee
}

fn order(size: u32) -> CalibrationOrder {
    CalibrationOrder { name: "round".to_owned(), size, reviewers: 2, filter: String::new() }
}

fn judge(workspace: &mut Workspace, id: &ConversationId, said: Option<(&str, u8)>, at: i64) {
    let transcript_hash = workspace.store().conversation(id).unwrap().unwrap().transcript_hash();
    let subject = Subject { conversation: id.clone(), transcript_hash };
    let verdict = if said.is_some() { Verdict::Fail } else { Verdict::Pass };
    let mut judgement = Judgement::new(subject, verdict);
    if let Some((mode, severity)) = said {
        let step = StepPointer { step: 2, span_id: None, decision_span_id: None };
        judgement.failed_at = Some(FailedAt::Step(step));
        judgement.modes = vec![mode.to_owned()];
        judgement.severity = Some(severity);
    }
    review::record(workspace, &Act::Judge(judgement), Timestamp(at)).unwrap();
}

fn told(workspace: &Workspace) -> CalibrationReport {
    show(workspace, &Door::masked(workspace), "round").unwrap()
}

fn members(workspace: &Workspace) -> Vec<ConversationId> {
    workspace.store().members(&workspace.store().queue("round").unwrap().unwrap().spec).unwrap()
}

#[test]
fn nothing_but_progress_is_told_until_all_are_done() {
    let folder = tempfile::tempdir().unwrap();
    let mut lee = prepared(folder.path(), 6);
    start(&mut lee, &order(2), Timestamp(10)).unwrap();
    let ids = members(&lee);
    assert_eq!(ids.len(), 2);
    let mut sam = opened(folder.path(), "sam");
    judge(&mut lee, &ids[0], Some(("Wrong tool", 3)), 20);
    judge(&mut lee, &ids[1], None, 21);
    judge(&mut sam, &ids[0], Some(("Made up", 1)), 30);
    let before = told(&lee);
    assert_eq!((before.revealed, &before.questions, &before.said), (None, &None, &None));
    assert_eq!(before.done.iter().map(|one| one.judged).collect::<Vec<_>>(), [2, 1]);
    // Who has judged a case does not see what others said of it either, until all have judged all.
    assert_eq!(review::open(&lee, &ids[0]).unwrap().others, []);
    judge(&mut sam, &ids[1], None, 40);
    let after = told(&lee);
    assert_eq!(after.revealed, Some("all_done"));
    let questions = after.questions.clone().unwrap();
    let same: Vec<(u64, u64, f64)> =
        questions.iter().map(|one| (one.same.as_ref().unwrap().k, one.cases, one.variance.unwrap())).collect();
    assert_eq!(same, [(2, 2, 0.0), (1, 1, 0.0), (0, 1, 1.0), (0, 1, 2.0)], "{questions:?}");
    let differs = |at: usize| after.said.as_ref().unwrap()[at].differs.clone();
    assert_eq!((differs(0), differs(1)), (vec!["failure mode", "severity"], vec![]));
    assert_eq!(review::open(&lee, &ids[0]).unwrap().others.len(), 1);
    // What is said later changes nothing, nor does who asks, nor a projection made anew.
    judge(&mut sam, &ids[1], Some(("Made up", 4)), 50);
    let mut anew = opened(folder.path(), "kim");
    anew.store_mut().rebuild_projection().unwrap();
    assert_eq!((told(&anew), told(&lee)), (after.clone(), after));
    assert!(super::super::verify::verify(&lee).unwrap().is_sound());
}

#[test]
fn a_person_may_reveal_it_and_take_that_back_and_the_codebook_is_edited_on_the_spot() {
    let folder = tempfile::tempdir().unwrap();
    let mut lee = prepared(folder.path(), 3);
    start(&mut lee, &order(2), Timestamp(10)).unwrap();
    let ids = members(&lee);
    let mut sam = opened(folder.path(), "sam");
    judge(&mut lee, &ids[0], Some(("Wrong tool", 3)), 20);
    judge(&mut sam, &ids[0], Some(("Bad tool", 3)), 21);
    assert!(reveal(&mut lee, "no-such", Timestamp(22)).is_err());
    reveal(&mut lee, "round", Timestamp(23)).unwrap();
    let modes = |report: &CalibrationReport| report.questions.as_ref().unwrap()[2].same.as_ref().unwrap().k;
    let report = told(&sam);
    assert_eq!((report.revealed, modes(&report)), (Some("by_a_person"), 0));
    let merge = CodebookChange::Merge { from: "bad-tool".to_owned(), into: "wrong-tool".to_owned() };
    review::record(&mut sam, &Act::Codebook(vec![merge]), Timestamp(24)).unwrap();
    assert_eq!(modes(&told(&sam)), 1, "both meant the same all along");
    review::undo(&mut lee, Timestamp(25)).unwrap();
    assert_eq!(told(&sam).revealed, None);
    assert_eq!(review::open(&sam, &ids[0]).unwrap().others, []);
}

#[test]
fn what_somebody_judged_is_no_case_and_one_person_is_no_calibration() {
    let folder = tempfile::tempdir().unwrap();
    let mut lee = prepared(folder.path(), 2);
    let judged = lee.store().resolve("n0").unwrap();
    judge(&mut lee, &judged, None, 5);
    let alone = CalibrationOrder { reviewers: 1, ..order(2) };
    assert!(matches!(start(&mut lee, &alone, Timestamp(10)), Err(CalibrationError::TooFew)));
    start(&mut lee, &order(5), Timestamp(10)).unwrap();
    assert_eq!(members(&lee), [lee.store().resolve("n1").unwrap()]);
    let other = CalibrationOrder { name: "more".to_owned(), filter: "external_id:n0".to_owned(), ..order(1) };
    assert!(matches!(start(&mut lee, &other, Timestamp(11)), Err(CalibrationError::NothingToJudge)));
}

#[test]
fn what_was_told_stays_whoever_takes_a_verdict_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut lee = prepared(folder.path(), 4);
    start(&mut lee, &order(1), Timestamp(10)).unwrap();
    let id = members(&lee).remove(0);
    let mut sam = opened(folder.path(), "sam");
    judge(&mut lee, &id, Some(("Wrong tool", 3)), 20);
    review::undo(&mut lee, Timestamp(21)).unwrap();
    judge(&mut sam, &id, None, 22);
    assert_eq!(told(&lee).revealed, None, "what was taken back before is not said");
    review::redo(&mut lee, Timestamp(23)).unwrap();
    let after = told(&lee);
    assert_eq!((after.revealed, after.said.as_ref().unwrap()[0].answers.len()), (Some("all_done"), 2));
    review::undo(&mut sam, Timestamp(30)).unwrap();
    assert_eq!(told(&lee), after);
    assert!(!lee.store().covered("kim").unwrap().hides(&id), "what all have been told is hidden from nobody");
}

#[test]
fn a_verdict_from_before_it_began_is_no_answer_though_it_is_merged_later() {
    let folder = tempfile::tempdir().unwrap();
    let mut lee = prepared(folder.path(), 2);
    let identity = Identity::load("kim", &folder.path().join("state-kim")).unwrap();
    let mut kim = Workspace::open(&folder.path().join("kim"), identity, Access::Create).unwrap();
    let paths = vec![folder.path().join("chats.jsonl")];
    let all = ImportOrder { paths, ..ImportOrder::default() };
    kim.import(&all, Timestamp(1), &mut |_| ControlFlow::Continue(())).unwrap();
    let ids: Vec<ConversationId> = ["n0", "n1"].map(|name| lee.store().resolve(name).unwrap()).to_vec();
    for id in &ids {
        judge(&mut kim, id, Some(("Made up", 2)), 2);
    }
    // The clock of this log is ahead when it begins.
    for number in 0..9 {
        let change = CodebookChange::Add {
            key: format!("mode-{number}"),
            name: format!("Mode {number}"),
            description: String::new(),
            pack: None,
        };
        review::record(&mut lee, &Act::Codebook(vec![change]), Timestamp(5)).unwrap();
    }
    start(&mut lee, &order(2), Timestamp(10)).unwrap();
    for id in &ids {
        judge(&mut lee, id, None, 20);
    }
    super::super::merge::merge(&mut lee, &[folder.path().join("kim")], &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(lee.store().labels(&ids[0]).unwrap().len(), 2);
    assert_eq!((told(&lee).revealed, told(&lee).done.len()), (None, 1));
    assert!(lee.store().covered("sam").unwrap().hides(&ids[0]));
}
