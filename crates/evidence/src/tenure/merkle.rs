//! Merkle trees as RFC 9162 has them: roots, paths, and what a path leads to.

use sha2::{Digest as _, Sha256};

/// A node of a tree.
pub(super) type Hash = [u8; 32];

/// Of the bytes of a leaf.
pub(super) fn leaf(bytes: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// Where a list of more than one is split: the largest power of two below its length.
const fn split(n: usize) -> usize {
    1 << (usize::BITS - 1 - (n - 1).leading_zeros())
}

/// Of these leaves.
pub(super) fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [only] => *only,
        several => {
            let (left, right) = several.split_at(split(several.len()));
            node(&root(left), &root(right))
        }
    }
}

/// The nodes beside the way from a leaf to the root, the lowest first; `None` when there is no such leaf.
pub(super) fn path(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    if leaves.len() == 1 {
        return Some(Vec::new());
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut below, beside) = match index.checked_sub(left.len()) {
        None => (path(left, index)?, root(right)),
        Some(index) => (path(right, index)?, root(left)),
    };
    below.push(beside);
    Some(below)
}

/// The root that a leaf is below, at this place among so many, if the path is the right length.
pub(super) fn ascended(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    // RFC 9162, 2.1.3.2.
    let (mut from, mut last, mut hash) = (index, size - 1, leaf);
    for beside in path {
        if last == 0 {
            return None;
        }
        if from & 1 == 1 || from == last {
            hash = node(beside, &hash);
            while from & 1 == 0 && from != 0 {
                from >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, beside);
        }
        from >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_leads_to_the_root_and_no_other_does() {
        for n in 1..40_usize {
            let leaves: Vec<Hash> = (0..n).map(|number| leaf(&number.to_le_bytes())).collect();
            let root = root(&leaves);
            for index in 0..n {
                let (at, size) = (index as u64, n as u64);
                let path = path(&leaves, index).unwrap();
                assert_eq!(ascended(leaves[index], at, size, &path), Some(root), "{index} of {n}");
                assert_ne!(ascended(leaf(b"other"), at, size, &path), Some(root));
                let elsewhere = (at + 1) % size;
                assert!(n == 1 || ascended(leaves[index], elsewhere, size, &path) != Some(root));
                let longer = [path.clone(), vec![root]].concat();
                assert_eq!(ascended(leaves[index], at, size, &longer), None);
                if let Some((_, shorter)) = path.split_last() {
                    assert_eq!(ascended(leaves[index], at, size, shorter), None);
                }
            }
            assert_eq!(path(&leaves, n), None);
            assert_eq!(ascended(leaves[0], n as u64, n as u64, &[]), None);
        }
    }

    #[test]
    fn roots_are_those_of_the_standard() {
        // The vectors of certificate transparency for no leaf, one empty leaf, and two.
        let hexed = |leaves: &[&[u8]]| hex::encode(root(&leaves.iter().map(|bytes| leaf(bytes)).collect::<Vec<_>>()));
        assert_eq!(hexed(&[]), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(hexed(&[b""]), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(hexed(&[b"", b"\0"]), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
    }
}
