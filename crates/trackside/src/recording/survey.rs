//! The data of a project, with remembered hashes and a progress bar.

use std::{
    env,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use trackside_core::SystemClock;
use trackside_provenance::data::{Progress, Survey};

/// Less is done before anybody has read how much is left.
const MUCH: u64 = 256 << 20;

/// Of a project; hashes are remembered, and a terminal is told how far they are.
pub(crate) fn survey(project: &Path) -> anyhow::Result<Survey> {
    survey_with(project, true, &Arc::new(Bar::new(false)))
}

/// The same with a bar of one's own; `cached` false remembers nothing.
pub(crate) fn survey_with(project: &Path, cached: bool, bar: &Arc<Bar>) -> anyhow::Result<Survey> {
    let survey = Survey::new(project, Arc::new(SystemClock))
        .with_context(|| format!("{} cannot be read", project.display()))?
        .with_progress(Arc::clone(bar) as Arc<_>);
    Ok(match cache_directory() {
        Some(cache) if cached => survey.with_cache(cache),
        _ => survey,
    })
}

/// Where hashes are remembered: `$XDG_CACHE_HOME/trackside`, or `~/.cache/trackside`.
fn cache_directory() -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    Some(caches?.join("trackside"))
}

/// Bytes hashed, of those to hash. Shows itself when there is much to do.
#[derive(Debug)]
pub(crate) struct Bar(ProgressBar);

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
