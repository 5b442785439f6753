//! Runs that begin as copies of another one up to a step.
//!
//! A client says so in the config of the new run, again with each change of it, and goes on behind that step. The rows of
//! the parent become lines of a writer of their own, its points those of the new run, and a tag says where they come
//! from once all are there. Repeating it is harmless, so whoever is interrupted begins anew.

use trackside_core::{
    Error, Event, Json, Key, Line, LineQuery, Lines, MetricPoint, Object, PageRequest, Result, Run, RunId, Tag,
    store::HistoryQuery,
};
use trackside_service::Service;
use trackside_wandb_wire::{config::RESERVED, row, run_tag};

use crate::{project::Project, records, runs};

/// Who writes the rows of the parent.
const WRITER: &str = "trackside:parent";
/// Lines or points that are copied at once.
const AT_ONCE: usize = 2_000;

/// Where a run leaves its parent.
#[derive(Debug)]
pub(crate) struct Fork {
    parent: Run,
    /// The last step that both have.
    step: i64,
    name: String,
}

impl Fork {
    /// As a config says; none where it does not. `NotFound` when there is no such parent in the project.
    pub(crate) async fn of(service: &Service, project: &Project, config: &Object) -> Result<Option<Self>> {
        let own = config.get(RESERVED).and_then(|entry| entry.as_object()?.get("value")?.as_object());
        let Some(point) = own.and_then(|own| own.get("branch_point")?.as_object()) else { return Ok(None) };
        let step =
            point.get("step").and_then(|step| if let Json::Integer(step) = step { step.parse().ok() } else { None });
        let told = point.get("run_id").and_then(Json::as_text).zip(step);
        let (parent, step): (&str, i64) =
            told.ok_or_else(|| Error::invalid("the branch point of the run is no run_id and step"))?;
        let name = format!("{parent}?_step={step}");
        let parent = runs::named(service, project, parent).await?;
        Ok(Some(Self { parent, step, name }))
    }

    /// Copies what both have, unless that has been done.
    pub(crate) async fn copy_to(self, service: &Service, run: &Run) -> Result<()> {
        if run_tag::value(run, run_tag::FORKED_FROM) == Some(&self.name) {
            return Ok(());
        }
        self.copy_lines(service, &run.info.id).await?;
        for metric in self.parent.metrics.iter().filter(|metric| !metric.key.as_str().starts_with("system/")) {
            self.copy_points(service, &metric.key, &run.info.id).await?;
        }
        service.append(&run.info.id, vec![Event::Tags(vec![Tag::new(run_tag::FORKED_FROM, self.name)?])]).await
    }

    async fn copy_lines(&self, service: &Service, to: &RunId) -> Result<()> {
        let stream = records::key(records::HISTORY)?;
        let steps = Some(i64::MIN..=self.step);
        let run = self.parent.info.id.clone();
        let query = LineQuery { run, stream: stream.clone(), writer: None, from: 0, steps };
        let (mut after, mut first) = (None, 0);
        loop {
            let page = service.lines(query.clone(), PageRequest { limit: AT_ONCE, after }).await?;
            let lines = page.items.into_iter().filter_map(|line| {
                let step = row::object(&line.text).ok().and_then(|row| row::step(&row));
                let step = step.unwrap_or_else(|| i64::try_from(line.number).unwrap_or(i64::MAX));
                (step <= self.step).then_some(Line { step: Some(step), text: line.text })
            });
            let lines: Vec<Line> = lines.collect();
            let n_lines = lines.len() as u64;
            if n_lines > 0 {
                let lines = Lines { stream: stream.clone(), writer: records::key(WRITER)?, first, lines };
                service.append(to, vec![Event::Lines(lines)]).await?;
                first += n_lines;
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn copy_points(&self, service: &Service, key: &Key, to: &RunId) -> Result<()> {
        let mut after = None;
        loop {
            let run = self.parent.info.id.clone();
            let query = HistoryQuery { run, key: key.clone(), limit: Some(AT_ONCE), after, since: None };
            let page = service.history(query).await?;
            let points = page.items.into_iter().filter(|point| point.step <= self.step);
            let points: Vec<MetricPoint> =
                points.map(|point| MetricPoint { key: key.clone(), point, subject: None }).collect();
            if !points.is_empty() {
                service.append(to, vec![Event::Points(points)]).await?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}
