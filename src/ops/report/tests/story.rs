//! Three invented weeks of a small shop, judged by two people.
//!
//! Invariant: the same weeks every time, ids, times and labels included.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use serde_json::{Value, json};

use crate::model::act::{Act, FailedAt, Judgement, Subject};
use crate::model::correction::{Correction, CorrectionKind};
use crate::model::label::{Owner, StepPointer, Verdict};
use crate::model::queue::{QueueChange, QueueSpec};
use crate::model::summary::Summary;
use crate::model::time::Timestamp;
use crate::model::tool::Arguments;
use crate::ops::workspace::{Identity, ImportOrder, Workspace};
use crate::ops::{queue, review};
use crate::store::Access;

/// 2026-11-23T09:00:00Z, the Monday after.
pub const NOW: Timestamp = Timestamp(1_795_424_400_000_000);

/// Conversations a week.
pub const PER_WEEK: usize = 40;

/// True where people say that it failed.
pub fn failed(week: usize, n: usize) -> bool {
    (n + week).is_multiple_of(4) || (week == 2 && n.is_multiple_of(9))
}

fn stamp(week: usize, n: usize, minute: usize) -> String {
    format!("2026-11-{:02}T{:02}:{:02}:00Z", 2 + 7 * week + n % 7, 8 + n % 10, minute)
}

/// One conversation. Its name says week and number.
pub fn chat(week: usize, n: usize) -> Value {
    let bad = failed(week, n);
    let call = |id: &str, name: &str, arguments: Value| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments.to_string()}});
    let order = format!("A-{}", 1000 * (week + 1) + n);
    let found = if n % 7 == 1 { json!({"error": "timeout"}) } else { json!({"status": "delivered"}) };
    let mut messages = vec![
        json!({"role": "user", "content": format!("Where is order {order}? I am mia.{n}@example.com"), "timestamp": stamp(week, n, 0)}),
        json!({"role": "assistant", "content": null, "tool_calls": [call("c1", "get_order", json!({"order_id": order}))], "timestamp": stamp(week, n, 1)}),
        json!({"role": "tool", "tool_call_id": "c1", "content": found.to_string(), "timestamp": stamp(week, n, 1)}),
    ];
    let second = match (bad, n % 8 == 3) {
        (true, _) => Some(("process_refund", json!({"order_id": order, "amount": 20}))),
        (_, true) => Some(("escalate_to_human", json!({"queue": "care", "summary": "the parcel does not arrive"}))),
        _ => None,
    };
    if let Some((name, arguments)) = second {
        messages.push(json!({"role": "assistant", "content": null, "tool_calls": [call("c2", name, arguments)], "timestamp": stamp(week, n, 2)}));
        messages.push(
            json!({"role": "tool", "tool_call_id": "c2", "content": "{\"ok\": true}", "timestamp": stamp(week, n, 2)}),
        );
    }
    let answer = if n % 11 == 5 { "Sorry, I did not understand that." } else { "It was delivered yesterday." };
    messages.push(json!({"role": "assistant", "content": answer, "timestamp": stamp(week, n, 3 + n % 5)}));
    let intents = ["delivery", "refund", "exchange"];
    let mut metadata = json!({
        "intent": intents[n % 3],
        "channel": if n.is_multiple_of(4) { "email" } else { "chat" },
        "handled_by": if n.is_multiple_of(5) { "human" } else { "ai" },
        "language": "en",
        "agent_version": if week < 2 { "1.4" } else { "1.5" },
        "outcome.repeat_contact": n.is_multiple_of(6),
        "outcome.reopened": n.is_multiple_of(13),
    });
    if n % 10 != 9 {
        metadata["outcome.resolved"] = json!(!bad);
    }
    if n.is_multiple_of(2) {
        metadata["outcome.csat"] = json!(if bad { 2 } else { 5 });
    }
    if n % 3 == 1 {
        metadata["outcome.cost"] = json!(0.25 + n as f64 / 100.0);
    }
    json!({"id": format!("w{week}-{n:02}"), "started_at": stamp(week, n, 0), "messages": messages, "metadata": metadata})
}

/// The conversations as JSON lines.
pub fn lines() -> String {
    let mut lines = String::new();
    for week in 0..3 {
        for n in 0..PER_WEEK {
            let _ = writeln!(lines, "{}", chat(week, n));
        }
    }
    lines
}

/// A workspace with the conversations, and no label.
pub fn imported(folder: &Path) -> Workspace {
    let identity = Identity { reviewer: "lee".to_owned(), device: "story00001".to_owned() };
    let mut workspace = Workspace::open(&folder.join("workspace"), identity, Access::Create).unwrap();
    let file = folder.join("shop.jsonl");
    std::fs::write(&file, lines()).unwrap();
    let order = ImportOrder { paths: vec![file], evaluate: true, ..ImportOrder::default() };
    workspace.import(&order, NOW, &mut |_| ControlFlow::Continue(())).unwrap();
    workspace
}

/// The same with 90 judged as an audit hands them out, and three more that were picked by hand.
pub fn judged(folder: &Path) -> Workspace {
    let mut workspace = imported(folder);
    let spec = QueueSpec { audit: 1.0, ..QueueSpec::new("weekly", "learnt") };
    review::record(&mut workspace, &Act::Queue(QueueChange::Add(spec)), NOW).unwrap();
    judge(&mut workspace, "weekly", 90);
    let ids = (0..PER_WEEK).map(|n| workspace.store().resolve(&format!("w2-{n:02}")).unwrap());
    let open: Vec<_> = ids.filter(|id| workspace.store().labels(id).unwrap().is_empty()).take(3).collect();
    for summary in queue::rows(workspace.store(), &open, "lee").unwrap() {
        review::record(&mut workspace, &Act::Judge(judgement(&summary)), NOW).unwrap();
    }
    workspace
}

/// Judges so many conversations, as the queue hands them out.
pub fn judge(workspace: &mut Workspace, name: &str, count: usize) {
    for _ in 0..count {
        let (_, rows) = queue::shown(workspace, (name, 1), NOW).unwrap();
        let row = rows.into_iter().rev().find(|row| !row.judged).unwrap();
        let slot = row.place.map(|place| place.slot);
        let judgement = Judgement { slot, ..judgement(&row.summary) };
        review::record(workspace, &Act::Judge(judgement), NOW).unwrap();
    }
}

/// What a person says of it.
fn judgement(summary: &Summary) -> Judgement {
    let name = summary.external_id.exact();
    let (week, n): (usize, usize) = (name[1..2].parse().unwrap(), name[3..].parse().unwrap());
    let subject = Subject { conversation: summary.id.clone(), transcript_hash: summary.transcript_hash.clone() };
    if !failed(week, n) {
        return Judgement::new(subject, Verdict::Pass);
    }
    let at = StepPointer { step: 3, span_id: None, decision_span_id: None };
    let mode = match (week, n % 3) {
        (2, 0) => "refund without a reason",
        (_, 1) => "made-up fact",
        _ => "wrong-tool",
    };
    let right = Correction {
        kind: if n.is_multiple_of(2) { CorrectionKind::Tool } else { CorrectionKind::NoCall },
        tool: n.is_multiple_of(2).then(|| "create_ticket".to_owned()),
        arguments: n.is_multiple_of(2).then(|| Arguments("{}".into())),
        alternatives: Vec::new(),
        text: None,
        reason: None,
        schema_ok: None,
        remainder_valid: false,
    };
    Judgement {
        failed_at: Some(if n.is_multiple_of(5) { FailedAt::NoSingleStep } else { FailedAt::Step(at.clone()) }),
        severity: Some(1 + (n % 4) as u8),
        owner: [Some(Owner::Prompt), None, Some(Owner::Tool)][n % 3],
        modes: vec![mode.to_owned()],
        corrections: vec![(at, right)],
        note: Some(format!("refunded | twice, told mia.{n}@example.com so")),
        ..Judgement::new(subject, Verdict::Fail)
    }
}
