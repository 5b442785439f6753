//! How far hashing is, on a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use trackside_provenance::data::Progress;

/// Bytes hashed, of those to hash. Shows itself when there is much to do.
#[derive(Debug)]
pub(crate) struct Bar(ProgressBar);

/// Less is done before anybody has read how much is left.
const MUCH: u64 = 256 << 20;

impl Bar {
    /// On standard error where that is a terminal.
    pub(crate) fn new(hidden: bool) -> Self {
        let template = "hashing [{wide_bar}] {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
        let style = ProgressStyle::with_template(template).expect("the template is well-formed");
        let bar = if hidden {
            ProgressBar::hidden()
        } else {
            ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden())
        };
        let bar = bar.with_style(style);
        Self(bar)
    }

    /// Takes it away; what comes next is the answer.
    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn planned(&self, bytes: u64) {
        self.0.inc_length(bytes);
        if self.0.length().is_some_and(|length| length >= MUCH) {
            self.0.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    fn hashed(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}
