//! Keystroke stories.
//!
//! Invariant: each says what a reviewer wants and which keys do it.

use super::*;
use crate::model::correction::CorrectionKind;
use crate::model::label::Verdict;
use crate::tui::state::Screen;

#[test]
fn pass_goes_on_and_undo_comes_back() {
    let mut app = App::new((80, 24));
    app.press("<enter> a");
    assert_eq!(app.label(0).unwrap().verdict, Some(Verdict::Pass));
    assert!(app.frame().contains("2/4"), "{}", app.frame());
    assert!(app.frame().contains("PASS saved ✓ 09:41:00"), "{}", app.frame());
    app.press("u");
    assert!(app.label(0).is_none());
    assert!(app.frame().contains("1/4") && app.frame().contains("not judged"), "{}", app.frame());
    app.press("U");
    assert_eq!(app.label(0).unwrap().verdict, Some(Verdict::Pass));
}

#[test]
fn a_fail_has_a_mode_and_the_step_under_the_cursor() {
    let mut app = App::new((120, 36));
    app.press("<enter> ! x \"wrong_tool\" <enter>");
    let label = app.label(0).unwrap();
    assert_eq!(label.verdict, Some(Verdict::Fail));
    assert_eq!(label.modes, ["wrong-tool"]);
    assert_eq!(label.first_failure.as_ref().map(|at| at.step), Some(5));
    // The next one has the same mode under a digit: three keys and enter.
    app.press("J x 1 + + <enter>");
    let label = app.label(1).unwrap();
    assert_eq!((label.modes.as_slice(), label.severity), (["wrong-tool".to_owned()].as_slice(), Some(3)));
    assert_eq!(label.first_failure.as_ref().map(|at| at.step), Some(2));
    // And one key repeats it.
    app.press("X");
    let label = app.label(2).unwrap();
    assert_eq!((label.modes.as_slice(), label.severity), (["wrong-tool".to_owned()].as_slice(), Some(3)));
}

#[test]
fn no_single_step_is_explicit_and_steps_can_be_chosen_in_the_strip() {
    let mut app = App::new((80, 24));
    app.press("<enter> x <shift-down> <shift-down> <shift-up> \"tone\" <tab> 0 <enter>");
    let label = app.label(0).unwrap();
    assert_eq!(label.first_failure, None);
    assert!(matches!(
        app.engine.acts.last(),
        Some(Act::Judge(judgement)) if judgement.failed_at == Some(FailedAt::NoSingleStep)
    ));
    app.press("x <shift-down> <enter>");
    assert_eq!(app.label(1).unwrap().first_failure.as_ref().map(|at| at.step), Some(3));
}

#[test]
fn letters_choose_an_existing_mode_or_name_a_new_one() {
    let mut app = App::new((80, 24));
    app.press("<enter> x \"wrong_tool\" <tab> \"late_handover\" <enter>");
    assert_eq!(app.label(0).unwrap().modes, ["wrong-tool", "late-handover"]);
    app.press("x \"lat\"");
    assert!(app.frame().contains("> late handover"), "{}", app.frame());
    app.press("<down>");
    assert!(app.frame().contains("> new: lat"), "{}", app.frame());
    app.press("<up> <enter>");
    assert_eq!(app.label(1).unwrap().modes, ["late-handover"]);
    // Digits mean something in the empty strip, and are part of a name once it was begun; so is a hyphen within a word.
    app.press("x \"jo-1+\" <enter>");
    assert_eq!(app.label(2).unwrap().modes, ["jo-1"]);
    assert_eq!(app.label(2).unwrap().severity, Some(2));
}

#[test]
fn a_fail_that_was_begun_waits() {
    let mut app = App::new((80, 24));
    app.press("<enter> x \"tone\" <tab> + <esc>");
    assert!(app.label(0).is_none());
    app.press("x");
    assert!(app.frame().contains("tone") && app.frame().contains("annoying"), "{}", app.frame());
    app.press("<enter>");
    assert_eq!(app.label(0).unwrap().modes, ["tone"]);
}

#[test]
fn can_not_tell_and_skip_go_on_and_the_queue_counts() {
    let mut app = App::new((120, 36));
    app.press("<enter> i s a a");
    assert_eq!(app.label(0).unwrap().verdict, Some(Verdict::Unsure));
    assert!(app.label(1).unwrap().skipped);
    assert_eq!(app.state.screen, Screen::Queue);
    let frame = app.frame();
    assert!(frame.contains("3 done · 1 left"), "{frame}");
    assert!(frame.contains("judged but 1 you skipped"), "{frame}");
    assert!(frame.contains("skipped"), "{frame}");
}

#[test]
fn saved_is_said_only_after_the_answer() {
    let mut app = App::new((120, 36));
    app.press("<enter>");
    app.held = Some(Vec::new());
    app.press("a");
    assert!(app.frame().contains("saving") && !app.frame().contains("saved"), "{}", app.frame());
    app.release();
    assert!(app.frame().contains("saved ✓"), "{}", app.frame());
}

#[test]
fn a_save_that_fails_is_kept_and_can_be_tried_again() {
    let mut app = App::new((120, 36));
    app.engine.refuse = Some("no space left on the disk".to_owned());
    app.press("<enter> a");
    let frame = app.frame();
    assert!(frame.contains("not saved, still here: no space left on the disk"), "{frame}");
    assert!(frame.contains("ctrl-s tries again"), "{frame}");
    app.press("q q");
    assert!(app.frame().contains("1 act is not saved"), "{}", app.frame());
    assert!(!app.commands.contains(&Command::Quit));
    app.press("<enter>");
    app.engine.refuse = None;
    app.press("<ctrl-s>");
    assert_eq!(app.label(0).unwrap().verdict, Some(Verdict::Pass));
    app.press("q");
    assert!(app.commands.contains(&Command::Quit));
}

#[test]
fn a_wrong_tool_is_corrected_in_few_keys() {
    let mut app = App::new((120, 36));
    // t, two letters, enter; then what could not be prefilled; save; and "the rest is not valid".
    app.press("<enter> ! t \"sr\" <enter> <tab> <ctrl-v> <tab> d <ctrl-s> <enter>");
    let label = app.label(0).unwrap();
    assert_eq!(label.verdict, Some(Verdict::Fail));
    assert_eq!(label.modes, ["wrong-tool"]);
    assert_eq!(label.first_failure.as_ref().map(|at| at.step), Some(5));
    let correction = &label.corrections[0].correction;
    assert_eq!(correction.tool.as_deref(), Some("start_refund"));
    let arguments = correction.arguments.as_ref().unwrap().0.exact();
    assert_eq!(arguments, r#"{"order_id": "LF-2041", "amount": 89.90, "reason": "damaged"}"#);
    assert_eq!((correction.schema_ok, correction.remainder_valid), (Some(true), false));
    assert!(app.frame().contains("2/4"), "{}", app.frame());
}

#[test]
fn a_misfit_is_told_and_saved_only_on_demand() {
    let mut app = App::new((120, 36));
    app.press("<enter> ! t \"start\" <enter> <tab> \"much\" <ctrl-s>");
    assert!(app.frame().contains("does not fit the schema"), "{}", app.frame());
    assert!(app.label(0).is_none());
    app.press("<ctrl-s> y");
    let correction = &app.label(0).unwrap().corrections[0].correction;
    assert_eq!((correction.schema_ok, correction.remainder_valid), (Some(false), true));
}

#[test]
fn no_call_takes_two_keys_and_other_choices_take_text() {
    let mut app = App::new((120, 36));
    app.press("<enter> ! T <enter>");
    assert_eq!(app.label(0).unwrap().corrections[0].correction.kind, CorrectionKind::NoCall);
    app.press("J t \"ask\" <enter> \"Which_order?\" <ctrl-s> <enter>");
    let correction = &app.label(1).unwrap().corrections[0].correction;
    assert_eq!((correction.kind, correction.text.as_deref()), (CorrectionKind::AskCustomer, Some("Which order?")));
    app.press("J r \"I_will_refund_one_charge.\" <ctrl-s> <enter>");
    let correction = &app.label(2).unwrap().corrections[0].correction;
    assert_eq!(correction.kind, CorrectionKind::Reply);
    assert_eq!(correction.text.as_deref(), Some("I will refund one charge."));
}

#[test]
fn keys_on_a_customers_message_mean_what_the_agent_did_next() {
    let mut app = App::new((120, 36));
    app.press("<enter> x \"tone\" <enter>");
    assert_eq!(app.label(0).unwrap().first_failure.as_ref().map(|at| at.step), Some(2));
    // At a message of the agent, other words come first, and a missing call can still be named.
    app.press("[ J J t");
    assert!(app.frame().contains("called nothing") && app.frame().contains("> (another answer"), "{}", app.frame());
    app.press("<enter> \"Sorry.\" <ctrl-s> <enter>");
    let corrections = &app.label(0).unwrap().corrections;
    assert_eq!((corrections[0].correction.kind, corrections[0].at.step), (CorrectionKind::Reply, 3));
    app.press("t \"status\" <enter> <ctrl-s> <enter>");
    let corrections = &app.label(0).unwrap().corrections;
    assert_eq!(corrections[1].correction.tool.as_deref(), Some("refund_status"));
}

#[test]
fn a_correction_that_was_begun_waits() {
    let mut app = App::new((120, 36));
    app.press("<enter> ! t \"sr\" <enter> <tab> \"12.5\" <esc> <esc>");
    assert!(app.state.overlays.is_empty() && app.label(0).is_none());
    app.press("J t <esc> K t");
    assert!(app.frame().contains("start_refund") && app.frame().contains("12.5"), "{}", app.frame());
    // Another tool and the same one again: the same one keeps its fields.
    app.press("<esc> <enter>");
    assert!(app.frame().contains("12.5"), "{}", app.frame());
}

#[test]
fn values_seen_are_masked_as_a_whole_and_exact_once_chosen() {
    let mut app = App::new((120, 36));
    app.press("<enter> ! t");
    let frame = app.frame();
    assert!(frame.contains("<EMAIL-1a2b>") && !frame.contains("example.org"), "{frame}");
}

#[test]
fn the_next_start_is_where_the_last_one_ended() {
    let mut app = App::new((120, 36));
    app.press("o f \"steps>0\" <enter> j j <enter> ]");
    let place = app.state.place();
    assert_eq!(place.filter, "steps>0");
    assert_eq!(place.conversation.as_ref(), app.state.queue.index.ids.get(3));
    let mut again = App::new((120, 36));
    again.state.config.place = Some(place.clone());
    let commands = begin(&mut again.state, Start::Queue(String::new()));
    again.perform(commands);
    assert_eq!((again.state.queue.cursor, again.state.place()), (3, place));
    // A start at something else does not care where the last one ended.
    let mut other = App::new((120, 36));
    other.state.config.place = Some(again.state.place());
    let commands = begin(&mut other.state, Start::Queue("steps>1".to_owned()));
    other.perform(commands);
    assert_eq!((other.state.queue.cursor, other.state.place().filter.as_str()), (0, "steps>1"));
}

#[test]
fn an_import_that_failed_keeps_its_path_and_an_export_never_offers_a_folder_twice() {
    let mut app = App::new((80, 24));
    app.press("E <enter> <enter> E");
    assert!(app.frame().contains("dataset-2"), "{}", app.frame());
    app.press("<esc> <ctrl-o> \"/no/such.jsonl\"");
    app.held = Some(Vec::new());
    app.press("<enter>");
    let (ticket, _) = app.held.take().unwrap().pop().unwrap();
    let refused = Reply::Failed { message: "/no/such.jsonl: no such file".to_owned(), retry: false };
    app.send(Message::Reply(ticket, refused));
    assert!(app.frame().contains("no such file"), "{}", app.frame());
    app.press("<enter> <ctrl-o>");
    assert!(app.frame().contains("> /no/such.jsonl"), "{}", app.frame());
    app.press("<enter> <enter> <ctrl-o>");
    assert!(!app.frame().contains("> /no/such.jsonl"), "{}", app.frame());
}

#[test]
fn a_criterion_is_recorded_and_listed() {
    let mut app = App::new((120, 36));
    app.press("<enter> C \"name_the_date\" <enter> C \"must_not_promise_a_call\" <enter> C \"blame\" <down> <enter>");
    let label = app.label(0).unwrap();
    let criteria: Vec<(bool, &str)> = label.criteria.iter().map(|one| (one.must, one.text.as_str())).collect();
    assert_eq!(criteria, [(true, "name the date"), (false, "promise a call"), (false, "blame")]);
    assert!(app.frame().contains("must not: promise a call"), "{}", app.frame());
}

#[test]
fn a_second_right_call_is_kept_as_an_alternative() {
    let mut app = App::new((120, 36));
    app.press("<enter> ! t \"status\" <enter> <ctrl-a> \"lookup\" <enter> <ctrl-s> <enter>");
    let correction = &app.label(0).unwrap().corrections[0].correction;
    assert_eq!(correction.tool.as_deref(), Some("refund_status"));
    assert_eq!(correction.alternatives[0].tool, "lookup_order");
}

#[test]
fn a_correction_of_a_judged_fail_adds_to_it() {
    let mut app = App::new((120, 36));
    app.press("<enter> ! x \"tone\" <enter> [ ! t \"status\" <enter> <ctrl-s> <enter>");
    let label = app.label(0).unwrap();
    assert_eq!(label.modes, ["tone"]);
    assert_eq!(label.corrections.len(), 1);
    assert!(matches!(app.engine.acts.last(), Some(Act::Correct { .. })));
}

#[test]
fn notes_are_saved_kept_as_drafts_and_survive_a_failing_editor() {
    let mut app = App::new((80, 24));
    app.press("<enter> e \"half_a_tho\" <esc>");
    assert!(app.label(0).is_none());
    app.press("e \"ught\"");
    assert!(app.frame().contains("half a thought"), "{}", app.frame());
    app.press("<ctrl-e>");
    assert!(matches!(app.commands.last(), Some(Command::Edit(job)) if job.text == "half a thought"));
    app.send(Message::Edited(Err("Neither $VISUAL nor $EDITOR is set".to_owned())));
    assert!(app.frame().contains("Neither $VISUAL") && app.frame().contains("half a thought"), "{}", app.frame());
    app.send(Message::Edited(Ok("a whole\nthought\n".to_owned())));
    app.press("<ctrl-s>");
    assert_eq!(app.label(0).unwrap().notes[0].text, "a whole\nthought");
}

#[test]
fn moving_in_one_pane_moves_the_others() {
    let mut app = App::new((120, 36));
    app.press("<enter> <tab> j j");
    let review = app.state.review.as_ref().unwrap();
    assert_eq!(review.step_index(), Some(1), "the second span below the root ran step 2");
    app.press("<tab> <tab> G");
    let review = app.state.review.as_ref().unwrap();
    assert_eq!(review.tree.current().unwrap().own_step, Some(8));
    app.press("'");
    assert_eq!(app.state.review.as_ref().unwrap().step_index(), Some(1));
}

#[test]
fn panes_keep_their_place_when_only_one_is_shown() {
    let mut app = App::new((80, 24));
    app.press("<enter> ! <tab>");
    assert!(app.frame().contains("step 5 of 9"), "{}", app.frame());
    app.press("<tab> <tab>");
    assert_eq!(app.state.review.as_ref().unwrap().step_index(), Some(4));
}

#[test]
fn outcomes_stay_hidden_until_the_verdict() {
    let mut app = App::new((120, 36));
    app.press("<enter>");
    assert!(!app.frame().contains("csat"));
    app.press("a [");
    assert!(app.frame().contains("csat"), "{}", app.frame());
}

#[test]
fn labels_of_others_show_once_the_own_verdict_is_saved() {
    let mut app = App::new((120, 36));
    let id = app.engine.conversations[0].conversation.id.clone();
    app.press("<enter> x \"tone\" <enter>");
    let other = Label { reviewer: "sam".to_owned(), ..app.label(0).unwrap().clone() };
    app.press("u");
    app.engine.said_by_others.push(other);
    assert!(!app.frame().contains("Label of sam"), "{}", app.frame());
    // Saved while it stays open: the others' labels come with the answer.
    app.held = Some(Vec::new());
    app.press("a");
    app.state.review.as_mut().unwrap().id = id;
    app.held.as_mut().unwrap().retain(|(_, request)| matches!(request, Request::Record(_)));
    app.press("[");
    app.release();
    assert!(app.frame().contains("Label of sam"), "{}", app.frame());
    app.press("u");
    assert!(!app.frame().contains("Label of sam"), "{}", app.frame());
}

#[test]
fn the_queue_shows_the_own_verdict_only() {
    use crate::tui::state::queue::RowState;
    let app = App::new((120, 36));
    let mut row = app.engine.conversations[0].summary.clone();
    row.reviewers = vec!["lee".to_owned(), "sam".to_owned()];
    row.label_state = LabelState::Labelled;
    row.verdict = Some(Verdict::Fail);
    // Sam's verdict; Lee has a draft only.
    assert_eq!(app.state.queue.state_of(&row, "lee"), RowState::Draft);
    assert!(!format!("{:?}", app.state.queue.state_of(&row, "kim")).contains("Judged"));
    row.own_verdict = Some(Verdict::Pass);
    row.verdict = None;
    assert_eq!(app.state.queue.state_of(&row, "lee"), RowState::Judged(Verdict::Pass));
    row.label_state = LabelState::Disputed;
    assert_eq!(app.state.queue.state_of(&row, "lee"), RowState::Disputed);
}

#[test]
fn a_filter_is_checked_while_typed_and_refused_in_place() {
    let mut app = App::new((80, 24));
    app.press("f \"scor>>\" <enter>");
    assert!(app.frame().contains('^') && app.frame().contains("no field"), "{}", app.frame());
    app.press("<esc> f \"tool:lookup_order\" <enter>");
    assert!(app.state.overlays.is_empty());
    assert!(app.frame().contains("4 of 4"), "{}", app.frame());
    app.press("<esc>");
    assert!(app.frame().contains("4 conversations"));
}

#[test]
fn finding_walks_the_hits() {
    let mut app = App::new((80, 24));
    app.press("/ \"parcel\" <enter>");
    assert_eq!(app.state.queue.cursor, 1);
    app.press("<enter> / \"Tuesday\" <enter>");
    assert_eq!(app.state.review.as_ref().unwrap().step_index(), Some(0));
    app.press("/ \"status\" <enter>");
    assert_eq!(app.state.review.as_ref().unwrap().step_index(), Some(1));
    // Without regard to case, in any alphabet, and never through the mask.
    app.press("q g <enter> / \"MÖCHTE\" <enter>");
    assert_eq!(app.state.review.as_ref().unwrap().step_index(), Some(0));
    app.press("/ \"example.org\" <enter>");
    assert!(app.frame().contains("Not in this conversation"), "{}", app.frame());
    app.press("/ \"zebra\" <enter>");
    assert!(app.frame().contains("Not in this conversation"), "{}", app.frame());
}

#[test]
fn escape_never_leaves_and_q_leaves_one_level() {
    let mut app = App::new((80, 24));
    app.press("<esc> <esc> <esc>");
    assert!(app.commands.is_empty());
    app.press("<enter> <tab> <esc> <esc> <esc>");
    assert_eq!(app.state.screen, Screen::Queue);
    assert!(app.commands.is_empty());
    app.press("<enter> q");
    assert!(app.commands.is_empty());
    app.press("q");
    assert_eq!(app.commands, [Command::Quit]);
}

#[test]
fn pasted_text_never_acts() {
    let mut app = App::new((80, 24));
    app.press("<enter>");
    app.send(Message::Paste("aaaxq".to_owned()));
    assert!(app.engine.acts.is_empty() && app.state.screen == Screen::Review);
    app.press("x");
    app.send(Message::Paste("late\nhandover\u{1b}[2J".to_owned()));
    app.press("<enter>");
    assert_eq!(app.label(0).unwrap().modes, ["late-handover-2j"]);
}

#[test]
fn showing_personal_data_is_recorded_and_the_clipboard_stays_masked() {
    let mut app = App::new((80, 24));
    app.press("<enter> J J J");
    assert!(app.frame().contains("<EMAIL-1a2b>") && !app.frame().contains("mia@"));
    app.press("m");
    assert!(app.frame().contains("mia@example.org") && app.frame().contains("mask OFF"), "{}", app.frame());
    assert!(matches!(app.engine.acts.last(), Some(Act::Unmask { .. })));
    app.press("y");
    let Some(Command::Copy(text)) = app.commands.last() else { panic!("nothing was copied") };
    assert!(text.contains("<EMAIL-1a2b>") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn late_answers_change_nothing() {
    let mut app = App::new((80, 24));
    app.held = Some(Vec::new());
    app.press("<enter> ]");
    let held = app.held.take().unwrap();
    let opens: Vec<_> = held.into_iter().filter(|(_, request)| matches!(request, Request::Open(_))).collect();
    assert_eq!(opens.len(), 2);
    for (ticket, request) in opens.into_iter().rev() {
        app.answer(ticket, request);
    }
    let review = app.state.review.as_ref().unwrap();
    assert_eq!(review.opened.as_ref().unwrap().conversation.id, app.id(1));
}

#[test]
fn the_palette_runs_what_has_no_key() {
    let mut app = App::new((80, 24));
    app.press(": \"load_code\" <enter> <down> <enter>");
    assert_eq!(app.state.codebook.modes.len(), 1);
    app.press(": \"rename\" <enter> <enter>");
    app.press("<ctrl-u> \"Slow_handover\" <enter>");
    assert_eq!(app.state.codebook.modes[0].name, "Slow handover");
}

#[test]
fn an_empty_workspace_offers_demo_and_import() {
    let mut app = App::with(Vec::new(), Theme::default(), (80, 24));
    assert!(app.frame().contains("aftercall demo") && app.frame().contains("aftercall import"), "{}", app.frame());
    app.press("<enter> \"~/traces.jsonl\" <enter>");
    assert!(app.engine.asked.iter().any(|asked| asked.starts_with("Import([\"/home/lee/")), "{:?}", app.engine.asked);
    assert!(app.frame().contains("200 conversations imported"), "{}", app.frame());
    app.press("<esc> : \"demo\" <enter>");
    assert!(app.state.demo_wanted && app.commands.contains(&Command::Quit));
}

#[test]
fn a_job_can_be_stopped() {
    let mut app = App::new((80, 24));
    app.held = Some(Vec::new());
    app.press("E <enter>");
    let ticket = app.held.as_ref().unwrap()[0].0;
    app.send(Message::Progress(
        ticket,
        crate::engine::request::Progress { done: 3, total: Some(12), what: "labels.jsonl".to_owned() },
    ));
    assert!(app.frame().contains("25 %") && app.frame().contains("labels.jsonl"), "{}", app.frame());
    app.press("<esc>");
    assert_eq!(app.commands, [Command::Cancel(ticket)]);
    app.send(Message::Reply(ticket, Reply::Cancelled));
    assert!(app.frame().contains("Stopped"), "{}", app.frame());
}

#[test]
fn signals_end_the_program_and_too_small_a_terminal_says_so() {
    let mut app = App::new((59, 16));
    assert!(app.frame().starts_with("aftercall needs 60x16"));
    app.send(Message::Terminate);
    assert_eq!(app.commands, [Command::Quit]);
}

#[test]
fn a_hundred_thousand_rows_cost_a_window() {
    let mut app = App::new((80, 24));
    let ids: Vec<ConversationId> = (0..100_000).map(|n| ConversationId::derive("many", &n.to_string())).collect();
    let index = QueueIndex { total: 100_000, ids, ..QueueIndex::default() };
    super::super::update::queue::arrived(&mut app.state, index);
    app.held = Some(Vec::new());
    app.press("G");
    let asked = app.held.as_ref().unwrap();
    let Request::Rows(ids) = &asked[0].1 else { panic!("rows are asked for") };
    assert_eq!(asked.len(), 1);
    assert!(ids.len() <= 300, "{}", ids.len());
    assert!(app.frame().contains("100000"), "{}", app.frame());
}

#[test]
fn a_frame_of_a_huge_transcript_wraps_only_what_is_near() {
    let mut story = sample::Story::new("long", "refunds", "en");
    for n in 0..5_000 {
        story = story.user(&format!("question {n}")).agent("an answer that is somewhat longer than one line ");
    }
    let huge = "a long message without an end ".repeat(350_000);
    let conversation = story.user(&huge).done();
    let mut app = App::with(vec![conversation], Theme::default(), (120, 50));
    app.press("<enter>");
    let wrapped = |app: &App| app.state.review.as_ref().unwrap().pager.wrapped_rows();
    let first = wrapped(&app);
    assert!(first < 500, "{first}");
    app.press("G");
    assert!(wrapped(&app) - first < 500, "{}", wrapped(&app) - first);
    for keys in ["k", "<ctrl-u>", "b", "K", "g", "<space>", "J"] {
        let before = wrapped(&app);
        app.press(keys);
        assert!(wrapped(&app) - before < 500, "{keys}: {}", wrapped(&app) - before);
    }
}
