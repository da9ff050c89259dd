//! Follows a file that a collector writes, as it grows and is rotated.
//!
//! Invariant: only whole records are read, and each once; a record whose end is not written yet waits for it.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::{Arrived, ImportError, LiveImport};
use crate::ingest::{self, Input, Item, Problem, ProblemKind, Record};
use crate::model::time::Timestamp;
use crate::ops::workspace::Workspace;

/// How much is read at once.
const CHUNK: u64 = 4 << 20;

/// A file that is being followed.
#[derive(Debug)]
pub struct Follow {
    path: PathBuf,
    name: String,
    stem: String,
    open: Option<Open>,
    live: LiveImport,
}

/// The file as it is now, and how far it was read.
#[derive(Debug)]
struct Open {
    file: File,
    identity: (u64, u64),
    /// Bytes and lines taken in.
    offset: u64,
    lines: u64,
    /// What was read behind `offset` and is no whole record yet.
    rest: Vec<u8>,
}

/// What one step did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FollowStep {
    /// Records found, the lost ones among them.
    pub read: u64,
    /// Records lost; each is explained by a problem.
    pub skipped: u64,
    /// What became of the others.
    pub arrived: Arrived,
    /// What was not, or not wholly, understood.
    pub problems: Vec<Problem>,
    /// True where another file took the place of the one before.
    pub rotated: bool,
    /// True where there was nothing new: a good moment to wait.
    pub idle: bool,
}

/// How a chunk of a file divides into whole records.
enum Cut {
    /// So many bytes are whole records; 0 where the first one is not whole yet.
    At(usize),
    /// It is of a form that cannot be followed, and why.
    Refused(&'static str),
}

impl Follow {
    /// Begins at the start of `path`; what is stored already is found unchanged.
    pub fn begin(path: &Path, live: LiveImport) -> Self {
        let stem = super::files::stem(path);
        let name = path.to_string_lossy().into_owned();
        Self { path: path.to_owned(), name, stem, open: None, live }
    }

    /// Reads and stores what was written since the last step, at most a few megabytes of it.
    ///
    /// # Errors
    /// The file cannot be read, is of a form that cannot be followed, or the store failed. A file that is not there (yet,
    /// or for a moment while it is rotated) is waited for.
    pub fn step(&mut self, workspace: &mut Workspace, now: Timestamp) -> Result<FollowStep, ImportError> {
        let mut step = FollowStep::default();
        let at = |source| ImportError::Path { path: self.path.clone(), source };
        if self.open.is_none() {
            self.open = Open::at(&self.path).map_err(at)?;
        }
        let Some(open) = &mut self.open else {
            step.idle = true;
            return Ok(step);
        };
        let fresh = open.grow().map_err(at)?;
        if fresh == 0 {
            return self.at_the_end(workspace, step, now);
        }
        match cut(&open.rest) {
            Cut::Refused(why) => return Err(at(io::Error::new(io::ErrorKind::InvalidData, why))),
            Cut::At(0) if open.rest.len() as u64 > self.live.reading().limits.record => {
                return Err(at(io::Error::new(io::ErrorKind::InvalidData, "a record longer than the limit")));
            }
            Cut::At(0) => {}
            Cut::At(end) => {
                let records = open.take(end, (&self.name, &self.stem), &self.live, &mut step);
                step.arrived = self.live.take_in(workspace, records, now)?;
                // Only now: what could not be stored is read again.
                open.forget(end);
            }
        }
        Ok(step)
    }

    /// Works in what arrived; what was not whole yet is read by whoever follows next.
    ///
    /// # Errors
    /// The store.
    pub fn end(mut self, workspace: &mut Workspace, now: Timestamp) -> Result<(), ImportError> {
        while self.live.unsettled() {
            self.live.settle(workspace, now)?;
        }
        Ok(())
    }

    /// Nothing new: work in what arrived, and look whether another file took this one's place.
    fn at_the_end(
        &mut self,
        workspace: &mut Workspace,
        mut step: FollowStep,
        now: Timestamp,
    ) -> Result<FollowStep, ImportError> {
        let Some(open) = &mut self.open else { return Ok(step) };
        let replaced = match fs::metadata(&self.path) {
            Ok(there) => {
                (there.dev(), there.ino()) != open.identity || there.len() < open.offset + open.rest.len() as u64
            }
            // Renamed, and its successor is not there yet: what is open may still be written to.
            Err(_) => false,
        };
        if !replaced {
            self.live.settle(workspace, now)?;
            step.idle = true;
            return Ok(step);
        }
        // It may have been written to between the last look and its renaming.
        if open.grow().unwrap_or(0) > 0 {
            return Ok(step);
        }
        if !open.rest.iter().all(u8::is_ascii_whitespace) {
            let (line, byte) = (Some(open.lines + 1), Some(open.offset));
            let message = "the last record of the rotated file ends early: truncated?".to_owned();
            let (path, kind) = (self.name.clone(), ProblemKind::Truncated);
            step.problems.push(Problem { path, line, byte, kind, message, lost: 1 });
            (step.read, step.skipped) = (1, 1);
        }
        self.open = None;
        step.rotated = true;
        Ok(step)
    }
}

impl Open {
    fn at(path: &Path) -> io::Result<Option<Self>> {
        // Asked first: opening a pipe would wait for a writer.
        match fs::metadata(path) {
            Ok(data) if !data.is_file() => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
            Ok(_) => {
                let file = File::open(path)?;
                let data = file.metadata()?;
                Ok(Some(Self { file, identity: (data.dev(), data.ino()), offset: 0, lines: 0, rest: Vec::new() }))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads on; answers how much came.
    fn grow(&mut self) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(self.offset + self.rest.len() as u64))?;
        (&mut self.file).take(CHUNK).read_to_end(&mut self.rest)
    }

    /// The records of the first `end` bytes.
    fn take(&self, end: usize, (name, stem): (&str, &str), live: &LiveImport, step: &mut FollowStep) -> Vec<Record> {
        let input = Input { name: name.to_owned(), stem: stem.to_owned(), reader: Box::new(&self.rest[..end]) };
        let mut records = Vec::new();
        let summary = ingest::read(input, live.reading(), &mut |item| {
            match item {
                Item::Record(record) => records.push(record),
                // A file that grows holds records; rows and judgements are imported when it is complete.
                Item::Row(_) | Item::Label(_) => {}
                Item::Problem(mut problem) => {
                    problem.line = problem.line.map(|line| line + self.lines);
                    problem.byte = problem.byte.map(|byte| byte + self.offset);
                    step.problems.push(problem);
                }
            }
            ControlFlow::Continue(())
        });
        (step.read, step.skipped) = (summary.read, summary.skipped);
        records
    }

    fn forget(&mut self, end: usize) {
        self.lines += self.rest[..end].split(|byte| *byte == b'\n').count() as u64 - 1;
        self.offset += end as u64;
        self.rest.drain(..end);
    }
}

/// Where the last whole record ends: behind a line break, or behind a frame's announced length.
fn cut(bytes: &[u8]) -> Cut {
    match ingest::growth_form(bytes) {
        ingest::GrowthForm::Lines => Cut::At(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)),
        ingest::GrowthForm::Frames => {
            let mut end = 0;
            while let Some(prefix) = bytes.get(end..end + 4) {
                let length = prefix.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
                if bytes.len() - end - 4 < length {
                    break;
                }
                end += 4 + length;
            }
            Cut::At(end)
        }
        ingest::GrowthForm::TooShort => Cut::At(0),
        ingest::GrowthForm::Other => Cut::Refused(
            "only lines of JSON and the collector's length-prefixed messages can be followed; import it as a whole",
        ),
    }
}

#[cfg(test)]
mod tests;
