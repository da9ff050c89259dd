//! The program in a real pseudo-terminal: keys in, a terminal model of the screen out.
//!
//! Invariant: a wait ends with the text on screen or with a panic that shows the screen; nothing sleeps for luck.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

const PATIENCE: Duration = Duration::from_secs(30);

/// A running program and its screen.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    model: Arc<Mutex<vt100::Parser>>,
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    /// Starts the built `aftercall` with these arguments; home and workspace live under `home`.
    pub fn start(home: &Path, (columns, rows): (u16, u16), arguments: &[&str]) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 })
            .expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_aftercall"));
        command.args(arguments);
        command.env_clear();
        command.env("HOME", home);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.cwd(home);
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let model = Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 0)));
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let mut source = pair.master.try_clone_reader().expect("a reader");
        let keys = pair.master.take_writer().expect("a writer");
        let (model_in, bytes_in) = (Arc::clone(&model), Arc::clone(&bytes));
        let reader = std::thread::spawn(move || {
            let mut chunk = [0_u8; 65_536];
            while let Ok(n @ 1..) = source.read(&mut chunk) {
                bytes_in.lock().unwrap().extend_from_slice(&chunk[..n]);
                model_in.lock().unwrap().process(&chunk[..n]);
            }
        });
        Self { child, master: pair.master, keys, model, bytes, reader: Some(reader) }
    }

    /// Types `keys` as they are (`\r` for enter, `\x1b` for escape).
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the program reads");
        self.keys.flush().expect("the program reads");
    }

    /// The screen as text, one line a row.
    pub fn screen(&self) -> String {
        self.model.lock().unwrap().screen().contents()
    }

    /// Waits until `text` is on screen.
    pub fn wait_for(&self, text: &str) {
        self.wait(&format!("{text:?} on screen"), |screen| screen.contains(text));
    }

    /// Waits until `wanted` holds of the screen's text.
    pub fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) {
        let start = Instant::now();
        while !wanted(&self.screen()) {
            assert!(start.elapsed() < PATIENCE, "waited for {what}; the screen is\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Gives the terminal another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).expect("a resize");
        self.model.lock().unwrap().screen_mut().set_size(rows, columns);
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("a process id")
    }

    /// Waits for the end; gives the exit status, the last screen, and every byte that was written.
    pub fn finish(mut self) -> (ExitStatus, String, Vec<u8>) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                break status;
            }
            if start.elapsed() > PATIENCE {
                let _ = self.child.kill();
                panic!("the program did not end; the screen is\n{}", self.screen());
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        drop(self.keys);
        drop(self.master);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        let screen = self.model.lock().unwrap().screen().contents();
        let bytes = self.bytes.lock().unwrap().clone();
        (status, screen, bytes)
    }
}
