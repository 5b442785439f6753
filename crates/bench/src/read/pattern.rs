//! A large body that costs next to nothing to make and to check: no two of its blocks are equal, so that a block that
//! is lost, repeated or misplaced is found.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use anyhow::ensure;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::curve::mixed;

/// Bytes of a block.
const BLOCK: usize = 1 << 20;
/// Blocks begin at so many different places of the material.
const SHIFTS: usize = 1 << 16;

/// Noise that blocks are cut out of.
#[derive(Debug, Clone)]
pub(super) struct Material(Bytes);

/// So many bytes of it, as a body.
#[derive(Debug)]
pub(super) struct Pattern {
    material: Material,
    position: u64,
    n_bytes: u64,
}

impl Material {
    pub(super) fn new() -> Self {
        let words = (0..).map(mixed).flat_map(u64::to_le_bytes);
        Self(words.take(BLOCK + SHIFTS).collect())
    }

    /// What follows a position, until the end of its block.
    fn from(&self, position: u64) -> Bytes {
        let at = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let (block, within) = (position / BLOCK as u64, at(position % BLOCK as u64));
        let start = at(mixed(block) % SHIFTS as u64);
        self.0.slice(start + within..start + BLOCK)
    }

    /// Whether these are the bytes from a position on.
    pub(super) fn check(&self, mut position: u64, mut bytes: &[u8]) -> anyhow::Result<()> {
        while !bytes.is_empty() {
            let expected = self.from(position);
            let (piece, rest) = bytes.split_at(expected.len().min(bytes.len()));
            ensure!(expected.starts_with(piece), "wrong bytes within {} after {position}", piece.len());
            (position, bytes) = (position + piece.len() as u64, rest);
        }
        Ok(())
    }

    pub(super) fn body(&self, n_bytes: u64) -> Pattern {
        Pattern { material: self.clone(), position: 0, n_bytes }
    }
}

impl Iterator for Pattern {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let rest = self.n_bytes - self.position;
        let mut block = self.material.from(self.position);
        block.truncate(usize::try_from(rest).unwrap_or(usize::MAX));
        self.position += block.len() as u64;
        (!block.is_empty()).then_some(block)
    }
}

impl Body for Pattern {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.get_mut().next().map(|block| Ok(Frame::data(block))))
    }

    fn is_end_stream(&self) -> bool {
        self.position == self.n_bytes
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.n_bytes - self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_is_wrong_and_a_block_that_is_misplaced_are_found() {
        let material = Material::new();
        let n_bytes = 3 * BLOCK as u64 + 5;
        let whole: Vec<u8> = material.body(n_bytes).flatten().collect();
        assert_eq!(whole.len() as u64, n_bytes);
        material.check(0, &whole).unwrap();
        material.check(7, &whole[7..BLOCK + 9]).unwrap();
        assert!(material.check(0, &whole[BLOCK..]).is_err());
        let mut wrong = whole;
        wrong[2 * BLOCK] ^= 1;
        assert!(material.check(0, &wrong).is_err());
    }
}
