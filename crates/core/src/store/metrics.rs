use std::fmt;

use async_trait::async_trait;

use crate::{Key, Page, PageToken, Point, Result, RunId};

/// Which points of one metric of one run to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Of which run; an unknown one has no points.
    pub run: RunId,
    /// Which metric; an unknown one has no points.
    pub key: Key,
    /// At most so many; `None` for all.
    pub limit: Option<usize>,
    /// Where to go on.
    pub after: Option<PageToken>,
}

/// Metric history of the system of record.
#[async_trait]
pub trait Metrics: fmt::Debug + Send + Sync + 'static {
    /// Points in the order (time, step, value), NaN counting as zero.
    async fn history(&self, query: HistoryQuery) -> Result<Page<Point>>;
}
