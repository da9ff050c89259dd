//! The demo's folder and its content.

use super::*;

fn open(folder: &tempfile::TempDir) -> Workspace {
    let identity = Identity::load("Mara", &folder.path().join("state")).unwrap();
    let root = folder.path().join("demo");
    claim(&root).unwrap();
    Workspace::open(&root, identity, Access::Create).unwrap()
}

fn fill_quietly(workspace: &mut Workspace) -> ImportReport {
    fill(workspace, Timestamp(1_000_000), &mut |_| ControlFlow::Continue(())).unwrap()
}

#[test]
fn the_sample_comes_whole_with_a_codebook_and_two_examples() {
    let folder = tempfile::tempdir().unwrap();
    let mut workspace = open(&folder);
    let report = fill_quietly(&mut workspace);
    assert_eq!((report.conversations, report.skipped, report.conflicts, report.pending), (58, 0, 0, 0));
    assert!(report.scores > 0 && report.failed_steps > 0);
    let codebook = review::codebook(&workspace).unwrap();
    let wrong_tool = workspace.store().resolve("lk-1002").unwrap();
    let labels = review::labels(&workspace, &wrong_tool).unwrap();
    let [label] = labels.as_slice() else { panic!("one label") };
    assert_eq!((label.verdict, label.modes.as_slice()), (Some(Verdict::Fail), &["wrong-tool".to_owned()][..]));
    assert!(codebook.modes.iter().all(|mode| mode.pack.as_deref() == Some(PACK)), "the examples use modes of the pack");
    assert_eq!(label.corrections[0].correction.schema_ok, Some(true));
    assert_eq!(label.first_failure.as_ref().map(|at| at.step), Some(label.corrections[0].at.step));
}

#[test]
fn filling_again_changes_nothing_and_brings_no_example_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut workspace = open(&folder);
    fill_quietly(&mut workspace);
    for _ in 0..2 {
        let undone = review::undo(&mut workspace, Timestamp(2_000_000)).unwrap();
        assert!(undone.conversation.is_some(), "{}", undone.what);
    }
    assert!(review::undo(&mut workspace, Timestamp(2_000_000)).unwrap().group.is_empty(), "the codebook stays");
    let head = workspace.store().log().head().unwrap();
    drop(workspace);
    let mut workspace = open(&folder);
    assert_eq!(fill_quietly(&mut workspace).imported, 0);
    assert_eq!(workspace.store().log().head().unwrap(), head);
}

#[test]
fn only_a_demo_is_ever_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    fs::create_dir(&own).unwrap();
    assert!(!clear(&own).unwrap(), "an empty folder stays");
    fs::write(own.join("notes.txt"), "mine").unwrap();
    assert!(matches!(clear(&own), Err(DemoError::NotOurs(_))));
    assert!(matches!(claim(&own), Err(DemoError::NotOurs(_))));
    assert!(own.join("notes.txt").exists());
    let demo = folder.path().join("demo");
    claim(&demo).unwrap();
    claim(&demo).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&demo, &link).unwrap();
    assert!(matches!(clear(&link), Err(DemoError::NotOurs(_))), "not through a link");
    assert!(clear(&demo).unwrap() && !demo.exists());
}

#[test]
fn every_answer_points_at_a_step_of_its_conversation() {
    let folder = tempfile::tempdir().unwrap();
    let mut workspace = open(&folder);
    fill_quietly(&mut workspace);
    let answers: Vec<Answer> = serde_json::from_str(ANSWERS).unwrap();
    assert_eq!(answers.iter().filter(|answer| answer.demo_judged).count(), 2);
    for answer in answers {
        let id = workspace.store().resolve(&answer.conversation_id).unwrap();
        let conversation = workspace.store().conversation(&id).unwrap().unwrap();
        if let Some(place) = answer.first_failure {
            assert!(conversation.find_step(&place.span_id).is_some(), "{}", answer.conversation_id);
        }
    }
}
