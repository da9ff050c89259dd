//! A judge's process: questions go in, lines come out, and neither side can block the program.
//!
//! Invariant: pipes are never waited on one at a time; what a child leaves running dies with it, however it ended.

use std::io::{ErrorKind, Read, Write as _};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, Signal, kill_process_group};

/// A line longer than this is no answer.
const LONGEST_LINE: usize = 8 << 20;

/// How much of the end of standard error is kept.
const KEPT: usize = 2_000;

/// One running judge.
#[derive(Debug)]
pub(super) struct Child {
    process: std::process::Child,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    outbox: Vec<u8>,
    inbox: Vec<u8>,
    talk: Vec<u8>,
    too_long: bool,
}

impl Child {
    /// Starts a command line by the shell, as the leader of a process group of its own.
    pub(super) fn start(command: &str) -> std::io::Result<Self> {
        let mut process = Command::new("/bin/sh")
            .args(["-c", command])
            // A Python judge would otherwise keep its answers until its buffer is full.
            .env("PYTHONUNBUFFERED", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let (stdin, stdout, stderr) = (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let child = Self {
            process,
            stdin,
            stdout,
            stderr,
            outbox: Vec::new(),
            inbox: Vec::new(),
            talk: Vec::new(),
            too_long: false,
        };
        let pipes = [
            child.stdin.as_ref().map(AsFd::as_fd),
            child.stdout.as_ref().map(AsFd::as_fd),
            child.stderr.as_ref().map(AsFd::as_fd),
        ];
        for pipe in pipes.into_iter().flatten() {
            rustix::io::ioctl_fionbio(pipe, true)?;
        }
        Ok(child)
    }

    /// Puts a line into the way to the judge.
    pub(super) fn send(&mut self, line: &str) {
        self.outbox.extend_from_slice(line.as_bytes());
        self.outbox.push(b'\n');
    }

    /// Closes the way to the judge once everything in it has been read.
    pub(super) fn finish_sending(&mut self) {
        if self.outbox.is_empty() {
            self.stdin = None;
        }
    }

    /// True where the judge was told that nothing more will come.
    pub(super) fn was_told_the_end(&self) -> bool {
        self.stdin.is_none()
    }

    /// True where it can say nothing more.
    pub(super) fn is_silent(&self) -> bool {
        self.stdout.is_none() || self.too_long
    }

    /// Writes and reads what can be without waiting, and gives each whole line that came.
    pub(super) fn pump(&mut self) -> Vec<Vec<u8>> {
        self.write();
        if drain(&mut self.stdout, &mut self.inbox) {
            self.stdout = None;
        }
        if drain(&mut self.stderr, &mut self.talk) {
            self.stderr = None;
        }
        if self.talk.len() > KEPT {
            self.talk.drain(..self.talk.len() - KEPT);
        }
        let end = self.inbox.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.too_long |= self.inbox.len() - end > LONGEST_LINE;
        let mut whole: Vec<u8> = self.inbox.drain(..end).collect();
        if self.is_silent() && !self.inbox.is_empty() {
            // A last line without a line end is one as well; a broken one is told as such.
            whole.append(&mut self.inbox);
        }
        whole.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).map(<[u8]>::to_vec).collect()
    }

    fn write(&mut self) {
        let Some(stdin) = &mut self.stdin else { return };
        while !self.outbox.is_empty() {
            match stdin.write(&self.outbox) {
                Ok(0) => return,
                Ok(written) => drop(self.outbox.drain(..written)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // It reads no more; what it still says, and how it ends, tells the rest.
                Err(_) => {
                    self.outbox.clear();
                    self.stdin = None;
                    return;
                }
            }
        }
    }

    /// Ends it with all it started, and says how it ended. One that is about to end by itself gets so long for it.
    pub(super) fn end(mut self, patience: Duration) -> Ended {
        let step = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
        for _ in 0..patience.as_millis() / 10 {
            if self.has_ended() {
                break;
            }
            let _ = rustix::event::poll(&mut [], Some(&step));
        }
        self.kill_if_running();
        let mut words = String::from_utf8_lossy(&self.talk).trim().to_owned();
        if let Some(at) = words.rfind('\n') {
            words = words.split_off(at + 1);
        }
        Ended { clean: self.process.wait().is_ok_and(|status| status.success()), status: self.status(), words }
    }

    fn status(&mut self) -> String {
        match self.process.wait() {
            Ok(status) => match (status.code(), status.signal()) {
                (Some(code), _) => format!("ended with code {code}"),
                (None, Some(signal)) => format!("was ended by signal {signal}"),
                (None, None) => "ended".to_owned(),
            },
            Err(error) => format!("cannot be waited for: {error}"),
        }
    }

    /// True once the process has ended by itself.
    pub(super) fn has_ended(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(Some(_)))
    }

    fn kill_if_running(&mut self) {
        // The group outlives its leader where the judge left something running.
        if let Some(group) = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw)
            && (!self.has_ended() || self.stdout.is_some())
        {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill_if_running();
        let _ = self.process.wait();
    }
}

/// How a judge ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// True where it ended by itself and without complaint.
    pub(super) clean: bool,
    /// In words.
    pub(super) status: String,
    /// The last line it wrote to standard error.
    pub(super) words: String,
}

/// Reads what is there; true where nothing more will come.
fn drain(pipe: &mut Option<impl Read>, into: &mut Vec<u8>) -> bool {
    let Some(pipe) = pipe else { return false };
    let mut buffer = [0; 16 * 1024];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => return true,
            Ok(read) => into.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return error.kind() != ErrorKind::WouldBlock,
        }
        if into.len() > 2 * LONGEST_LINE {
            return false;
        }
    }
}

/// Waits until one of the judges has something to say or can be told something, at most `longest`.
pub(super) fn wait(children: &[&Child], longest: Duration) {
    let mut watched = Vec::new();
    for child in children {
        if let Some(stdin) = child.stdin.as_ref().filter(|_| !child.outbox.is_empty()) {
            watched.push(PollFd::new(stdin, PollFlags::OUT));
        }
        if let Some(stdout) = &child.stdout {
            watched.push(PollFd::new(stdout, PollFlags::IN));
        }
        if let Some(stderr) = &child.stderr {
            watched.push(PollFd::new(stderr, PollFlags::IN));
        }
    }
    let seconds = i64::try_from(longest.as_secs()).unwrap_or(i64::MAX);
    let wait = Timespec { tv_sec: seconds, tv_nsec: i64::from(longest.subsec_nanos()) };
    // Whatever it says, the pipes are read next; an interrupted wait is just a shorter one.
    let _ = rustix::event::poll(&mut watched, Some(&wait));
}
