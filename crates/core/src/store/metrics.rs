use std::{fmt, ops::RangeInclusive};

use async_trait::async_trait;

use crate::{Key, Page, PageToken, Point, Result, RunId};

/// Which points of one metric of one run to read.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryQuery {
    /// Of which run; an unknown one has no points.
    pub run: RunId,
    /// Which metric; an unknown one has no points.
    pub key: Key,
    /// At most so many; `None` for all.
    pub limit: Option<usize>,
    /// Where to go on.
    pub after: Option<PageToken>,
    /// Only points after this one in the order of a history; it need not exist. Not together with `after`.
    pub since: Option<Point>,
}

/// Which sample of the points of one metric of one run to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleQuery {
    /// Of which run; an unknown one has no points.
    pub run: RunId,
    /// Which metric; an unknown one has no points.
    pub key: Key,
    /// Points at these steps only; `None` for all.
    pub steps: Option<RangeInclusive<i64>>,
    /// At most so many; at least one.
    pub limit: usize,
}

/// Smaller samples are no charts, and hold just what MLflow would take.
pub const EXTREMES_FROM: usize = 16;

/// Metric history of the system of record.
#[async_trait]
pub trait Metrics: fmt::Debug + Send + Sync + 'static {
    /// Points in the order (time, step, value), NaN counting as zero and coming after it. A page goes on after the last
    /// point of the one before, so points that come in between neither repeat nor hide others.
    async fn history(&self, query: HistoryQuery) -> Result<Page<Point>>;

    /// Points in the order (step, time, value), NaN counting as zero and coming after it: all when they are not
    /// more than the limit. Else they are cut into as many stretches as the limit says, the first ones longer
    /// by one where they cannot be equal; of each the first point is taken, of the last stretch the last.
    /// Where a limit of [`EXTREMES_FROM`] or more would leave out the lowest or the highest value, NaN being neither, there
    /// are two stretches less, and the first point of the lowest and of the highest value are in the sample besides.
    /// Memory depends on the limit and not on how many points there are.
    async fn sample(&self, query: SampleQuery) -> Result<Vec<Point>>;
}
