//! A destination that forgives nothing: it counts how often each point comes.

use std::{collections::BTreeMap, sync::Mutex};

use async_trait::async_trait;
use trackside_core::{Batch, Capability, Delivered, Event, Result, RunId, TrackerInterface};

#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<BTreeMap<(RunId, String, i64), u32>>);

impl Tally {
    /// How often the points of a run came: the number of points by number of deliveries.
    pub(crate) fn of(&self, run: &RunId) -> BTreeMap<u32, usize> {
        let mut by_count = BTreeMap::new();
        for ((owner, ..), count) in self.0.lock().unwrap().iter() {
            if owner == run {
                *by_count.entry(*count).or_default() += 1;
            }
        }
        by_count
    }
}

#[async_trait]
impl TrackerInterface for Tally {
    fn name(&self) -> &'static str {
        "tally"
    }

    fn capability(&self) -> Capability {
        Capability::ALL
    }

    async fn probe(&self) -> Result<()> {
        Ok(())
    }

    async fn deliver(&self, batch: &Batch, _memory: Option<&str>) -> Result<Delivered> {
        // Long enough for writers to come between.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        let Batch::Run(batch) = batch else { return Ok(Delivered::default()) };
        let mut counts = self.0.lock().unwrap();
        for event in &batch.events {
            let Event::Points(points) = event else { continue };
            for metric in points {
                let key = (batch.run.clone(), metric.key.as_str().to_owned(), metric.point.step);
                *counts.entry(key).or_default() += 1;
            }
        }
        Ok(Delivered::default())
    }

    async fn flush(&self) -> Result<()> {
        Ok(())
    }
}
