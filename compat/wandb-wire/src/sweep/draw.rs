//! Numbers that look random and are the same each time: hashes of what they are for.

use std::convert::Infallible;

use rand::TryRng;
use ring::digest::{SHA256, digest};

/// Of one parameter of one trial.
#[derive(Debug)]
pub(super) struct Source {
    seed: String,
}

impl Source {
    pub(super) fn new(sweep: &str, trial: u64, path: &[String]) -> Self {
        // The text begins with its version: a sweep goes on as it began.
        Self { seed: format!("wandb-sweep-v1\n{sweep}\n{trial}\n{}", path.join("\n")) }
    }

    /// The `n`-th number of this source, from 0 up to but not 1.
    pub(super) fn uniform(&self, n: u64) -> f64 {
        // As many bits as a double has.
        #[expect(clippy::cast_precision_loss, reason = "53 bits are left")]
        let number = (self.bits(n) >> 11) as f64;
        number * 2.0_f64.powi(-53)
    }

    /// A number of the standard normal distribution, by Box and Muller.
    pub(super) fn normal(&self) -> f64 {
        let (radius, angle) = (1.0 - self.uniform(0), self.uniform(1));
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }

    /// All numbers of this source, one after the other.
    pub(super) const fn stream(&self) -> Stream<'_> {
        Stream { source: self, n: 0 }
    }

    fn bits(&self, n: u64) -> u64 {
        let hash = digest(&SHA256, format!("{}\n{n}", self.seed).as_bytes());
        let first: [u8; 8] = hash.as_ref().first_chunk().copied().unwrap_or_default();
        u64::from_be_bytes(first)
    }
}

/// A source as generators of random numbers are spoken to.
#[derive(Debug)]
pub(super) struct Stream<'a> {
    source: &'a Source,
    n: u64,
}

impl TryRng for Stream<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|bits| (bits >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let bits = self.source.bits(self.n);
        self.n = self.n.wrapping_add(1);
        Ok(bits)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let bits = self.try_next_u64()?.to_le_bytes();
            chunk.iter_mut().zip(bits).for_each(|(byte, bit)| *byte = bit);
        }
        Ok(())
    }
}
