//! The stored form of a conversation: every text once, however often spans repeat it, then compressed.
//!
//! Invariant: decoding gives back exactly what was encoded, byte for byte of every text; the form before compression
//! depends on the conversation alone, so its hash tells whether two contents are the same.
//!
//! Layout before compression: version, all distinct texts in one run, the table of texts (a text is plain, or a list of
//! pieces of other texts, which is how a growing message history costs only what is new), the table of attributes (key
//! and value), then the fields, which refer to the tables. Lists are written as differences from an earlier list.

mod bytes;
mod decode;
mod encode;
mod pieces;
mod pool;
mod quick;

use zstd::zstd_safe::CParameter;

pub use encode::{kind_number, status_number};

use crate::model::conversation::Conversation;

/// The version of the layout.
const VERSION: u8 = 1;

/// The compression level. With a trained dictionary and each message kept once, higher ones find little more to save.
const LEVEL: i32 = 1;

/// A stored text above this is taken for damage.
const LONGEST: u64 = 256 << 20;

/// Bytes that are no payload, or not of a version this program knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what was stored compressed cannot be read back")]
pub struct Unreadable;

/// The form of `conversation` before compression.
pub fn encode(conversation: &Conversation) -> Vec<u8> {
    encode::conversation(conversation)
}

/// The conversation in the form [`encode`] made.
pub fn decode(bytes: &[u8]) -> Result<Conversation, Unreadable> {
    decode::conversation(bytes, None)
}

/// The same, with only these attributes of its spans, which are most of it.
pub fn decode_with(bytes: &[u8], attributes: &[&str]) -> Result<Conversation, Unreadable> {
    decode::conversation(bytes, Some(attributes))
}

/// Compresses with a trained dictionary where there is one; the result carries a checksum.
pub struct Compressor(zstd::bulk::Compressor<'static>);

impl Compressor {
    /// A compressor for many payloads.
    pub fn new(dictionary: Option<&[u8]>) -> std::io::Result<Self> {
        let mut inner = match dictionary {
            Some(dictionary) => zstd::bulk::Compressor::with_dictionary(LEVEL, dictionary)?,
            None => zstd::bulk::Compressor::new(LEVEL)?,
        };
        inner.set_parameter(CParameter::ChecksumFlag(true))?;
        inner.set_parameter(CParameter::ContentSizeFlag(false))?;
        inner.set_parameter(CParameter::DictIdFlag(false))?;
        Ok(Self(inner))
    }

    /// The compressed form.
    pub fn compress(&mut self, payload: &[u8]) -> std::io::Result<Vec<u8>> {
        self.0.compress(payload)
    }
}

/// The inverse of a [`Compressor`] with the same dictionary, kept for many payloads.
pub struct Decompressor(zstd::bulk::Decompressor<'static>);

impl Decompressor {
    /// A decompressor for payloads made with `dictionary`.
    pub fn new(dictionary: Option<&[u8]>) -> Result<Self, Unreadable> {
        match dictionary {
            Some(dictionary) => zstd::bulk::Decompressor::with_dictionary(dictionary),
            None => zstd::bulk::Decompressor::new(),
        }
        .map(Self)
        .map_err(|_| Unreadable)
    }

    /// The payload, which is `length` bytes long.
    pub fn decompress(&mut self, data: &[u8], length: usize) -> Result<Vec<u8>, Unreadable> {
        let payload = self.0.decompress(data, length).map_err(|_| Unreadable)?;
        if payload.len() == length { Ok(payload) } else { Err(Unreadable) }
    }
}

/// What was compressed on its own, without a dictionary. Only as much memory is taken as its head says it needs.
pub fn unpacked(packed: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let length = zstd::zstd_safe::get_frame_content_size(packed).map_err(|_| Unreadable)?;
    let length = length.filter(|length| *length <= LONGEST).ok_or(Unreadable)?;
    zstd::bulk::decompress(packed, length as usize).map_err(|_| Unreadable)
}

/// Trains a dictionary; `None` where the samples are too few or too alike to make one worth having.
pub fn train(samples: &[&[u8]]) -> Option<Vec<u8>> {
    const SIZE: usize = 64 * 1024;
    /// Beginnings are enough: what conversations share (keys, tools, prompts) comes early.
    const PER_SAMPLE: usize = 32 * 1024;
    let samples: Vec<&[u8]> = samples.iter().map(|sample| &sample[..sample.len().min(PER_SAMPLE)]).collect();
    zstd::dict::from_samples(&samples, SIZE).ok().filter(|dictionary| dictionary.len() > 1024)
}

#[cfg(test)]
mod tests;
