//! Tests of asking judges outside the program: small shell scripts that behave and misbehave.

use std::cell::Cell;
use std::fs;

use super::super::super::door::Door;
use super::super::super::queue;
use super::super::super::workspace::{Identity, ImportOrder, Workspace};
use super::*;
use crate::model::id::ConversationId;
use crate::model::queue::QueueQuery;
use crate::model::time::Timestamp;
use crate::store::Access;

struct Place {
    folder: tempfile::TempDir,
    workspace: Workspace,
}

/// A workspace with so many conversations, each with an e-mail address in it.
fn place(conversations: usize) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::load("Mara", &folder.path().join("state")).unwrap();
    let mut workspace = Workspace::open(&folder.path().join("w"), identity, Access::Create).unwrap();
    let line = |at: usize| {
        format!(
            r#"{{"id": "n{at}", "messages": [{{"role": "user", "content": "Mail ana.petrov@example.com"}}, {{"role": "assistant", "content": "Done."}}]}}"#
        )
    };
    let file = folder.path().join("shop.jsonl");
    fs::write(&file, (0..conversations).map(line).collect::<Vec<_>>().join("\n")).unwrap();
    let order = ImportOrder { paths: vec![file], ..ImportOrder::default() };
    workspace.import(&order, Timestamp(0), &mut |_| ControlFlow::Continue(())).unwrap();
    Place { folder, workspace }
}

impl Place {
    /// Asks a script, which finds the test's folder in `$0`.
    fn ask(
        &mut self,
        script: &str,
        change: impl FnOnce(&mut CommandOrder<'_>),
    ) -> Result<CommandReport, EvaluateError> {
        let file = self.folder.path().join("judge.sh");
        fs::write(&file, script).unwrap();
        let command = format!("sh {}", file.display());
        let start = std::time::Instant::now();
        let watch = || start.elapsed();
        let mut order = CommandOrder {
            command: &command,
            name: "tone",
            filter: "",
            missing: false,
            jobs: 1,
            in_flight: 3,
            // Nothing here waits for it: a judge that hangs is given its own.
            timeout: Duration::from_mins(10),
            watch: &watch,
        };
        change(&mut order);
        let door = Door::masked(&self.workspace);
        ask(&mut self.workspace, (&order, &door), Timestamp(0), &mut |_| ControlFlow::Continue(()))
    }

    fn id(&self, name: &str) -> ConversationId {
        self.workspace.store().resolve(name).unwrap()
    }

    fn told(&self, name: &str) -> Vec<(String, Option<f64>, String)> {
        let opened = queue::read(self.workspace.store(), &self.id(name), "Mara").unwrap();
        let text = |text: &Option<crate::text::Untrusted>| text.as_ref().map_or("", |text| text.exact()).to_owned();
        opened
            .conversation
            .scores
            .iter()
            .map(|score| (score.evaluator.exact().to_owned(), score.value, text(&score.explanation)))
            .collect()
    }
}

/// Reads the id out of each question.
const LOOP: &str = r#"
while IFS= read -r line; do
  id=${line#*\"conversation\":\"}; id=${id%%\"*}
"#;

fn judge(answer: &str) -> String {
    format!("{LOOP}{answer}\ndone\n")
}

const GOOD: &str = r#"echo "{\"conversation\": \"$id\", \"evaluator\": \"Tone\", \"version\": \"2\", \"value\": 0.25, \"explanation\": \"curt\", \"step\": 2}"
echo "{\"conversation\": \"$id\", \"evaluator\": \"Warmth\", \"value\": 0.75, \"passed\": true}"
echo "{\"conversation\": \"$id\", \"done\": true}""#;

#[test]
fn answers_become_scores_in_lists_and_in_the_opened_conversation() {
    let mut place = place(7);
    let report = place.ask(&judge(GOOD), |_| ()).unwrap();
    assert_eq!((report.asked, report.answered, report.failed, report.scores), (7, 7, 0, 14));
    assert_eq!((report.started, report.problems.len()), (1, 0));
    assert_eq!(
        place.told("n3"),
        [("Tone".to_owned(), Some(0.25), "curt".to_owned()), ("Warmth".to_owned(), Some(0.75), String::new())]
    );
    let rows = queue::rows(place.workspace.store(), &[place.id("n3")], "Mara").unwrap();
    assert_eq!(rows[0].scores["Warmth"], Some(0.75));
    // What was said of a step only is known of the conversation too, by its worst.
    assert_eq!(rows[0].scores["Tone"], Some(0.25));
    let query = QueueQuery { filter: "score.Tone<0.3".to_owned(), ..QueueQuery::default() };
    let asker = crate::store::Asker { reviewer: "Mara", now: Timestamp(0) };
    assert_eq!(queue::index(place.workspace.store(), &query, asker).unwrap().ids.len(), 7);
    // A second run replaces, an evaluation in between changes nothing of it.
    super::super::evaluate(&mut place.workspace, &super::super::EvaluateOrder::default(), Timestamp(0), &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap();
    place.ask(&judge(&GOOD.replace("0.75", "0.5")), |_| ()).unwrap();
    let rows = queue::rows(place.workspace.store(), &[place.id("n3")], "Mara").unwrap();
    assert_eq!(rows[0].scores["Warmth"], Some(0.5));
    assert_eq!(place.told("n3").iter().filter(|(name, ..)| name == "Warmth").count(), 1);
    assert_eq!(place.ask(&judge(GOOD), |order| order.missing = true).unwrap().asked, 0);
}

#[test]
fn what_a_judge_is_told_is_masked_and_holds_no_verdicts() {
    let mut place = place(1);
    let script = format!("{LOOP}echo \"$line\" > {}/seen\n{GOOD}\ndone\n", place.folder.path().display());
    place.ask(&script, |_| ()).unwrap();
    let seen = fs::read_to_string(place.folder.path().join("seen")).unwrap();
    assert!(!seen.contains("ana.petrov") && seen.contains("Mail <EMAIL-"), "{seen}");
    let seen: serde_json::Value = serde_json::from_str(&seen).unwrap();
    let names: Vec<&str> = seen.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(["labels", "outcomes", "scores", "verdict", "attributes"].iter().all(|name| !names.contains(name)));
    assert_eq!(seen["transcript"][1]["text"], "Done.");
}

#[test]
fn garbage_and_broken_lines_are_told_and_cost_nothing_else() {
    let mut place = place(2);
    let bad = format!(
        "echo 'Loading model…'\nprintf '{{\"conversation\": \"%s\", \"evaluator\": \"T' \"$id\"; echo\n\
         echo \"{{\\\"conversation\\\": \\\"$id\\\", \\\"evaluator\\\": \\\"Far\\\", \\\"value\\\": 1, \\\"step\\\": 99}}\"\n{GOOD}"
    );
    let report = place.ask(&judge(&bad), |_| ()).unwrap();
    assert_eq!((report.answered, report.partly, report.failed, report.scores), (0, 2, 0, 4));
    let told: Vec<&str> = report.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert!(told.iter().any(|told| told.contains("Loading model")), "{told:?}");
    assert!(told.iter().any(|told| told.contains("no step or span 99")), "{told:?}");
    assert!(place.told("n1").iter().any(|(_, _, why)| why.starts_with("cannot tell: one score could not be used")));
}

#[test]
fn a_crash_costs_the_conversation_it_came_with() {
    let mut place = place(6);
    let victim = place.id("n2");
    let crash = format!("if [ $id = {} ]; then echo out of memory >&2; exit 9; fi\n{GOOD}", victim.as_str());
    let report = place.ask(&judge(&crash), |_| ()).unwrap();
    assert_eq!((report.asked, report.answered, report.failed, report.started), (6, 5, 1, 2));
    assert_eq!(report.problems[0].conversation.as_deref(), Some(victim.as_str()));
    assert_eq!(report.problems[0].message, "the judge ended with code 9: out of memory");
    assert_eq!(place.told("n2")[0].2, "cannot tell: the judge ended with code 9: out of memory");
    // Later it is whole, and a failure does not take that away again.
    assert_eq!(place.ask(&judge(GOOD), |order| order.missing = true).unwrap().answered, 1);
    place.ask(&judge(&crash), |_| ()).unwrap();
    assert_eq!(place.told("n2").len(), 2);
}

#[test]
fn a_judge_that_hangs_is_ended_with_all_it_started() {
    let mut place = place(3);
    let victim = place.id("n0");
    // Whatever the judge left running keeps the pipe open: reading it comes to an end only when all of it is gone.
    let pipe = place.folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut reader = std::process::Command::new("cat").arg(&pipe).spawn().unwrap();
    let hang = format!("if [ $id = {} ]; then sleep 600 >{} & sleep 600; fi\n{GOOD}", victim.as_str(), pipe.display());
    // The clock of the test runs fast while the victim is waited for: no real time decides.
    let ticks = Cell::new(0_u64);
    let watch = || {
        ticks.set(ticks.get() + 1);
        Duration::from_secs(ticks.get() / 15)
    };
    let file = place.folder.path().join("judge.sh");
    fs::write(&file, judge(&hang)).unwrap();
    let command = format!("sh {}", file.display());
    let order = CommandOrder {
        command: &command,
        name: "tone",
        filter: "",
        missing: false,
        jobs: 1,
        in_flight: 1,
        timeout: Duration::from_secs(2),
        watch: &watch,
    };
    let door = Door::masked(&place.workspace);
    let report = ask(&mut place.workspace, (&order, &door), Timestamp(0), &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(report.failed >= 1 && report.failed + report.answered == 3, "{report:?}");
    assert!(place.told("n0")[0].2.contains("no whole answer within 2 s"), "{:?}", place.told("n0"));
    assert!(reader.wait().unwrap().success());
}

#[test]
fn a_judge_of_no_use_is_given_up() {
    let mut place = place(9);
    let error = place.ask("echo no such model >&2\nexit 1\n", |_| ()).unwrap_err().to_string();
    assert!(error.contains("ended with code 1: no such model"), "{error}");
    // One that answered before is kept, and the rest is not asked.
    let flag = place.folder.path().join("once");
    let script = judge(&format!("[ -e {0} ] && exit 1\n{GOOD}\ntouch {0}", flag.display()));
    let report = place.ask(&script, |order| order.in_flight = 1).unwrap();
    assert_eq!((report.answered, report.failed, report.not_asked), (1, 3, 5));
}

#[test]
fn a_filter_that_answers_at_the_end_works_where_all_fits_in_flight() {
    let mut place = place(3);
    let script = format!(
        "{LOOP}all=\"$all$id \"\ndone\nfor id in $all; do echo \"{{\\\"conversation\\\": \\\"$id\\\", \\\"evaluator\\\": \\\"Late\\\", \\\"value\\\": 1}}\"; done\n"
    );
    let report = place.ask(&script, |_| ()).unwrap();
    assert_eq!((report.answered, report.failed), (3, 0));
}

#[test]
fn several_processes_share_the_work_and_stopping_keeps_what_was_answered() {
    let mut place = place(8);
    let report = place.ask(&judge(GOOD), |order| (order.jobs, order.in_flight) = (3, 1)).unwrap();
    assert_eq!((report.answered, report.started), (8, 3));
    let file = place.folder.path().join("judge.sh");
    let command = format!("sh {}", file.display());
    let order = CommandOrder {
        command: &command,
        name: "other",
        filter: "",
        missing: false,
        jobs: 1,
        in_flight: 1,
        timeout: Duration::from_mins(10),
        watch: &|| Duration::ZERO,
    };
    let door = Door::masked(&place.workspace);
    let report = ask(&mut place.workspace, (&order, &door), Timestamp(0), &mut |progress| {
        if progress.done >= 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    assert!(report.cancelled && report.answered >= 2 && report.answered < 8, "{report:?}");
    assert_eq!(place.workspace.store().judged_by("other").unwrap().len() as u64, report.answered);
}
