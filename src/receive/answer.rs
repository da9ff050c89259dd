//! One request: admitted, read, decoded, handed to the writer, and answered when it is stored.
//!
//! Invariant: every request is counted once, as accepted, refused or deferred.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::mpsc::{SyncSender, TrySendError};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode, header};
use tokio::sync::oneshot;

use super::body::{self, Budget, Share};
use super::gate::{Cargo, Gate, Media, Pass};
use super::reply::{self, Refusal};
use super::watched::HeadWatch;
use super::writer::{Delivery, Outcome};
use super::{Counts, ReceiveLimits, ReceiveSetup, count};
use crate::ingest::{self, Encoding, Item, ProblemKind, ReadOptions, Record, Signal};

/// The reason given where a head announces its body's length in two ways.
pub const DOUBTFUL: &str = "both Content-Length and Transfer-Encoding were given";

const SLOW: Refusal = Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body took too long");
const BUSY: Refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too much is waiting to be stored; try again");
const UNSTORED: Refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "it could not be stored now; try again");
const ENDING: Refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the receiver is ending; try again");
const BROKEN: Refusal = Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "these records cannot be stored");

/// What a body held.
struct Content {
    records: Vec<Record>,
    read: u64,
    skipped: u64,
}

/// Where requests are answered.
pub struct Desk {
    /// Bounds.
    pub limits: ReceiveLimits,
    /// What is counted.
    pub counts: Counts,
    gate: Gate,
    budget: Budget,
    read: ReadOptions,
    inlet: SyncSender<Delivery>,
}

impl Desk {
    /// A desk of the receiver at `address`.
    pub fn new(
        setup: &ReceiveSetup,
        address: SocketAddr,
        read: ReadOptions,
        (counts, inlet): (Counts, SyncSender<Delivery>),
    ) -> Self {
        let gate = Gate { address, token: setup.token.clone() };
        Self { limits: setup.limits, counts, gate, budget: Budget::new(setup.limits.memory), read, inlet }
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request<Incoming>, head: &HeadWatch) -> Response<Full<Bytes>> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        // Whoever is refused is told in protobuf only where it speaks it; everybody can read JSON.
        let media = if kind.is_some_and(|kind| kind.contains("protobuf")) { Media::Protobuf } else { Media::Json };
        let outcome = self.take(request, head).await;
        head.next();
        match outcome {
            Ok((pass, rejected)) => {
                count(&self.counts, |counts| counts.accepted += 1);
                reply::taken(pass.cargo, pass.media, rejected)
            }
            Err(refusal) => {
                count(
                    &self.counts,
                    |counts| {
                        if refusal.is_passing() { counts.deferred += 1 } else { counts.refused += 1 }
                    },
                );
                reply::refused(refusal, media)
            }
        }
    }

    /// Takes a request in; answers how many of its records were rejected.
    async fn take(&self, request: Request<Incoming>, head: &HeadWatch) -> Result<(Pass, u64), Refusal> {
        if head.is_doubtful() {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, DOUBTFUL));
        }
        let pass = self.gate.admit(request.method(), request.uri(), request.headers())?;
        let mut share = Share::new(&self.budget);
        let collected = body::collect(request.into_body(), &self.limits, &mut share);
        let sent = tokio::time::timeout(self.limits.patience, collected).await.map_err(|_| SLOW)??;
        let signal = match pass.cargo {
            Cargo::Metrics => return Ok((pass, 0)),
            Cargo::Traces => Signal::Spans,
            Cargo::Logs => Signal::Logs,
        };
        let (limits, read) = (self.limits, self.read.clone());
        let decoded = tokio::task::spawn_blocking(move || {
            let bytes = body::unpack(sent, pass.packing, &limits, &mut share)?;
            let encoding = match pass.media {
                Media::Json => Encoding::Json,
                Media::Protobuf => Encoding::Protobuf(signal),
            };
            decode(bytes, encoding, &read).map(|content| (content, share))
        });
        // Decoding ends early only where it panicked, or the receiver is on its way out.
        let (content, share) = decoded.await.map_err(|error| if error.is_panic() { BROKEN } else { ENDING })??;
        let Content { records, read, skipped } = content;
        if !records.is_empty() {
            self.store(records, share).await?;
        }
        count(&self.counts, |counts| {
            counts.read += read;
            counts.skipped += skipped;
        });
        Ok((pass, skipped))
    }

    /// Hands records to the writer and waits until they are stored.
    async fn store(&self, records: Vec<Record>, share: Share) -> Result<(), Refusal> {
        let (answer, stored) = oneshot::channel();
        self.inlet.try_send(Delivery { records, answer, share }).map_err(|error| match error {
            TrySendError::Full(_) => BUSY,
            TrySendError::Disconnected(_) => ENDING,
        })?;
        match stored.await {
            Ok(Outcome::Stored) => Ok(()),
            Ok(Outcome::NotNow) => Err(UNSTORED),
            Ok(Outcome::Never) | Err(_) => Err(BROKEN),
        }
    }
}

/// The records of a body; single odd records are left out, a body that is damaged as such is refused whole.
fn decode(bytes: Vec<u8>, encoding: Encoding, options: &ReadOptions) -> Result<Content, Refusal> {
    let (mut records, mut refusal) = (Vec::new(), None);
    let summary = ingest::read_request(bytes, encoding, options, &mut |item| {
        match item {
            Item::Record(record) => records.push(record),
            // Only files are read as rows, and no request carries a judgement of its own.
            Item::Row(_) | Item::Label(_) => {}
            Item::Problem(problem) if matches!(problem.kind, ProblemKind::BadSpan | ProblemKind::BadLog) => {}
            Item::Problem(problem) => refusal = Some(reason(problem.kind)),
        }
        if refusal.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    match refusal {
        Some(refusal) => Err(refusal),
        None => Ok(Content { records, read: summary.read, skipped: summary.skipped }),
    }
}

fn reason(kind: ProblemKind) -> Refusal {
    let reason = match kind {
        ProblemKind::InvalidJson | ProblemKind::Truncated => "the body is not valid JSON, or not whole",
        ProblemKind::InvalidUtf8 => "the body is not valid UTF-8",
        ProblemKind::InvalidProtobuf => "the body is no OTLP message in protobuf, or not whole",
        ProblemKind::TooDeep => "the body is nested too deep",
        _ => "the body is no OTLP request",
    };
    Refusal::new(StatusCode::BAD_REQUEST, reason)
}
