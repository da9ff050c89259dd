//! The OTLP/HTTP receiver: spans and log records into the workspace while somebody reviews in it.
//!
//! Invariant: a request is answered with success only after everything in it was committed and synced; what cannot be
//! taken in now is refused in a way that makes the sender try again.
//!
//! Built on hyper's connections rather than on a web framework: six fixed paths need no router, and the limits on
//! headers, idle connections and bodies are the point.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, watch};

use crate::ingest::ReadOptions;
use crate::model::time::Timestamp;
use crate::ops::import::{ImportError, LiveImport};
use crate::ops::workspace::{Identity, Workspace, WorkspaceError};
use crate::store::{Access, ErrorClass};

mod answer;
mod body;
mod gate;
mod reply;
mod watched;
mod writer;

use answer::Desk;
use watched::{HeadWatch, Watched};

/// Where and as whom to receive.
#[derive(Clone)]
pub struct ReceiveSetup {
    /// The workspace folder; made where there is none.
    pub root: PathBuf,
    /// The reviewer and device.
    pub identity: Identity,
    /// Tells the time.
    pub clock: fn() -> Timestamp,
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What a sender has to show; without one only this machine is listened to.
    pub token: Option<String>,
    /// How to read what comes.
    pub read: ReadOptions,
    /// Bounds.
    pub limits: ReceiveLimits,
}

/// What one sender, and all together, may make the receiver do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiveLimits {
    /// The largest body as sent, in bytes.
    pub body: usize,
    /// The largest body once decompressed.
    pub expanded: usize,
    /// How many times larger than as sent it may get, once it is above `expansion_free`.
    pub expansion: usize,
    /// Decompressed bytes that are always allowed.
    pub expansion_free: usize,
    /// Bytes of bodies in memory, all requests together; beyond it senders are told to wait.
    pub memory: usize,
    /// Requests that wait to be stored; beyond it senders are told to wait.
    pub queue: usize,
    /// Connections served at a time; more wait to be accepted.
    pub connections: usize,
    /// Headers of a request.
    pub headers: usize,
    /// How long a connection may stay silent, or take to send its headers.
    pub idle: Duration,
    /// How long a body may take.
    pub patience: Duration,
    /// How long open requests may take to end once the receiver is told to.
    pub grace: Duration,
}

impl Default for ReceiveLimits {
    fn default() -> Self {
        Self {
            body: 32 << 20,
            expanded: 64 << 20,
            expansion: 200,
            expansion_free: 4 << 20,
            memory: 64 << 20,
            queue: 64,
            connections: 512,
            headers: 64,
            idle: Duration::from_secs(15),
            patience: Duration::from_secs(30),
            grace: Duration::from_secs(10),
        }
    }
}

/// What was received so far. `read = imported + unchanged + skipped + conflicts`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReceiveReport {
    /// 1.
    pub schema_version: u32,
    /// Requests answered with success.
    pub accepted: u64,
    /// Requests refused for good.
    pub refused: u64,
    /// Requests that were told to come again later.
    pub deferred: u64,
    /// Spans and log records in accepted requests.
    pub read: u64,
    /// Records stored.
    pub imported: u64,
    /// Records that were there already.
    pub unchanged: u64,
    /// Records that could not be understood; their senders were told.
    pub skipped: u64,
    /// Records set aside, since they differ from what is stored.
    pub conflicts: u64,
    /// What went wrong last, for the person who runs the receiver.
    #[serde(skip)]
    pub trouble: Option<String>,
}

/// Why there is no receiver.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// Everybody on the network could write into the workspace.
    #[error("{0} can be reached from other machines; set a token (--token or AFTERCALL_TOKEN) or listen on 127.0.0.1")]
    Open(SocketAddr),
    /// A token that guards nothing.
    #[error("the token is too short; use at least 16 characters without blanks")]
    Token,
    /// The address is taken, or not this machine's.
    #[error("cannot listen on {address}: {source}; is another receiver running? --listen takes another address")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// The reason.
        source: std::io::Error,
    },
    /// The workspace cannot be opened.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The workspace cannot be written to.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The system gives no more threads or timers.
    #[error("the receiver cannot run: {0}")]
    System(#[from] std::io::Error),
}

impl ReceiveError {
    /// The class that decides the exit code.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Open(_) => ErrorClass::Refused,
            Self::Listen { .. } | Self::System(_) => ErrorClass::Io,
            Self::Workspace(error) => error.class(),
            Self::Import(ImportError::Store(error)) => error.class(),
            Self::Token | Self::Import(_) => ErrorClass::General,
        }
    }
}

/// Ends a receiver from another thread.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Notify>);

impl Stop {
    /// Ends it: no more connections, open requests are answered, what was taken in is stored.
    pub fn stop(&self) {
        self.0.notify_one();
    }
}

/// A receiver that is bound to its address and has its workspace open.
pub struct Receiver {
    listener: std::net::TcpListener,
    address: SocketAddr,
    setup: ReceiveSetup,
    workspace: Workspace,
    live: LiveImport,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Receiver({})", self.address)
    }
}

/// The counts, shared between requests and the writer.
type Counts = Arc<Mutex<ReceiveReport>>;

/// Changes the counts; a panic elsewhere does not stop the counting.
fn count(counts: &Counts, change: impl FnOnce(&mut ReceiveReport)) {
    change(&mut counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
}

impl Receiver {
    /// Opens the workspace and the address. Nothing is answered before [`Receiver::serve`].
    ///
    /// # Errors
    /// An address that is open to others without a token, one that cannot be listened on, or the workspace.
    pub fn bind(setup: ReceiveSetup) -> Result<Self, ReceiveError> {
        match &setup.token {
            None if !setup.listen.ip().is_loopback() => return Err(ReceiveError::Open(setup.listen)),
            Some(token) if token.len() < 16 || !token.bytes().all(|byte| byte.is_ascii_graphic()) => {
                return Err(ReceiveError::Token);
            }
            _ => {}
        }
        let listen = |source| ReceiveError::Listen { address: setup.listen, source };
        let listener = std::net::TcpListener::bind(setup.listen).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        listener.set_nonblocking(true)?;
        let workspace = Workspace::open(&setup.root, setup.identity.clone(), Access::Create)?;
        let live = LiveImport::begin(&workspace, setup.read.clone())?;
        Ok(Self { listener, address, setup, workspace, live })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What had to be put right in the workspace, for people to know.
    pub fn notices(&self) -> &[String] {
        self.workspace.notices()
    }

    /// Receives until `stop` says so, or the process is asked to end (SIGINT, SIGTERM, SIGHUP). About once a second
    /// `tell` hears how things are.
    ///
    /// # Errors
    /// The system gives no thread or timer. Everything that was acknowledged is stored.
    pub fn serve(self, stop: &Stop, tell: &mut dyn FnMut(&ReceiveReport)) -> Result<ReceiveReport, ReceiveError> {
        let Self { listener, address, setup, workspace, live } = self;
        let counts: Counts = Arc::new(Mutex::new(ReceiveReport { schema_version: 1, ..ReceiveReport::default() }));
        let read = live.reading().clone();
        let writer = writer::start(writer::Writer {
            setup: setup.clone(),
            workspace,
            live,
            counts: Arc::clone(&counts),
            alone: 0,
        })?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(2).build()?;
        let outcome = {
            let desk = Arc::new(Desk::new(&setup, address, read, (Arc::clone(&counts), writer.inlet.clone())));
            runtime.block_on(run(listener, desk, stop, &mut |counts: &Counts| {
                let report = counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
                tell(&report);
            }))
        };
        // The last senders go with the runtime; the writer then stores what waits, and ends.
        runtime.shutdown_timeout(setup.limits.grace);
        writer.finish();
        outcome?;
        let report = counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        Ok(report)
    }
}

/// Accepts connections until told to stop, then lets the open ones end.
async fn run(
    listener: std::net::TcpListener,
    desk: Arc<Desk>,
    stop: &Stop,
    tell: &mut dyn FnMut(&Counts),
) -> Result<(), ReceiveError> {
    let listener = TcpListener::from_std(listener)?;
    let (ending, ended) = watch::channel(false);
    let slots = Arc::new(Semaphore::new(desk.limits.connections));
    let mut asked = std::pin::pin!(asked_to_end(stop)?);
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (listener.accept().await, slot)
        };
        tokio::select! {
            () = &mut asked => break,
            _ = tick.tick() => tell(&desk.counts),
            (accepted, slot) = next => match accepted {
                Ok((stream, _)) => {
                    let (desk, ended) = (Arc::clone(&desk), ended.clone());
                    tokio::spawn(async move {
                        connection(stream, desk, ended).await;
                        drop(slot);
                    });
                }
                // Out of file handles, or a sender that went away: a short rest, since it would only happen again.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
    drop((listener, ended));
    let _ = ending.send(true);
    // Every connection holds a slot; once all are back, all have ended.
    let all = u32::try_from(desk.limits.connections).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(desk.limits.grace, slots.acquire_many(all)).await;
    Ok(())
}

/// Resolves once somebody wants the receiver to end.
fn asked_to_end(stop: &Stop) -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let stop = Arc::clone(&stop.0);
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            () = stop.notified() => {}
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

/// Serves one connection until it ends, stays silent too long, or the receiver ends.
async fn connection(stream: TcpStream, desk: Arc<Desk>, mut ended: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let head = Arc::new(HeadWatch::default());
    let limits = desk.limits;
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&head)));
    let service = service_fn(move |request| {
        let (desk, head) = (Arc::clone(&desk), Arc::clone(&head));
        async move { Ok::<_, Infallible>(desk.answer(request, &head).await) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_headers(limits.headers)
        .max_buf_size(64 << 10)
        .half_close(true);
    let mut served = std::pin::pin!(builder.serve_connection(io, service));
    // Errors are the sender's: it went away, or spoke something else than HTTP and was told so.
    tokio::select! {
        _ = served.as_mut() => {}
        () = until_true(&mut ended) => {
            served.as_mut().graceful_shutdown();
            let _ = served.await;
        }
    }
}

async fn until_true(ended: &mut watch::Receiver<bool>) {
    // An error means that the sending half is gone, which is an end too.
    let _ = ended.wait_for(|ended| *ended).await;
}
