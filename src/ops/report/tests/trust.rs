//! What a report must not count: audits of a part, runs of the gate, what another program scored, hidden labels.
//!
//! Invariant: each case is a workspace in which the wrong count would be another number.

use super::*;
use crate::ingest::ReadOptions;
use crate::model::act::{Act, Judgement, Subject};
use crate::model::correction::{Correction, CorrectionKind};
use crate::model::queue::{QueueChange, QueueSpec};
use crate::ops::alignment::{AlignmentOrder, MISS, RISK, alignment};
use crate::ops::drift::{DriftOrder, drift};
use crate::ops::evaluate;
use crate::ops::review;
use crate::ops::sample::{P_FAIL, SampleOrder, sample};
use crate::ops::workspace::{Identity, ImportOrder};
use crate::store::Access;

fn bring(workspace: &mut Workspace, lines: &[serde_json::Value], source: &str) {
    let file = tempfile::NamedTempFile::with_suffix(".jsonl").unwrap();
    std::fs::write(file.path(), lines.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")).unwrap();
    let read = ReadOptions { source: Some(source.to_owned()), ..ReadOptions::default() };
    let order = ImportOrder { paths: vec![file.path().to_owned()], evaluate: true, read, ..ImportOrder::default() };
    let found = workspace.import(&order, NOW, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(found.problems, []);
}

fn define(workspace: &mut Workspace, spec: QueueSpec) {
    review::record(workspace, &Act::Queue(QueueChange::Add(spec)), NOW).unwrap();
}

#[test]
fn an_audit_of_a_part_and_one_of_a_queue_that_is_gone_are_none_of_all_conversations() {
    let folder = tempfile::tempdir().unwrap();
    let mut workspace = story::imported(folder.path());
    define(
        &mut workspace,
        QueueSpec { filter: "intent:refund".into(), audit: 1.0, ..QueueSpec::new("refunds", "learnt") },
    );
    story::judge(&mut workspace, "refunds", 30);
    let found = of(&mut workspace, &asked("W47"));
    assert_eq!((found.audit, found.counts.audited, found.audit_filter), (None, 0, None));
    assert!(found.evaluators.withheld.is_some() && found.counts.judged > 0);
    let asked_for = ReportOrder { queue: Some("refunds"), ..asked("W47") };
    let found = of(&mut workspace, &asked_for);
    assert_eq!((found.audit.as_deref(), found.audit_filter.as_deref()), (Some("refunds"), Some("intent:refund")));
    assert!(found.counts.audited > 0 && text(&found, Form::Html).unwrap().contains("They are of intent:refund only."));
    define(&mut workspace, QueueSpec { audit: 1.0, ..QueueSpec::new("all", "learnt") });
    story::judge(&mut workspace, "all", 10);
    assert_eq!(
        of(&mut workspace, &ReportOrder::default()).audit.as_deref(),
        Some("all"),
        "few of all before many of some"
    );
    review::record(&mut workspace, &Act::Queue(QueueChange::Remove { name: "all".into() }), NOW).unwrap();
    assert_eq!(of(&mut workspace, &asked("W47")).audit, None);
}

#[test]
fn runs_of_the_gate_and_scores_of_others_are_no_contacts_and_no_measures() {
    let folder = tempfile::tempdir().unwrap();
    let mut workspace = story::imported(folder.path());
    let before = of(&mut workspace, &asked("W47"));
    let calm = drift(&workspace, &DriftOrder::default(), NOW).unwrap().conversations;
    let mut run = story::chat(2, 1);
    run["id"] = "run-1".into();
    run["metadata"]["gate_report"] = "abc".into();
    bring(&mut workspace, &[run], "gate-abc");
    let after = of(&mut workspace, &asked("W47"));
    assert_eq!((after.counts, &after.figures), (before.counts, &before.figures));
    assert_eq!(drift(&workspace, &DriftOrder::default(), NOW).unwrap().conversations, calm);
    let only = ReportOrder { filter: "source:gate-abc", ..asked("W47") };
    assert_eq!(of(&mut workspace, &only).counts.conversations, 1);
    let mut scored = story::chat(2, 0);
    scored["id"] = "other".into();
    scored["scores"] = serde_json::json!([{"name": "CostDollars", "value": 99.0}]);
    bring(&mut workspace, &[scored], "other");
    let only = ReportOrder { filter: "source:other", ..asked("W47") };
    assert_eq!(of(&mut workspace, &only).figures.get("cost_per_contact"), Figure::default());
}

#[test]
fn every_intent_counts_where_only_some_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity { reviewer: "lee".to_owned(), device: "story00001".to_owned() };
    let mut workspace = Workspace::open(&folder.path().join("w"), identity, Access::Create).unwrap();
    let intents: Vec<_> = (0..40)
        .map(|n| {
            let mut chat = story::chat(2, n);
            chat["metadata"]["intent"] = format!("intent {:02}", n % 16).into();
            chat
        })
        .collect();
    bring(&mut workspace, &intents, "shop");
    let found = of(&mut workspace, &asked("W47"));
    assert_eq!((found.impact.len(), found.segments_left_out.get("intent")), (12, Some(&4)));
    assert!((found.impact[0].volume - 3.0 / 40.0).abs() < 1e-12, "of all, not of those shown");
    assert!(text(&found, Form::Markdown).unwrap().contains("And 4 more values"));
}

#[test]
fn only_a_hand_over_to_a_person_was_missed() {
    let folder = tempfile::tempdir().unwrap();
    let mut workspace = story::judged(folder.path());
    let week = last_week(&workspace);
    let label = |one: &Plain| workspace.store().labels(&one.summary.id).unwrap().into_iter().next();
    let one = week.iter().find(|one| {
        let drawn = label(one).is_some_and(|label| label.slot.is_some() && label.verdict == Some(Verdict::Fail));
        drawn && one.whole.steps.iter().all(|step| step.tool().is_none_or(|tool| tool.exact() != "escalate_to_human"))
    });
    let one = &one.unwrap().summary;
    let mut missed = |tool: &str| {
        let subject = Subject { conversation: one.id.clone(), transcript_hash: one.transcript_hash.clone() };
        let at = crate::model::label::StepPointer { step: 3, span_id: None, decision_span_id: None };
        let right = Correction {
            kind: CorrectionKind::Tool,
            tool: Some(tool.to_owned()),
            arguments: Some(crate::model::tool::Arguments("{}".into())),
            alternatives: Vec::new(),
            text: None,
            reason: None,
            schema_ok: None,
            remainder_valid: false,
        };
        let judgement = Judgement {
            failed_at: Some(crate::model::act::FailedAt::NoSingleStep),
            corrections: vec![(at, right)],
            ..Judgement::new(subject, Verdict::Fail)
        };
        review::record(&mut workspace, &Act::Judge(judgement), NOW).unwrap();
        of(&mut workspace, &asked("W47")).figures.get("escalation_missed").value.unwrap() > 0.0
    };
    assert!(!missed("route_to_billing"));
    assert!(missed("transfer_to_human_agents"));
}

#[test]
fn no_filter_of_a_masked_report_holds_what_the_order_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut workspace = story::judged(folder.path());
    let order = ReportOrder { filter: "mia.1@example.com or intent:refund", ..asked("W47") };
    let found = of(&mut workspace, &order);
    assert!(found.people.reviewers.iter().any(|row| row.filter.contains("@example.com")));
    let door = Door::masked(&workspace);
    let json = text(&found.masked(&|text| door.text(text)), Form::Json).unwrap();
    assert!(!json.contains("@example.com"), "{json}");
}

#[test]
fn a_learnt_chance_is_measured_by_what_other_labels_teach() {
    let folder = tempfile::tempdir().unwrap();
    let mut workspace = story::judged(folder.path());
    let order =
        AlignmentOrder { sample: SampleOrder::default(), by: None, evaluator: Some(P_FAIL), miss: MISS, risk: RISK };
    let fixed = alignment(&mut workspace, &order, NOW).unwrap();
    assert!(!fixed.held_out && evaluate::held_out(&workspace).unwrap().is_none());
    let labels = evaluate::rescore(&mut workspace).unwrap().labels;
    assert!(labels >= 90, "{labels}");
    let learnt = alignment(&mut workspace, &order, NOW).unwrap();
    let held_out = evaluate::held_out(&workspace).unwrap().unwrap();
    let members = sample(&mut workspace, &SampleOrder::default(), NOW).unwrap().members;
    let judged: Vec<_> = members.iter().filter(|member| member.blind && member.failed.is_some()).collect();
    let brier = |p: &dyn Fn(&crate::ops::sample::Member) -> f64| {
        let truth = |member: &crate::ops::sample::Member| f64::from(u8::from(member.failed == Some(true)));
        judged.iter().map(|member| (p(member) - truth(member)).powi(2)).sum::<f64>() / judged.len() as f64
    };
    let (apart, taught) = (brier(&|member| held_out[&member.of.key]), brier(&|member| member.of.p_fail.unwrap()));
    let told = *learnt.evaluators[0].brier.as_ref().unwrap();
    assert!(learnt.held_out && (told - apart).abs() < 1e-12, "{told} {apart}");
    assert!(apart > taught + 1e-4, "what was taught by the very labels looks better: {apart} {taught}");
}

#[test]
fn what_is_hidden_from_a_reviewer_teaches_nothing_before_they_have_judged() {
    let folder = tempfile::tempdir().unwrap();
    drop(story::imported(folder.path()));
    let open = |reviewer: &str| {
        let identity = Identity { reviewer: reviewer.to_owned(), device: format!("{reviewer}000001") };
        Workspace::open(&folder.path().join("workspace"), identity, Access::Create).unwrap()
    };
    let mut kim = open("kim");
    define(&mut kim, QueueSpec { audit: 1.0, reviewers_per_item: 2, ..QueueSpec::new("double", "learnt") });
    story::judge(&mut kim, "double", 80);
    assert_eq!(evaluate::rescore(&mut kim).unwrap().labels, 80);
    drop(kim);
    assert_eq!(evaluate::rescore(&mut open("lee")).unwrap().labels, 0);
}
