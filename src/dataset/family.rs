//! Near duplicates: which texts are nearly the same, found without comparing each with each.
//!
//! Invariant: the answer depends on the texts alone, not on their order; what is reported was compared exactly.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::conversation::Conversation;
use crate::model::step::StepContent;

/// Words in a row that make one shingle.
const SHINGLE: usize = 5;

/// Minima kept of a text: bands times rows.
const MINIMA: usize = BANDS * ROWS;

/// With 32 bands of 4, two texts that share 80 % of their shingles are compared with a chance above 0.9999999
/// (1 - (1 - s^4)^32; Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, section 3.4).
const BANDS: usize = 32;
const ROWS: usize = 4;

/// From this share of shingles on, two texts are near duplicates.
pub const THRESHOLD: f64 = 0.8;

/// A text as the set of its shingles and their minima.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    shingles: BTreeSet<u64>,
    minima: Vec<u64>,
}

/// Mixes the bits of a number (the finaliser of `SplitMix64`; Steele, Lea, Flood 2014).
pub(super) fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A number from bytes.
pub(super) fn number(bytes: &[u8]) -> u64 {
    let digest = blake3::hash(bytes);
    let mut first = [0; 8];
    first.copy_from_slice(&digest.as_bytes()[..8]);
    u64::from_le_bytes(first)
}

impl Sketch {
    /// Of a text; case and punctuation do not count.
    pub fn of(text: &str) -> Self {
        let words: Vec<String> =
            text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
        let shingles: BTreeSet<u64> = if words.len() <= SHINGLE {
            std::iter::once(number(words.join(" ").as_bytes())).collect()
        } else {
            words.windows(SHINGLE).map(|window| number(window.join(" ").as_bytes())).collect()
        };
        let minima = (0..MINIMA as u64)
            .map(|at| {
                let seed = mix(at);
                shingles.iter().map(|shingle| mix(shingle ^ seed)).min().unwrap_or(u64::MAX)
            })
            .collect();
        Self { shingles, minima }
    }

    /// The share of shingles that two texts have in common (Jaccard).
    pub fn similarity(&self, other: &Self) -> f64 {
        let common = self.shingles.intersection(&other.shingles).count();
        let all = self.shingles.len() + other.shingles.len() - common;
        if all == 0 { 1.0 } else { common as f64 / all as f64 }
    }
}

/// What is compared of a conversation: all that customer and agent say to each other, of its first `steps` steps.
pub fn text_of(conversation: &Conversation, steps: usize) -> String {
    let mut text = String::new();
    for step in conversation.steps.iter().take(steps).filter(|step| step.depth == 0) {
        if let StepContent::Message { text: said, .. } = &step.content {
            text.push_str(said.exact());
            text.push('\n');
        }
    }
    text
}

/// The pairs of texts (by index, the smaller first) that are near duplicates, and how near.
pub fn near_duplicates(sketches: &[Sketch]) -> Vec<(usize, usize, f64)> {
    let mut candidates: BTreeSet<(usize, usize)> = BTreeSet::new();
    for band in 0..BANDS {
        let mut buckets: BTreeMap<&[u64], Vec<usize>> = BTreeMap::new();
        for (at, sketch) in sketches.iter().enumerate() {
            if let Some(rows) = sketch.minima.get(band * ROWS..(band + 1) * ROWS) {
                buckets.entry(rows).or_default().push(at);
            }
        }
        for bucket in buckets.values() {
            for (i, a) in bucket.iter().enumerate() {
                candidates.extend(bucket[i + 1..].iter().map(|b| (*a, *b)));
            }
        }
    }
    candidates
        .into_iter()
        .map(|(a, b)| (a, b, sketches[a].similarity(&sketches[b])))
        .filter(|(.., similarity)| *similarity >= THRESHOLD)
        .collect()
}

/// The pairs of near duplicates with one text of the first list and one of the second, by index.
pub fn alike(first: &[Sketch], second: &[Sketch]) -> Vec<(usize, usize)> {
    let mut candidates: BTreeSet<(usize, usize)> = BTreeSet::new();
    for band in 0..BANDS {
        let rows = |sketch: &Sketch| sketch.minima.get(band * ROWS..(band + 1) * ROWS).map(<[u64]>::to_vec);
        let mut buckets: BTreeMap<Vec<u64>, Vec<usize>> = BTreeMap::new();
        for (at, sketch) in first.iter().enumerate() {
            buckets.entry(rows(sketch).unwrap_or_default()).or_default().push(at);
        }
        for (at, sketch) in second.iter().enumerate() {
            let bucket = buckets.get(&rows(sketch).unwrap_or_default());
            candidates.extend(bucket.into_iter().flatten().map(|one| (*one, at)));
        }
    }
    candidates.retain(|(a, b)| first[*a].similarity(&second[*b]) >= THRESHOLD);
    candidates.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(seed: u64, count: usize) -> Vec<String> {
        (0..count as u64).map(|at| format!("w{}", mix(seed * 1_000 + at) % 5_000)).collect()
    }

    #[test]
    fn injected_near_duplicates_are_found_and_nothing_else() {
        let mut texts: Vec<String> = (0..200).map(|seed| words(seed, 120).join(" ")).collect();
        // A word in 60 differs: about 10 of 116 shingles, so nine tenths of them stay.
        for seed in 0..200 {
            let mut copy = words(seed, 120);
            copy[30] = "another".into();
            texts.push(copy.join(", ").to_uppercase());
        }
        let sketches: Vec<Sketch> = texts.iter().map(|text| Sketch::of(text)).collect();
        let found: Vec<(usize, usize)> = near_duplicates(&sketches).iter().map(|(a, b, _)| (*a, *b)).collect();
        let wanted: Vec<(usize, usize)> = (0..200).map(|seed| (seed, seed + 200)).collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn two_lists_give_the_pairs_across_them() {
        let text = |seed: u64| Sketch::of(&words(seed, 60).join(" "));
        assert_eq!(alike(&[text(1), text(2)], &[text(3), text(2), text(1), text(2)]), [(0, 2), (1, 1), (1, 3)]);
        assert_eq!(alike(&[], &[text(1)]), []);
    }

    #[test]
    fn short_texts_are_the_same_only_when_equal() {
        let sketches = [Sketch::of("Hello there!"), Sketch::of("hello, THERE"), Sketch::of("hello you")];
        assert_eq!(near_duplicates(&sketches), [(0, 1, 1.0)]);
    }
}
