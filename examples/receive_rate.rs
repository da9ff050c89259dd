//! Measures how many records a second the receiver takes in, durably, from a few senders at once over loopback.
//!
//! `cargo run --release --example receive_rate -- [SENDERS [REQUESTS [SPANS]]]` prints one line; each sender posts so many
//! JSON requests of so many spans, waits for each answer, and comes again where it is put off.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on should stop")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use aftercall::engine::system_clock;
use aftercall::ingest::ReadOptions;
use aftercall::ops::workspace::Identity;
use aftercall::receive::{ReceiveLimits, ReceiveSetup, Receiver, Stop};
use serde_json::{Value, json};

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).map(|text| text.parse().unwrap()).collect();
    let number = |at: usize, otherwise| numbers.get(at).copied().unwrap_or(otherwise);
    let (senders, requests, spans) = (number(0, 4), number(1, 50), number(2, 128));
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::bind(ReceiveSetup {
        root: folder.path().join("w"),
        identity: Identity::load("bench", &folder.path().join("state")).unwrap(),
        clock: system_clock,
        listen: "127.0.0.1:0".parse().unwrap(),
        token: None,
        read: ReadOptions::default(),
        limits: ReceiveLimits::default(),
    })
    .unwrap();
    let (address, stop) = (receiver.address(), Stop::default());
    let end = stop.clone();
    let server = std::thread::spawn(move || receiver.serve(&end, &mut |_| {}).unwrap());
    let threads: Vec<_> = (0..senders)
        .map(|sender| {
            let bodies: Vec<String> = (0..requests).map(|at| body(sender * requests + at, spans)).collect();
            (sender, bodies)
        })
        .collect();
    let bytes: usize = threads.iter().flat_map(|(_, bodies)| bodies).map(String::len).sum();
    let begun = Instant::now();
    let threads: Vec<_> =
        threads.into_iter().map(|(_, bodies)| std::thread::spawn(move || send(address, &bodies))).collect();
    let mut waits: Vec<Duration> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    let seconds = begun.elapsed().as_secs_f64();
    stop.stop();
    let report = server.join().unwrap();
    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{} spans ({:.1} MB) in {seconds:.2} s: {:.0} spans/s; answer p50 {:.1} ms, p99 {:.1} ms; {} put off",
        report.imported,
        bytes as f64 / 1e6,
        report.imported as f64 / seconds,
        at(0.5),
        at(0.99),
        report.deferred,
    );
}

/// One request: turns of three spans, each with what was said before, eight turns a conversation.
fn body(number: u64, spans: u64) -> String {
    let text = |key: String, value: String| json!({"key": key, "value": {"stringValue": value}});
    let spans: Vec<Value> = (0..spans)
        .map(|at| {
            let turn = number * spans + at;
            let mut attributes = vec![
                text("session.id".into(), format!("S-{}", turn / 24)),
                text("openinference.span.kind".into(), (if at % 3 == 1 { "LLM" } else { "CHAIN" }).into()),
            ];
            if at % 3 == 1 {
                for past in 0..=(turn / 3 % 8) {
                    let key = |part: &str| format!("llm.input_messages.{past}.message.{part}");
                    attributes.push(text(key("role"), "user".into()));
                    attributes.push(text(
                        key("content"),
                        format!("Question {past}: where is order {}? ", turn / 24).repeat(6),
                    ));
                }
                attributes.push(text("llm.output_messages.0.message.role".into(), "assistant".into()));
                attributes.push(text("llm.output_messages.0.message.content".into(), "It is on its way. ".repeat(20)));
            }
            json!({
                "traceId": format!("{:032x}", turn / 3 + 1), "spanId": format!("{:016x}", turn + 1), "name": "turn",
                "startTimeUnixNano": (1_790_000_000_000_000_000 + turn * 1_000_000).to_string(),
                "endTimeUnixNano": (1_790_000_000_000_500_000 + turn * 1_000_000).to_string(),
                "attributes": attributes,
            })
        })
        .collect();
    json!({"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": spans}]}]}).to_string()
}

/// Posts each body until it is taken; how long each took.
fn send(address: SocketAddr, bodies: &[String]) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut waits = Vec::new();
    for body in bodies {
        let head = format!(
            "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let begun = Instant::now();
        loop {
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body.as_bytes()).unwrap();
            let mut answer = [0; 2048];
            let read = stream.read(&mut answer).unwrap();
            let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
            if answer.starts_with("HTTP/1.1 200") {
                break;
            }
            assert!(answer.starts_with("HTTP/1.1 429") || answer.starts_with("HTTP/1.1 503"), "{answer}");
            std::thread::sleep(Duration::from_millis(100));
        }
        waits.push(begun.elapsed());
    }
    waits
}
