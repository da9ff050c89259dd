//! The loop: waits for something to happen, updates, carries out commands, draws once.
//!
//! Invariant: an idle program sleeps; every write is answered before the program ends.

use std::io::{Read, Write, stdout};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

use crossterm::clipboard::CopyToClipboard;
use crossterm::execute;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::command::{Command, EditorJob};
use super::layout::Size;
use super::message::Message;
use super::state::State;
use super::terminal::{self, Pump, Signals};
use super::update::{begin, update};
use super::view::view;
use super::{Place, Start, UiConfig};
use crate::engine::request::EngineMessage;
use crate::engine::{Engine, EngineSetup};

/// Why the screen could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// There is no terminal to draw on.
    #[error(
        "the screen needs a terminal (not a pipe, not TERM=dumb); the same can be done with: aftercall list, aftercall show, aftercall label"
    )]
    NoTerminal,
    /// The terminal refused.
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] std::io::Error),
}

/// How the screen was left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// True where the reviewer wants the demo next.
    pub demo: bool,
    /// Acts that could not be saved: what, and why. Empty when all is well.
    pub unsaved: Vec<String>,
    /// How many texts, fails and corrections are kept that were begun and not saved.
    pub begun: usize,
    /// Where the reviewer was.
    pub place: Place,
    /// The signal that ended the program.
    pub signal: Option<i32>,
}

/// What the loop waits for.
pub(super) enum Incoming {
    /// From the terminal.
    Screen(Message),
    /// From the workers.
    Engine(EngineMessage),
}

impl From<Message> for Incoming {
    fn from(message: Message) -> Self {
        Self::Screen(message)
    }
}

/// How long the loop sleeps before it looks for signals by itself.
const LOOK_UP: std::time::Duration = std::time::Duration::from_millis(500);

/// Messages handled between two frames at most.
const BATCH: usize = 256;

/// Shows the screen on a workspace until the reviewer leaves.
///
/// # Errors
/// There is no terminal, or it cannot be used.
pub fn run(setup: EngineSetup, config: UiConfig, start: Start) -> Result<Outcome, TuiError> {
    if !terminal::usable() {
        return Err(TuiError::NoTerminal);
    }
    terminal::give_back_on_panic();
    terminal::draw_from_here();
    let signals = Signals::listen()?;
    let (outlet, inlet) = channel();
    let (engine_outlet, engine_inlet) = channel();
    relay(engine_inlet, outlet.clone())?;
    let engine = Engine::start(setup, engine_outlet)?;
    terminal::take()?;
    let pump = Pump::start(signals.clone(), outlet)?;
    let result = Session::open(config, engine, pump, signals.clone()).and_then(|session| session.show(start, &inlet));
    terminal::give_back();
    match (result, signals.ending()) {
        // A terminal that is gone cannot be drawn on; the signal that says so is the reason then, not the drawing.
        (Err(_), Some(signal)) => Ok(Outcome { signal: Some(signal), ..Outcome::default() }),
        (result, signal) => Ok(Outcome { signal, ..result? }),
    }
}

/// Passes the workers' answers on to the one channel the loop waits on.
fn relay(from: Receiver<EngineMessage>, to: Sender<Incoming>) -> std::io::Result<()> {
    let pass = move || from.into_iter().try_for_each(|message| to.send(Incoming::Engine(message)));
    std::thread::Builder::new().name("answers".to_owned()).spawn(pass)?;
    Ok(())
}

type Screen = Terminal<CrosstermBackend<std::io::Stdout>>;

/// One showing of the screen.
struct Session {
    state: State,
    screen: Screen,
    engine: Engine,
    pump: Pump,
    signals: Signals,
    over: bool,
}

impl Session {
    fn open(config: UiConfig, engine: Engine, pump: Pump, signals: Signals) -> std::io::Result<Self> {
        let screen = Terminal::new(CrosstermBackend::new(stdout()))?;
        let area = screen.size()?;
        let size = Size { columns: area.width, rows: area.height };
        let state = State::new(config, size);
        Ok(Self { state, screen, engine, pump, signals, over: false })
    }

    /// Whatever ends the showing, a terminal that is gone included, every write is answered before it returns.
    fn show(mut self, start: Start, inlet: &Receiver<Incoming>) -> std::io::Result<Outcome> {
        let shown = self.turn(start, inlet);
        let outcome = self.close(inlet);
        shown.map(|()| outcome)
    }

    fn turn(&mut self, start: Start, inlet: &Receiver<Incoming>) -> std::io::Result<()> {
        self.tell_time();
        let commands = begin(&mut self.state, start);
        self.perform(commands)?;
        self.draw()?;
        while !self.over {
            let first = match inlet.recv_timeout(LOOK_UP) {
                Ok(first) => first,
                // The input thread may be stuck in a terminal that is going away, and cannot tell of the signal then.
                Err(RecvTimeoutError::Timeout) if self.signals.ending().is_some() => Message::Terminate.into(),
                Err(RecvTimeoutError::Timeout) => {
                    let Some(size) = self.other_size()? else {
                        // Nothing is drawn: an idle screen stays as it is.
                        self.take_in(Message::Idle.into())?;
                        continue;
                    };
                    Message::Resize(size).into()
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            self.tell_time();
            self.take_in(first)?;
            for next in inlet.try_iter().take(BATCH) {
                self.take_in(next)?;
            }
            if !self.over {
                self.draw()?;
            }
        }
        Ok(())
    }

    /// Gives the terminal back, waits for the workers, and takes their last answers.
    fn close(self, inlet: &Receiver<Incoming>) -> Outcome {
        self.pump.end();
        terminal::give_back();
        let Self { mut state, engine, .. } = self;
        engine.join();
        state.kept.read = false;
        while !state.writes.pending.is_empty() || state.kept.awaiting.is_some() {
            // The workers have answered everything by now; the wait is for the relay only.
            match inlet.recv_timeout(std::time::Duration::from_secs(2)) {
                Ok(Incoming::Engine(EngineMessage::Reply(ticket, reply))) => {
                    drop(update(&mut state, Message::Reply(ticket, reply)));
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        let mut unsaved: Vec<String> =
            state.writes.unsaved.iter().map(|entry| format!("{}: {}", entry.write.what, entry.reason)).collect();
        unsaved.extend(state.writes.pending.values().map(|write| format!("{}: no answer came", write.what)));
        unsaved.extend(state.kept.problem.clone());
        let begun = state.kept.drawer.len();
        Outcome { demo: state.demo_wanted, unsaved, begun, place: state.place(), signal: None }
    }

    fn tell_time(&mut self) {
        let now = (self.state.config.clock.0)();
        drop(update(&mut self.state, Message::Clock(now)));
    }

    fn take_in(&mut self, incoming: Incoming) -> std::io::Result<()> {
        let message = match incoming {
            Incoming::Screen(message) => message,
            Incoming::Engine(EngineMessage::Progress(ticket, progress)) => Message::Progress(ticket, progress),
            Incoming::Engine(EngineMessage::Reply(ticket, reply)) => Message::Reply(ticket, reply),
            Incoming::Engine(EngineMessage::Arrived) => Message::Arrived,
            Incoming::Engine(EngineMessage::Notice(text)) => Message::Notice(text),
        };
        if let Message::Resize(size) = &message {
            // Even where it is the old size again: in between the terminal may have cut off what was drawn.
            self.screen.resize(size.area())?;
        }
        let commands = update(&mut self.state, message);
        self.perform(commands)
    }

    fn perform(&mut self, commands: Vec<Command>) -> std::io::Result<()> {
        for command in commands {
            match command {
                Command::Ask(ticket, request) => self.engine.ask(ticket, request),
                Command::Cancel(ticket) => self.engine.cancel(ticket),
                Command::Copy(text) => {
                    let count = text.chars().count();
                    let result = execute!(stdout(), CopyToClipboard::to_clipboard_from(&text));
                    let told = Message::Copied(result.map(|()| count).map_err(|error| error.to_string()));
                    drop(update(&mut self.state, told));
                }
                Command::Edit(job) => {
                    let editor = self.state.config.editor.clone();
                    let result = self.away(|| edit(editor.as_deref(), &job))?;
                    let commands = update(&mut self.state, Message::Edited(result));
                    self.perform(commands)?;
                }
                Command::Redraw => self.draw_anew()?,
                Command::Suspend => self.away(Signals::stop)?,
                Command::Quit => self.over = true,
            }
        }
        Ok(())
    }

    /// Does something while the terminal is given back.
    fn away<T>(&mut self, work: impl FnOnce() -> T) -> std::io::Result<T> {
        self.pump.pause();
        terminal::give_back();
        let result = work();
        terminal::take()?;
        self.pump.resume();
        self.draw_anew()?;
        Ok(result)
    }

    /// Has the next frame draw every cell, in the size the terminal has now.
    fn draw_anew(&mut self) -> std::io::Result<()> {
        let area = self.screen.size()?;
        let size = Size { columns: area.width, rows: area.height };
        // Not `clear`: that asks the terminal for its cursor, and the answer would have to pass by the input thread.
        self.screen.resize(size.area())?;
        let commands = update(&mut self.state, Message::Resize(size));
        self.perform(commands)
    }

    /// The size of the terminal where it is not the one we know of.
    fn other_size(&self) -> std::io::Result<Option<Size>> {
        let area = self.screen.size()?;
        let size = Size { columns: area.width, rows: area.height };
        Ok((size != self.state.size).then_some(size))
    }

    fn draw(&mut self) -> std::io::Result<()> {
        execute!(stdout(), BeginSynchronizedUpdate)?;
        for _ in 0..MOST_TRIES {
            // A resize that comes together with a key is not always told of.
            if let Some(size) = self.other_size()? {
                let commands = update(&mut self.state, Message::Resize(size));
                self.perform(commands)?;
            }
            // The terminal may have shrunk since: what was laid out for another size would be drawn outside of it.
            let (state, mut fits) = (&self.state, false);
            self.screen.draw(|frame| {
                fits = frame.area() == state.size.area();
                if fits {
                    view(state, frame);
                }
            })?;
            if fits {
                break;
            }
        }
        execute!(stdout(), EndSynchronizedUpdate)
    }
}

/// How often a frame is laid out anew while the terminal is being resized; the next message draws it again anyway.
const MOST_TRIES: usize = 8;

/// The longest text taken back from an editor, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// Has an outside editor change a text in a file that only its owner can read; an error leaves the text as it was.
fn edit(editor: Option<&str>, job: &EditorJob) -> Result<String, String> {
    let Some(editor) = editor.map(str::trim).filter(|editor| !editor.is_empty()) else {
        return Err("Neither $VISUAL nor $EDITOR is set: the text can be changed right here.".to_owned());
    };
    let failed = |error: std::io::Error| format!("The text is unchanged: {editor} could not be used: {error}.");
    let mut file =
        tempfile::Builder::new().prefix("aftercall-").suffix(&format!(".{}", job.ending)).tempfile().map_err(failed)?;
    file.write_all(job.text.as_bytes()).and_then(|()| file.flush()).map_err(failed)?;
    let path = file.path();
    let status = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$1\""))
        .arg("sh")
        .arg(path)
        .status()
        .map_err(failed)?;
    if !status.success() {
        return Err(format!("The text is unchanged: {editor} ended with {status}."));
    }
    // Read by path, not by handle: many editors write a new file in place of the old one.
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text))
        .map_err(|error| format!("The text is unchanged: what {editor} wrote cannot be read: {error}."))?;
    if text.len() as u64 > LONGEST {
        return Err(format!("The text is unchanged: {editor} wrote more than {LONGEST} bytes."));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> EditorJob {
        EditorJob { text: "before\n".to_owned(), ending: "md" }
    }

    #[test]
    fn an_editor_changes_the_text_and_a_failing_one_does_not() {
        assert_eq!(edit(Some("sed -i s/before/after/"), &job()), Ok("after\n".to_owned()));
        assert!(edit(None, &job()).unwrap_err().contains("right here"));
        assert!(edit(Some("false"), &job()).unwrap_err().contains("unchanged"));
        assert!(edit(Some("no-such-editor-here"), &job()).unwrap_err().contains("unchanged"));
        let long = edit(Some("sh -c 'head -c 10000000 /dev/zero | tr \\\\0 x > \"$1\"' sh"), &job());
        assert!(long.unwrap_err().contains("more than 1048576 bytes"));
    }

    #[test]
    fn the_file_is_private() {
        let mode = edit(Some("sh -c 'stat -c %a \"$1\" > \"$1\"' sh"), &job());
        assert_eq!(mode, Ok("600\n".to_owned()));
    }
}
