//! What a policy has to know of a version.

use trackside_core::{
    ArtifactPath, ErrorKind, ExperimentId, Key, ModelVersion, Page, PageRequest, Promotion, Query, Result, Run, RunId,
    Stage, Tag, Target, Vote,
    ledger::{Action, LedgerEntry},
    query::{Compare, Filter, ModelVersionField, RunField, Test},
    store::LedgerQuery,
};
use trackside_evidence::Record;
use trackside_policy::{Facts, History, Need, Needs, Policy, Repeats, Rule, Verdict};

use crate::{
    Service,
    governed::{Wish, holds},
    promotion_files::contents,
};

/// The tag of a run that is part of another.
const PARENT_TAG: &str = "mlflow.parentRunId";
/// Runs that repeat one another, at most.
const MOST_REPEATS: usize = 1_000;
/// Versions of a stage that are looked at, at most.
const MOST_HOLDERS: usize = 10_000;
/// Entries of the ledger read at once.
const ENTRIES: usize = 1_000;
/// A larger document is none of ours.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

impl Service {
    /// What the policies over it say.
    pub(crate) async fn verdict(
        &self,
        wish: &Wish<'_>,
        version: &ModelVersion,
        waiting: Option<&Promotion>,
    ) -> Result<Verdict> {
        let policies = self.governance.over(wish.model, &wish.target);
        self.verdict_by(&policies, wish, version, waiting).await
    }

    /// What these policies say.
    pub(crate) async fn verdict_by(
        &self,
        policies: &[&Policy],
        wish: &Wish<'_>,
        version: &ModelVersion,
        waiting: Option<&Promotion>,
    ) -> Result<Verdict> {
        let facts = self.facts(policies, wish, version, waiting).await?;
        Ok(Verdict::of(policies, &facts))
    }

    async fn facts(
        &self,
        policies: &[&Policy],
        wish: &Wish<'_>,
        version: &ModelVersion,
        waiting: Option<&Promotion>,
    ) -> Result<Facts> {
        let needs = Needs::of(policies);
        let run = if needs.has(Need::Run) { self.run_of(version).await? } else { None };
        let holder = if needs.has(Need::Holder) { self.holder(wish).await? } else { None };
        let repeats = self.repeats(policies, run.as_ref(), holder.as_ref().and_then(|(_, run)| run.as_ref())).await?;
        let record = match &run {
            Some(run) if needs.has(Need::Record) => self.record(run).await?,
            _ => Err("the version has no run".to_owned()),
        };
        let unknown = || "nobody looked".to_owned();
        let signature = if needs.has(Need::Signature) { self.has_signature(version).await? } else { Err(unknown()) };
        let files = match (&record, &run) {
            (Ok(record), Some(run)) if needs.has(Need::Files) => self.check_files(version, run, record).await?,
            (Err(why), _) => Err(why.clone()),
            _ => Err(unknown()),
        };
        let requester = waiting.map(|promotion| promotion.requested_by.clone()).or_else(|| self.origin.name.clone());
        let votes: Vec<Vote> = waiting.map(|promotion| promotion.votes.clone()).unwrap_or_default();
        let history = if needs.has(Need::History) { self.history_of(wish.model).await? } else { History::default() };
        let (now, version, target) = (self.parts.clock.now(), version.clone(), wish.target.clone());
        Ok(Facts { now, version, target, requester, run, record, holder, repeats, history, signature, files, votes })
    }

    async fn run_of(&self, version: &ModelVersion) -> Result<Option<Run>> {
        match &version.run {
            Some(run) => self.store().run(run).await,
            None => Ok(None),
        }
    }

    /// The other version that has it now, the highest of several.
    async fn holder(&self, wish: &Wish<'_>) -> Result<Option<(ModelVersion, Option<Run>)>> {
        let model = self.registered_model(wish.model).await?;
        let number = match &wish.target {
            Target::Alias(alias) => model.aliases.iter().find(|(known, _)| known == alias).map(|(_, number)| *number),
            Target::Stage(stage) => {
                let in_stage = model.latest_versions.iter().filter(|version| version.stage == *stage);
                in_stage.map(|version| version.number).next()
            }
        };
        let Some(number) = number.filter(|number| *number != wish.number) else { return Ok(None) };
        let Some(version) = self.store().model_version(wish.model, number).await? else { return Ok(None) };
        let run = self.run_of(&version).await?;
        Ok(holds(&version, &wish.target).then_some((version, run)))
    }

    /// Versions of a model in a stage, without aliases.
    pub(crate) async fn holders(&self, model: &Key, stage: &Stage) -> Result<Vec<ModelVersion>> {
        let is_in = Test::Text(Compare::Equal, stage.as_str().to_owned());
        let filter = Filter::Field(ModelVersionField::Stage, is_in);
        Ok(self.versions_of_model(model, Some(filter), PageRequest::first(MOST_HOLDERS)).await?.items)
    }

    /// Runs that repeat these two.
    async fn repeats(&self, policies: &[&Policy], own: Option<&Run>, holders: Option<&Run>) -> Result<Repeats> {
        let mut repeats = Repeats::new();
        for rule in policies.iter().flat_map(|policy| &policy.rules) {
            let Rule::Metric(rule) = rule else { continue };
            if (rule.confidence.is_none() && rule.min_runs <= 1) || repeats.contains_key(&rule.repeats) {
                continue;
            }
            let own = self.repeats_of(own, rule.repeats.as_ref()).await?;
            let others = self.repeats_of(holders, rule.repeats.as_ref()).await?;
            repeats.insert(rule.repeats.clone(), (own, others));
        }
        Ok(repeats)
    }

    async fn repeats_of(&self, run: Option<&Run>, by: Option<&Key>) -> Result<Vec<Run>> {
        let Some(run) = run else { return Ok(Vec::new()) };
        let tag = match by {
            None => Some(Tag::new(PARENT_TAG, run.info.id.as_str())?),
            Some(key) => run.tags.iter().find(|tag| tag.key == *key).cloned(),
        };
        match tag {
            Some(tag) => Ok(self.tagged_runs(run.info.experiment, tag).await?.items),
            None => Ok(Vec::new()),
        }
    }

    async fn tagged_runs(&self, experiment: ExperimentId, tag: Tag) -> Result<Page<Run>> {
        let filter = Filter::Field(RunField::Tag(tag.key), Test::Text(Compare::Equal, tag.value));
        let query = Query { filter, ..Query::default() };
        self.store().search_runs(vec![experiment], query, PageRequest::first(MOST_REPEATS)).await
    }

    /// What happened to a model, also under the names that it had before.
    async fn history_of(&self, model: &Key) -> Result<History> {
        let mut pages: Vec<Vec<LedgerEntry>> = Vec::new();
        let mut names = vec![(model.clone(), u64::MAX)];
        while let Some((name, before)) = names.pop() {
            let (mut after, mut own) = (0, Vec::new());
            loop {
                let query = LedgerQuery { model: Some(name.clone()), after, limit: ENTRIES };
                let page = self.store().ledger(query).await?;
                let Some(last) = page.last() else { break };
                after = last.seq;
                own.extend(page.into_iter().filter(|entry| entry.seq < before));
            }
            for entry in &own {
                let told = entry.read()?;
                if told.action == Action::RenameModel && told.model != name {
                    names.push((told.model, entry.seq));
                }
            }
            pages.push(own);
        }
        let mut history = History::default();
        let mut entries: Vec<LedgerEntry> = pages.into_iter().flatten().collect();
        entries.sort_by_key(|entry| entry.seq);
        entries.dedup_by_key(|entry| entry.seq);
        for entry in entries {
            history.add(&entry.read()?);
        }
        Ok(history)
    }

    /// What is known of how a run came to be, or why nothing is.
    async fn record(&self, run: &Run) -> Result<Result<Box<Record>, String>> {
        let path = ArtifactPath::parse(Record::PATH)?;
        let file = match self.file_below(&run.info.artifact_uri, &path).await {
            Ok(file) if file.size() <= MOST_BYTES => file,
            Ok(file) => return Ok(Err(format!("{} of its run has {} bytes", Record::PATH, file.size()))),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Unsupported) => {
                return Ok(Err("nothing is on record of its run; `trackside run` records it".to_owned()));
            }
            Err(error) => return Err(error),
        };
        Ok(match Record::read(&contents(&file).await?) {
            Ok(record) if is_of(&record, &run.info.id) => Ok(Box::new(record)),
            Ok(_) => Err(format!("{} of its run is the record of another one", Record::PATH)),
            Err(error) => Err(format!("{} of its run cannot be read: {error}", Record::PATH)),
        })
    }
}

fn is_of(record: &Record, run: &RunId) -> bool {
    record.run_id.as_deref().is_none_or(|id| id == run.as_str())
}
