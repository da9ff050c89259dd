//! Train, dev and test: whole groups, by hash, for good.
//!
//! Invariant: rows of one group are in one split, and a row that is in a version keeps its split in every later one.

use std::collections::{BTreeMap, BTreeSet};

use super::family::{mix, number};
use crate::model::dataset::{Bridge, Split};
use crate::model::id::ConversationId;

/// Of 100 groups, so many go to dev and to test; the others to train.
const DEV: u64 = 15;
const TEST: u64 = 15;

/// So many salts are tried for the best balance.
const SALTS: u64 = 64;

/// A row to be placed.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The conversation.
    pub conversation: ConversationId,
    /// What it shares with others of its group: customer, task, opening.
    pub keys: Vec<String>,
    /// What the balance of splits is looked at by, as `fail refund`.
    pub stratum: String,
    /// Where it is already, and since when; `None` for a new row.
    pub placed: Option<Placed>,
}

/// Where a row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its group.
    pub group: String,
    /// The group's split.
    pub split: Split,
    /// The version it came with.
    pub since: u32,
}

/// Where a group goes.
pub fn bucket(salt: u64, group: &str) -> Split {
    match mix(number(group.as_bytes()) ^ mix(salt)) % 100 {
        at if at < TEST => Split::Test,
        at if at < TEST + DEV => Split::Dev,
        _ => Split::Train,
    }
}

/// Groups of members: of each its smallest index.
fn groups(members: &[Member], pairs: &[(usize, usize)]) -> Vec<usize> {
    fn root(parent: &mut [usize], mut at: usize) -> usize {
        while parent[at] != at {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        at
    }
    let mut parent: Vec<usize> = (0..members.len()).collect();
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    let shared: Vec<(usize, usize)> = members
        .iter()
        .enumerate()
        .flat_map(|(at, member)| member.keys.iter().map(move |key| (at, key)))
        .map(|(at, key)| (*first.entry(key).or_insert(at), at))
        .collect();
    for (a, b) in shared.iter().chain(pairs) {
        let (a, b) = (root(&mut parent, *a), root(&mut parent, *b));
        parent[a.max(b)] = a.min(b);
    }
    (0..members.len()).map(|at| root(&mut parent, at)).collect()
}

/// The members of each group, in order.
fn gathered(members: &[Member], pairs: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut by_root: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, root) in groups(members, pairs).into_iter().enumerate() {
        by_root.entry(root).or_default().push(at);
    }
    by_root.into_values().collect()
}

/// The name of a new group: of the smallest key in it, so that order does not matter.
fn name(members: &[Member], group: &[usize]) -> String {
    let own = |at: &usize| members[*at].conversation.as_str();
    let keys: BTreeSet<&str> = group.iter().flat_map(|at| &members[*at].keys).map(String::as_str).collect();
    let smallest = keys.first().copied().or_else(|| group.iter().map(own).min()).unwrap_or_default();
    format!("g{:016x}", number(smallest.as_bytes()))
}

/// The salt with which new groups fall into the splits so that every stratum is represented as evenly as hashing
/// allows. Chosen once, for a dataset's first version.
pub fn choose_salt(members: &[Member], pairs: &[(usize, usize)]) -> u64 {
    let groups = gathered(members, pairs);
    let named: Vec<(String, Vec<&str>)> = groups
        .iter()
        .map(|group| (name(members, group), group.iter().map(|at| members[*at].stratum.as_str()).collect()))
        .collect();
    let mut strata: BTreeMap<&str, f64> = BTreeMap::new();
    for member in members {
        *strata.entry(&member.stratum).or_default() += 1.0;
    }
    let unevenness = |salt: u64| -> f64 {
        let mut counts: BTreeMap<(&str, Split), f64> = BTreeMap::new();
        for (group, of) in &named {
            let split = bucket(salt, group);
            for stratum in of {
                *counts.entry((stratum, split)).or_default() += 1.0;
            }
        }
        let shares = [(Split::Train, (100 - DEV - TEST) as f64), (Split::Dev, DEV as f64), (Split::Test, TEST as f64)];
        let off = |(stratum, total): (&&str, &f64)| -> f64 {
            let count = |split| counts.get(&(*stratum, split)).copied().unwrap_or(0.0);
            shares.iter().map(|(split, share)| (count(*split) - total * share / 100.0).powi(2) / total).sum()
        };
        strata.iter().map(off).sum()
    };
    let mut best = (0, f64::INFINITY);
    for salt in 0..SALTS {
        let off = unevenness(salt);
        if off < best.1 {
            best = (salt, off);
        }
    }
    best.0
}

/// Where every member goes, in their order, and which new ones made older groups one.
///
/// `pairs` are near duplicates among the members. A group with rows that are placed already takes its new members to
/// where its oldest row is; the rows that are placed stay where they are.
pub fn place(salt: u64, version: u32, members: &[Member], pairs: &[(usize, usize)]) -> (Vec<Placed>, Vec<Bridge>) {
    let mut placed: Vec<Option<Placed>> = members.iter().map(|member| member.placed.clone()).collect();
    let mut bridges = Vec::new();
    for group in gathered(members, pairs) {
        let mut old: Vec<(&Placed, &ConversationId)> = group
            .iter()
            .filter_map(|at| members[*at].placed.as_ref().map(|placed| (placed, &members[*at].conversation)))
            .collect();
        old.sort_by_key(|(placed, id)| (placed.since, *id));
        let home = if let Some((oldest, _)) = old.first() {
            Placed { since: version, ..(*oldest).clone() }
        } else {
            let group = name(members, &group);
            Placed { split: bucket(salt, &group), group, since: version }
        };
        let others: BTreeSet<&str> =
            old.iter().map(|(placed, _)| placed.group.as_str()).filter(|name| *name != home.group).collect();
        let across_splits = old.iter().any(|(placed, _)| placed.split != home.split);
        for at in group {
            if placed[at].is_none() {
                placed[at] = Some(home.clone());
                if !others.is_empty() {
                    bridges.push(Bridge {
                        conversation: members[at].conversation.clone(),
                        joined: home.group.clone(),
                        others: others.iter().map(|name| (*name).to_owned()).collect(),
                        across_splits,
                    });
                }
            }
        }
    }
    (placed.into_iter().flatten().collect(), bridges)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn member(number: u32, keys: &[u8]) -> Member {
        Member {
            conversation: ConversationId::from_stored(format!("c{number:04}")),
            keys: keys.iter().map(|key| format!("k{key}")).collect(),
            stratum: if number.is_multiple_of(3) { "fail".into() } else { "pass".into() },
            placed: None,
        }
    }

    fn settle(members: &mut [Member], placed: Vec<Placed>) {
        for (member, placed) in members.iter_mut().zip(placed) {
            member.placed = Some(placed);
        }
    }

    proptest! {
        #[test]
        fn no_group_is_in_two_splits_and_order_does_not_matter(
            keys in prop::collection::vec(prop::collection::vec(0_u8..40, 0..3), 1..60), salt: u64, turn in 0_usize..60,
        ) {
            let mut members: Vec<Member> =
                keys.iter().enumerate().map(|(at, keys)| member(at as u32, keys)).collect();
            let (placed, bridges) = place(salt, 1, &members, &[]);
            prop_assert!(bridges.is_empty());
            for (a, one) in members.iter().zip(&placed) {
                for (b, other) in members.iter().zip(&placed) {
                    if a.keys.iter().any(|key| b.keys.contains(key)) {
                        prop_assert_eq!(&one.group, &other.group);
                    }
                    prop_assert!(one.group != other.group || one.split == other.split);
                }
            }
            let by_id = |members: &[Member], placed: &[Placed]| -> BTreeMap<ConversationId, (String, Split)> {
                members.iter().zip(placed)
                    .map(|(member, placed)| (member.conversation.clone(), (placed.group.clone(), placed.split)))
                    .collect()
            };
            let before = by_id(&members, &placed);
            let by = turn % members.len();
            members.rotate_left(by);
            let (placed, _) = place(salt, 1, &members, &[]);
            prop_assert_eq!(before, by_id(&members, &placed));
        }

        #[test]
        fn rows_that_are_in_never_move_and_bridges_are_told(
            keys in prop::collection::vec(prop::collection::vec(0_u8..30, 0..3), 2..60), cut in 1_usize..59, salt: u64,
        ) {
            let mut members: Vec<Member> =
                keys.iter().enumerate().map(|(at, keys)| member(at as u32, keys)).collect();
            let cut = cut.min(members.len() - 1);
            let (first, _) = place(salt, 1, &members[..cut], &[]);
            settle(&mut members[..cut], first.clone());
            let (all, bridges) = place(salt, 2, &members, &[]);
            prop_assert_eq!(&all[..cut], &first[..]);
            for at in cut..members.len() {
                // A new row shares the split of the oldest row of its whole group, or is told of as a bridge.
                let related = |b: usize| members[at].keys.iter().any(|key| members[b].keys.contains(key));
                let elsewhere = (0..cut).any(|b| related(b) && all[b].split != all[at].split);
                let told = bridges.iter().any(|bridge| bridge.conversation == members[at].conversation);
                prop_assert!(!elsewhere || told);
            }
        }
    }

    #[test]
    fn a_near_duplicate_goes_where_the_first_one_is() {
        let mut members = vec![member(1, &[]), member(2, &[])];
        let (placed, _) = place(7, 1, &members, &[(0, 1)]);
        assert_eq!(placed[0], placed[1]);
        settle(&mut members, placed);
        members.push(member(3, &[]));
        assert_eq!(place(7, 2, &members, &[(1, 2)]).0[2].group, members[0].placed.as_ref().unwrap().group);
    }

    #[test]
    fn the_salt_spreads_every_stratum() {
        let members: Vec<Member> = (0..120).map(|number| member(number, &[])).collect();
        let salt = choose_salt(&members, &[]);
        let (placed, _) = place(salt, 1, &members, &[]);
        for stratum in ["fail", "pass"] {
            for split in Split::ALL {
                let count = members.iter().zip(&placed).filter(|(m, p)| m.stratum == stratum && p.split == split);
                assert!(count.count() > 0, "{stratum} {split:?}");
            }
        }
        assert_eq!(salt, choose_salt(&members, &[]));
    }
}
