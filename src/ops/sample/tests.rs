//! Numbers on real workspaces: what counts, what does not, and what is said where nothing does.
//!
//! Invariant: labels are given in the order in which a queue hands conversations out, as a reviewer would.

use std::fs;
use std::ops::ControlFlow;

use super::super::agreement::{AgreementOrder, agreement};
use super::super::alignment::{AlignmentOrder, AlignmentReport, MISS, RISK, Remark, alignment, overview};
use super::super::compare::{Adjustment, CompareOrder, CompareReport, Test, compare};
use super::super::drift::{DriftOrder, Measured as Drifted, drift};
use super::super::rates::{RatesOrder, RatesReport, rates};
use super::super::review;
use super::super::workspace::{Identity, ImportOrder, Workspace};
use super::*;
use crate::model::act::{Act, FailedAt, Judgement, Subject};
use crate::model::queue::{QueueChange, QueueSpec, Slot, SlotKind};
use crate::stats::rate::wilson_finite;
use crate::store::Access;

const NOW: Timestamp = Timestamp(1_795_000_000_000_000);

/// True for the conversations of the tests that failed: every fourth.
fn failed(number: usize) -> bool {
    number.is_multiple_of(4)
}

/// A chat with what two evaluators said of it: `good` is right but for one in eight, `flat` says always the same, `turned`
/// is upside down.
fn chat(number: usize) -> String {
    let intent = ["refund", "exchange", "question"][number % 3];
    let good = if failed(number) == (number % 8 != 7) { 0.1 } else { 0.9 } + (number % 10) as f64 / 1_000.0;
    let turned = if failed(number) { 0.8 } else { 0.3 } + (number % 7) as f64 / 1_000.0;
    format!(
        r#"{{"id":"t{}/{number:03}","metadata":{{"intent":"{intent}","reward":{},"version":"{}"}},"messages":[{{"role":"user","content":"Lamp {number}?"}},{{"role":"assistant","content":"Yes."}}],"scores":[{{"name":"good","value":{good}}},{{"name":"flat","value":0.7}},{{"name":"turned","value":{turned}}}]}}"#,
        number / 2,
        u8::from(!failed(number)),
        1 + number % 2,
    )
}

struct Desk {
    folder: tempfile::TempDir,
    workspace: Workspace,
}

impl Desk {
    fn new(numbers: std::ops::Range<usize>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Self::open(folder.path(), "lee");
        let mut desk = Self { folder, workspace };
        desk.import(&numbers.map(chat).collect::<Vec<_>>());
        desk
    }

    fn open(folder: &std::path::Path, reviewer: &str) -> Workspace {
        let identity = Identity::load(reviewer, &folder.join("state")).unwrap();
        Workspace::open(&folder.join("w"), identity, Access::Create).unwrap()
    }

    fn import(&mut self, lines: &[String]) {
        let file = self.folder.path().join(format!("{}.jsonl", blake3::hash(lines.concat().as_bytes()).to_hex()));
        fs::write(&file, lines.join("\n")).unwrap();
        let read = crate::ingest::ReadOptions { source: Some("shop".into()), ..crate::ingest::ReadOptions::default() };
        let order = ImportOrder { paths: vec![file], read, ..ImportOrder::default() };
        let report = self.workspace.import(&order, NOW, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(report.problems, []);
    }

    fn define(&mut self, name: &str, audit: f64) {
        let spec = QueueSpec { audit, ..QueueSpec::new(name, "learnt") };
        review::record(&mut self.workspace, &Act::Queue(QueueChange::Add(spec)), NOW).unwrap();
    }

    /// Judges so many conversations, as the queue hands them out.
    fn judge(&mut self, queue: &str, count: usize, seen: impl Fn(&Slot) -> bool) {
        for _ in 0..count {
            let (_, rows) = queue::shown(&mut self.workspace, (queue, 1), NOW).unwrap();
            let row = rows.into_iter().rev().find(|row| !row.judged).unwrap();
            let mut slot = row.place.unwrap().slot;
            slot.scores_seen = seen(&slot);
            let number: usize = row.summary.external_id.exact().rsplit('/').next().unwrap().parse().unwrap();
            self.say(&row.summary, failed(number), Some(slot), &[]);
        }
    }

    fn say(&mut self, row: &crate::model::summary::Summary, bad: bool, slot: Option<Slot>, modes: &[&str]) {
        let subject = Subject { conversation: row.id.clone(), transcript_hash: row.transcript_hash.clone() };
        let verdict = if bad { Verdict::Fail } else { Verdict::Pass };
        let judgement = Judgement {
            failed_at: bad.then_some(FailedAt::NoSingleStep),
            slot,
            modes: modes.iter().map(|&mode| mode.to_owned()).collect(),
            ..Judgement::new(subject, verdict)
        };
        review::record(&mut self.workspace, &Act::Judge(judgement), NOW).unwrap();
    }

    fn rows(&self) -> Vec<crate::model::summary::Summary> {
        let asker = Asker { reviewer: "lee", now: NOW };
        let filter = Filter::parse("").unwrap();
        let ids = self.workspace.store().index(&filter, "", QueueOrder::Oldest, asker).unwrap().ids;
        let mut rows = self.workspace.store().summaries(&ids, "lee").unwrap();
        rows.sort_by_key(number_of);
        rows
    }

    fn rates(&mut self, by: Option<&str>) -> RatesReport {
        rates(&mut self.workspace, &RatesOrder { by, ..RatesOrder::default() }, NOW).unwrap()
    }

    fn alignment(&mut self, sample: SampleOrder<'_>, by: Option<&str>) -> Result<AlignmentReport, SampleError> {
        alignment(&mut self.workspace, &AlignmentOrder { sample, by, evaluator: None, miss: MISS, risk: RISK }, NOW)
    }
}

fn number_of(row: &crate::model::summary::Summary) -> usize {
    row.external_id.exact().rsplit('/').next().unwrap().parse().unwrap()
}

const TRUTH: SampleOrder<'_> = SampleOrder { filter: "", truth: Some("reward"), queue: None };

#[test]
fn without_an_audit_nothing_is_counted_and_the_way_to_one_is_told() {
    let mut desk = Desk::new(0..12);
    for row in &desk.rows()[..6] {
        desk.say(row, true, None, &[]);
    }
    let error = rates(&mut desk.workspace, &RatesOrder::default(), NOW).unwrap_err().to_string();
    assert!(error.contains("aftercall queue new NAME --audit 0.2") && error.contains("6 other labels"), "{error}");
    desk.define("none", 0.0);
    desk.judge("none", 4, |_| false);
    assert!(matches!(desk.alignment(SampleOrder::default(), None), Err(SampleError::NoAudit { .. })));
    let there = SampleOrder { queue: Some("nowhere"), ..SampleOrder::default() };
    assert!(desk.alignment(there, None).unwrap_err().to_string().contains("nowhere"));
}

#[test]
fn rates_come_from_audit_labels_only() {
    let mut desk = Desk::new(0..120);
    desk.define("week", 0.3);
    desk.judge("week", 60, |_| false);
    let report = desk.rates(None);
    let audited = queue::audited(&mut desk.workspace, "week").unwrap();
    let drawn: Vec<bool> = audited.reached.iter().filter_map(|(_, failed)| *failed).collect();
    let fails = drawn.iter().filter(|failed| **failed).count() as u64;
    let rate = report.overall.rate.unwrap();
    assert_eq!((rate.k, rate.n, report.pool), (fails, drawn.len() as u64, 120));
    assert!(drawn.len() < 60, "not every label is of the audit");
    assert_eq!(Some(rate.interval), wilson_finite((rate.k, rate.n), 120, 0.05));
    assert!(rate.interval.0 <= 0.25 && 0.25 <= rate.interval.1, "the true rate: {rate:?}");
    // The interval is narrower than one that takes the pool to be endless.
    assert!(rate.half_width() < Rate::of(rate.k, rate.n, None).unwrap().half_width());
    assert!(report.overall.model_estimate.is_some() && report.overall.needs > 0);
    assert!(report.basis.words().contains("week"), "{:?}", report.basis);
}

#[test]
fn a_segment_of_few_labels_has_no_rate_and_no_star() {
    let mut desk = Desk::new(0..90);
    desk.define("week", 0.5);
    desk.judge("week", 24, |_| false);
    let report = desk.rates(Some("intent"));
    let (labels, pools): (u64, u64) = report.segments.iter().fold((0, 0), |sum, one| {
        let n = one.rate.as_ref().map_or_else(|why| 8 - why.more().unwrap(), |rate| rate.n);
        (sum.0 + n, sum.1 + one.pool)
    });
    assert_eq!((labels, pools), (report.overall.rate.unwrap().n, 90));
    assert!(report.segments.iter().any(|one| one.rate.is_err() && one.difference.is_err()), "{:?}", report.segments);
    let error = rates(&mut desk.workspace, &RatesOrder { by: Some("colour"), ..RatesOrder::default() }, NOW);
    assert!(error.unwrap_err().to_string().contains("colour"));
}

#[test]
fn imports_weigh_by_their_size() {
    let mut desk = Desk::new(0..40);
    desk.define("week", 0.5);
    desk.judge("week", 16, |_| false);
    desk.import(&(200..360).map(chat).collect::<Vec<_>>());
    desk.judge("week", 60, |_| false);
    let report = desk.rates(None);
    assert_eq!((report.imports, report.pool), (2, 200));
    let estimate = report.post_stratified.unwrap();
    let sample = sample(&mut desk.workspace, &SampleOrder::default(), NOW).unwrap();
    let by_hand: f64 = [0, 1]
        .iter()
        .map(|stratum| {
            let inside: Vec<&Member> = sample.members.iter().filter(|one| one.stratum == Some(*stratum)).collect();
            let (labels, fails) = count(inside.iter().copied());
            inside.len() as f64 / 200.0 * fails as f64 / labels as f64
        })
        .sum();
    assert!((estimate.estimate - by_hand).abs() < 1e-12);
}

#[test]
fn evaluators_are_named_for_what_they_are() {
    let mut desk = Desk::new(0..80);
    let report = desk.alignment(TRUTH, Some("intent")).unwrap();
    let one = |name: &str| report.evaluators.iter().find(|one| one.name == name).unwrap();
    assert_eq!((one("flat").remark, one("turned").remark), (Some(Remark::Constant), Some(Remark::UpsideDown)));
    assert_eq!(one("good").remark, None);
    assert!(report.trials, "two conversations of each task");
    // By hand: of 80, 20 failed; `good` is wrong about every eighth, none of which failed.
    let table = one("good").overall.agreement.table;
    assert_eq!((table.tp, table.missed, table.fp, table.tn), (20, 0, 10, 50));
    assert_eq!(one("good").overall.false_fails.conversations, 10);
    assert!(one("good").overall.false_passes.filter.is_empty());
    let filter = Filter::parse(&one("good").overall.false_fails.filter).unwrap();
    let asker = Asker { reviewer: "lee", now: NOW };
    assert_eq!(desk.workspace.store().index(&filter, "", QueueOrder::Oldest, asker).unwrap().ids.len(), 10);
    assert_eq!(one("good").segments.iter().map(|part| part.labels).sum::<u64>(), 80);
    assert!(one("good").corrected.is_err() && one("good").powered.is_err(), "an experiment corrects nothing");
    assert!(report.basis.words().contains("EXPERIMENT"));
}

#[test]
fn labels_given_with_scores_in_sight_do_not_align() {
    let mut desk = Desk::new(0..120);
    desk.define("week", 0.4);
    let mut given = 0;
    desk.judge("week", 50, |slot| slot.kind != SlotKind::Audit);
    let blind = desk.alignment(SampleOrder::default(), None).unwrap();
    assert!(blind.labels > 0);
    // Where an audit slot met a label of the order, the rate knows it, the alignment does not.
    let rated = desk.rates(None).overall.rate.unwrap().n;
    assert_eq!(blind.labels + blind.seen, rated);
    given += rated;
    assert!(given >= 20, "{given}");
    let mut other = Desk::new(0..120);
    other.define("week", 0.4);
    other.judge("week", 50, |_| true);
    let seen = other.alignment(SampleOrder::default(), None).unwrap();
    assert_eq!((seen.labels, seen.seen), (0, rated));
    assert!(seen.evaluators.iter().all(|one| one.overall.agreement.tpr.is_err() && one.overall.auroc.is_err()));
}

#[test]
fn thresholds_and_corrected_rates_wait_for_their_labels() {
    let mut desk = Desk::new(0..200);
    desk.define("week", 1.0);
    desk.judge("week", 12, |_| false);
    let few = overview(&mut desk.workspace, Some("week"), NOW).unwrap();
    let good = few.evaluators.iter().find(|one| one.name == "good").unwrap();
    assert_eq!(good.powered.as_ref().unwrap_err().to_string(), "needs 18 more audit labels (12 of 30)");
    assert!(good.overall.sure.as_ref().unwrap_err().to_string().contains("needs 33 more"));
    desk.judge("week", 60, |_| false);
    let many = overview(&mut desk.workspace, Some("week"), NOW).unwrap();
    let good = many.evaluators.iter().find(|one| one.name == "good").unwrap();
    let powered = good.powered.as_ref().unwrap();
    assert!(powered.estimate.interval.0 <= 0.25 && 0.25 <= powered.estimate.interval.1, "{powered:?}");
    let corrected = good.corrected.as_ref().unwrap();
    assert!(corrected.interval.0 <= 0.25 && 0.25 <= corrected.interval.1, "{corrected:?}");
    let cutoff = good.overall.threshold.as_ref().unwrap();
    assert!(!cutoff.pooled && cutoff.at <= 0.2 && cutoff.missed.rate <= 0.2, "{cutoff:?}");
    assert!(
        good.segments
            .iter()
            .any(|part| part.threshold.as_ref().is_ok_and(|cutoff| cutoff.pooled || cutoff.missed.rate <= 0.2))
    );
    // The one that is upside down must not be corrected into a rate.
    let turned = many.evaluators.iter().find(|one| one.name == "turned").unwrap();
    assert!(turned.corrected.is_err());
}

fn compared(desk: &mut Desk, first: &str, second: &str, by: Option<&str>) -> CompareReport {
    let order =
        CompareOrder { first, second, sample: TRUTH, by, task: None, adjustment: Adjustment::BenjaminiHochberg };
    compare(&mut desk.workspace, &order, NOW).unwrap()
}

#[test]
fn versions_on_the_same_tasks_are_paired() {
    // Version 1 has the even numbers, of which every second failed; version 2 the odd ones, of which none did.
    let mut desk = Desk::new(0..60);
    let report = compared(&mut desk, "meta.version:1", "meta.version:2", Some("intent"));
    let Test::Paired { tasks, changed, .. } = &report.overall.test else { panic!("{:?}", report.overall.test) };
    let changed = changed.as_ref().unwrap();
    assert_eq!((*tasks, changed.worse, changed.better), (30, 0, 15));
    assert!((changed.p - 2.0 * 0.5_f64.powi(15)).abs() < 1e-12);
    assert!(report.overall.p.as_ref().unwrap().rejects(0.05) && report.overall.needs.is_none());
    assert_eq!(report.segments.len(), 3);
    // Five tasks that changed prove nothing, and it says so.
    let few = compared(&mut desk, "meta.version:1 external_id:t0/*,t2/*,t4/*,t6/*,t8/*", "meta.version:2", None);
    let why = super::super::compare::why_not(&few.overall.p).unwrap();
    assert_eq!(why, "5 cases changed; fewer than 6 cannot reach p < .05");
    assert!(few.overall.needs.is_some_and(|needs| needs.of == "pairs"));
}

#[test]
fn trials_of_tasks_are_resampled_and_strangers_are_apart() {
    let mut desk = Desk::new(0..80);
    let clustered = compared(&mut desk, "intent:refund,exchange", "intent:refund,question", None);
    assert!(matches!(clustered.overall.test, Test::Clustered { .. }), "{:?}", clustered.overall.test);
    // Only one of a task, and the tasks of the sides are others.
    let apart = compared(&mut desk, "meta.version:1 external_id:t1*", "meta.version:2 external_id:t2*", None);
    let Test::Apart { difference } = &apart.overall.test else { panic!("{:?}", apart.overall.test) };
    let found = difference.as_ref().unwrap();
    assert!(found.interval.0 <= found.difference && found.difference <= found.interval.1);
}

#[test]
fn drift_is_told_where_there_is_some() {
    let mut desk = Desk::new(0..80);
    desk.import(&(400..480).map(chat).collect::<Vec<_>>());
    let calm = drift(&desk.workspace, &DriftOrder::default(), NOW).unwrap();
    assert_eq!((calm.conversations, calm.alarms), ((80, 80), 0), "{:?}", calm.rows);
    let moved: Vec<String> = (600..680)
        .map(|number| {
            chat(number).replace(r#""good","value":0."#, r#""good","value":1."#).replace("question", "returns")
        })
        .collect();
    desk.import(&moved);
    let report = drift(&desk.workspace, &DriftOrder::default(), NOW).unwrap();
    assert_eq!(report.conversations, (160, 80));
    let alarmed: Vec<&str> = report.rows.iter().filter(|row| row.alarm).map(|row| row.name.as_str()).collect();
    assert_eq!(alarmed.len(), 2, "{alarmed:?}");
    assert!(alarmed.contains(&"good") && alarmed.contains(&"intent"), "{alarmed:?}");
    let flat = report.rows.iter().find(|row| row.name == "flat").unwrap();
    assert!(matches!(&flat.measured, Drifted::Score { drift: Err(_), .. }) && flat.p_adjusted.is_none());
    // What moved may be that nothing is known; it is listed all the same.
    let unknown = |number| chat(number).replace(r#""intent":"refund","#, "").replace(r#""intent":"exchange","#, "");
    desk.import(&(800..880).map(unknown).collect::<Vec<_>>());
    let report = drift(&desk.workspace, &DriftOrder::default(), NOW).unwrap();
    let intent = report.rows.iter().find(|row| row.name == "intent").unwrap();
    assert_eq!(intent.measured.moved_most().map(|moved| moved.0.as_str()), Some("(unknown)"));
    assert_eq!(intent.behind.conversations, 50, "as many as a row lists");
    let filtered = DriftOrder { reference: Some("intent:refund"), current: None };
    assert!(drift(&desk.workspace, &filtered, NOW).unwrap().alarms > 0);
}

#[test]
fn reviewers_agree_once_thirty_were_judged_twice() {
    let mut desk = Desk::new(0..40);
    let rows = desk.rows();
    for row in &rows {
        let bad = failed(number_of(row));
        desk.say(row, bad, None, if bad { &["wrong tool"] } else { &[] });
    }
    desk.workspace = Desk::open(desk.folder.path(), "mo");
    for row in &rows[..29] {
        desk.say(row, failed(number_of(row)), None, &[]);
    }
    let few = agreement(&desk.workspace, &AgreementOrder::default(), NOW).unwrap();
    assert_eq!(few.units, 29);
    assert!(few.verdict.percent.is_err() && few.verdict.alpha.is_err() && few.pairs[0].kappa.is_err());
    // Four more, of which two are seen the other way.
    for (at, row) in rows[29..33].iter().enumerate() {
        desk.say(row, failed(number_of(row)) != (at < 2), None, &[]);
    }
    let many = agreement(&desk.workspace, &AgreementOrder::default(), NOW).unwrap();
    let percent = many.verdict.percent.unwrap();
    assert_eq!((percent.k, percent.n), (31, 33));
    let kappa = many.pairs[0].kappa.clone().unwrap();
    assert!(kappa.value > 0.7 && kappa.value < 1.0 && many.verdict.alpha.unwrap().value < 1.0);
    // Only one of the two named the mode.
    let mode = &many.modes[0];
    assert_eq!((mode.by_all, mode.agreement.alpha.as_ref().unwrap().value <= 0.0), (0, true));
    assert!(many.repeats.is_empty());
}

#[test]
fn real_runs_rank_as_counted_pair_by_pair() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/tau-bench/gpt-4o-airline.json");
    if !std::path::Path::new(path).is_file() {
        println!("skipped: ../shared is absent");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut workspace = Desk::open(folder.path(), "lee");
    let order = ImportOrder { paths: vec![path.into()], ..ImportOrder::default() };
    workspace.import(&order, NOW, &mut |_| ControlFlow::Continue(())).unwrap();
    let only = vec!["StepEfficiency".to_owned(), "ConversationResolution".to_owned()];
    let run = evaluate::EvaluateOrder { only, ..evaluate::EvaluateOrder::default() };
    evaluate::evaluate(&mut workspace, &run, NOW, &mut |_| ControlFlow::Continue(())).unwrap();
    let order = AlignmentOrder { sample: TRUTH, by: None, evaluator: None, miss: MISS, risk: RISK };
    let report = alignment(&mut workspace, &order, NOW).unwrap();
    assert_eq!((report.labels, report.failed, report.trials), (200, 116, true));
    let asker = Asker { reviewer: "lee", now: NOW };
    let ids = workspace.store().index(&Filter::parse("").unwrap(), "", QueueOrder::Oldest, asker).unwrap().ids;
    let rows = workspace.store().summaries(&ids, "lee").unwrap();
    for name in ["StepEfficiency", "ConversationResolution"] {
        let said: Vec<(f64, bool)> = rows
            .iter()
            .filter_map(|row| Some((row.scores.get(name).copied()??, row.outcomes["reward"].as_f64()? < 0.5)))
            .collect();
        let (mut won, mut pairs) = (0.0, 0.0);
        for (bad, _) in said.iter().filter(|one| one.1) {
            for (good, _) in said.iter().filter(|one| !one.1) {
                pairs += 1.0;
                won += if bad < good { 1.0 } else { f64::from(u8::from(bad.total_cmp(good).is_eq())) / 2.0 };
            }
        }
        let found = report.evaluators.iter().find(|one| one.name == name).unwrap().overall.auroc.clone().unwrap();
        assert!((found.value - won / pairs).abs() < 1e-12, "{name}: {} {}", found.value, won / pairs);
    }
    let turned = report.evaluators.iter().find(|one| one.name == "ConversationResolution").unwrap();
    assert_ne!(turned.remark, Some(Remark::UpsideDown), "{:?}", turned.overall.auroc);
    let rated = rates(&mut workspace, &RatesOrder { sample: TRUTH, by: None, outcome: None }, NOW).unwrap();
    assert_eq!(rated.overall.rate.unwrap().words(), "116/200 = 58 % [51-65]");
}
