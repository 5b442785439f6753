//! Numbers that look random and are the same each time: hashes of what they are for.

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
    pub(super) fn uniform(&self, n: u8) -> f64 {
        let hash = digest(&SHA256, format!("{}\n{n}", self.seed).as_bytes());
        let first: [u8; 8] = hash.as_ref().first_chunk().copied().unwrap_or_default();
        // As many bits as a double has.
        #[expect(clippy::cast_precision_loss, reason = "53 bits are left")]
        let number = (u64::from_be_bytes(first) >> 11) as f64;
        number * 2.0_f64.powi(-53)
    }

    /// A number of the standard normal distribution, by Box and Muller.
    pub(super) fn normal(&self) -> f64 {
        let (radius, angle) = (1.0 - self.uniform(0), self.uniform(1));
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }
}
