//! Import, size, memory, search and labels measured on generated conversations, beside a bare pipeline where it is at hand.
//!
//! `cargo run --release --example yardstick -- [CONVERSATIONS]` (10,000 where none are given). The generator and the bare
//! pipeline are optional test data beside the repository; without the generator nothing is measured.
//!
//! Invariant: both sides run on the same file in the same run, so that their ratio means something on any machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that cannot go on should stop"
)]

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aftercall::engine::{beside, system_clock};
use aftercall::model::act::{Act, Judgement, Subject};
use aftercall::model::label::Verdict;
use aftercall::model::queue::QueueQuery;
use aftercall::ops::door::Door;
use aftercall::ops::queue;
use aftercall::ops::review;
use aftercall::ops::search::{SearchOrder, search};
use aftercall::ops::workspace::{Identity, ImportOrder, Workspace};
use aftercall::store::{Access, Asker, FoundOrder};

#[path = "support/rawbound.rs"]
mod rawbound;

/// The allocator of the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The argument by which the program tells itself to import and nothing else.
const CHILD: &str = "--import";

/// Searches measured: a common word, a rare phrase, several words, the beginning of a word.
const SEARCHES: [&str; 6] = ["refund", "\"money back\"", "order broken", "deliver*", "supervisor", "tracking number"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [child, root, file] = arguments.as_slice()
        && child == CHILD
    {
        return import(Path::new(root), Path::new(file));
    }
    let count: usize = arguments.first().and_then(|count| count.parse().ok()).unwrap_or(10_000);
    let shared = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/perf"));
    let generator = shared.join("gen_traces.py");
    if !generator.is_file() {
        println!("skipped: {} is absent, so there is nothing to measure with", generator.display());
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("traces.jsonl");
    let traces = fs::File::create(&file).expect("a file");
    let made = Command::new("python3").arg(&generator).arg(count.to_string()).stdout(traces).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: python3 could not run {}", generator.display());
        return;
    }
    let bytes = fs::metadata(&file).expect("the traces").len();
    println!("{count} conversations, {:.1} MB of OTLP/JSON", bytes as f64 / 1e6);

    let root = folder.path().join("workspace");
    let ours = imported(&root, &file);
    let size = database_size(&root);
    let again = imported(&root, &file);
    line("import until searchable, wall", &format!("{:.2} s", ours.wall));
    line("import until searchable, CPU", &format!("{:.2} s", ours.cpu));
    line("speed", &format!("{:.1} MB/s, {:.0} spans/s", bytes as f64 / 1e6 / ours.wall, ours.spans as f64 / ours.wall));
    goal("peak memory", ours.peak_mib, 256.0, "MiB");
    goal("database bytes per input byte", size as f64 / bytes as f64, 0.35, "");
    goal("second import / first, wall", again.wall / ours.wall, 1.0 / 3.0, "");
    goal("second import / first, CPU", again.cpu / ours.cpu, 1.0 / 3.0, "");
    searches(&root);
    drop(fs::remove_dir_all(&root));
    live(&root, &file);
    bare(&shared.join("rawbound"), folder.path(), (&file, &ours));
}

fn line(name: &str, value: &str) {
    println!("  {name:44} {value}");
}

fn goal(name: &str, value: f64, most: f64, unit: &str) {
    let verdict = if value <= most { "met" } else { "missed" };
    let ratio = value / most;
    line(name, &format!("{value:.3} {unit} (goal {most:.3}: {verdict}, {ratio:.2}x)"));
}

/// What an import in a process of its own took.
struct Taken {
    wall: f64,
    cpu: f64,
    peak_mib: f64,
    spans: u64,
}

fn spawn(root: &Path, file: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .arg(CHILD)
        .args([root, file])
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process of its own")
}

fn imported(root: &Path, file: &Path) -> Taken {
    let start = Instant::now();
    let output = spawn(root, file).wait_with_output().expect("the import");
    let wall = start.elapsed().as_secs_f64();
    let text = String::from_utf8(output.stdout).expect("figures");
    let figures: Vec<f64> = text.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
    let [cpu, peak_mib, spans] = figures[..] else { panic!("the import failed: {text}") };
    Taken { wall, cpu, peak_mib, spans: spans as u64 }
}

fn workspace(root: &Path, access: Access) -> Result<Workspace, aftercall::ops::workspace::WorkspaceError> {
    let identity = Identity::load("yardstick", &root.with_extension("state"))?;
    Workspace::open(root, identity, access)
}

/// Imports, and prints CPU seconds, peak memory in MiB and spans.
fn import(root: &Path, file: &Path) {
    let mut workspace = workspace(root, Access::Create).expect("a workspace");
    let order = ImportOrder { paths: vec![file.to_path_buf()], beside: Some(beside), ..ImportOrder::default() };
    let report = workspace.import(&order, system_clock(), &mut |_| ControlFlow::Continue(())).expect("an import");
    println!("{} {} {}", cpu_seconds(), peak_mib(), report.spans);
}

/// User and system time of this process, in hundredths of a second as Linux counts it.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |at: usize| after_name.split_whitespace().nth(at).and_then(|ticks| ticks.parse::<f64>().ok());
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
}

fn peak_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

fn database_size(root: &Path) -> u64 {
    let length = |name: &str| fs::metadata(root.join(name)).map_or(0, |data| data.len());
    length("aftercall.db") + length("aftercall.db-wal")
}

/// A value such that so large a share of all are at most it.
fn percentile(times: &mut [f64], share: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    let at = (times.len() as f64 * share).ceil() as usize;
    times.get(at.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// The first fifty hits with their snippets, masked, as they leave the program.
fn searches(root: &Path) {
    let mut first = 0.0_f64;
    let mut times = Vec::new();
    for round in 0..20 {
        let workspace = workspace(root, Access::Read).expect("the workspace");
        let door = Door::masked(&workspace);
        for (at, words) in SEARCHES.into_iter().enumerate() {
            let order = SearchOrder {
                words: words.to_owned(),
                filter: String::new(),
                order: FoundOrder::Latest,
                limit: 50,
                steps: 3,
            };
            let start = Instant::now();
            let hits = search(&workspace, (&order, &door), system_clock(), &mut |_| true).expect("a search");
            let taken = start.elapsed().as_secs_f64() * 1e3;
            assert!(hits > 0 || at > 0, "the generator speaks of refunds");
            // The first of all reads pages from disk; the others say how it is while somebody works.
            if at == 0 && round == 0 {
                first = taken;
            } else {
                times.push(taken);
            }
        }
    }
    line("search while warm, 50 hits with snippets, p50", &format!("{:.2} ms", percentile(&mut times, 0.5)));
    goal("search while warm, 50 hits with snippets, p99", percentile(&mut times, 0.99), 10.0, "ms");
    goal("search, the first after opening", first, 50.0, "ms");
}

/// While an import runs: when there is something to review, and how long a label waits.
fn live(root: &Path, file: &Path) {
    let start = Instant::now();
    let mut child = spawn(root, file);
    let mut reader = loop {
        if let Ok(workspace) = workspace(root, Access::Write)
            && listed(&workspace) > 0
        {
            break workspace;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    goal("first conversation reviewable", start.elapsed().as_secs_f64(), 1.0, "s");
    let mut times = Vec::new();
    let asker = Asker { reviewer: "yardstick", now: system_clock() };
    let index = queue::index(reader.store(), &QueueQuery::default(), asker).expect("a queue");
    let subject = queue::rows(reader.store(), &index.ids[..1], "yardstick").expect("a row").remove(0);
    while child.try_wait().expect("the import").is_none() {
        let subject = Subject { conversation: subject.id.clone(), transcript_hash: subject.transcript_hash.clone() };
        let act = Act::Judge(Judgement::new(subject, Verdict::Pass));
        let start = Instant::now();
        review::record(&mut reader, &act, system_clock()).expect("a label");
        times.push(start.elapsed().as_secs_f64() * 1e3);
        std::thread::sleep(Duration::from_millis(25));
    }
    let count = times.len();
    line("label during the import, p50", &format!("{:.1} ms of {count}", percentile(&mut times, 0.5)));
    line("label during the import, p99", &format!("{:.1} ms", percentile(&mut times, 0.99)));
    goal("label during the import, longest", percentile(&mut times, 1.0), 100.0, "ms");
}

fn listed(workspace: &Workspace) -> usize {
    let asker = Asker { reviewer: "yardstick", now: system_clock() };
    queue::index(workspace.store(), &QueueQuery::default(), asker).map_or(0, |index| index.ids.len())
}

/// The bare pipeline on the same file: rows, indexes and full text, and no product.
fn bare(source: &Path, folder: &Path, (file, ours): (&Path, &Taken)) {
    let Some(program) = rawbound::built(source, folder) else { return };
    let start = Instant::now();
    let mut child = Command::new(&program)
        .arg("import")
        .args([file, &folder.join("raw.db")])
        .arg("fts")
        .stdout(Stdio::null())
        .spawn()
        .expect("the bare pipeline");
    let (mut cpu, stat) = (0.0_f64, format!("/proc/{}/stat", child.id()));
    while child.try_wait().expect("the bare pipeline").is_none() {
        let text = fs::read_to_string(&stat).unwrap_or_default();
        let after_name = text.rsplit(')').next().unwrap_or_default();
        let ticks = |at: usize| after_name.split_whitespace().nth(at).and_then(|ticks| ticks.parse::<f64>().ok());
        cpu = cpu.max((ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0);
        std::thread::sleep(Duration::from_millis(5));
    }
    let wall = start.elapsed().as_secs_f64();
    line("bare pipeline, wall and CPU", &format!("{wall:.2} s, {cpu:.2} s"));
    goal("import / bare pipeline, wall", ours.wall / wall, 1.0, "");
    goal("import / bare pipeline, CPU", ours.cpu / cpu, 1.0, "");
}
