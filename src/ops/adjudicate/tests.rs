//! Disputes of real labels.
//!
//! Invariant: each test has a workspace of its own.

use std::ops::ControlFlow;
use std::path::Path;

use super::super::workspace::{Identity, ImportOrder};
use super::*;
use crate::model::act::{FailedAt, Judgement};
use crate::model::summary::Summary;
use crate::store::Access;

const CHATS: &str = concat!(
    r#"{"conversation_id": "one", "messages": [{"role": "user", "content": "cancel A-1"}, {"role": "assistant", "content": "Done."}]}"#,
    "\n",
    r#"{"conversation_id": "two", "messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "Hi."}]}"#,
    "\n",
);

fn opened(folder: &Path, name: &str) -> Workspace {
    let identity = Identity::load(name, &folder.join("state")).unwrap();
    Workspace::open(&folder.join("w"), identity, Access::Create).unwrap()
}

fn judge(workspace: &mut Workspace, id: &ConversationId, verdict: Verdict, at: i64) {
    let transcript_hash = workspace.store().conversation(id).unwrap().unwrap().transcript_hash();
    let mut judgement = Judgement::new(Subject { conversation: id.clone(), transcript_hash }, verdict);
    judgement.failed_at = (verdict == Verdict::Fail).then_some(FailedAt::NoSingleStep);
    judgement.note = Some(format!("ask ana.petrov@example.com why {}", verdict.word()));
    review::record(workspace, &Act::Judge(judgement), Timestamp(at)).unwrap();
}

/// Two conversations; `mara` says pass of the first, `lee` says fail.
fn disputed(folder: &Path) -> (Workspace, ConversationId) {
    let file = folder.join("chats.jsonl");
    std::fs::write(&file, CHATS).unwrap();
    let mut mara = opened(folder, "mara");
    let order = ImportOrder { paths: vec![file], ..ImportOrder::default() };
    mara.import(&order, Timestamp(1), &mut |_| ControlFlow::Continue(())).unwrap();
    let id = mara.store().resolve("one").unwrap();
    judge(&mut mara, &id, Verdict::Pass, 10);
    let mut lee = opened(folder, "lee");
    judge(&mut lee, &id, Verdict::Fail, 20);
    (mara, id)
}

fn row(workspace: &Workspace, id: &ConversationId) -> Summary {
    queue::rows(workspace.store(), std::slice::from_ref(id), "mara").unwrap().remove(0)
}

fn matching(workspace: &Workspace, filter: &str) -> usize {
    let asker = Asker { reviewer: "mara", now: Timestamp(1) };
    workspace.store().index(&Filter::parse(filter).unwrap(), "", QueueOrder::Oldest, asker).unwrap().ids.len()
}

#[test]
fn a_label_that_is_taken_settles_it_until_somebody_judges_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut mara, id) = disputed(folder.path());
    let door = Door::masked(&mara);
    assert_eq!(open(&mara, Timestamp(1)).unwrap().len(), 1);
    let before = sides(&mara, &door, &id).unwrap();
    assert_eq!((before.state, before.sides.len()), ("disputed", 2));
    let told = serde_json::to_string(&before).unwrap();
    assert!(!told.contains("mara") && !told.contains("lee") && !told.contains("ana.petrov"), "{told}");
    let fail = before.sides.iter().find(|side| side.said.verdict == Verdict::Fail).unwrap().letter.to_string();
    assert!(matches!(
        take(&mut mara, &id, (&fail, "  "), Timestamp(30)),
        Err(ReviewError::Act(ActError::WithoutReason))
    ));
    assert!(matches!(
        take(&mut mara, &id, ("nobody", "why"), Timestamp(30)),
        Err(ReviewError::Act(ActError::NoSuchLabel(_)))
    ));
    take(&mut mara, &id, (&fail, "the refund never came"), Timestamp(30)).unwrap();
    let (state, index) = (row(&mara, &id), matching(&mara, "label:adjudicated verdict:fail"));
    assert_eq!((state.label_state, state.verdict, index), (LabelState::Adjudicated, Some(Verdict::Fail), 1));
    let after = sides(&mara, &door, &id).unwrap();
    assert_eq!((after.by.as_deref(), after.reason.as_deref()), (Some("mara"), Some("the refund never came")));
    assert!(after.sides.iter().any(|side| side.taken && side.reviewer.as_deref() == Some("lee")));
    assert_eq!(mara.store().labels(&id).unwrap().len(), 2, "both originals stay");
    assert!(super::super::verify::verify(&mara).unwrap().is_sound());
    review::undo(&mut mara, Timestamp(40)).unwrap();
    assert_eq!(row(&mara, &id).label_state, LabelState::Disputed);
    review::redo(&mut mara, Timestamp(50)).unwrap();
    assert_eq!(row(&mara, &id).label_state, LabelState::Adjudicated);
    judge(&mut mara, &id, Verdict::Unsure, 60);
    assert_eq!((row(&mara, &id).label_state, matching(&mara, "label:disputed")), (LabelState::Disputed, 1));
}

#[test]
fn what_nobody_disputes_cannot_be_settled() {
    let folder = tempfile::tempdir().unwrap();
    let (mut mara, _) = disputed(folder.path());
    let two = mara.store().resolve("two").unwrap();
    judge(&mut mara, &two, Verdict::Pass, 30);
    let refused = take(&mut mara, &two, ("mara", "so it is"), Timestamp(40));
    assert!(matches!(refused, Err(ReviewError::Act(ActError::NothingToSettle))), "{refused:?}");
}

#[test]
fn a_dataset_takes_the_label_that_was_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (mut mara, id) = disputed(folder.path());
    let labels = |workspace: &Workspace| workspace.store().labels(&id).unwrap();
    let current = mara.store().conversation(&id).unwrap().unwrap().transcript_hash();
    assert!(crate::dataset::item::settle(&labels(&mara), &current).is_err());
    take(&mut mara, &id, ("lee", "the refund never came"), Timestamp(30)).unwrap();
    let (verdict, taken) = crate::dataset::item::settle(&labels(&mara), &current).unwrap();
    assert_eq!((verdict, taken.len(), crate::dataset::item::agreement(&taken)), (Verdict::Fail, 1, "adjudicated"));
}
