//! What somebody does.

use proptest::prelude::*;

/// Who: the last one has no key.
pub(crate) const PEOPLE: [&str; 5] = ["alice", "bob", "carol", "dave", ""];
/// Those whose word counts.
pub(crate) const REVIEWERS: [&str; 3] = ["bob", "carol", "dave"];
/// Stages, one of them of the team.
pub(crate) const STAGES: [&str; 5] = ["None", "Staging", "Production", "Archived", "Canary"];
/// Aliases; a policy is over the first.
pub(crate) const ALIASES: [&str; 2] = ["champion", "other"];

#[derive(Debug, Clone)]
pub(crate) struct Deed {
    pub(crate) by: usize,
    /// The model under a policy, or the other.
    pub(crate) model: usize,
    pub(crate) what: What,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Register,
    /// Makes a version that may be promoted, in one go.
    Prepare,
    Version,
    Validate(u32, bool),
    Unvalidate(u32),
    Stage(u32, usize, bool),
    Alias(u32, usize),
    DropAlias(usize),
    DropVersion(u32),
    Rename,
    DropModel,
    /// The latest that was asked for, or the one before it.
    Approve(usize),
    Reject(usize),
    Withdraw(usize),
}

pub(crate) fn deed() -> impl Strategy<Value = Deed> {
    let number = prop_oneof![4 => Just(1_u32), 2 => Just(2), 1 => Just(3)];
    let what = prop_oneof![
        6 => Just(What::Register),
        8 => Just(What::Prepare),
        2 => Just(What::Version),
        4 => (number.clone(), prop::bool::weighted(0.9)).prop_map(|(number, right)| What::Validate(number, right)),
        1 => number.clone().prop_map(What::Unvalidate),
        4 => (number.clone(), 0..STAGES.len(), any::<bool>()).prop_map(|(n, stage, others)| What::Stage(n, stage, others)),
        10 => (number.clone(), Just(2_usize), any::<bool>()).prop_map(|(n, stage, others)| What::Stage(n, stage, others)),
        6 => (number.clone(), 0..ALIASES.len()).prop_map(|(number, alias)| What::Alias(number, alias)),
        1 => (0..ALIASES.len()).prop_map(What::DropAlias),
        1 => number.prop_map(What::DropVersion),
        2 => Just(What::Rename),
        1 => Just(What::DropModel),
        30 => prop_oneof![5 => Just(0_usize), 1 => Just(1)].prop_map(What::Approve),
        1 => (0..2_usize).prop_map(What::Reject),
        1 => (0..2_usize).prop_map(What::Withdraw),
    ];
    (0..PEOPLE.len(), prop_oneof![8 => Just(0_usize), 1 => Just(1_usize)], what).prop_map(|(by, model, what)| Deed {
        by,
        model,
        what,
    })
}

/// A sequence: single deeds, and among them the beginning of a promotion, most of which come to their end.
pub(crate) fn deeds(longest: usize) -> impl Strategy<Value = Vec<Deed>> {
    let by = |by: usize, what: What| Deed { by, model: 0, what };
    let begun = (1..3_u32, any::<bool>(), 0..5_usize).prop_map(move |(number, alias, steps)| {
        let asked = if alias { What::Alias(number, 0) } else { What::Stage(number, 2, true) };
        let all = [What::Register, What::Prepare, asked, What::Approve(0), What::Approve(0)];
        let people = [0, 0, 0, 1, 2];
        all.into_iter().zip(people).take(steps + 1).map(|(what, who)| by(who, what)).collect::<Vec<_>>()
    });
    let chunk = prop_oneof![1 => begun, 5 => deed().prop_map(|deed| vec![deed])];
    prop::collection::vec(chunk, 1..longest).prop_map(|chunks| chunks.into_iter().flatten().collect())
}
