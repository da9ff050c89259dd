//! A connection that looks at request heads as they pass, for the one thing the HTTP library settles silently: a request
//! with two lengths.
//!
//! Invariant: nothing that passes is changed; whatever this overlooks (a head that came together with the body before it)
//! is still read by the standard's rule, and the connection closed after it.

use std::io;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The longest beginning of a line that is looked at.
const LONGEST: usize = 20;

/// What is known of the head that is being read.
#[derive(Debug, Default)]
pub struct HeadWatch(Mutex<Head>);

#[derive(Debug, Default)]
struct Head {
    line: Vec<u8>,
    length: bool,
    encoding: bool,
    complete: bool,
}

impl HeadWatch {
    /// True where the head announced its body's length in two ways.
    pub fn is_doubtful(&self) -> bool {
        let head = self.lock();
        head.length && head.encoding
    }

    /// The request is over; what comes now is the next head.
    pub fn next(&self) {
        *self.lock() = Head::default();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Head> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Head {
    fn pass(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                _ if self.complete => return,
                b'\r' => {}
                b'\n' => {
                    self.complete = self.line.is_empty();
                    self.length |= self.line.starts_with(b"content-length:");
                    self.encoding |= self.line.starts_with(b"transfer-encoding:");
                    self.line.clear();
                }
                byte if self.line.len() < LONGEST => self.line.push(byte.to_ascii_lowercase()),
                _ => {}
            }
        }
    }
}

/// A connection that is watched.
pub struct Watched {
    stream: TcpStream,
    head: std::sync::Arc<HeadWatch>,
}

impl Watched {
    /// Watches `stream`.
    pub fn new(stream: TcpStream, head: std::sync::Arc<HeadWatch>) -> Self {
        Self { stream, head }
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.head.lock().pass(&buffer.filled()[before..]);
        outcome
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
