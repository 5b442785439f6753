use trackside_core::{Page, Point, Result, store::HistoryQuery};

use crate::Service;

impl Service {
    /// Points of one metric of one run; none for an unknown run or metric.
    pub async fn history(&self, query: HistoryQuery) -> Result<Page<Point>> {
        self.store().history(query).await
    }
}
