//! Measures the work between a label and the re-ranked first page of a large queue: learn, weigh the pool, pick the page.
//!
//! `cargo run --release --example rank_rate -- 100000 48 600` makes a pool of that many conversations and columns, gives
//! that many labels in the order the queue asks for, and prints how long each took. Every 25th label fits anew; those are
//! told apart as well. On Linux it also tells the times during which no other program took the processor away.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on should stop")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use aftercall::rank::matrix::Matrix;
use aftercall::rank::queue::{Event, Origin, Plan, Queue};
use aftercall::rank::ranker::{Prior, REFIT};

/// Rows of a first page.
const PAGE: usize = 200;

fn main() {
    let given: Vec<usize> = std::env::args().skip(1).map(|text| text.parse().unwrap()).collect();
    let of = |at: usize, usual| given.get(at).copied().unwrap_or(usual);
    let (rows, width, labels) = (of(0, 100_000), of(1, 48), of(2, 600));
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 30) - 1.0
    };
    let cells: Vec<Vec<f64>> =
        (0..rows).map(|_| (0..width).map(|at| if at == 0 { 1.0 } else { 2.0 * next() }).collect()).collect();
    let matrix = Arc::new(Matrix::plain(width, &cells));
    // About one in ten fails, by two signals and chance.
    let failed: Vec<bool> = cells.iter().map(|x| x[1] + 0.5 * x[2] + 0.5 * next() > 1.7).collect();
    let mut queue = Queue::new(Arc::clone(&matrix), Arc::new([]), Plan::default(), &Prior::Declared);
    let (mut online, mut fitted, mut undisturbed) = (Vec::new(), Vec::new(), Vec::new());
    let mut row = queue.page(1, PAGE)[0].row;
    for label in 1..=labels {
        let before = queue.version();
        let taken_away = taken_away();
        let start = Instant::now();
        queue.hear(Event::Verdict { row, by: 1, failed: Some(failed[row]), severity: None, origin: Origin::Queue });
        let page = black_box(queue.page(1, PAGE));
        let took = start.elapsed().as_secs_f64() * 1e3;
        if taken_away.is_some() && taken_away == self::taken_away() {
            undisturbed.push(took);
        }
        assert_ne!(before, queue.version());
        if label % REFIT == 0 { &mut fitted } else { &mut online }.push(took);
        row = page[0].row;
    }
    let found = queue.curve().found.last().copied().unwrap_or(0);
    println!("{rows} conversations x {width} columns, page of {PAGE}, {labels} labels ({found} failures)");
    let mut all: Vec<f64> = online.iter().chain(&fitted).copied().collect();
    let kinds =
        [("all", &mut all), ("undisturbed", &mut undisturbed), ("one step", &mut online), ("full fit", &mut fitted)];
    for (what, times) in kinds {
        if times.is_empty() {
            continue;
        }
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
        println!("{what:11} n {:4}  p50 {:.3} ms  p95 {:.3} ms  max {:.3} ms", times.len(), at(0.5), at(0.95), at(1.0));
    }
}

/// How often another program took the processor away from this one.
fn taken_away() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("nonvoluntary_ctxt_switches"))?;
    line.split_whitespace().last()?.parse().ok()
}
