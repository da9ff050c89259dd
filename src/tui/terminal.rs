//! The terminal: taking it over and giving it back.
//!
//! Invariant: whatever ends the program, a panic or a signal included, the terminal is given back first.

use std::io::{IsTerminal, Write, stdout};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, Once, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event, KeyCode, KeyEventKind,
    KeyModifiers, MouseButton, MouseEventKind, poll, read,
};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use rustix::event::{PollFd, PollFlags, Timespec};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};

use super::keymap::Chord;
use super::layout::Size;
use super::message::Message;

/// True while the terminal is ours; shared with the panic hook.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Columns of the terminal that standard output is, for commands that print tables; `None` where it is none.
pub fn columns() -> Option<usize> {
    let (columns, _) = stdout().is_terminal().then(crossterm::terminal::size)?.ok()?;
    (columns > 0).then_some(usize::from(columns))
}

/// True where a full screen can be drawn and keys read.
pub fn usable() -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
    std::io::stdin().is_terminal() && stdout().is_terminal() && !dumb
}

/// Takes the terminal over.
pub fn take() -> std::io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableMouseCapture, Hide)
}

/// Gives the terminal back; again does nothing.
pub fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // Nothing can be done about a terminal that is gone, and the rest has to be tried all the same.
        let _ = execute!(stdout(), DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
        let _ = stdout().flush();
    }
}

/// The thread that draws; shared with the panic hook.
static DRAWING: Mutex<Option<ThreadId>> = Mutex::new(None);

/// Says that it is this thread that draws.
pub fn draw_from_here() {
    *DRAWING.lock().unwrap_or_else(PoisonError::into_inner) = Some(std::thread::current().id());
}

/// True for a panic of a thread beside the one that draws, which goes on, so that nothing may be printed over its screen.
fn is_beside() -> bool {
    let drawing = *DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
    TAKEN.load(Ordering::SeqCst) && drawing.is_some_and(|id| id != std::thread::current().id())
}

/// Has every panic give the terminal back before it is told of, and told of without words that may quote a transcript.
///
/// Whoever sets `RUST_BACKTRACE` sees those words as well.
pub fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if is_beside() {
                return;
            }
            give_back();
            if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
                return before(info);
            }
            // Nothing can be done where even that cannot be written.
            let _ = writeln!(std::io::stderr(), "{}", obituary(info));
        }));
    });
}

/// What is said of a panic: where, and its words only where they stand in the program itself.
fn obituary(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
    let words = info.payload().downcast_ref::<&'static str>().map(|words| format!(" ({words})")).unwrap_or_default();
    format!(
        "error: the program went wrong{place}{words}; whatever it called saved is saved. \
         Please report this; RUST_BACKTRACE=1 tells more, and may quote a transcript"
    )
}

/// Signals that were sent, noted by handlers that do nothing else.
#[derive(Debug, Clone, Default)]
pub struct Signals {
    ending: Arc<AtomicUsize>,
    stopping: Arc<AtomicBool>,
    continued: Arc<AtomicBool>,
}

impl Signals {
    /// Begins to listen.
    pub fn listen() -> std::io::Result<Self> {
        let signals = Self::default();
        for signal in [SIGTERM, SIGHUP, SIGINT] {
            signal_hook::flag::register_usize(signal, Arc::clone(&signals.ending), signal as usize)?;
        }
        signal_hook::flag::register(SIGTSTP, Arc::clone(&signals.stopping))?;
        signal_hook::flag::register(SIGCONT, Arc::clone(&signals.continued))?;
        Ok(signals)
    }

    /// The signal that asked the program to end.
    pub fn ending(&self) -> Option<i32> {
        match self.ending.load(Ordering::SeqCst) {
            0 => None,
            signal => i32::try_from(signal).ok(),
        }
    }

    /// Stops the program as the shell's ctrl-z would, until it is continued.
    pub fn stop() {
        let _ = signal_hook::low_level::emulate_default_handler(SIGTSTP);
    }
}

/// What the input thread is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Reading,
    PauseWanted,
    Paused,
    Over,
}

/// The input thread's reins.
#[derive(Debug, Clone)]
pub struct Pump {
    phase: Arc<(Mutex<Phase>, Condvar)>,
}

/// How long crossterm may look for what is there already; with no time at all it does not look.
const AT_HAND: Duration = Duration::from_millis(1);

/// What waiting for input came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    /// Something may have come: a key, another size, or the time to look for signals.
    Ready,
    /// The terminal is gone.
    Gone,
}

/// Waits for a key, at most `longest`.
///
/// The waiting is done here and not by crossterm, whose `poll` never returns once the terminal has hung up: it reads the
/// end of the file again and again. Its feature `use-dev-tty` is needed as well: without it a key that comes together with
/// another size stays unread until the next key.
fn wait_for_input(longest: Duration) -> Input {
    let stdin = std::io::stdin();
    let mut watched = [PollFd::new(&stdin, PollFlags::IN)];
    let wait = Timespec { tv_sec: 0, tv_nsec: longest.as_nanos() as i64 };
    match rustix::event::poll(&mut watched, Some(&wait)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(_) => return Input::Gone,
    }
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    if watched[0].revents().intersects(gone) { Input::Gone } else { Input::Ready }
}

/// All that has come, without waiting.
fn events() -> std::io::Result<Vec<Message>> {
    let mut messages = Vec::new();
    while poll(AT_HAND)? {
        match read()? {
            Event::Paste(text) => rest_of_paste(text, &mut messages),
            event => messages.extend(translate(event)),
        }
    }
    Ok(messages)
}

/// How long the input thread waits for a key before it looks for signals.
const WAIT: Duration = Duration::from_millis(200);

impl Pump {
    /// Starts the input thread.
    pub fn start(signals: Signals, outlet: Sender<super::run::Incoming>) -> std::io::Result<Self> {
        let pump = Self { phase: Arc::new((Mutex::new(Phase::Reading), Condvar::new())) };
        let inner = pump.clone();
        std::thread::Builder::new().name("input".to_owned()).spawn(move || inner.read(&signals, &outlet))?;
        Ok(pump)
    }

    fn read(&self, signals: &Signals, outlet: &Sender<super::run::Incoming>) {
        let mut told = false;
        while self.may_read() {
            if signals.ending().is_some() && !told {
                told = true;
                if outlet.send(Message::Terminate.into()).is_err() {
                    return;
                }
            }
            let mut messages = Vec::new();
            if signals.stopping.swap(false, Ordering::SeqCst) {
                messages.push(Message::Suspend);
            }
            if signals.continued.swap(false, Ordering::SeqCst)
                && let Ok((columns, rows)) = crossterm::terminal::size()
            {
                messages.push(Message::Resize(Size { columns, rows }));
            }
            match wait_for_input(WAIT) {
                Input::Ready => messages.extend(events().unwrap_or_else(|_| vec![Message::Terminate])),
                // Without a terminal there will be no more keys: the same as being asked to end.
                Input::Gone => messages.push(Message::Terminate),
            }
            let over = messages.contains(&Message::Terminate);
            for message in messages {
                if outlet.send(message.into()).is_err() {
                    return;
                }
            }
            if over {
                return;
            }
        }
    }

    /// Waits while paused; false once it is over.
    fn may_read(&self) -> bool {
        let (phase, changed) = &*self.phase;
        let mut phase = phase.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match *phase {
                Phase::Reading => return true,
                Phase::Over => return false,
                Phase::PauseWanted => {
                    *phase = Phase::Paused;
                    changed.notify_all();
                }
                Phase::Paused => phase = changed.wait(phase).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Stops reading keys, so that another program may; returns once it is so.
    pub fn pause(&self) {
        let (phase, changed) = &*self.phase;
        let mut phase = phase.lock().unwrap_or_else(PoisonError::into_inner);
        if *phase != Phase::Reading {
            return;
        }
        *phase = Phase::PauseWanted;
        // The thread answers within its wait; one that has ended never does.
        let _ = changed.wait_timeout_while(phase, WAIT * 3, |phase| *phase == Phase::PauseWanted);
    }

    /// Reads keys again.
    pub fn resume(&self) {
        self.set(Phase::Reading);
    }

    /// Ends the thread.
    pub fn end(&self) {
        self.set(Phase::Over);
    }

    fn set(&self, to: Phase) {
        let (phase, changed) = &*self.phase;
        *phase.lock().unwrap_or_else(PoisonError::into_inner) = to;
        changed.notify_all();
    }
}

/// Keys that come this soon after a paste are the paste's: nobody types that fast.
const AFTER_PASTE: Duration = Duration::from_millis(30);

/// Takes in what follows a paste at once.
///
/// A pasted text may hold the mark by which a paste ends. What stands behind the mark comes as keys then, and would be
/// obeyed as commands.
fn rest_of_paste(mut text: String, messages: &mut Vec<Message>) {
    let mut others = Vec::new();
    while wait_for_input(AFTER_PASTE) == Input::Ready && poll(AT_HAND).unwrap_or(false) {
        match read() {
            Ok(Event::Paste(more)) => text.push_str(&more),
            Ok(Event::Key(key)) => match key.code {
                _ if key.kind == KeyEventKind::Release => {}
                KeyCode::Char(c) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
                    text.push(c);
                }
                KeyCode::Enter => text.push('\n'),
                KeyCode::Tab => text.push('\t'),
                _ => {}
            },
            Ok(event) => others.extend(translate(event)),
            Err(_) => {
                others.push(Message::Terminate);
                break;
            }
        }
    }
    messages.push(Message::Paste(text));
    messages.extend(others);
}

/// What a terminal event means here.
fn translate(event: Event) -> Option<Message> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Chord::of(key).map(Message::Key),
        Event::Paste(text) => Some(Message::Paste(text)),
        Event::Resize(columns, rows) => Some(Message::Resize(Size { columns, rows })),
        Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => Some(Message::Click { column: mouse.column, row: mouse.row }),
            MouseEventKind::ScrollDown => Some(Message::Wheel { column: mouse.column, row: mouse.row, lines: 3 }),
            MouseEventKind::ScrollUp => Some(Message::Wheel { column: mouse.column, row: mouse.row, lines: -3 }),
            _ => None,
        },
        _ => None,
    }
}
