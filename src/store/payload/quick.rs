//! A quick hash for the tables of a payload: most of their keys are long texts, each looked up once.
//!
//! Invariant: seeded from the system at every start, so that no input can be made to collide; nothing that lasts depends
//! on it.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

/// A table with the quick hash.
pub type Table<K, V> = HashMap<K, V, Quick>;

static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0_u64));

/// An odd number without a pattern: the fraction of the golden ratio.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Makes hashers.
#[derive(Debug, Clone, Copy)]
pub struct Quick(u64);

impl Default for Quick {
    fn default() -> Self {
        Self(*SEED)
    }
}

impl BuildHasher for Quick {
    type Hasher = QuickHasher;

    fn build_hasher(&self) -> QuickHasher {
        QuickHasher { state: self.0, seed: self.0 | 1 }
    }
}

/// Folds the halves of 128-bit products, sixteen bytes at a time; of long texts four times sixteen, side by side.
#[derive(Debug)]
pub struct QuickHasher {
    state: u64,
    seed: u64,
}

impl QuickHasher {
    fn mix(&mut self, a: u64, b: u64) {
        self.state = folded(self.state ^ a, b ^ self.seed.wrapping_mul(ODD));
    }

    /// Takes in what is there of whole blocks, and answers the rest.
    fn blocks<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let (blocks, rest) = bytes.as_chunks::<64>();
        if blocks.is_empty() {
            return rest;
        }
        // Four lanes that do not wait for each other.
        let keys = [1_u64, 2, 3, 4].map(|lane| self.seed.wrapping_mul(ODD.wrapping_mul(2 * lane + 1)));
        let mut lanes = keys.map(|key| self.state ^ key);
        for block in blocks {
            for (lane, (bytes, key)) in lanes.iter_mut().zip(block.as_chunks::<16>().0.iter().zip(keys)) {
                *lane = folded(*lane ^ word(bytes), word(&bytes[8..]) ^ key);
            }
        }
        self.mix(lanes[0], lanes[1]);
        self.mix(lanes[2], lanes[3]);
        rest
    }
}

/// The halves of a product, one upon the other.
fn folded(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// The first eight bytes at `at`, or as many as there are.
fn word(bytes: &[u8]) -> u64 {
    match bytes.first_chunk::<8>() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

impl Hasher for QuickHasher {
    fn write(&mut self, bytes: &[u8]) {
        let length = bytes.len() as u64;
        let (chunks, rest) = self.blocks(bytes).as_chunks::<16>();
        for chunk in chunks {
            self.mix(word(chunk), word(&chunk[8..]));
        }
        self.mix(word(rest), word(rest.get(8..).unwrap_or_default()) ^ length << 32);
    }

    fn write_u8(&mut self, value: u8) {
        self.state ^= u64::from(value);
    }

    fn write_u32(&mut self, value: u32) {
        self.mix(u64::from(value), ODD);
    }

    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64, ODD);
    }

    fn finish(&self) -> u64 {
        self.state.rotate_left(26) ^ self.state.wrapping_mul(ODD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_alike_fall_apart() {
        let quick = Quick::default();
        let mut seen = std::collections::HashSet::new();
        let mut low = [0_u32; 256];
        for number in 0..20_000_u32 {
            for text in
                [format!("{number}"), format!("gen_ai.attribute.{number:09}"), "\0".repeat(number as usize % 400)]
            {
                seen.insert((quick.hash_one(&text), text.len() < 200));
            }
            low[(quick.hash_one(number) & 0xff) as usize] += 1;
        }
        assert!(seen.len() >= 40_000, "{}", seen.len());
        assert!(low.iter().all(|count| (20..200).contains(count)), "{low:?}");
        assert_eq!(quick.hash_one("refund"), Quick::default().hash_one("refund"));
        let long = vec![b'a'; 1000];
        let mut changed: Vec<u64> = (0..1000)
            .map(|at| {
                let mut other = long.clone();
                other[at] = b'b';
                quick.hash_one(&other)
            })
            .collect();
        changed.push(quick.hash_one(&long));
        changed.sort_unstable();
        changed.dedup();
        assert_eq!(changed.len(), 1001, "every byte of a long text counts");
    }
}
