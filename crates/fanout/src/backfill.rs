//! Going through the system of record for a sink that was added later.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use trackside_core::{
    Error, ErrorKind, ExperimentId, PageRequest, PageToken, Query, Result, Store, Subject, Timestamp,
    query::{Compare, Filter, LoggedModelField, RunField, Test, View},
    store::{Log, Mark},
};

use crate::{BackfillStatus, Selection};

/// How many subjects to look up at once.
const PAGE: usize = 100;

/// How far a backfill has come. Stored with the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Backfill {
    v: u32,
    what: What,
    stage: Stage,
    /// Where the next page of this stage begins.
    token: Option<String>,
    /// Runs that are done, and runs in all as counted at the beginning.
    done: u64,
    total: u64,
    /// What is left of the page before that place.
    #[serde(skip)]
    page: VecDeque<Subject>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    All,
    Experiment(String),
    SinceMs(i64),
}

/// Models come before the runs that measure them, registered models after the runs that made their versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    LoggedModels,
    Runs,
    RegisteredModels,
    Done,
}

impl Backfill {
    /// At its beginning. `NotFound` when there is no such experiment.
    pub(crate) async fn begin(store: &dyn Store, selection: &Selection) -> Result<Self> {
        let what = match selection {
            Selection::All => What::All,
            Selection::Experiment(name) => What::Experiment(name.clone()),
            Selection::Since(time) => What::SinceMs(time.millis()),
        };
        let mut backfill =
            Self { v: 1, what, stage: Stage::Runs, token: None, done: 0, total: 0, page: VecDeque::new() };
        let experiments = backfill.experiments(store).await?;
        if let What::Experiment(name) = &backfill.what
            && experiments.is_empty()
        {
            return Err(Error::not_found(format!("no experiment is called '{name}'")));
        }
        while backfill.stage == Stage::Runs {
            let n = backfill.runs(store).await?.len();
            backfill.total += n as u64;
        }
        Ok(Self { stage: Stage::LoggedModels, token: None, ..backfill })
    }

    /// As it was stored.
    pub(crate) fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text)
            .map_err(|error| Error::new(ErrorKind::Corrupt, "the backfill of a sink cannot be read").with_source(error))
    }

    /// To be stored.
    pub(crate) fn write(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers can be written")
    }

    /// Whether nothing is left.
    pub(crate) fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// What a user sees of it.
    pub(crate) fn status(&self) -> BackfillStatus {
        BackfillStatus { selection: self.selection().to_string(), done: self.done, total: self.total }
    }

    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    fn selection(&self) -> Selection {
        match &self.what {
            What::All => Selection::All,
            What::Experiment(name) => Selection::Experiment(name.clone()),
            What::SinceMs(ms) => Selection::Since(Timestamp::from_millis(*ms)),
        }
    }

    /// The next subject of the page that a sink does not have, and what it knows of it. The same again until it has
    /// that.
    pub(crate) async fn unknown(&mut self, log: &dyn Log, sink: &str) -> Result<Option<(Subject, Option<Mark>)>> {
        while let Some(subject) = self.page.front() {
            let mark = log.marks(sink, vec![subject.clone()]).await?.pop().flatten();
            if mark.as_ref().is_none_or(|mark| mark.lost || mark.catch_up.is_some()) {
                return Ok(Some((subject.clone(), mark)));
            }
            self.page.pop_front();
        }
        Ok(None)
    }

    /// Reads the next page; its place is the one behind it.
    pub(crate) async fn next(&mut self, store: &dyn Store) -> Result<()> {
        let subjects = match self.stage {
            Stage::LoggedModels => self.logged_models(store).await?,
            Stage::Runs => {
                let runs = self.runs(store).await?;
                self.done += runs.len() as u64;
                runs
            }
            Stage::RegisteredModels => self.registered_models(store).await?,
            Stage::Done => vec![],
        };
        self.page = subjects.into();
        Ok(())
    }

    async fn runs(&mut self, store: &dyn Store) -> Result<Vec<Subject>> {
        let query = Query { filter: self.since(RunField::StartedAt), order: vec![], view: View::All };
        let page = store.search_runs(self.experiments(store).await?, query, self.page_request()).await?;
        self.behind(page.next, Stage::RegisteredModels);
        Ok(page.items.into_iter().map(|run| Subject::Run(run.info.id)).collect())
    }

    async fn logged_models(&mut self, store: &dyn Store) -> Result<Vec<Subject>> {
        let query = Query { filter: self.since(LoggedModelField::CreatedAt), ..Query::default() };
        let page = store.search_logged_models(self.experiments(store).await?, query, self.page_request()).await?;
        self.behind(page.next, Stage::Runs);
        Ok(page.items.into_iter().map(|model| Subject::LoggedModel(model.id)).collect())
    }

    async fn registered_models(&mut self, store: &dyn Store) -> Result<Vec<Subject>> {
        if self.what != What::All {
            self.stage = Stage::Done;
            return Ok(vec![]);
        }
        let page = store.search_registered_models(Query::default(), self.page_request()).await?;
        self.behind(page.next, Stage::Done);
        Ok(page.items.into_iter().map(|model| Subject::RegisteredModel(model.name)).collect())
    }

    fn page_request(&self) -> PageRequest {
        PageRequest { limit: PAGE, after: self.token.clone().map(PageToken::new) }
    }

    fn behind(&mut self, next: Option<PageToken>, following: Stage) {
        if next.is_none() {
            self.stage = following;
        }
        self.token = next.map(|token| token.as_str().to_owned());
    }

    fn since<F>(&self, field: F) -> Filter<F> {
        match self.what {
            #[expect(clippy::cast_precision_loss, reason = "instants of the next 200,000 years are exact")]
            What::SinceMs(ms) => Filter::Field(field, Test::Number(Compare::GreaterOrEqual, ms as f64)),
            _ => Filter::default(),
        }
    }

    async fn experiments(&self, store: &dyn Store) -> Result<Vec<ExperimentId>> {
        if let What::Experiment(name) = &self.what {
            return Ok(store.experiment_by_name(name).await?.into_iter().map(|found| found.id).collect());
        }
        let mut ids = Vec::new();
        let mut page = PageRequest::first(1_000);
        loop {
            let query = Query { view: View::All, ..Query::default() };
            let found = store.search_experiments(query, page).await?;
            ids.extend(found.items.into_iter().map(|experiment| experiment.id));
            let Some(next) = found.next else { return Ok(ids) };
            page = PageRequest { limit: 1_000, after: Some(next) };
        }
    }
}
