use trackside_core::{
    Key, Page, Point, Result, RunId,
    store::{HistoryQuery, SampleQuery},
};

use crate::Service;

impl Service {
    /// Points of one metric of one run; none for an unknown run or metric.
    pub async fn history(&self, query: HistoryQuery) -> Result<Page<Point>> {
        self.store().history(query).await
    }

    /// Points of one metric, run after run, until there are so many. One store transaction per run.
    pub async fn histories(&self, runs: Vec<RunId>, key: &Key, limit: usize) -> Result<Vec<(RunId, Vec<Point>)>> {
        let mut found = Vec::new();
        let mut left = limit;
        for run in runs {
            if left == 0 {
                break;
            }
            let query =
                HistoryQuery { run: run.clone(), key: key.clone(), limit: Some(left), after: None, since: None };
            let points = self.history(query).await?.items;
            left -= points.len();
            found.push((run, points));
        }
        Ok(found)
    }

    /// Samples, one after the other. One store transaction each.
    pub async fn samples(&self, queries: Vec<SampleQuery>) -> Result<Vec<(RunId, Vec<Point>)>> {
        let mut found = Vec::with_capacity(queries.len());
        for query in queries {
            found.push((query.run.clone(), self.store().sample(query).await?));
        }
        Ok(found)
    }
}
