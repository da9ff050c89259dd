//! Acts on a real workspace.
//!
//! Invariant: each test has a workspace of its own.

use super::*;
use crate::model::correction::{AcceptableCall, CorrectionKind};
use crate::model::id::TranscriptHash;
use crate::model::label::Verdict;
use crate::model::tool::Arguments;
use crate::ops::workspace::Identity;
use crate::store::Access;

const NOW: Timestamp = Timestamp(1_795_000_000_000_000);

struct Desk {
    folder: tempfile::TempDir,
    workspace: Workspace,
}

fn open_as(folder: &tempfile::TempDir, reviewer: &str) -> Workspace {
    let identity = Identity::load(reviewer, &folder.path().join("state")).unwrap();
    Workspace::open(&folder.path().join("w"), identity, Access::Create).unwrap()
}

fn subject(conversation: &str) -> Subject {
    Subject {
        conversation: ConversationId::from_stored(conversation),
        transcript_hash: TranscriptHash::from_stored("t1:0"),
    }
}

fn step(step: u32) -> StepPointer {
    StepPointer { step, span_id: Some(format!("span{step}")), decision_span_id: None }
}

fn reply(text: &str) -> Correction {
    Correction {
        kind: CorrectionKind::Reply,
        tool: None,
        arguments: None,
        alternatives: Vec::new(),
        text: Some(text.into()),
        reason: None,
        schema_ok: None,
        remainder_valid: false,
    }
}

fn call(tool: &str, arguments: &str) -> Correction {
    let (tool, arguments) = (Some(tool.to_owned()), Some(Arguments(arguments.into())));
    Correction { kind: CorrectionKind::Tool, tool, arguments, text: None, ..reply("") }
}

fn fail(conversation: &str, modes: &[&str]) -> Judgement {
    Judgement {
        failed_at: Some(FailedAt::Step(step(6))),
        modes: modes.iter().map(|&mode| mode.to_owned()).collect(),
        ..Judgement::new(subject(conversation), Verdict::Fail)
    }
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workspace = open_as(&folder, "mara");
        Self { folder, workspace }
    }

    fn act(&mut self, act: &Act) -> Saved {
        record(&mut self.workspace, act, NOW).unwrap()
    }

    fn judge(&mut self, judgement: Judgement) -> Saved {
        self.act(&Act::Judge(judgement))
    }

    fn label(&self, conversation: &str) -> Option<Label> {
        let labels = labels(&self.workspace, &ConversationId::from_stored(conversation)).unwrap();
        labels.into_iter().find(|label| label.reviewer == "mara")
    }
}

#[test]
fn one_act_is_one_group_and_a_new_mode_joins_the_codebook() {
    let mut desk = Desk::new();
    let saved = desk.judge(Judgement {
        corrections: vec![(step(6), reply("no"))],
        note: Some("seen twice".into()),
        severity: Some(3),
        ..fail("c1", &["Wrong Tool", "wrong tool", "late"])
    });
    assert_eq!(saved.what, "FAIL · Wrong Tool · late · step 6 · severity 3 · 1 correction");
    let events = desk.workspace.store().log().group(&saved.group).unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| event.body.kind()).collect();
    assert_eq!(kinds, ["codebook", "codebook", "verdict", "mode", "mode", "correction", "note"]);
    let label = *saved.own.unwrap();
    assert_eq!(label.modes, ["wrong-tool", "late"]);
    assert_eq!(label.first_failure, Some(step(6)));
    assert_eq!((label.notes[0].text.as_str(), label.corrections.len()), ("seen twice", 1));
    assert_eq!(saved.codebook.unwrap().modes.len(), 2);
    assert_eq!(desk.judge(fail("c2", &["LATE"])).codebook, None, "known by name, in any case");
}

#[test]
fn rules_are_kept_and_a_broken_one_saves_nothing() {
    let mut desk = Desk::new();
    let wrong = [
        Act::Judge(Judgement::new(subject("c1"), Verdict::Fail)),
        Act::Judge(fail("c1", &["!!!"])),
        Act::Judge(Judgement { severity: Some(5), ..fail("c1", &[]) }),
        Act::Correct { subject: subject("c1"), corrections: vec![(step(1), call("x", "{not json"))] },
        Act::Correct { subject: subject("c1"), corrections: vec![(step(1), reply("  "))] },
        Act::Codebook(vec![CodebookChange::Rename { key: "nope".into(), name: "x".into() }]),
        Act::Codebook(vec![CodebookChange::Merge { from: "nope".into(), into: "x".into() }]),
    ];
    for act in wrong {
        let error = record(&mut desk.workspace, &act, NOW).unwrap_err();
        assert!(!error.is_transient() && !error.to_string().is_empty());
    }
    assert_eq!(desk.workspace.store().log().all().unwrap(), []);
}

#[test]
fn undo_takes_back_whole_acts_and_works_after_a_restart() {
    let mut desk = Desk::new();
    desk.judge(Judgement::new(subject("c1"), Verdict::Pass));
    desk.judge(fail("c1", &["late"]));
    desk.act(&Act::Skip(subject("c2")));
    desk.workspace = open_as(&desk.folder, "mara");
    let undone = undo(&mut desk.workspace, NOW).unwrap();
    assert_eq!((undone.what.as_str(), undone.own), ("undone: skipped", None));
    assert_eq!(undone.conversation, Some(ConversationId::from_stored("c2")));
    let undone = undo(&mut desk.workspace, NOW).unwrap();
    assert_eq!(undone.what, "undone: FAIL · late · step 6");
    assert_eq!(undone.own.unwrap().verdict, Some(Verdict::Pass));
    assert_eq!(undone.codebook.unwrap().modes, []);
    desk.workspace = open_as(&desk.folder, "mara");
    let redone = redo(&mut desk.workspace, NOW).unwrap();
    assert_eq!(redone.what, "redone: FAIL · late · step 6");
    assert_eq!(redone.own.unwrap().modes, ["late"]);
    desk.judge(Judgement::new(subject("c3"), Verdict::Pass));
    assert_eq!(redo(&mut desk.workspace, NOW).unwrap().what, "nothing to redo");
    for _ in 0..3 {
        assert_ne!(undo(&mut desk.workspace, NOW).unwrap().group, "");
    }
    let nothing = undo(&mut desk.workspace, NOW).unwrap();
    assert_eq!((nothing.what.as_str(), nothing.group.as_str()), ("nothing to undo", ""));
    assert_eq!(desk.workspace.store().log().compare_with_replay().unwrap(), Vec::<String>::new());
}

#[test]
fn nobody_undoes_for_another() {
    let mut desk = Desk::new();
    desk.judge(Judgement::new(subject("c1"), Verdict::Pass));
    let mut other = open_as(&desk.folder, "theo");
    assert_eq!(undo(&mut other, NOW).unwrap().group, "");
    record(&mut other, &Act::Judge(fail("c1", &[])), NOW).unwrap();
    assert!(undo(&mut desk.workspace, NOW).unwrap().own.is_none());
    let left = labels(&desk.workspace, &ConversationId::from_stored("c1")).unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].reviewer, "theo");
}

#[test]
fn a_drafts_corrections_go_with_the_verdict_and_an_earlier_verdicts_do_not() {
    let mut desk = Desk::new();
    let corrections = vec![(step(2), reply("first")), (step(6), reply("second"))];
    desk.act(&Act::Correct { subject: subject("c1"), corrections });
    assert_eq!(desk.label("c1").unwrap().verdict, None);
    desk.judge(Judgement { corrections: vec![(step(6), reply("better"))], ..fail("c1", &[]) });
    let texts = |label: Label| -> Vec<String> {
        label.corrections.into_iter().filter_map(|placed| placed.correction.text).collect()
    };
    assert_eq!(texts(desk.label("c1").unwrap()), ["first", "better"]);
    desk.judge(Judgement::new(subject("c1"), Verdict::Pass));
    assert_eq!(texts(desk.label("c1").unwrap()), [] as [&str; 0]);
    undo(&mut desk.workspace, NOW).unwrap();
    undo(&mut desk.workspace, NOW).unwrap();
    assert_eq!(texts(desk.label("c1").unwrap()), ["first", "second"], "the draft is whole again");
}

#[test]
fn notes_criteria_and_unmaskings_are_kept() {
    let mut desk = Desk::new();
    let note = |text: &str| Act::Note { subject: subject("c1"), at: Some(step(2)), text: text.into() };
    assert_eq!(desk.act(&note("look here")).what, "note · step 2");
    desk.act(&Act::Criterion { subject: subject("c1"), must: true, text: "ask first".into() });
    let label = desk.label("c1").unwrap();
    assert_eq!((label.notes.len(), label.criteria[0].text.as_str()), (1, "ask first"));
    assert_eq!(desk.act(&note("")).what, "note removed · step 2");
    assert_eq!(desk.label("c1").unwrap().notes, []);
    desk.act(&Act::Unmask { place: "screen".into() });
    assert_eq!(undo(&mut desk.workspace, NOW).unwrap().what, "undone: note removed · step 2");
    assert_eq!(desk.label("c1").unwrap().notes.len(), 1);
}

#[test]
fn packs_load_once_and_undo_as_one() {
    let mut desk = Desk::new();
    let pack = &packs::packs()[0];
    desk.judge(fail("c1", &[&pack.modes[0].name]));
    let saved = load_pack(&mut desk.workspace, &pack.name, NOW).unwrap();
    let codebook_now = saved.codebook.unwrap();
    let keys: std::collections::BTreeSet<&str> = codebook_now.modes.iter().map(|mode| mode.key.as_str()).collect();
    assert!(pack.modes.iter().all(|mode| keys.contains(mode.key.as_str())));
    assert_eq!(load_pack(&mut desk.workspace, &pack.name, NOW).unwrap().group, "");
    undo(&mut desk.workspace, NOW).unwrap();
    assert_eq!(codebook(&desk.workspace).unwrap().modes.len(), 1);
    let unknown = load_pack(&mut desk.workspace, "nope", NOW).unwrap_err();
    assert!(unknown.to_string().contains(&pack.name));
}

#[test]
fn modes_are_renamed_and_merged_by_key_or_name() {
    let mut desk = Desk::new();
    desk.judge(fail("c1", &["Late reply"]));
    desk.judge(fail("c2", &["Slow"]));
    desk.act(&Act::Codebook(vec![
        CodebookChange::Merge { from: "late reply".into(), into: "slow".into() },
        CodebookChange::Rename { key: "Slow".into(), name: " Too late ".into() },
    ]));
    assert_eq!(desk.label("c1").unwrap().modes, ["slow"]);
    assert_eq!(codebook(&desk.workspace).unwrap().name_of("slow"), "Too late");
    assert_eq!(desk.judge(fail("c3", &["Late reply"])).own.unwrap().modes, ["slow"], "merged names are followed");
    let same = Act::Codebook(vec![CodebookChange::Merge { from: "slow".into(), into: "too late".into() }]);
    assert!(matches!(record(&mut desk.workspace, &same, NOW), Err(ReviewError::MergeIntoSelf(_))));
    desk.judge(fail("c4", &["Rude Tone"]));
    let merge = CodebookChange::Merge { from: "rude-tone".into(), into: "slow".into() };
    assert_eq!(desk.act(&Act::Codebook(vec![merge])).what, "Rude Tone merged into Too late");
}

#[test]
fn corrections_are_checked_against_the_schema_of_the_tool_as_offered() {
    use crate::model::conversation::Conversation;
    let schema = r#"{"type":"object","properties":{"order":{"type":"string"}},"required":["order"]}"#;
    let conversation: Conversation = serde_json::from_value(serde_json::json!({
        "id": "c1", "source": "s", "external_id": "1", "segments": {}, "system": [], "spans": [], "scores": [],
        "expected": null, "outcomes": {}, "attributes": {}, "resource": {},
        "tools": [
            {"name": "cancel", "description": "", "parameters": schema, "effect": "write", "effect_guessed": true},
            {"name": "think", "description": "", "parameters": null, "effect": "read", "effect_guessed": true},
        ],
        "steps": [{"number": 1, "message": 1, "content": {"message": {"role": "user", "text": "hi"}}, "agent": null,
                   "depth": 0, "at": null, "span": null, "decision": null}],
    }))
    .unwrap();
    let check = |mut correction: Correction, number: u32| {
        correct::check(Some(&conversation), &step(number), &mut correction).map(|()| correction.schema_ok)
    };
    assert_eq!(check(call("cancel", r#"{"order":"A-1"}"#), 1), Ok(Some(true)));
    assert_eq!(check(call("cancel", r#"{"order":7}"#), 1), Ok(Some(false)));
    assert_eq!(check(call("think", "{}"), 1), Ok(None));
    assert_eq!(check(call("unknown", "{}"), 1), Ok(Some(false)), "a tool that was not offered is no valid call");
    assert_eq!(check(reply("so"), 1), Ok(None));
    assert_eq!(check(call("cancel", "{}"), 2), Err(CorrectionError::NoStep));
    let alternative = AcceptableCall { tool: "cancel".into(), arguments: Arguments("{}".into()) };
    let both = Correction { alternatives: vec![alternative], ..call("cancel", r#"{"order":"A-1"}"#) };
    assert_eq!(check(both, 1), Ok(Some(false)), "an alternative has to fit as well");
}

#[test]
fn pseudonyms_that_come_in_are_put_back_or_refused() {
    use crate::ops::workspace::ImportOrder;
    let mut desk = Desk::new();
    let file = desk.folder.path().join("one.jsonl");
    let made = r#"{"id":"a","type":"function","function":{"name":"get","arguments":"{\"user_id\":\"mia_li_3668\",\"phone\":4915112345671}"}}"#;
    let line = format!(
        r#"{{"id":"one","messages":[{{"role":"user","content":"My name is Mia Li"}},{{"role":"assistant","content":null,"tool_calls":[{made}]}},{{"role":"tool","tool_call_id":"a","content":"{{\"dob\":\"1985-04-04\"}}"}}]}}"#
    );
    std::fs::write(&file, line).unwrap();
    let order = ImportOrder { paths: vec![file], ..ImportOrder::default() };
    desk.workspace.import(&order, NOW, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    let id = desk.workspace.store().resolve("one").unwrap();
    let conversation = desk.workspace.store().conversation(&id).unwrap().unwrap();
    let door = crate::ops::door::Door::masked(&desk.workspace).knowing(&conversation);
    let exact = r#"{"user_id":"mia_li_3668","phone":4915112345671,"dob":"1985-04-04"}"#;
    let masked = door.json_text(exact);
    assert_eq!([masked.matches("<NAME-").count(), masked.matches("<DATE-").count()], [1, 1], "{masked}");
    let at = conversation.steps.iter().find(|step| step.tool().is_some()).unwrap().pointer();
    let subject = Subject { conversation: id.clone(), transcript_hash: conversation.transcript_hash() };
    let judged = |arguments: &str, note: &str| {
        let mut judgement = Judgement::new(subject.clone(), Verdict::Fail);
        judgement.failed_at = Some(FailedAt::Step(at.clone()));
        judgement.corrections.push((at.clone(), self::call("get", arguments)));
        judgement.note = Some(note.to_owned());
        Act::Judge(judgement)
    };
    let saved = desk.act(&judged(&masked, &door.text("Mia Li asked")));
    let own = saved.own.unwrap();
    assert_eq!(own.corrections[0].correction.arguments.as_ref().unwrap().0.exact(), exact);
    assert_eq!(own.notes[0].text, "Mia Li asked");
    for (arguments, note) in [(r#"{"user_id":"<NAME-00000000>"}"#, ""), ("{}", "ask <EMAIL-0123abcd>")] {
        let refused = record(&mut desk.workspace, &judged(arguments, note), NOW).unwrap_err();
        assert!(matches!(&refused, ReviewError::Masked(token) if token.starts_with('<')), "{refused}");
    }
}
