//! Figures of made-up work.
//!
//! Invariant: each expected number was counted by hand.

use super::*;

const MINUTE: i64 = 60_000_000;

fn given(id: &str, who: &str, verdict: Verdict, minutes: i64) -> Given {
    let slot = Slot {
        queue: "week".to_owned(),
        kind: crate::model::queue::SlotKind::Ranked,
        position: minutes.unsigned_abs(),
        p: None,
        weights: String::new(),
        q: None,
        scores_seen: false,
    };
    Given {
        id: ConversationId::from_stored(id.to_owned()),
        reviewer: who.to_owned(),
        verdict,
        modes: Vec::new(),
        slot: Some(slot),
        at: minutes * MINUTE,
    }
}

fn of(all: &[Given]) -> Vec<Work> {
    let mut by_conversation: BTreeMap<&ConversationId, BTreeSet<&str>> = BTreeMap::new();
    let mut by_reviewer: BTreeMap<&str, Vec<&Given>> = BTreeMap::new();
    for one in all {
        by_conversation.entry(&one.id).or_default().insert(&one.reviewer);
        by_reviewer.entry(&one.reviewer).or_default().push(one);
    }
    let intents = all.iter().map(|one| {
        let intent = if one.id.as_str() < "m" { "refund" } else { "delivery" };
        (one.id.clone(), intent.to_owned())
    });
    let intents = intents.collect();
    by_reviewer.iter().map(|(name, own)| work(name, own, &by_conversation, &intents)).collect()
}

#[test]
fn pauses_are_no_work_and_what_came_again_is_a_repeat() {
    let all = [
        given("a", "lee", Verdict::Pass, 0),
        given("b", "lee", Verdict::Fail, 2),
        given("c", "lee", Verdict::Pass, 5),
        given("n", "lee", Verdict::Pass, 60),
        given("a", "lee", Verdict::Fail, 64),
        given("b", "sam", Verdict::Fail, 65),
    ];
    let works = of(&all);
    let lee = &works[0];
    assert_eq!((lee.judged, lee.failed, lee.shared), (4, 2, 1));
    assert_eq!(lee.pace_minutes, Some(3.0), "of 2, 3 and 4 minutes; the pause of 55 is none");
    assert_eq!((lee.repeats, lee.same.as_ref().map(|same| same.k)), (1, Some(0)));
    assert!(lee.kappa.is_err() && lee.drift.is_err(), "too little to tell");
    assert_eq!(works[1].pace_minutes, None);
}

#[test]
fn a_reviewer_who_became_stricter_is_seen_with_an_interval() {
    let all: Vec<Given> = (0..40)
        .map(|at| given(&format!("a{at}"), "lee", if at < 20 { Verdict::Pass } else { Verdict::Fail }, at))
        .collect();
    let works = of(&all);
    let drift = works[0].drift.as_ref().unwrap();
    assert_eq!((drift.earlier.k, drift.later.k), (0, 20));
    let change = drift.change.as_ref().unwrap();
    assert!((change.difference - 1.0).abs() < 1e-9 && change.interval.0 > 0.5, "{change:?}");
}

#[test]
fn each_part_goes_to_who_has_seen_least_of_it_and_nobody_gets_two_before_all_have_one() {
    let all = [
        given("a", "lee", Verdict::Pass, 0),
        given("b", "lee", Verdict::Pass, 1),
        given("c", "sam", Verdict::Pass, 2),
        given("x", "sam", Verdict::Pass, 3),
    ];
    let works = of(&all);
    let told: Vec<(String, String)> = turns(&works).into_iter().map(|turn| (turn.part, turn.reviewer)).collect();
    let wanted = [("intent:refund", "sam"), ("intent:delivery", "lee")];
    assert_eq!(told, wanted.map(|(part, who)| (part.to_owned(), who.to_owned())));
    assert_eq!(turns(&works[..1]), [], "one person shares with nobody");
    // Who judged all of a part has no fresh eyes for it, even where they have no part yet.
    let mut works = of(&all);
    works[1].intents.clear();
    works[0].intents = [("a", 4), ("b", 4)].map(|(name, count)| (name.to_owned(), count)).into();
    let told: Vec<String> = turns(&works).into_iter().map(|turn| turn.reviewer).collect();
    assert_eq!(told, [works[1].reviewer.clone(), works[1].reviewer.clone()]);
}

#[test]
fn what_was_said_otherwise_later_is_no_work_of_its_own() {
    let mut all: Vec<Given> = (0..20).map(|at| given(&format!("c{at:02}"), "lee", Verdict::Pass, at)).collect();
    all.extend((0..5).map(|at| given(&format!("c{at:02}"), "lee", Verdict::Fail, 100 + at)));
    let drift = of(&all).remove(0).drift.unwrap();
    // The first five count where they were judged last.
    assert_eq!(((drift.earlier.k, drift.earlier.n), (drift.later.k, drift.later.n)), ((0, 10), (5, 10)));
}
