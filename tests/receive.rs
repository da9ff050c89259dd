//! The receiver over real sockets on loopback: what is acknowledged is stored, and nothing hostile gets through.
//!
//! Invariant: requests are written out byte by byte here, so that no HTTP library of ours is on both ends.

#![cfg(feature = "receive")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use aftercall::engine::system_clock;
use aftercall::ingest::{Format, ReadOptions};
use aftercall::model::act::{Act, Judgement, Subject};
use aftercall::model::conversation::Conversation;
use aftercall::model::id::ConversationId;
use aftercall::model::label::Verdict;
use aftercall::ops::review;
use aftercall::ops::workspace::{Identity, Workspace};
use aftercall::receive::{ReceiveError, ReceiveLimits, ReceiveReport, ReceiveSetup, Receiver, Stop};
use aftercall::store::{Access, FILE_NAME};
use serde_json::{Value, json};

fn shared(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")).join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: ../shared is absent");
    None
}

/// A receiver on a thread of its own, with a workspace of its own.
struct Live {
    folder: tempfile::TempDir,
    address: SocketAddr,
    stop: Stop,
    thread: JoinHandle<Result<ReceiveReport, ReceiveError>>,
}

fn setup(folder: &Path, limits: ReceiveLimits, token: Option<&str>) -> ReceiveSetup {
    ReceiveSetup {
        root: folder.join("w"),
        identity: Identity::load("mara", &folder.join("state")).unwrap(),
        clock: system_clock,
        listen: "127.0.0.1:0".parse().unwrap(),
        token: token.map(str::to_owned),
        read: ReadOptions { format: Format::Otlp, ..ReadOptions::default() },
        limits,
    }
}

impl Live {
    fn start() -> Self {
        Self::with(ReceiveLimits::default(), None)
    }

    fn with(limits: ReceiveLimits, token: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let receiver = Receiver::bind(setup(folder.path(), limits, token)).unwrap();
        let (address, stop) = (receiver.address(), Stop::default());
        let end = stop.clone();
        let thread = std::thread::spawn(move || receiver.serve(&end, &mut |_| {}));
        Self { folder, address, stop, thread }
    }

    fn workspace(&self, access: Access) -> Workspace {
        let identity = Identity::load("mara", &self.folder.path().join("state")).unwrap();
        Workspace::open(&self.folder.path().join("w"), identity, access).unwrap()
    }

    fn conversation(&self, source: &str, id: &str) -> Option<Conversation> {
        let workspace = self.workspace(Access::Read);
        let id = workspace.store().resolve(ConversationId::derive(source, id).as_str()).ok()?;
        workspace.store().conversation(&id).unwrap()
    }

    fn post(&self, body: &Value) -> Answer {
        post(self.address, "/v1/traces", &[("Content-Type", "application/json")], body.to_string().as_bytes())
    }

    fn end(self) -> (tempfile::TempDir, ReceiveReport) {
        self.stop.stop();
        let report = self.thread.join().unwrap().unwrap();
        assert_eq!(report.read, report.imported + report.unchanged + report.skipped + report.conflicts, "{report:?}");
        (self.folder, report)
    }
}

/// An answer as it came.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
    /// True where the receiver closed the connection.
    closed: bool,
}

/// Writes bytes and reads one answer.
fn raw(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    // Not how long it may take, but when a test gives up.
    stream.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
    // It may have answered and closed before it has read all of this.
    let _ = stream.write_all(bytes);
    answer(&mut stream)
}

fn answer(stream: &mut TcpStream) -> Answer {
    let mut got = Vec::new();
    let mut buffer = [0; 4096];
    let mut closed = false;
    let head_end = loop {
        if let Some(at) = got.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        let read = stream.read(&mut buffer).unwrap_or(0);
        assert!(read > 0, "no answer: {:?}", String::from_utf8_lossy(&got));
        got.extend_from_slice(&buffer[..read]);
    };
    let head = String::from_utf8(got[..head_end].to_vec()).unwrap().to_ascii_lowercase();
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |length| length.trim().parse().unwrap());
    let mut body = got.split_off(head_end + 4);
    while body.len() < length {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "a body that ends early");
        body.extend_from_slice(&buffer[..read]);
    }
    if head.contains("connection: close") {
        closed = matches!(stream.read(&mut buffer), Ok(0) | Err(_));
    }
    Answer { status: head.split(' ').nth(1).unwrap().parse().unwrap(), head, body, closed }
}

fn request(path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        bytes.extend([*name, ": ", *value, "\r\n"]);
    }
    [bytes.as_bytes(), b"\r\n", body].concat()
}

fn post(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    raw(address, &request(path, headers, body))
}

fn text_value(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

/// One customer turn: its trace, its session (may be unknown), what was said before and what is said now.
fn turn(trace: u8, session: Option<&str>, history: &[(&str, &str)], reply: &str) -> Value {
    let mut attributes = vec![text_value("openinference.span.kind", "LLM")];
    attributes.extend(session.map(|session| text_value("session.id", session)));
    for (at, (role, text)) in history.iter().enumerate() {
        attributes.push(text_value(&format!("llm.input_messages.{at}.message.role"), role));
        attributes.push(text_value(&format!("llm.input_messages.{at}.message.content"), text));
    }
    attributes.push(text_value("llm.output_messages.0.message.role", "assistant"));
    attributes.push(text_value("llm.output_messages.0.message.content", reply));
    let start = 1_790_000_000_u64 + u64::from(trace);
    json!({
        "traceId": format!("{trace:02x}").repeat(16), "spanId": format!("{trace:02x}").repeat(8), "name": "chat",
        "startTimeUnixNano": format!("{start}000000000"), "endTimeUnixNano": format!("{start}500000000"),
        "attributes": attributes,
    })
}

fn body(spans: &[Value]) -> Value {
    let resource = json!({"attributes": [text_value("service.name", "shop")]});
    json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]})
}

fn said(conversation: &Conversation) -> Vec<String> {
    use aftercall::model::step::StepContent;
    let texts = conversation.steps.iter().filter_map(|step| match &step.content {
        StepContent::Message { text, .. } => Some(text.exact().to_owned()),
        StepContent::ToolCall { .. } => None,
    });
    texts.collect()
}

#[test]
fn hostile_requests_meet_their_outcomes() {
    let Some(folder) = shared("hostile/receiver") else { return };
    let live = Live::start();
    let expected: [(&str, &[u16]); 12] = [
        ("R01", &[200]),
        ("R02", &[413]),
        ("R03", &[400]),
        ("R04", &[400]),
        ("R05", &[413]),
        ("R06", &[400]),
        ("R07", &[403, 415]),
        ("R08", &[403]),
        ("R09", &[400]),
        ("R10", &[404]),
        ("R11", &[431]),
        ("R12", &[400]),
    ];
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), expected.len());
    for (file, (case, statuses)) in files.iter().zip(expected) {
        assert!(file.file_name().unwrap().to_string_lossy().starts_with(case));
        let answer = raw(live.address, &std::fs::read(file).unwrap());
        assert!(statuses.contains(&answer.status), "{case}: {answer:?}");
        if ["R02", "R03", "R09", "R11", "R12"].contains(&case) {
            assert!(answer.closed, "{case}: the connection has to be closed: {answer:?}");
        }
        let words = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!words.contains("evil") && !words.contains("passwd"), "{case}: {words}");
        if case == "R04" {
            assert!(words.contains("JSON"), "{case}: {words}");
        }
    }
    let (_, report) = live.end();
    assert_eq!((report.accepted, report.imported > 0), (1, true));
}

#[test]
fn every_encoding_is_taken_and_answered_in_kind() {
    let live = Live::start();
    let pack = |number: u8| body(&[turn(number, Some(&format!("E-{number}")), &[("user", "hi")], "hello")]).to_string();
    let gzip = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let zlib = |text: &str| {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let deflate = |text: &str| {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let bodies = [
        ("identity", pack(1).into_bytes()),
        ("gzip", gzip(&pack(2))),
        ("deflate", zlib(&pack(3))),
        ("deflate", deflate(&pack(4))),
        ("zstd", zstd::encode_all(pack(5).as_bytes(), 3).unwrap()),
    ];
    let json = ("Content-Type", "application/json; charset=utf-8");
    for (path, (encoding, bytes)) in
        ["/v1/traces", "/tracer/v1/traces", "/api/public/otel/v1/traces", "/v1/traces", "/v1/traces"]
            .iter()
            .zip(&bodies)
    {
        let answer = post(live.address, path, &[json, ("Content-Encoding", encoding)], bytes);
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"{}"[..]), "{encoding}: {answer:?}");
        assert!(answer.head.contains("content-type: application/json"));
        let cut = &bytes[..bytes.len() - 3];
        assert_eq!(post(live.address, path, &[json, ("Content-Encoding", encoding)], cut).status, 400, "{encoding}");
    }
    for number in 1..=5 {
        assert!(live.conversation("shop", &format!("E-{number}")).is_some(), "{number}");
    }
    // In pieces, as clients send that do not know the length before.
    let text = pack(6);
    let mut chunked = b"POST /v1/traces HTTP/1.1\r\nHost: localhost:4318\r\nContent-Type: application/json\r\n\
        Transfer-Encoding: chunked\r\n\r\n"
        .to_vec();
    for chunk in text.as_bytes().chunks(100) {
        chunked.extend(format!("{:x}\r\n", chunk.len()).bytes().chain(chunk.iter().copied()).chain(*b"\r\n"));
    }
    chunked.extend(b"0\r\n\r\n");
    assert_eq!(raw(live.address, &chunked).status, 200);
    assert!(live.conversation("shop", "E-6").is_some());
    // Nothing to store is no error, in either encoding; nor are metrics.
    assert_eq!(live.post(&json!({})).status, 200);
    let protobuf = [("Content-Type", "application/x-protobuf")];
    for path in ["/v1/traces", "/v1/logs", "/v1/metrics"] {
        let answer = post(live.address, path, &protobuf, b"");
        assert_eq!((answer.status, answer.body.len()), (200, 0));
        assert!(answer.head.contains("content-type: application/x-protobuf"));
    }
    let answer = post(live.address, "/v1/traces", &protobuf, b"\x0a\xff\x01");
    assert_eq!(answer.status, 400);
    assert!(String::from_utf8_lossy(&answer.body).contains("protobuf"), "{answer:?}");
    assert_eq!(live.end().1.imported, 6);
}

#[test]
fn one_connection_carries_many_requests() {
    let live = Live::start();
    let mut stream = TcpStream::connect(live.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    for number in 1..=20 {
        // Text that looks like a head must not confuse what comes after it.
        let talk = "\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
        let text = body(&[turn(number, Some("K"), &[("user", talk)], "hello")]).to_string();
        let padded = format!("{text}\n\ncontent-length: 1\ntransfer-encoding: chunked\n");
        let (bytes, status) = if number % 5 == 0 { (padded, 400) } else { (text, 200) };
        stream.write_all(&request("/v1/traces", &[("Content-Type", "application/json")], bytes.as_bytes())).unwrap();
        assert_eq!(answer(&mut stream).status, status, "{number}");
    }
    assert_eq!(live.end().1.accepted, 16);
}

#[test]
fn protobuf_bodies_of_a_real_sdk_are_stored_as_from_a_file() {
    let Some(file) = shared("fixtures/otlp/variant-request-body.pb") else { return };
    let live = Live::start();
    let bytes = std::fs::read(file).unwrap();
    for round in 0..2 {
        let answer = post(live.address, "/v1/traces", &[("Content-Type", "application/x-protobuf")], &bytes);
        assert_eq!((answer.status, answer.body.len()), (200, 0), "{round}");
    }
    let (_, report) = live.end();
    assert_eq!((report.read, report.imported, report.unchanged), (128, 64, 64));
}

#[test]
fn odd_records_are_reported_and_cost_themselves_only() {
    let live = Live::start();
    let mut odd = turn(1, Some("P"), &[("user", "hi")], "hello");
    odd["spanId"] = "zz".into();
    let answer = live.post(&body(&[odd, turn(2, Some("P"), &[("user", "hi")], "hello")]));
    let reply: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((answer.status, &reply["partialSuccess"]["rejectedSpans"]), (200, &json!("1")));
    let log = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "started"}}]}]}]});
    let answer = post(live.address, "/v1/logs", &[("Content-Type", "application/json")], log.to_string().as_bytes());
    let reply: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(reply["partialSuccess"]["rejectedLogRecords"], "1");
    assert_eq!(live.post(&json!({"messages": []})).status, 400);
    let (_, report) = live.end();
    assert_eq!((report.imported, report.skipped, report.refused), (1, 2, 1));
}

#[test]
fn other_machines_need_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let bind = |listen: &str, token: Option<&str>| {
        let mut setup = setup(folder.path(), ReceiveLimits::default(), token);
        setup.listen = listen.parse().unwrap();
        Receiver::bind(setup)
    };
    assert!(matches!(bind("0.0.0.0:0", None), Err(ReceiveError::Open(_))));
    assert!(matches!(bind("[::]:0", None), Err(ReceiveError::Open(_))));
    assert!(matches!(bind("0.0.0.0:0", Some("short")), Err(ReceiveError::Token)));
    assert!(!folder.path().join("w").exists(), "a refused receiver makes no workspace");
    assert!(bind("0.0.0.0:0", Some("a long enough one")).is_err());
    drop(bind("127.0.0.1:0", Some("long-enough-token")).unwrap());

    let live = Live::with(ReceiveLimits::default(), Some("long-enough-token"));
    let text = body(&[turn(1, Some("T"), &[("user", "hi")], "hello")]).to_string();
    let json = ("Content-Type", "application/json");
    assert_eq!(post(live.address, "/v1/traces", &[json], text.as_bytes()).status, 401);
    let wrong = ("Authorization", "Bearer long-enough-tokem");
    assert_eq!(post(live.address, "/v1/traces", &[json, wrong], text.as_bytes()).status, 401);
    let right = ("Authorization", "Bearer long-enough-token");
    assert_eq!(post(live.address, "/v1/traces", &[json, right], text.as_bytes()).status, 200);
    let page = ("Origin", "http://127.0.0.1");
    assert_eq!(post(live.address, "/v1/traces", &[json, right, page], text.as_bytes()).status, 403);
    live.end();
}

#[test]
fn a_silent_or_slow_sender_is_let_go() {
    let limits =
        ReceiveLimits { idle: Duration::from_millis(400), patience: Duration::from_millis(400), ..Default::default() };
    let live = Live::with(limits, None);
    let open = || {
        let stream = TcpStream::connect(live.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    };
    // Says nothing; stops in the middle of a head; stays silent after a request; stops in the middle of a body.
    let (mut silent, mut half, mut kept, mut slow) = (open(), open(), open(), open());
    half.write_all(b"POST /v1/traces HTTP/1.1\r\nHost: loc").unwrap();
    kept.write_all(&request("/v1/traces", &[("Content-Type", "application/json")], b"{}")).unwrap();
    assert_eq!(answer(&mut kept).status, 200);
    let whole = request("/v1/traces", &[("Content-Type", "application/json")], b"{\"resourceSpans\": []}");
    slow.write_all(&whole[..whole.len() - 4]).unwrap();
    assert_eq!(answer(&mut slow).status, 408);
    for stream in [&mut silent, &mut half, &mut kept] {
        assert_eq!(stream.read(&mut [0; 16]).unwrap(), 0, "closed");
    }
    assert!(ReceiveLimits::default().idle < Duration::from_secs(30), "as promised");
    live.end();
}

#[test]
fn more_than_can_be_held_is_put_off_and_nothing_of_it_is_lost() {
    let limits = ReceiveLimits { queue: 1, ..ReceiveLimits::default() };
    let live = Live::with(limits, None);
    let other = rusqlite::Connection::open(live.folder.path().join("w").join(FILE_NAME)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let address = live.address;
    let put_off = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let senders: Vec<_> = (1..=12_u8)
        .map(|number| {
            let put_off = put_off.clone();
            std::thread::spawn(move || {
                let text = body(&[turn(number, Some(&format!("B-{number}")), &[("user", "hi")], "hello")]).to_string();
                loop {
                    let answer = post(address, "/v1/traces", &[("Content-Type", "application/json")], text.as_bytes());
                    if answer.status == 200 {
                        return;
                    }
                    assert!([429, 503].contains(&answer.status), "{answer:?}");
                    assert!(answer.head.contains("retry-after: 1"), "{answer:?}");
                    put_off.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(50));
                }
            })
        })
        .collect();
    while put_off.load(std::sync::atomic::Ordering::SeqCst) == 0 {
        assert!(senders.iter().all(|sender| !sender.is_finished()), "it was stored under another's lock");
        std::thread::sleep(Duration::from_millis(20));
    }
    other.execute_batch("ROLLBACK").unwrap();
    for sender in senders {
        sender.join().unwrap();
    }
    let put_off = put_off.load(std::sync::atomic::Ordering::SeqCst);
    for number in 1..=12 {
        assert!(live.conversation("shop", &format!("B-{number}")).is_some());
    }
    let (_, report) = live.end();
    assert_eq!((report.accepted, report.deferred, report.imported + report.unchanged), (12, put_off, 12));
}

#[test]
fn bodies_in_memory_are_bounded_all_together() {
    let limits = ReceiveLimits { memory: 64 << 10, ..ReceiveLimits::default() };
    let live = Live::with(limits, None);
    let answer = post(live.address, "/v1/traces", &[("Content-Type", "application/json")], &vec![b' '; 100 << 10]);
    assert_eq!(answer.status, 429);
    assert_eq!(live.post(&body(&[turn(1, Some("M"), &[("user", "hi")], "hello")])).status, 200);
    live.end();
}

#[test]
fn a_thousand_idle_connections_stop_neither_saves_nor_senders() {
    let crowd = |live: &Live| {
        let mut idle = Vec::new();
        while idle.len() < 1_000 {
            match TcpStream::connect_timeout(&live.address, Duration::from_secs(5)) {
                Ok(stream) => idle.push(stream),
                // Fewer file handles than that; as many as there are will do.
                Err(_) if idle.len() > 200 => break,
                Err(error) => panic!("{error}"),
            }
        }
        println!("{} idle connections", idle.len());
        idle
    };
    // None of them is let go in this test's time, so that a save that waited for one would never be made.
    let live = Live::with(ReceiveLimits { idle: Duration::from_hours(1), ..ReceiveLimits::default() }, None);
    assert_eq!(live.post(&body(&[turn(1, Some("I"), &[("user", "hi")], "hello")])).status, 200);
    let idle = crowd(&live);
    let mut workspace = live.workspace(Access::Write);
    let id = ConversationId::derive("shop", "I");
    let opened = review::open(&workspace, &id).unwrap();
    for verdict in [Verdict::Pass, Verdict::Fail, Verdict::Unsure] {
        let subject = Subject { conversation: id.clone(), transcript_hash: opened.summary.transcript_hash.clone() };
        let mut judgement = Judgement::new(subject, verdict);
        if verdict == Verdict::Fail {
            judgement.failed_at = Some(aftercall::model::act::FailedAt::NoSingleStep);
        }
        review::record(&mut workspace, &Act::Judge(judgement), system_clock()).unwrap();
    }
    drop(idle);
    live.end();
    // Senders get their turn once silent connections are let go, though their other end stays.
    let live = Live::with(ReceiveLimits { idle: Duration::from_secs(2), ..ReceiveLimits::default() }, None);
    let idle = crowd(&live);
    assert_eq!(live.post(&body(&[turn(2, Some("I"), &[("user", "hi")], "hello")])).status, 200);
    drop(idle);
    live.end();
}

#[test]
fn a_conversation_grows_under_its_label() {
    let live = Live::start();
    assert_eq!(live.post(&body(&[turn(1, Some("G"), &[("user", "hi")], "hello")])).status, 200);
    let id = ConversationId::derive("shop", "G");
    let mut workspace = live.workspace(Access::Write);
    let before = review::open(&workspace, &id).unwrap();
    let subject = Subject { conversation: id.clone(), transcript_hash: before.summary.transcript_hash.clone() };
    let act = Act::Judge(Judgement::new(subject, Verdict::Pass));
    review::record(&mut workspace, &act, system_clock()).unwrap();
    let history = [("user", "hi"), ("assistant", "hello"), ("user", "where is my lamp?")];
    assert_eq!(live.post(&body(&[turn(2, Some("G"), &history, "on its way")])).status, 200);
    let after = review::open(&workspace, &id).unwrap();
    assert_eq!(said(&after.conversation), ["hi", "hello", "where is my lamp?", "on its way"]);
    let label = after.own.unwrap();
    assert_eq!((label.verdict, &label.transcript_hash), (Some(Verdict::Pass), &before.summary.transcript_hash));
    assert_ne!(after.summary.transcript_hash, before.summary.transcript_hash, "it judged an earlier text");
    live.end();
}

#[test]
fn a_session_that_becomes_known_late_takes_its_labels_along() {
    let live = Live::start();
    assert_eq!(live.post(&body(&[turn(3, None, &[("user", "hi")], "hello")])).status, 200);
    let old = ConversationId::derive("shop", &"03".repeat(16));
    let mut workspace = live.workspace(Access::Write);
    let opened = review::open(&workspace, &old).unwrap();
    let subject = Subject { conversation: old.clone(), transcript_hash: opened.summary.transcript_hash };
    review::record(&mut workspace, &Act::Judge(Judgement::new(subject, Verdict::Pass)), system_clock()).unwrap();
    let mut root = turn(3, Some("L"), &[], "");
    root["spanId"] = "ff".repeat(8).into();
    root["attributes"] = json!([text_value("session.id", "L"), text_value("openinference.span.kind", "CHAIN")]);
    assert_eq!(live.post(&body(&[root])).status, 200);
    let new = ConversationId::derive("shop", "L");
    assert_eq!(workspace.store().resolve(old.as_str()).unwrap(), new);
    let opened = review::open(&workspace, &new).unwrap();
    assert_eq!(opened.own.and_then(|label| label.verdict), Some(Verdict::Pass));
    assert_eq!(opened.conversation.spans.len(), 2);
    let (_, report) = live.end();
    assert_eq!(report.imported, 2);
}

#[test]
fn open_spans_are_completed_and_other_content_is_kept_beside() {
    let live = Live::start();
    let whole = turn(4, Some("O"), &[("user", "hi")], "hello");
    let mut open = whole.clone();
    open.as_object_mut().unwrap().remove("endTimeUnixNano");
    assert_eq!(live.post(&body(&[open])).status, 200);
    assert_eq!(live.conversation("shop", "O").unwrap().spans[0].end, None);
    assert_eq!(live.post(&body(std::slice::from_ref(&whole))).status, 200);
    assert!(live.conversation("shop", "O").unwrap().spans[0].end.is_some());
    let mut other = whole.clone();
    other["endTimeUnixNano"] = "1790000099000000000".into();
    assert_eq!(live.post(&body(&[other.clone()])).status, 200);
    for again in [whole, other] {
        assert_eq!(live.post(&body(&[again])).status, 200);
    }
    assert_eq!(live.conversation("shop", "O").unwrap().spans.len(), 2);
    let (_, report) = live.end();
    assert_eq!((report.imported, report.unchanged), (3, 2));
}

#[test]
fn a_conversation_that_came_whole_is_not_changed_by_spans() {
    let live = Live::start();
    let file = live.folder.path().join("chat.jsonl");
    std::fs::write(
        &file,
        r#"{"id":"C","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"no"}]}"#,
    )
    .unwrap();
    let order = aftercall::ops::workspace::ImportOrder {
        paths: vec![file],
        read: ReadOptions { source: Some("shop".into()), ..ReadOptions::default() },
        ..Default::default()
    };
    let mut workspace = live.workspace(Access::Write);
    workspace.import(&order, system_clock(), &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    assert_eq!(live.post(&body(&[turn(5, Some("C"), &[("user", "hi")], "hello")])).status, 200);
    assert_eq!(said(&live.conversation("shop", "C").unwrap()), ["hi", "no"]);
    assert_eq!(workspace.store().conflicts().unwrap().len(), 1);
    assert_eq!(live.end().1.conflicts, 1);
}

/// The program itself, receiving.
struct Program {
    child: std::process::Child,
    address: SocketAddr,
    talk: JoinHandle<String>,
}

impl Program {
    fn start(home: &Path) -> Self {
        use std::io::BufRead as _;
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_aftercall"))
            .args(["--workspace", "w", "receive", "--listen", "127.0.0.1:0", "--json"])
            .current_dir(home)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", home)
            .env("USER", "mara")
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut talk = std::io::BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        talk.read_line(&mut line).unwrap();
        let place = line.split("http://").nth(1).unwrap_or_else(|| panic!("{line}"));
        let address = place.split(' ').next().unwrap().parse().unwrap();
        let talk = std::thread::spawn(move || {
            let mut rest = String::new();
            let _ = talk.read_to_string(&mut rest);
            rest
        });
        Self { child, address, talk }
    }

    fn signal(&self, name: &str) {
        let sent = std::process::Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end; the exit code, the totals and the talk.
    fn end(mut self) -> (Option<i32>, Value, String) {
        let begun = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if begun.elapsed() > Duration::from_secs(30) => {
                    self.child.kill().unwrap();
                    panic!("it did not end");
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        let mut text = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        (status.code(), serde_json::from_str(&text).unwrap_or(Value::Null), self.talk.join().unwrap())
    }
}

/// Sends turns until the receiver is gone; those that were acknowledged.
fn send_until_it_ends(address: SocketAddr, from: u8) -> Vec<u8> {
    let mut acknowledged = Vec::new();
    for number in from..from + 60 {
        let text = body(&[turn(number, Some(&format!("K-{number}")), &[("user", "hi")], "hello")]).to_string();
        let bytes = request("/v1/traces", &[("Content-Type", "application/json")], text.as_bytes());
        let Ok(mut stream) = TcpStream::connect(address) else { break };
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        if stream.write_all(&bytes).is_err() {
            break;
        }
        let mut head = [0; 12];
        if stream.read_exact(&mut head).is_ok() && head.ends_with(b"200") {
            acknowledged.push(number);
        }
    }
    acknowledged
}

fn stored(home: &Path, session: &str) -> bool {
    let identity = Identity::load("mara", &home.join("look")).unwrap();
    let workspace = Workspace::open(&home.join("w"), identity, Access::Write).unwrap();
    workspace.store().conversation(&ConversationId::derive("shop", session)).unwrap().is_some()
}

#[test]
fn what_was_acknowledged_survives_every_kind_of_end() {
    for (signal, code) in [("-TERM", Some(0)), ("-INT", Some(0)), ("-KILL", None)] {
        let home = tempfile::tempdir().unwrap();
        let program = Program::start(home.path());
        let address = program.address;
        let senders: Vec<_> =
            (0..3_u8).map(|sender| std::thread::spawn(move || send_until_it_ends(address, 1 + sender * 60))).collect();
        std::thread::sleep(Duration::from_millis(300));
        program.signal(signal);
        let acknowledged: Vec<u8> = senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect();
        let (exit, totals, talk) = program.end();
        assert_eq!(exit, code, "{signal}: {talk}");
        assert!(!acknowledged.is_empty(), "{signal}: nothing was acknowledged: {talk}");
        for number in &acknowledged {
            assert!(
                stored(home.path(), &format!("K-{number}")),
                "{signal}: {number} was acknowledged and is not there"
            );
        }
        if code.is_some() {
            assert!(totals["imported"].as_u64().unwrap() >= acknowledged.len() as u64, "{signal}: {totals}");
            assert!(talk.contains("taken in"), "{talk}");
        }
    }
}

#[test]
fn a_real_sdk_sends_what_a_reviewer_reads() {
    let client = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/otlp_client.py");
    let there = std::process::Command::new("python3")
        .args(["-c", "import opentelemetry.sdk.trace, opentelemetry.exporter.otlp.proto.http"])
        .stderr(std::process::Stdio::null())
        .status();
    if !there.is_ok_and(|status| status.success()) {
        println!("skipped: python3 with opentelemetry-sdk and opentelemetry-exporter-otlp-proto-http is absent");
        return;
    }
    for form in ["protobuf", "protobuf-gzip"] {
        let live = Live::start();
        let turns = 12;
        let sent = std::process::Command::new("python3")
            .args([client, &format!("http://{}", live.address), form, &turns.to_string()])
            .output()
            .unwrap();
        assert!(sent.status.success(), "{form}: {}", String::from_utf8_lossy(&sent.stderr));
        for session in ["one", "two"] {
            let conversation = live.conversation("lamp-shop", session).unwrap();
            assert_eq!(conversation.spans.len(), 3 * turns, "{form}");
            let texts = said(&conversation);
            assert_eq!(texts.len(), 2 * turns, "{form}: {texts:?}");
            assert_eq!(texts[0], format!("{session}: where is lamp 0?"));
            let failed = conversation.spans.iter().filter(|span| !span.failure_signs.is_empty()).count();
            assert_eq!(failed, 1, "{form}");
        }
        let (_, report) = live.end();
        assert_eq!((report.imported, report.skipped, report.refused), (6 * turns as u64, 0, 0), "{form}");
    }
}

#[test]
fn the_program_follows_a_file_until_it_is_told_to_end() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("traces.jsonl");
    let line =
        |number: u8| body(&[turn(number, Some(&format!("F-{number}")), &[("user", "hi")], "hello")]).to_string() + "\n";
    std::fs::write(&file, line(1)).unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_aftercall"))
        .args(["--workspace", "w", "import", "--follow", "--json", "traces.jsonl"])
        .current_dir(home.path())
        .env_clear()
        .env("HOME", home.path())
        .env("USER", "mara")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let wait_for = |number: u8| {
        let begun = Instant::now();
        while !home.path().join("w").join(FILE_NAME).exists() || !stored(home.path(), &format!("F-{number}")) {
            assert!(begun.elapsed() < Duration::from_mins(2), "{number} never came");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    wait_for(1);
    let mut writer = std::fs::OpenOptions::new().append(true).open(&file).unwrap();
    writer.write_all(line(2).as_bytes()).unwrap();
    wait_for(2);
    std::fs::rename(&file, home.path().join("traces-old.jsonl")).unwrap();
    writer.write_all(line(3).as_bytes()).unwrap();
    std::fs::write(&file, line(4)).unwrap();
    wait_for(4);
    assert!(stored(home.path(), "F-3"), "what was written after the renaming");
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    let totals: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&totals["imported"], &totals["rotations"]), (&json!(4), &json!(1)));
    let identity = Identity::load("mara", &home.path().join("look")).unwrap();
    let workspace = Workspace::open(&home.path().join("w"), identity, Access::Write).unwrap();
    assert_eq!(workspace.store().not_evaluated().unwrap(), [], "what arrives is judged as it arrives");
}
