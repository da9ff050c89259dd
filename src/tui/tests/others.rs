//! What comes from outside while the reviewer works: conversations and labels of others, odd spans, and a place that
//! cannot be written.
//!
//! Invariant: none of it moves the cursor or drops what is on the screen.

use super::*;
use crate::model::trace::SpanOddity;

/// A copy of a sample conversation under another id.
fn another(app: &App, id: &str) -> crate::engine::request::Opened {
    let mut opened = app.engine.conversations[0].clone();
    opened.conversation.id = crate::model::id::ConversationId::from_stored(id);
    opened.summary.id = opened.conversation.id.clone();
    opened
}

#[test]
fn arrivals_take_their_place_and_leave_the_cursor_alone() {
    let one = App::new((80, 24));
    let many = (0..60).map(|number| another(&one, &format!("c{number}")).conversation).collect();
    let mut app = App::with(many, Theme::default(), (80, 24));
    app.press(&"j ".repeat(30));
    let (under, line) = (app.state.queue.current().cloned(), app.state.queue.cursor - app.state.queue.top);
    let before = app.state.queue.index.ids.clone();
    let (first, last) = (another(&app, "cfirst"), another(&app, "clast"));
    app.engine.conversations.insert(0, first);
    app.engine.conversations.push(last);
    // One that left the list meanwhile stays where it is.
    app.engine.conversations.remove(1);
    app.send(Message::Arrived);
    let ids = &app.state.queue.index.ids;
    assert_eq!(ids.len(), before.len() + 2);
    assert_eq!((ids[0].as_str(), ids[ids.len() - 1].as_str()), ("cfirst", "clast"));
    assert_eq!(ids[1..ids.len() - 1], before);
    assert_eq!(app.state.queue.current().cloned(), under);
    assert_eq!(app.state.queue.cursor - app.state.queue.top, line);
    assert!(app.frame().contains("2 conversations arrived."), "{}", app.frame());
}

#[test]
fn arrivals_wait_for_what_the_reviewer_asked_for() {
    let mut app = App::new((80, 24));
    app.held = Some(Vec::new());
    app.press("o");
    let new = another(&app, "cnew");
    app.engine.conversations.push(new);
    let asked = app.held.as_ref().unwrap().len();
    app.send(Message::Arrived);
    assert_eq!(app.held.as_ref().unwrap().len(), asked, "one question at a time");
    let (ticket, _) = app.held.take().unwrap().pop().unwrap();
    app.send(Message::Reply(ticket, Reply::Queue(app.state.queue.index.clone())));
    assert!(app.state.queue.index.ids.iter().any(|id| id.as_str() == "cnew"));
    assert!(!app.state.queue.stale && app.state.queue.awaiting_fresh.is_none());
}

#[test]
fn labels_of_others_reach_the_rows_on_the_screen() {
    let mut app = App::new((120, 36));
    let id = app.state.queue.index.ids[1].clone();
    let held = app.state.queue.rows.len();
    assert!(!app.state.queue.rows[&id].skipped);
    for opened in app.engine.conversations.iter_mut().filter(|opened| opened.summary.id == id) {
        opened.summary.skipped = true;
    }
    app.held = Some(Vec::new());
    app.send(Message::Arrived);
    assert_eq!(app.state.queue.rows.len(), held, "the old rows stay until the new ones are there");
    for (ticket, request) in app.held.take().unwrap() {
        app.answer(ticket, request);
    }
    assert!(app.state.queue.rows[&id].skipped);
    assert!(app.state.queue.outdated.is_empty());
    assert!(app.frame().contains("skipped"), "{}", app.frame());
}

#[test]
fn a_place_that_cannot_be_written_says_so_at_once_and_takes_no_label() {
    let mut app = App::new((80, 24));
    app.state.config.read_only = Some("the folder is write-protected".to_owned());
    assert!(app.frame().contains("READ-ONLY · the folder is write-protected"), "{}", app.frame());
    app.press("<enter> x");
    assert!(app.state.overlays.is_empty(), "no form that could not be saved");
    assert!(app.frame().contains("Nothing can be saved here: the folder is write-protected"), "{}", app.frame());
    app.press("a t r e i s u");
    assert!(app.state.overlays.is_empty() && app.state.writes.pending.is_empty() && app.state.writes.last.is_none());
    app.press("j");
    assert!(app.frame().contains("READ-ONLY"), "{}", app.frame());
}

#[test]
fn a_notice_of_the_workers_is_shown_and_kept() {
    let mut app = App::new((120, 36));
    app.send(Message::Notice("The clock is wrong.".to_owned()));
    assert!(app.frame().contains("The clock is wrong."), "{}", app.frame());
}

#[test]
fn orphans_stand_under_one_heading_and_odd_spans_keep_their_mark() {
    let mut conversation = sample::refund();
    let root = conversation.spans[0].id.clone();
    for number in 0..20 {
        let mut orphan = conversation.spans[0].clone();
        orphan.id.span_id = format!("f{number:015}");
        orphan.parent_span_id = Some("deadbeefdeadbeef".to_owned());
        orphan.oddities = vec![SpanOddity::Orphan];
        conversation.spans.push(orphan);
    }
    let mut twice = conversation.spans[0].clone();
    twice.id.span_id = "d000000000000000".to_owned();
    twice.parent_span_id = Some(root.span_id);
    twice.name = crate::text::Untrusted::new("a name that is far too long to stand beside its bar and its score");
    twice.oddities = vec![SpanOddity::DuplicateId];
    conversation.spans.push(twice);
    let count = conversation.spans.len();
    let mut app = App::with(vec![conversation], Theme::default(), (80, 24));
    app.press("<enter> <tab>");
    let frame = app.frame();
    assert!(frame.contains(&format!("{count} spans")), "{frame}");
    let long = frame.lines().find(|line| line.contains("a name that")).unwrap_or_else(|| panic!("{frame}"));
    assert!(long.contains('⚠') && !long.contains("score"), "{long}");
    app.press("G");
    let heading = app.state.review.as_ref().unwrap().tree.rows.iter().position(|row| row.span.is_none()).unwrap();
    let tree = &app.state.review.as_ref().unwrap().tree;
    assert_eq!((tree.rows[heading].beneath, tree.orphans, tree.rows.len()), (20, 20, count + 1));
    assert!(tree.rows[heading + 1..].iter().all(|row| row.depth == 1));
    for _ in 0..20 {
        app.press("k");
    }
    assert!(app.frame().contains("orphans (20)"), "{}", app.frame());
    app.press("<enter>");
}

#[test]
fn one_root_whose_parent_nobody_exported_needs_no_heading() {
    let mut conversation = sample::refund();
    for span in &mut conversation.spans {
        if span.parent_span_id.is_none() {
            span.parent_span_id = Some("aaaaaaaaaaaaaaaa".to_owned());
        }
    }
    let roots = conversation.spans.iter().filter(|span| span.parent_span_id.as_deref() == Some("aaaaaaaaaaaaaaaa"));
    let lone = roots.count() == 1;
    let tree = crate::tui::tree::Tree::new(&conversation);
    assert_eq!(tree.orphans == 0, lone);
    assert_eq!(tree.rows.iter().any(|row| row.span.is_none()), !lone);
}

#[test]
fn what_a_score_rests_on_is_marked_in_the_transcript_until_scores_are_hidden() {
    let mut app = App::new((120, 36));
    app.press("<enter> !");
    assert!(app.frame().contains('◆'), "{}", app.frame());
    app.press("H");
    assert!(!app.frame().contains('◆'), "{}", app.frame());
    // In the detail pane the score under the cursor is the chosen one; a line that is no score's marks nothing.
    app.press("H 4 <enter>");
    let marked = |app: &App| app.frame().matches('◆').count();
    let first = marked(&app);
    app.press("j j");
    assert!(first + marked(&app) > 0, "{}", app.frame());
}

#[test]
fn what_evaluators_wrote_into_spans_is_left_out_of_the_raw_tab_while_scores_are_hidden() {
    let mut app = App::new((170, 40));
    app.press("<enter> !");
    let opened = app.state.review.as_mut().unwrap().opened.as_mut().unwrap();
    for span in &mut opened.conversation.spans {
        span.attributes.insert("eval.tone.score".to_owned(), 0.2.into());
    }
    app.press("3");
    assert!(app.frame().contains("eval.tone.score"), "{}", app.frame());
    app.press("H");
    let frame = app.frame();
    assert!(!frame.contains("eval.tone") && frame.contains("gen_ai.operation.name"), "{frame}");
    assert!(frame.contains("What evaluators said is left out"), "{frame}");
}

#[test]
fn before_the_first_list_came_no_number_stands_there() {
    let mut app = App::new((80, 24));
    for (start, words) in [
        (Start::Named("week-47".to_owned()), "putting the queue week-47 in order"),
        (Start::Queue(String::new()), "reading the list"),
    ] {
        app.state = State::new(config(Theme::default()), Size { columns: 80, rows: 24 });
        app.held = Some(Vec::new());
        let commands = begin(&mut app.state, start);
        app.perform(commands);
        let frame = app.frame();
        assert!(frame.contains(words) && !frame.contains("0 conversations"), "{frame}");
        app.release();
        assert!(app.frame().contains(" conversations") && !app.frame().contains(words), "{}", app.frame());
    }
}
