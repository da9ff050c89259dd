//! From trials to a decision.
//!
//! Invariant: without a baseline the share of passing cases decides; with one, an exact test on the cases that changed.
//! Runs that were lost, cases without a run on either side, cases that are no longer judged, and a case that became worse
//! where there are too few for the test never pass.

use std::collections::BTreeMap;

use crate::dataset::regression::{Case, Outcome};
use crate::stats::compare::{Draws, mcnemar_exact, paired_bootstrap, worse_exact};
use crate::stats::rate::{pass_all, wilson_of_mean};
use crate::text::count;

use super::report::{CaseReport, Comparison, Counts, Report, RunsOf, State};
use super::{By, Held, Trial};

/// Resamples of the bootstrap.
const RESAMPLES: usize = 2_000;

/// Its seed: the same trials give the same report.
const SEED: u64 = 0x00af_7e2c_a11a;

/// The largest k of pass^k.
const MOST_TRIALS: u64 = 8;

/// When a difference counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// How often noise may be called a regression.
    pub alpha: f64,
    /// The share of judged cases that has to pass; with a baseline it counts only where it was asked for.
    pub min_pass: Option<f64>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { alpha: 0.05, min_pass: None }
    }
}

/// The share of cases that has to pass where nothing else was said and there is no baseline.
pub const MIN_PASS: f64 = 0.95;

/// The share of cases that has to be judged: below it, what passes says too little of the rest.
pub const LEAST_JUDGED: f64 = 0.5;

/// Trials that passed, and trials that were judged.
fn counted(trials: &[Trial]) -> (u64, u64) {
    let passed = trials.iter().filter(|trial| trial.outcome == Outcome::Pass).count();
    let unjudged = trials.iter().filter(|trial| matches!(trial.outcome, Outcome::Unjudged { .. })).count();
    (passed as u64, (trials.len() - unjudged) as u64)
}

fn state(trials: &[Trial]) -> State {
    match counted(trials) {
        _ if trials.is_empty() => State::Missing,
        (_, 0) => State::Unjudged,
        (0, _) => State::Fail,
        (passed, judged) if passed == judged => State::Pass,
        _ => State::Flaky,
    }
}

/// The report of new trials, and of a baseline's where there is one.
pub fn report(cases: &[Case], new: &Held, baseline: Option<&Held>, rules: &Rules) -> Report {
    let mut counts =
        Counts { cases: cases.len(), runs: new.runs, unmatched_runs: new.unmatched.len(), ..Counts::default() };
    let mut told = Vec::with_capacity(cases.len());
    let mut all: Vec<(u64, u64)> = Vec::new();
    for ((case, trials), by) in cases.iter().zip(&new.trials).zip(&new.matched) {
        let state = state(trials);
        counts.add(state);
        if let Some(by) = by {
            *counts.matched_by.entry(*by).or_default() += 1;
        }
        for trial in trials.iter().filter(|trial| !matches!(trial.outcome, Outcome::Unjudged { .. })) {
            counts.trials_decided_by_judge += u64::from(trial.by == By::Judge);
        }
        let (passed, judged) = counted(trials);
        counts.trials += judged;
        counts.passed_trials += passed;
        counts.unjudged_trials += trials.len() as u64 - judged;
        if judged > 0 {
            all.push((passed, judged));
        }
        told.push(CaseReport {
            case_id: case.case_id.clone(),
            conversation_id: case.conversation_id.clone(),
            step: case.step,
            task: case.task(),
            intent: case.intent.clone(),
            mode: case.mode.clone(),
            severity: case.severity,
            state,
            baseline: None,
            matched_by: *by,
            trials: trials.clone(),
        });
    }
    let most = all.iter().map(|(_, judged)| *judged).max().unwrap_or(0).min(MOST_TRIALS);
    let pass_hat = (1..=most).filter_map(|k| Some((k, mean_pass_all(&all, k)?))).collect();
    let pass_rate = mean_pass_all(&all, 1);
    let mut report = Report {
        schema_version: 1,
        dataset: String::new(),
        cases_of: String::new(),
        runs: RunsOf::default(),
        reading: new.reading.clone(),
        reading_of_baseline: baseline.map(|baseline| baseline.reading.clone()),
        alpha: rules.alpha,
        min_pass: rules.min_pass.or_else(|| baseline.is_none().then_some(MIN_PASS)),
        pass_rate,
        interval: pass_rate.and_then(|rate| wilson_of_mean(rate, all.len() as u64, rules.alpha)),
        counts,
        pass_hat,
        comparison: None,
        decision: String::new(),
        reasons: Vec::new(),
        test_uses_before: 0,
        evaluators: new.evaluators.clone(),
        strangers: Vec::new(),
        judge: new.judge.clone(),
        judge_of_baseline: baseline.and_then(|baseline| baseline.judge.clone()),
        unmatched_runs: new.unmatched.clone(),
        cases: told,
    };
    if let Some(baseline) = baseline {
        report.comparison = Some(compare(&mut report.cases, (new, baseline), rules.alpha));
    }
    conclude(&mut report);
    strangers(&mut report, [Some(new), baseline]);
    report
}

fn mean_pass_all(all: &[(u64, u64)], k: u64) -> Option<f64> {
    let known: Vec<f64> = all.iter().filter_map(|(passed, judged)| pass_all(*passed, *judged, k)).collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

/// Compares case by case; a case counts where both sides judged it.
fn compare(told: &mut [CaseReport], (new, baseline): (&Held, &Held), alpha: f64) -> Comparison {
    let (mut before, mut after, mut worse, mut better) = (Vec::new(), Vec::new(), 0, 0);
    for ((case, new), old) in told.iter_mut().zip(&new.trials).zip(&baseline.trials) {
        case.baseline = Some(state(old));
        let ((new_passed, new_judged), (old_passed, old_judged)) = (counted(new), counted(old));
        if new_judged == 0 || old_judged == 0 {
            continue;
        }
        // Shares are compared as whole numbers, so that equal ones are equal.
        let (a, b) = (old_passed * new_judged, new_passed * old_judged);
        worse += u64::from(b < a);
        better += u64::from(b > a);
        before.push(old_passed as f64 / old_judged as f64);
        after.push(new_passed as f64 / new_judged as f64);
    }
    let mut draws = Draws::new(SEED);
    let count = before.len();
    let resamples = (0..RESAMPLES).map(|_| draws.resample(count));
    let difference = paired_bootstrap((&before, &after), resamples, alpha);
    Comparison {
        cases: count,
        worse,
        better,
        p_worse: worse_exact(worse, better),
        p_two_sided: mcnemar_exact(worse, better),
        difference: difference.map(|found| found.mean),
        interval: difference.map(|found| found.interval),
    }
}

fn conclude(report: &mut Report) {
    let mut reasons: Vec<String> = report.readings().flat_map(|(whose, reading)| reading.lost(whose)).collect();
    not_judged(report, &mut reasons);
    for judge in [&report.judge, &report.judge_of_baseline].into_iter().flatten() {
        if let Some(why) = &judge.useless {
            reasons.push(format!("the judge answered nothing: {why}"));
        }
    }
    // A mean of shares may be a hair off the share that was asked for.
    if let (Some(rate), Some(least)) = (report.pass_rate, report.min_pass)
        && rate + 1e-9 < least
    {
        let flaky = if report.counts.flaky > 0 { ", flaky ones counted by their share" } else { "" };
        reasons.push(format!("{:.1} % of the cases pass{flaky}, fewer than {:.1} %", rate * 100.0, least * 100.0));
    }
    if let Some(comparison) = &report.comparison {
        let (cases, least) = (comparison.cases, fewest(report.alpha));
        if cases == 0 {
            reasons.push("no case was judged on both sides".to_owned());
        } else if (cases as f64) < report.counts.cases as f64 * LEAST_JUDGED {
            reasons.push(format!(
                "only {cases} of {} cases were judged on both sides, fewer than half",
                report.counts.cases
            ));
        }
        if comparison.worse > 0 && least.is_none_or(|least| (cases as u64) < least) {
            let takes =
                least.map_or_else(|| "no number of them is enough".to_owned(), |least| format!("it takes {least}"));
            reasons.push(format!(
                "{} became worse, and there are too few cases for a test at {}: {cases}, {takes}",
                count(comparison.worse, "case"),
                report.alpha
            ));
        } else if comparison.p_worse < report.alpha {
            reasons.push(format!(
                "{} became worse and {} better than the baseline (exact one-sided p {:.4}, below {})",
                count(comparison.worse, "case"),
                comparison.better,
                comparison.p_worse,
                report.alpha
            ));
        }
    }
    let decision = if reasons.is_empty() { "pass" } else { "regression" };
    decision.clone_into(&mut report.decision);
    report.reasons = reasons;
}

/// The fewest cases at which the test could call anything a regression: so many that all of them becoming worse is less
/// likely than `alpha`. `None` where no number is.
pub(super) fn fewest(alpha: f64) -> Option<u64> {
    (1..=1_024).find(|cases| worse_exact(*cases, 0) < alpha)
}

/// Says why cases have no run where the runs that name their tasks are another domain's.
fn strangers(report: &mut Report, held: [Option<&Held>; 2]) {
    for (held, whose) in held.into_iter().zip(["", " in the baseline"]) {
        let Some(held) = held.filter(|held| held.strangers > 0 && held.trials.iter().any(Vec::is_empty)) else {
            continue;
        };
        let why = format!(
            "runs of another domain{whose}: {} with the id of a case's task, but other tools than the cases have (a file called as \
             the source of the cases is taken for theirs)",
            count(held.strangers as u64, "run")
        );
        // A decision that stands otherwise is told why it may be about too little.
        report.reasons.push(why);
    }
}

/// What no run was found for, and what could not be judged: neither is passed silently.
fn not_judged(report: &Report, reasons: &mut Vec<String>) {
    let counts = &report.counts;
    let judged = counts.passed + counts.failed + counts.flaky;
    if counts.missing > 0 {
        reasons.push(format!("{} of {} cases have no run", counts.missing, counts.cases));
    }
    let before = report.cases.iter().filter(|case| case.baseline == Some(State::Missing)).count();
    if before > 0 {
        reasons.push(format!("{before} of {} cases have no run in the baseline", counts.cases));
    }
    if judged == 0 {
        reasons.push("nothing could be judged".to_owned());
    } else if (judged as f64) < counts.cases as f64 * LEAST_JUDGED {
        reasons.push(format!("only {judged} of {} cases could be judged, fewer than half", counts.cases));
    }
    let was = |case: &&CaseReport| matches!(case.baseline, Some(State::Pass | State::Fail | State::Flaky));
    let lost = report.cases.iter().filter(was).filter(|case| case.state == State::Unjudged).count();
    if lost > 0 {
        reasons.push(format!("{} that the baseline has judged could not be judged now", count(lost as u64, "case")));
    }
}

/// How many cases are in which state.
impl Counts {
    fn add(&mut self, state: State) {
        match state {
            State::Pass => self.passed += 1,
            State::Fail => self.failed += 1,
            State::Flaky => self.flaky += 1,
            State::Unjudged => self.unjudged += 1,
            State::Missing => self.missing += 1,
        }
    }
}

/// The reasons for which trials failed, most frequent first.
pub fn reasons(report: &Report) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for trial in report.cases.iter().flat_map(|case| &case.trials) {
        if let Outcome::Fail { why, .. } = &trial.outcome {
            *counts.entry(why.clone()).or_default() += 1;
        }
    }
    let mut found: Vec<(String, usize)> = counts.into_iter().collect();
    found.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::gate::Reading;

    fn trials(text: &str) -> Vec<Trial> {
        let outcome = |c| match c {
            'p' => Outcome::Pass,
            'f' => Outcome::Fail { why: "never calls x".into(), step: None },
            _ => Outcome::Unjudged { why: "words".into() },
        };
        let trial = |c| Trial { run: "r".into(), outcome: outcome(c), by: By::Case, counterpart: None, said: None };
        text.chars().map(trial).collect()
    }

    fn cases(count: usize) -> Vec<Case> {
        let line = |at: usize| format!(r#"{{"case_id":"k{at}","conversation_id":"c","prefix":[],"acceptable":[]}}"#);
        (0..count).map(|at| Case::parse(&line(at)).unwrap()).collect()
    }

    fn held(all: &[&str]) -> Held {
        let trials: Vec<Vec<Trial>> = all.iter().map(|text| trials(text)).collect();
        Held { runs: 1, matched: vec![None; trials.len()], trials, ..Held::default() }
    }

    #[test]
    fn flaky_unjudged_and_missing_cases_are_told_apart() {
        let report = report(&cases(5), &held(&["pp", "pf", "ff", "uu", ""]), None, &Rules::default());
        let counts = &report.counts;
        assert_eq!((counts.passed, counts.flaky, counts.failed, counts.unjudged, counts.missing), (1, 1, 1, 1, 1));
        assert_eq!((report.pass_rate, report.decision.as_str()), (Some(0.5), "regression"));
        assert!((report.pass_hat[&1] - 0.5).abs() < 1e-12);
        assert!((report.pass_hat[&2] - 1.0 / 3.0).abs() < 1e-12);
    }

    fn decided(new: &[&str], old: Option<&[&str]>) -> Report {
        let old = old.map(held);
        report(&cases(new.len()), &held(new), old.as_ref(), &Rules::default())
    }

    #[test]
    fn flaky_cases_count_with_the_share_that_passes() {
        let report = decided(&["pf"; 20], None);
        assert_eq!((report.pass_rate, report.decision.as_str()), (Some(0.5), "regression"));
        assert!(report.reasons[0].contains("flaky ones counted by their share"), "{:?}", report.reasons);
        // One flaky case of twenty is 97.5 %.
        let mut most = ["pp"; 20];
        most[7] = "pf";
        assert_eq!(decided(&most, None).decision, "pass");
        most[8] = "ff";
        assert_eq!(decided(&most, None).decision, "regression");
    }

    #[test]
    fn cases_without_a_run_and_too_few_judged_ones_do_not_pass() {
        let mut one = vec![""; 200];
        one[0] = "p";
        for old in [None, Some(&one[..])] {
            let report = decided(&one, old);
            assert_eq!(report.reasons[0], "199 of 200 cases have no run");
            let few = "only 1 of 200 cases could be judged, fewer than half";
            assert!(report.reasons.iter().any(|why| why == few), "{:?}", report.reasons);
        }
        assert_eq!(decided(&["p", "p", "p", ""], None).reasons, ["1 of 4 cases have no run"]);
        assert_eq!(
            decided(&["p", "p", "p"], Some(&["p", "", "p"])).reasons,
            ["1 of 3 cases have no run in the baseline"]
        );
        // Everything fails now, and nearly nothing is known of before.
        let report = decided(&["f"; 200], Some(&one[..]));
        assert!(report.failed());
        assert_eq!(report.reasons[0], "199 of 200 cases have no run in the baseline");
        assert_eq!(report.reasons[1], "only 1 of 200 cases were judged on both sides, fewer than half");
        let half = decided(&["p", "p", "p"], Some(&["p", "u", "u"]));
        assert_eq!(half.reasons, ["only 1 of 3 cases were judged on both sides, fewer than half"]);
        assert_eq!(decided(&["p", "u", "p", "u"], None).decision, "pass");
        assert_eq!(decided(&["p", "u", "u"], None).decision, "regression");
    }

    #[test]
    fn what_the_baseline_judged_has_to_be_judged_again() {
        assert_eq!(decided(&["p", "p", "u"], Some(&["p", "p", "u"])).decision, "pass");
        let report = decided(&["p", "p", "u"], Some(&["p", "p", "f"]));
        assert_eq!(report.reasons, ["1 case that the baseline has judged could not be judged now"]);
        assert_eq!(decided(&["p", "p", ""], Some(&["p", "p", "p"])).reasons, ["1 of 3 cases have no run"]);
    }

    #[test]
    fn runs_that_were_lost_do_not_pass() {
        let lost = [
            Reading { skipped: 1, records: 9, ..Reading::default() },
            Reading { conflicts: 1, ..Reading::default() },
            Reading { broken_files: 1, ..Reading::default() },
        ];
        for reading in lost {
            let with = || Held { reading: reading.clone(), ..held(&["p"]) };
            let alone = report(&cases(1), &with(), None, &Rules::default());
            assert_eq!((alone.decision.as_str(), alone.reasons.len()), ("regression", 1), "{:?}", alone.reasons);
            let beside = report(&cases(1), &held(&["p"]), Some(&with()), &Rules::default());
            assert!(beside.failed() && beside.reasons[0].contains("baseline"), "{:?}", beside.reasons);
        }
        let repeated = Reading { repeated: 1, ..Reading::default() };
        assert!(!report(&cases(1), &Held { reading: repeated, ..held(&["p"]) }, None, &Rules::default()).failed());
    }

    #[test]
    fn nothing_judged_is_no_pass() {
        let report = report(&cases(1), &held(&["u"]), None, &Rules { min_pass: Some(0.0), ..Rules::default() });
        assert_eq!(report.decision, "regression");
    }

    #[test]
    fn a_baseline_decides_by_what_changed() {
        let compared = |new: &[&str], old: &[&str]| {
            report(&cases(new.len()), &held(new), Some(&held(old)), &Rules::default()).decision
        };
        // Many failures that were there before are no regression; six new ones and none better are.
        assert_eq!(compared(&["f"; 20], &["f"; 20]), "pass");
        assert_eq!(compared(&["f"; 6], &["p"; 6]), "regression");
        assert_eq!(compared(&["f", "f", "f", "p", "p"], &["p", "p", "p", "f", "p"]), "pass");
    }

    #[test]
    fn what_became_worse_is_never_passed_without_a_word() {
        // Four cases cannot show anything at 0.05, whatever becomes of them; five can.
        assert_eq!((fewest(0.05), fewest(0.5), fewest(0.0)), (Some(5), Some(2), None));
        let few = decided(&["f", "p", "p", "p"], Some(&["p"; 4]));
        assert_eq!(few.reasons, ["1 case became worse, and there are too few cases for a test at 0.05: 4, it takes 5"]);
        assert!(!decided(&["f", "p", "p", "p"], Some(&["f", "f", "p", "p"])).failed(), "nothing became worse");
        assert!(decided(&["f"; 5], Some(&["p"; 5])).failed());
        let none = Rules { alpha: 0.0, ..Rules::default() };
        let never = report(&cases(9), &held(&["f"; 9]), Some(&held(&["p"; 9])), &none);
        assert!(never.failed() && never.reasons[0].ends_with("no number of them is enough"), "{:?}", never.reasons);
        // Enough cases, and too few that changed: it passes and says so.
        let mut new = ["p"; 20];
        new[..4].fill("f");
        let quiet = decided(&new, Some(&["p"; 20]));
        assert!(!quiet.failed());
        let told =
            "4 cases became worse and 0 better: with so few that changed it may be chance (p 0.0625, not below 0.05)";
        assert!(quiet.remarks().iter().any(|line| line == told), "{:?}", quiet.remarks());
        assert!(quiet.markdown().contains("4 cases became worse"));
        assert!(!few.remarks().iter().any(|line| line.contains("chance")));
    }
}
