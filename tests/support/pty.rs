//! The program in a real pseudo-terminal: keys in, a terminal model of the screen out.
//!
//! Invariant: a wait ends with the text on screen or with a panic that shows the screen; nothing sleeps for luck.

#![allow(dead_code, reason = "not every test that runs the program needs all of it")]

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

const PATIENCE: Duration = Duration::from_secs(30);

/// A size as the model takes it.
fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).expect("at least one cell")
}

/// A running program and its screen.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    model: Arc<Mutex<vt100::Parser>>,
    bytes: Arc<Mutex<Vec<u8>>>,
    /// The screen as it was when a frame was last complete.
    frame: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    /// Has the reader let go of the terminal after what it reads next.
    deaf: Arc<AtomicBool>,
    /// The terminal's modes before the program had it.
    modes: String,
}

/// A program to be run with an environment of its own; home and workspace live under `home`.
pub fn command(program: &str, home: &Path, arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(program);
    command.args(arguments);
    command.env_clear();
    command.env("HOME", home);
    command.env("USER", "mara");
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.cwd(home);
    command
}

impl Terminal {
    /// Starts the built `aftercall` with these arguments.
    pub fn start(home: &Path, size: (u16, u16), arguments: &[&str]) -> Self {
        Self::run(command(env!("CARGO_BIN_EXE_aftercall"), home, arguments), size)
    }

    /// The same with some variables set.
    pub fn start_with(home: &Path, size: (u16, u16), arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = command(env!("CARGO_BIN_EXE_aftercall"), home, arguments);
        for (name, value) in variables {
            command.env(name, value);
        }
        Self::run(command, size)
    }

    /// Starts any program.
    pub fn run(command: CommandBuilder, (columns, rows): (u16, u16)) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 })
            .expect("a pseudo-terminal");
        let modes = modes(&*pair.master);
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let model = Arc::new(Mutex::new(vt100::Parser::new(cells(rows), cells(columns), 0)));
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let mut source = pair.master.try_clone_reader().expect("a reader");
        let keys = pair.master.take_writer().expect("a writer");
        let deaf = Arc::new(AtomicBool::new(false));
        let frame = Arc::new(Mutex::new(String::new()));
        let frame_in = Arc::clone(&frame);
        let (model_in, bytes_in, deaf_in) = (Arc::clone(&model), Arc::clone(&bytes), Arc::clone(&deaf));
        let reader = std::thread::spawn(move || {
            let mut chunk = vec![0_u8; 65_536];
            let mut drawing = false;
            while let Ok(n @ 1..) = source.read(&mut chunk) {
                model_in.lock().unwrap().process(&chunk[..n]);
                let mut all = bytes_in.lock().unwrap();
                all.extend_from_slice(&chunk[..n]);
                if is_whole(&all[all.len().saturating_sub(n + MARK)..], &mut drawing) {
                    *frame_in.lock().unwrap() = model_in.lock().unwrap().screen().contents();
                }
                drop(all);
                if deaf_in.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
        Self { child, master: pair.master, keys, model, bytes, frame, reader: Some(reader), deaf, modes }
    }

    /// Types `keys` as they are (`\r` for enter, `\x1b` for escape).
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the program reads");
        self.keys.flush().expect("the program reads");
    }

    /// The last complete frame as text, one line a row.
    pub fn screen(&self) -> String {
        self.frame.lock().unwrap().clone()
    }

    /// Waits until `text` is on screen.
    pub fn wait_for(&self, text: &str) {
        self.wait(&format!("{text:?} on screen"), |screen| screen.contains(text));
    }

    /// Waits until `wanted` holds of the screen's text.
    pub fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) {
        let start = Instant::now();
        while !wanted(&self.screen()) {
            assert!(
                start.elapsed() < PATIENCE,
                "waited for {what}; the screen is\n{}\nlast written: {:?}",
                self.screen(),
                self.tail()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Gives the terminal another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        // The model first, and nothing read between: what is drawn for the new size must not meet the old one.
        let mut model = self.model.lock().unwrap();
        model.screen_mut().set_size(cells(rows), cells(columns));
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).expect("a resize");
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("a process id")
    }

    /// Every byte that was written so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    /// The end of what was written, for whoever has to find out why a wait was in vain.
    fn tail(&self) -> String {
        let bytes = self.bytes();
        String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(300)..]).into_owned()
    }

    /// Sends a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.pid());
        let sent = std::process::Command::new("sh").args(["-c", &line]).status().expect("a shell");
        assert!(sent.success(), "{line}");
    }

    /// Waits until the program is stopped, or runs again.
    pub fn wait_stopped(&self, stopped: bool) {
        let path = format!("/proc/{}/stat", self.pid());
        self.wait("a stop or its end", |_| {
            let stat = std::fs::read_to_string(&path).expect("a running program");
            stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['T', 't']) == stopped)
        });
    }

    /// True where the terminal has the modes it had before the program, and no mode of the program's is left on.
    pub fn is_sane(&self) -> bool {
        modes(&*self.master) == self.modes && super::allowlist::left_on(&self.bytes()).is_empty()
    }

    /// Closes the terminal as a window is closed; `keys` have to make the program draw. Waits for the program's end.
    pub fn hang_up(mut self, keys: &str) -> ExitStatus {
        self.deaf.store(true, Ordering::SeqCst);
        self.press(keys);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        drop(self.keys);
        drop(self.master);
        ended(&mut *self.child, || "nothing, it is closed".to_owned())
    }

    /// Waits for the end; gives the exit status, the last screen, and every byte that was written. The terminal has to
    /// be as it was before.
    pub fn finish(mut self) -> (ExitStatus, String, Vec<u8>) {
        let model = Arc::clone(&self.model);
        let status = ended(&mut *self.child, || model.lock().unwrap().screen().contents());
        let after = modes(&*self.master);
        drop(self.keys);
        drop(self.master);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        let screen = self.model.lock().unwrap().screen().contents();
        let bytes = self.bytes.lock().unwrap().clone();
        if status.signal() != Some("Killed") {
            assert_eq!(after, self.modes, "the terminal's modes");
            assert_eq!(super::allowlist::left_on(&bytes), Vec::<String>::new());
        }
        (status, screen, bytes)
    }
}

/// How long the marks around a frame are.
const MARK: usize = b"\x1b[?2026h".len();

/// True where what was read last does not end within a frame; `drawing` remembers it from one piece to the next.
fn is_whole(piece: &[u8], drawing: &mut bool) -> bool {
    match piece.windows(MARK).filter_map(|mark| mark.strip_prefix(b"\x1b[?2026")).next_back() {
        Some(b"h") => *drawing = true,
        Some(b"l") => *drawing = false,
        _ => {}
    }
    !*drawing
}

/// The modes of the terminal's line discipline.
fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}

fn ended(child: &mut dyn Child, screen: impl Fn() -> String) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a status") {
            return status;
        }
        if start.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("the program did not end; the screen is\n{}", screen());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
