//! What is stored comes back, is found, filtered, ordered and ranked.
//!
//! Invariant: expectations are spelled out, never computed by the code under test.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, json};

use super::super::migrate::Depth;
use super::super::*;
use super::open::store_in;
use crate::model::conversation::Conversation;
use crate::model::filter::{FIELDS, Filter};
use crate::model::id::{ConversationId, SpanRef};
use crate::model::label::Label;
use crate::model::queue::QueueOrder;
use crate::model::score::{Direction, Scale, Score, ScoreTarget};
use crate::model::step::{Role, Step, StepContent, ToolResult};
use crate::model::summary::Segments;
use crate::model::time::Timestamp;
use crate::model::tool::Arguments;
use crate::model::trace::{Span, SpanKind, SpanStatus};

/// A short conversation about an order: asked, looked up (perhaps in vain), answered.
pub fn sample(number: u32, failed: bool, score: Option<f64>) -> Conversation {
    let external = format!("S-{number:04}");
    let id = ConversationId::derive("shop", &external);
    let step = |step: u32, content: StepContent| Step {
        number: step,
        message: step,
        content,
        agent: Some("assistant".into()),
        depth: 0,
        at: Some(Timestamp(i64::from(number) * 1_000_000)),
        span: Some(SpanRef::synthesise(&id, "step", step as usize)),
        decision: None,
        speech: None,
    };
    let say = |role, text: String| StepContent::Message { role, text: text.into(), reasoning: None };
    let call = StepContent::ToolCall {
        tool: "get_order".into(),
        arguments: Arguments(format!(r#"{{"id": "LF-{number}"}}"#).into()),
        call_id: None,
        result: Some(ToolResult { text: if failed { "server error 500" } else { "shipped" }.into(), failed }),
    };
    let span = |place: usize| Span {
        id: SpanRef::synthesise(&id, "step", place),
        parent_span_id: None,
        name: "step".into(),
        kind: if place == 2 { SpanKind::Tool } else { SpanKind::Llm },
        agent: Some("Zoë".into()),
        start: Some(Timestamp(i64::from(number) * 1_000_000)),
        end: Some(Timestamp(i64::from(number) * 1_000_000 + 500)),
        status: if failed && place == 2 { SpanStatus::Error } else { SpanStatus::Ok },
        error: None,
        failure_signs: vec![],
        offered_tools: vec![],
        attributes: Map::new(),
        events: vec![],
        links: vec![],
        oddities: vec![],
    };
    let scores = score.map(|value| Score {
        target: ScoreTarget::Span(SpanRef::synthesise(&id, "step", 3)),
        evaluator: "helpfulness".into(),
        version: None,
        source: "test".into(),
        value: Some(value),
        label: None,
        passed: None,
        confidence: None,
        explanation: Some("because".into()),
        evidence: vec![],
    });
    Conversation {
        source: "shop".into(),
        external_id: external.into(),
        segments: Segments { intent: Some("Refund".into()), ..Segments::default() },
        system: vec!["be kind".into()],
        steps: vec![
            step(1, say(Role::User, format!("Where is order LF-{number}? Ça va, 退款问题"))),
            step(2, call),
            step(3, say(Role::Assistant, "On its way, process_refund done".into())),
        ],
        spans: (1..=3).map(span).collect(),
        tools: vec![],
        scores: scores.into_iter().collect(),
        expected: None,
        outcomes: BTreeMap::from([("reopened".to_owned(), json!(failed))]),
        attributes: [("country".to_owned(), json!(["DE", "AT"])), ("age".to_owned(), json!(number))]
            .into_iter()
            .collect(),
        resource: Map::new(),
        id,
    }
}

pub fn put(store: &mut Store, conversation: Conversation) {
    let base = store.stored(&conversation.id).unwrap().map(|stored| stored.content_hash);
    let changes = Changes { puts: vec![Put { conversation, whole: true, base }], ..Changes::default() };
    assert_eq!(store.apply(&changes).unwrap(), Applied::Done);
}

fn scale(_: &str) -> Scale {
    Scale { direction: Direction::Higher, range: None, assumed: true }
}

const ASKER: Asker<'static> = Asker { reviewer: "mira", now: Timestamp(3_000_000) };

fn found(store: &Store, filter: &str, find: &str) -> Vec<String> {
    let filter = Filter::parse(filter).unwrap();
    let index = store.index(&filter, find, QueueOrder::Oldest, ASKER).unwrap();
    if find.is_empty() {
        let mut keys = store.keys_of(&index.ids).unwrap();
        keys.sort_unstable();
        assert_eq!(store.matching_keys(&filter, ASKER).unwrap(), keys, "{filter:?}");
        assert_eq!(store.all_matching_keys(&filter, ASKER).unwrap(), keys, "nothing is hidden here");
    }
    let rows = store.summaries(&index.ids, "mira").unwrap();
    rows.into_iter().map(|row| row.external_id.into_exact()).collect()
}

fn label(store: &mut Store, conversation: &Conversation, reviewer: &str, verdict: Option<&str>, skipped: bool) {
    let label: Label = serde_json::from_value(json!({
        "conversation": conversation.id, "reviewer": reviewer, "verdict": verdict,
        "transcript_hash": conversation.transcript_hash(), "first_failure": null, "severity": 3, "modes": ["wrong-tool"],
        "corrections": [], "notes": [], "criteria": [], "skipped": skipped, "at": "2026-11-20T09:00:00Z", "events": ["x"]
    }))
    .unwrap();
    let text = serde_json::to_string(&label).unwrap();
    let (id, hash) = (conversation.id.as_str(), conversation.transcript_hash());
    store
        .write(|transaction| {
            run(
                transaction,
                "INSERT INTO labels VALUES (?1, ?2, ?3, ?4, NULL, NULL, 1, 3, ?5, 7, ?6, 'week', 'audit', 0.5)",
                &[&id, &reviewer, &verdict, &hash.as_str(), &skipped, &text],
            )?;
            run(transaction, "INSERT INTO label_modes VALUES (?1, ?2, 'wrong-tool')", &[&id, &reviewer])
        })
        .unwrap();
}

#[test]
fn a_conversation_comes_back_as_it_was_and_a_second_time_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(&folder);
    let conversation = sample(1, true, Some(0.5));
    put(&mut store, conversation.clone());
    assert_eq!(store.conversation(&conversation.id).unwrap().as_ref(), Some(&conversation));
    let changes = store.connection.query_row("SELECT total_changes()", [], |row| row.get::<_, i64>(0)).unwrap();
    put(&mut store, conversation.clone());
    assert_eq!(store.connection.query_row("SELECT total_changes()", [], |row| row.get::<_, i64>(0)).unwrap(), changes);
    let stale = Put { conversation: sample(1, false, None), whole: true, base: Some([7; 32]) };
    assert_eq!(store.apply(&Changes { puts: vec![stale], ..Changes::default() }).unwrap(), Applied::Overtaken);
    let fresh = Put { conversation: sample(1, false, None), whole: true, base: None };
    assert_eq!(store.apply(&Changes { puts: vec![fresh], ..Changes::default() }).unwrap(), Applied::Overtaken);
    assert_eq!(store.conversation(&conversation.id).unwrap(), Some(conversation));
    store.check(Depth::Full).unwrap();
}

#[test]
fn removing_leaves_nothing_and_aliases_lead_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(&folder);
    let (old, new) = (sample(1, true, Some(0.5)), sample(2, false, None));
    put(&mut store, old.clone());
    put(&mut store, new.clone());
    let hash = store.stored(&old.id).unwrap().unwrap().content_hash;
    let changes = Changes {
        removals: vec![(old.id.clone(), hash)],
        aliases: vec![(old.id.clone(), new.id.clone())],
        ..Changes::default()
    };
    store.apply(&changes).unwrap();
    assert_eq!(store.conversation(&old.id).unwrap(), None);
    assert_eq!(store.resolve(old.id.as_str()).unwrap(), new.id);
    assert_eq!(found(&store, "", "LF-1 "), Vec::<String>::new());
    let left: i64 = store
        .connection
        .query_row("SELECT (SELECT count(*) FROM spans) + (SELECT count(*) FROM scores)", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 3);
    store.check(Depth::Full).unwrap();
}

#[test]
fn conversations_are_found_by_id_beginning_name_and_trace() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(&folder);
    let all: Vec<Conversation> = (1..40).map(|number| sample(number, false, None)).collect();
    for one in &all {
        put(&mut store, one.clone());
    }
    let id = &all[6].id;
    assert_eq!(&store.resolve(id.as_str()).unwrap(), id);
    assert_eq!(&store.resolve(&id.as_str()[..10]).unwrap(), id);
    assert_eq!(&store.resolve("S-0007").unwrap(), id);
    assert_eq!(&store.resolve(&all[6].spans[0].id.trace_id).unwrap(), id);
    assert!(matches!(store.resolve("c"), Err(StoreError::Ambiguous { count: 39, .. })));
    for unknown in ["", "nothing", "S-", "%", "c'; DROP TABLE names"] {
        assert!(matches!(store.resolve(unknown), Err(StoreError::Unknown(_))), "{unknown}");
    }
}

#[test]
fn the_first_order_is_worst_rank_then_failures_then_id() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(&folder);
    for (number, failed, score) in
        [(1, false, None), (2, true, None), (3, false, Some(0.9)), (4, false, Some(0.1)), (5, true, Some(0.5))]
    {
        put(&mut store, sample(number, failed, score));
    }
    store.refresh_ranks(&scale).unwrap();
    let index = store.index(&Filter::default(), "", QueueOrder::Suspicion, ASKER).unwrap();
    let rows = store.summaries(&index.ids, "mira").unwrap();
    let order: Vec<&str> = rows.iter().map(|row| row.external_id.exact()).collect();
    assert_eq!(order, ["S-0004", "S-0005", "S-0003", "S-0002", "S-0001"]);
    assert_eq!(rows[0].worst, [("helpfulness".into(), 0.0)]);
    assert_eq!(rows[0].scores["helpfulness"], Some(0.1));
    assert_eq!(rows[0].reasons, ["helpfulness among the lowest 1 %"]);
    assert_eq!(rows[0].suspects, [sample(4, false, None).spans[2].id.span_id.clone()]);
    assert_eq!(rows[3].reasons, ["1 failed step", "1 span with an error"]);
    assert_eq!(rows[3].suspects, [sample(2, false, None).spans[1].id.span_id.clone()]);
    assert_eq!(store.ranks(&sample(3, false, Some(0.9)).scores).unwrap(), [Some(1.0)]);
    let changes = store.connection.query_row("SELECT total_changes()", [], |row| row.get::<_, i64>(0)).unwrap();
    store.refresh_ranks(&scale).unwrap();
    assert_eq!(store.connection.query_row("SELECT total_changes()", [], |row| row.get::<_, i64>(0)).unwrap(), changes);
    let lower = |_: &str| Scale { direction: Direction::Lower, range: None, assumed: false };
    store.refresh_ranks(&lower).unwrap();
    let index = store.index(&Filter::default(), "", QueueOrder::Suspicion, ASKER).unwrap();
    assert_eq!(index.ids[0], sample(3, false, None).id);
}

#[test]
fn filters_mean_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(&folder);
    let (one, two, three) = (sample(1, false, Some(0.2)), sample(2, true, Some(0.8)), sample(3, false, None));
    for conversation in [&one, &two, &three] {
        put(&mut store, conversation.clone());
    }
    store.refresh_ranks(&scale).unwrap();
    label(&mut store, &one, "mira", Some("fail"), false);
    label(&mut store, &two, "mira", Some("fail"), false);
    label(&mut store, &two, "noor", Some("pass"), false);
    label(&mut store, &three, "mira", None, true);
    let cases: [(&str, &str); 36] = [
        ("", "123"),
        ("intent:refund", "123"),
        ("-intent:none", "123"),
        ("channel:none", "123"),
        ("-channel:voice", "123"),
        ("external_id:s-000*", "123"),
        ("external_id:S-0001,S-0003", "13"),
        ("steps=3 spans>2", "123"),
        ("score.helpfulness<0.5", "1"),
        ("score.Helpfulness:none", "3"),
        ("-score.helpfulness<0.5", "23"),
        ("tool:get_order", "123"),
        ("tool:get_*", "123"),
        ("tool:other", ""),
        ("agent:zoë", "123"),
        ("agent:ZOË", "123"),
        ("kind:tool", "123"),
        ("kind:handoff", ""),
        ("kind:none", ""),
        ("step.error:true", "2"),
        ("step.error:false", "13"),
        ("outcome.reopened:true", "2"),
        ("meta.country:at", "123"),
        ("meta.age>1", "23"),
        ("meta.planet:none", "123"),
        ("verdict:fail", "1"),
        ("verdict:none", "23"),
        ("label:disputed", "2"),
        ("label:draft or label:labelled", "13"),
        ("mode:wrong-tool severity>=3 reviewer:noor", "2"),
        ("queue:Week", "123"),
        ("queue:none", ""),
        ("skipped:true", "3"),
        ("when:1970-01-01", "123"),
        ("when>=1970-01-02", ""),
        ("reason:\"1 failed\"*", "2"),
    ];
    for (filter, expected) in cases {
        let ids: String = found(&store, filter, "").iter().map(|id| id.chars().last().unwrap()).collect();
        assert_eq!(ids, expected, "{filter}");
    }
    let index = store.index(&Filter::default(), "", QueueOrder::Unjudged, ASKER).unwrap();
    assert_eq!(index.ids[0], three.id);
    assert_eq!((index.total, index.judged, index.skipped, index.disputed), (3, 2, 1, 1));
    let row = store.summaries(std::slice::from_ref(&two.id), "mira").unwrap().remove(0);
    assert_eq!((row.label_state.word(), row.verdict, row.reviewers.len()), ("disputed", None, 2));
    put(&mut store, sample(1, true, None));
    assert_eq!(found(&store, "label:stale", ""), ["S-0001"]);
}

#[test]
fn the_example_of_every_field_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(&folder);
    put(&mut store, sample(1, true, Some(0.5)));
    for info in FIELDS {
        found(&store, info.example, "");
        found(&store, &format!("-({})", info.example), "");
    }
}

#[test]
fn words_are_found_in_all_that_was_said_and_done() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(&folder);
    put(&mut store, sample(7, true, None));
    put(&mut store, sample(77, false, None));
    for find in
        ["LF-7", "lf 77", "where order", "ca va", "退款", "process_refund", "refund", "get_order shipp", "S-0077"]
    {
        let hits = found(&store, "", find);
        assert!(hits.contains(&"S-0077".to_owned()), "{find}: {hits:?}");
    }
    assert_eq!(found(&store, "", "LF-7 "), ["S-0007"]);
    assert_eq!(found(&store, "\"server error\"", ""), ["S-0007"]);
    assert_eq!(found(&store, "\"error server\"", ""), Vec::<String>::new());
    put(&mut store, sample(7, false, None));
    assert_eq!(found(&store, "\"server error\"", ""), Vec::<String>::new());
}

#[test]
fn odd_searches_are_literal_text() {
    let shared = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/hostile/export"));
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(&folder);
    put(&mut store, sample(7, true, None));
    let mut searches: Vec<String> =
        ["\"", "'", "a'b", "AND", "a OR", "NEAR(", "body:x", "*", "^", "\0", "-", "(", "x\0y", "multi-agent"]
            .map(str::to_owned)
            .to_vec();
    searches.push("(".repeat(5_000));
    searches.push("term ".repeat(20_000));
    if let Ok(entries) = std::fs::read_dir(shared) {
        let files = entries.map(|entry| entry.unwrap().path()).filter(|path| path.to_string_lossy().contains("X05"));
        for file in files {
            searches.extend(std::fs::read_to_string(file).unwrap().lines().map(str::to_owned));
        }
    } else {
        eprintln!("skipped: ../shared is absent");
    }
    for search in searches {
        found(&store, "", &search);
    }
}

#[test]
fn hot_queries_use_their_indexes() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    let plan = |sql: &str, bound: usize| -> String {
        let mut statement = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let rows = statement.query_map(rusqlite::params_from_iter(vec![""; bound]), |row| row.get::<_, String>(3));
        rows.unwrap().map(Result::unwrap).collect::<Vec<_>>().join("\n")
    };
    for (order, index) in [
        (QueueOrder::Suspicion, "conversations_by_suspicion"),
        (QueueOrder::Newest, "conversations_by_start"),
        (QueueOrder::Oldest, "conversations_by_start"),
        (QueueOrder::Longest, "conversations_by_length"),
    ] {
        let query = query::ids(&Filter::default(), "", order, ASKER);
        let plan = plan(&query.sql, query.bound.len());
        // Runs of a gate are left out by their few keys.
        let (own, copies) = plan.split_once('\n').unwrap();
        assert_eq!(own, format!("SCAN c USING COVERING INDEX {index}"), "{order:?}");
        assert!(copies.contains("(source>? AND source<?)") && !copies.contains("SCAN"), "{copies}");
    }
    let query = query::ids(&Filter::default(), "word", QueueOrder::Suspicion, ASKER);
    let text = plan(&query.sql, query.bound.len());
    assert!(text.contains("VIRTUAL TABLE INDEX"), "{text}");
    for sql in query::RESOLVE {
        let text = plan(sql, 1);
        assert!(text.contains("SEARCH") && !text.contains("SCAN"), "{sql}: {text}");
    }
    let tools =
        query::ids(&Filter::parse("tool:get_order mode:x verdict:fail").unwrap(), "", QueueOrder::Suspicion, ASKER);
    let text = plan(&tools.sql, tools.bound.len());
    assert!(!text.contains("SCAN l") && !text.contains("SCAN t") && !text.contains("SCAN m"), "{text}");
}

#[test]
fn views_show_what_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(&folder);
    let conversation = sample(1, true, Some(0.5));
    put(&mut store, conversation.clone());
    label(&mut store, &conversation, "mira", Some("fail"), false);
    let count = |view: &str| -> i64 {
        store.connection.query_row(&format!("SELECT count(*) FROM {view}"), [], |row| row.get(0)).unwrap()
    };
    let counts = ["conversations", "spans", "scores", "tools", "labels", "corrections", "events"]
        .map(|view| count(&format!("view_{view}")));
    assert_eq!(counts, [1, 3, 1, 1, 1, 0, 0]);
    let (started, modes): (String, String) = store
        .connection
        .query_row(
            "SELECT c.started_at, l.modes FROM view_conversations c JOIN view_labels l ON l.conversation = c.id",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert_eq!((started.as_str(), modes.as_str()), ("1970-01-01T00:00:01.000Z", "[\"wrong-tool\"]"));
}

#[test]
fn a_large_batch_trains_a_dictionary_that_later_payloads_use() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(&folder);
    let put_all = |store: &mut Store, numbers: std::ops::Range<u32>| {
        let puts = numbers.map(|n| Put { conversation: sample(n, n % 3 == 0, Some(0.5)), whole: true, base: None });
        store.apply(&Changes { puts: puts.collect(), ..Changes::default() }).unwrap();
    };
    put_all(&mut store, 0..20);
    put_all(&mut store, 20..400);
    put_all(&mut store, 400..410);
    drop(store);
    let store = store_in(&folder);
    let sizes = |with: &str| -> (i64, f64) {
        let sql = format!("SELECT count(*), avg(length(data)) FROM payloads WHERE dictionary IS {with} NULL");
        store.connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    let ((plain, before), (trained, after)) = (sizes(""), sizes("NOT"));
    assert_eq!((plain, trained), (20, 390));
    assert!(after * 1.5 < before, "{after} of {before}");
    for number in [0, 19, 20, 399, 400] {
        let conversation = sample(number, number % 3 == 0, Some(0.5));
        assert_eq!(store.conversation(&conversation.id).unwrap(), Some(conversation));
    }
    store.check(Depth::Full).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_search_and_any_name_runs(find in ".{0,40}", name in ".{0,20}") {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store_in(&folder);
        put(&mut store, sample(1, false, None));
        found(&store, "", &find);
        let _ = store.resolve(&name);
    }
}

#[test]
fn a_locked_database_is_busy_and_nothing_is_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(&folder);
    store.connection.busy_timeout(std::time::Duration::from_millis(20)).unwrap();
    let holder = Connection::open(store.path()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let changes = Changes {
        puts: vec![Put { conversation: sample(1, true, None), whole: true, base: None }],
        ..Changes::default()
    };
    let error = store.apply(&changes).unwrap_err();
    assert_eq!((error.class(), error.is_transient()), (ErrorClass::Busy, true));
    assert_eq!(found(&store, "", ""), Vec::<String>::new());
    holder.execute_batch("COMMIT").unwrap();
    assert_eq!(store.apply(&changes).unwrap(), Applied::Done);
    assert_eq!(found(&store, "", ""), ["S-0001"]);
}
