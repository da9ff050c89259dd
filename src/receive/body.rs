//! Reading and unpacking bodies within the limits.
//!
//! Invariant: bytes are paid for out of one budget before they are held; a sender that sends more than it may, or makes
//! more of it by compression, is refused at the limit and not after it.

use std::io::Read;
use std::sync::Arc;

use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ReceiveLimits;
use super::gate::Packing;
use super::reply::Refusal;

/// What one permit of the budget stands for.
const UNIT: usize = 16 << 10;

const TOO_LARGE: Refusal = Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than the limit");
const EXPANDS: Refusal =
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the body expands beyond the limit; send smaller batches");
const NOT_PACKED: Refusal =
    Refusal::new(StatusCode::BAD_REQUEST, "the body is not compressed the way its header says, or not whole");
const CUT_OFF: Refusal = Refusal::new(StatusCode::BAD_REQUEST, "the body ended early");
const FULL: Refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too much is waiting to be stored; try again");

/// Memory for bodies, all requests together.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Semaphore>);

impl Budget {
    /// So many bytes.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / UNIT)))
    }
}

/// A share of the budget, given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    budget: Budget,
    held: Option<OwnedSemaphorePermit>,
    bytes: usize,
}

impl Share {
    /// A share of nothing yet.
    pub fn new(budget: &Budget) -> Self {
        Self { budget: budget.clone(), held: None, bytes: 0 }
    }

    /// Makes sure that it covers `bytes`.
    fn grow_to(&mut self, bytes: usize) -> Result<(), Refusal> {
        let missing = bytes.saturating_sub(self.bytes).div_ceil(UNIT);
        if missing == 0 {
            return Ok(());
        }
        let units = u32::try_from(missing).map_err(|_| TOO_LARGE)?;
        let more = Arc::clone(&self.budget.0).try_acquire_many_owned(units).map_err(|_| FULL)?;
        self.bytes += missing * UNIT;
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
        Ok(())
    }
}

/// Reads a body as it was sent.
pub async fn collect(body: Incoming, limits: &ReceiveLimits, share: &mut Share) -> Result<Vec<u8>, Refusal> {
    // What is announced as too large is refused before any of it is read.
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limits.body {
        return Err(TOO_LARGE);
    }
    share.grow_to(announced)?;
    let mut body = body;
    let mut bytes = Vec::with_capacity(announced.min(1 << 20));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| CUT_OFF)?;
        let Some(data) = frame.data_ref() else { continue };
        let length = bytes.len() + data.len();
        if length > limits.body {
            return Err(TOO_LARGE);
        }
        share.grow_to(length)?;
        bytes.extend_from_slice(data);
    }
    Ok(bytes)
}

/// Unpacks a body.
pub fn unpack(sent: Vec<u8>, packing: Packing, limits: &ReceiveLimits, share: &mut Share) -> Result<Vec<u8>, Refusal> {
    let bytes = sent.as_slice();
    let reader: Box<dyn Read + '_> = match packing {
        Packing::Plain => return Ok(sent),
        Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
        // The standard says zlib; many send bare deflate.
        Packing::Deflate if bytes.first().is_some_and(|first| first & 0x0f == 8) => {
            Box::new(flate2::read::ZlibDecoder::new(bytes))
        }
        Packing::Deflate => Box::new(flate2::read::DeflateDecoder::new(bytes)),
        Packing::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::new(bytes).map_err(|_| NOT_PACKED)?;
            // Frames may ask for a window of gigabytes.
            decoder.window_log_max(27).map_err(|_| NOT_PACKED)?;
            Box::new(decoder)
        }
    };
    let most = limits.expanded.min(sent.len().saturating_mul(limits.expansion).max(limits.expansion_free));
    expand(reader, (sent.len(), most), share)
}

/// Reads to the end, or until it is too much.
fn expand(mut reader: Box<dyn Read + '_>, (sent, most): (usize, usize), share: &mut Share) -> Result<Vec<u8>, Refusal> {
    let mut whole = Vec::new();
    loop {
        let before = whole.len();
        (&mut reader).take(256 << 10).read_to_end(&mut whole).map_err(|_| NOT_PACKED)?;
        if whole.len() == before {
            return Ok(whole);
        }
        if whole.len() > most {
            return Err(EXPANDS);
        }
        share.grow_to(sent + whole.len())?;
    }
}
