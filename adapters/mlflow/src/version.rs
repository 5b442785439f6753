//! Model versions.
//!
//! The server numbers versions itself, and its numbers are others where it has versions from elsewhere or lacks some
//! that are gone at the source. A tag of ours holds the number at the source; that is also how a version that was
//! created before is found again.

use trackside_core::{
    Error, ErrorKind, Key, LoggedModelId, ModelVersionChange, NewModelVersion, RegistryEvent, Result, RunId, Stage,
    VersionNumber,
};
use trackside_mlflow_wire::{
    self as wire, AliasByName, CreateModelVersion, Flag, ModelVersionByNumber, ModelVersionFound, ModelVersionTag,
    ModelVersionsFound, RegisteredModelFound, TransitionStage, UpdateModelVersion,
};

use crate::{
    api::{Api, Nothing},
    events::is_unsupported,
    memory::RemoteRun,
    registry::absent_is_fine,
    run::wire_tag,
    tag,
    tracker::MlflowTracker,
};

/// Versions of a page.
const PAGE: &str = "1000";
/// A search hides the versions of prompts unless it says this, which no other has.
const IS_PROMPT: &str = "tags.`mlflow.prompt.is_prompt` = 'true'";

/// The versions of a registered model at the server.
pub(crate) struct Versions<'a> {
    tracker: &'a MlflowTracker,
    api: &'a Api,
    model: &'a Key,
    /// Those that this batch deletes.
    gone: Vec<VersionNumber>,
}

impl<'a> Versions<'a> {
    pub(crate) fn new(tracker: &'a MlflowTracker, api: &'a Api, model: &'a Key, events: &[RegistryEvent]) -> Self {
        let gone = events.iter().filter_map(|event| match event {
            RegistryEvent::VersionChanged(number, ModelVersionChange::Delete, _) => Some(*number),
            _ => None,
        });
        Self { tracker, api, model, gone: gone.collect() }
    }

    /// Creates the version of this number at the source, unless it is there or about to go.
    pub(crate) async fn create(&self, number: VersionNumber, new: &NewModelVersion) -> Result<()> {
        if self.gone.contains(&number) {
            return Ok(());
        }
        if let Some(version) = self.find(number).await? {
            return self.refresh(version, new).await;
        }
        let run = match &new.run {
            Some(run) => Some((run, self.run(run).await?)),
            None => None,
        };
        let model = match &new.logged_model {
            Some(model) => {
                let experiment = run.as_ref().map_or("0", |(_, remote)| remote.experiment_id.as_str());
                let known = self.tracker.known_model(self.api, model, experiment).await;
                Some((model, known.map_err(never_if_unsupported)?.model_id))
            }
            None => None,
        };
        let mut tags = vec![wire_tag(tag::VERSION, &number.to_string())];
        tags.extend(new.tags.iter().filter(|own| !tag::is_ours(own.key.as_str())).cloned().map(wire::Tag::from));
        let create = CreateModelVersion {
            name: Some(self.name()),
            source: Some(source(&new.source, run.as_ref().map(|(id, remote)| (*id, remote)), model.as_ref())),
            run_id: run.map(|(_, remote)| remote.run_id),
            tags: Some(tags),
            run_link: new.run_link.clone(),
            description: new.description.clone(),
            model_id: model.map(|(_, remote)| remote),
        };
        self.api.post::<Nothing>("model-versions/create", &create).await.map(drop)
    }

    /// Carries out one change. A version that is gone, or about to go, needs no other.
    pub(crate) async fn change(&self, number: VersionNumber, change: &ModelVersionChange) -> Result<()> {
        let is_end = matches!(change, ModelVersionChange::Delete);
        if self.gone.contains(&number) && !is_end {
            return self.stage_of_others(number, change).await;
        }
        match self.find(number).await? {
            Some(version) => self.apply(version, change).await,
            None if is_end => Ok(()),
            None => Err(self.missing(number)),
        }
    }

    /// The server's number, `None` when the version is gone or about to go.
    pub(crate) async fn unless_gone(&self, number: VersionNumber) -> Result<Option<String>> {
        if self.gone.contains(&number) {
            return Ok(None);
        }
        self.find(number).await?.map(Some).ok_or_else(|| self.missing(number))
    }

    /// A version about to go may have put others out of their stage.
    async fn stage_of_others(&self, number: VersionNumber, change: &ModelVersionChange) -> Result<()> {
        match (change, self.find(number).await?) {
            (ModelVersionChange::Stage { .. }, Some(version)) => self.apply(version, change).await,
            _ => Ok(()),
        }
    }

    async fn apply(&self, version: String, change: &ModelVersionChange) -> Result<()> {
        let (api, name, version) = (self.api, Some(self.name()), Some(version));
        match change {
            ModelVersionChange::Describe(text) => {
                let request = UpdateModelVersion { name, version, description: text.clone() };
                api.patch::<Nothing>("model-versions/update", &request).await.map(drop)
            }
            // The server has four stages.
            ModelVersionChange::Stage { stage: Stage::Own(own), .. } => {
                let request =
                    ModelVersionTag { name, version, key: Some(tag::STAGE.into()), value: Some(own.to_string()) };
                api.post::<Nothing>("model-versions/set-tag", &request).await.map(drop)
            }
            ModelVersionChange::Stage { stage, archive_others } => {
                let request = TransitionStage {
                    name,
                    version,
                    stage: Some(stage.as_str().to_owned()),
                    archive_existing_versions: Some(Flag(*archive_others)),
                };
                api.post::<Nothing>("model-versions/transition-stage", &request).await.map(drop)
            }
            ModelVersionChange::SetTag(own) if tag::is_ours(own.key.as_str()) => Ok(()),
            ModelVersionChange::SetTag(own) => {
                let key = Some(own.key.as_str().into());
                let request = ModelVersionTag { name, version, key, value: Some(own.value.clone()) };
                api.post::<Nothing>("model-versions/set-tag", &request).await.map(drop)
            }
            ModelVersionChange::DeleteTag(key) if tag::is_ours(key.as_str()) => Ok(()),
            ModelVersionChange::DeleteTag(key) => {
                let request = ModelVersionTag { name, version, key: Some(key.as_str().into()), value: None };
                api.delete("model-versions/delete-tag", &request).await.map(drop)
            }
            ModelVersionChange::Delete => {
                self.delete_aliases(version.as_deref().unwrap_or_default()).await?;
                absent_is_fine(api.delete("model-versions/delete", &ModelVersionByNumber { name, version }).await)
            }
        }
    }

    /// A server of 2.x keeps the aliases of a version that goes (seen with 2.16).
    async fn delete_aliases(&self, version: &str) -> Result<()> {
        let found: RegisteredModelFound =
            self.api.get("registered-models/get", &[("name", self.model.as_str())]).await?;
        for named in found.registered_model.aliases.into_iter().filter(|named| named.version == version) {
            let request = AliasByName { name: Some(self.name()), alias: Some(named.alias) };
            self.api.delete("registered-models/alias", &request).await?;
        }
        Ok(())
    }

    /// It was there: perhaps from long ago, with another description and fewer tags.
    async fn refresh(&self, version: String, new: &NewModelVersion) -> Result<()> {
        self.apply(version.clone(), &ModelVersionChange::Describe(new.description.clone())).await?;
        for own in &new.tags {
            self.apply(version.clone(), &ModelVersionChange::SetTag(own.clone())).await?;
        }
        Ok(())
    }

    /// The server's number of the version with this one at the source. Most often the two are equal.
    async fn find(&self, number: VersionNumber) -> Result<Option<String>> {
        let text = number.to_string();
        let query = [("name", self.model.as_str()), ("version", &text)];
        match self.api.get::<ModelVersionFound>("model-versions/get", &query).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            found => {
                let version = found?.model_version;
                if is_number(&version, &text) {
                    return Ok(Some(version.version));
                }
            }
        }
        let named = format!("name = {}", quoted(self.model.as_str())?);
        for filter in [named.clone(), format!("{named} AND {IS_PROMPT}")] {
            if let Some(found) = self.search(&filter, &text).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn search(&self, filter: &str, number: &str) -> Result<Option<String>> {
        let mut page_token = String::new();
        loop {
            let query = [("filter", filter), ("max_results", PAGE), ("page_token", &page_token)];
            let query = if page_token.is_empty() { &query[..2] } else { &query[..] };
            let found: ModelVersionsFound = self.api.get("model-versions/search", query).await?;
            if let Some(version) = found.model_versions.into_iter().find(|version| is_number(version, number)) {
                return Ok(Some(version.version));
            }
            match found.next_page_token {
                Some(next) => page_token = next,
                None => return Ok(None),
            }
        }
    }

    /// The run that made a version. Runs are delivered before versions, so one that is not there is on its way at
    /// most as a dead letter.
    async fn run(&self, run: &RunId) -> Result<RemoteRun> {
        let missing =
            || format!("run {run}, which made a version of {}, is not at {} yet", self.model, self.api.base());
        let found = self.tracker.known_run(self.api, run, None).await?;
        found.ok_or_else(|| Error::new(ErrorKind::Unavailable, missing()))
    }

    fn missing(&self, number: VersionNumber) -> Error {
        Error::not_found(format!("version {number} of {} is not at {}", self.model, self.api.base()))
    }

    fn name(&self) -> String {
        self.model.as_str().to_owned()
    }
}

fn is_number(version: &wire::ModelVersion, number: &str) -> bool {
    version.tags.iter().any(|own| own.key.as_deref() == Some(tag::VERSION) && own.value.as_deref() == Some(number))
}

/// What a server of this version cannot do is no reason to wait.
fn never_if_unsupported(error: Error) -> Error {
    if is_unsupported(&error) {
        return Error::new(ErrorKind::Unsupported, "a version of a logged model needs MLflow 3").with_source(error);
    }
    error
}

/// A name in a filter. The grammar has two kinds of quotes and no way to write one within itself.
fn quoted(name: &str) -> Result<String> {
    match (name.contains('\''), name.contains('"')) {
        (false, _) => Ok(format!("'{name}'")),
        (true, false) => Ok(format!("\"{name}\"")),
        (true, true) => Err(Error::invalid(format!("a name with both kinds of quotes cannot be searched for: {name}"))),
    }
}

/// Where a version comes from, in terms of the server: what lies with a run or logged model of the source lies with
/// the server's own. All else is the same everywhere, or is for the server to refuse.
fn source(source: &str, run: Option<(&RunId, &RemoteRun)>, model: Option<&(&LoggedModelId, String)>) -> String {
    if let Some((own, remote)) = model
        && source == format!("models:/{own}")
    {
        return format!("models:/{remote}");
    }
    let Some((own, remote)) = run else { return source.to_owned() };
    if let Some(path) = source.strip_prefix(&format!("runs:/{own}/")) {
        return format!("runs:/{}/{path}", remote.run_id);
    }
    match source.split_once(&format!("/{own}/artifacts")) {
        Some((_, path)) if path.is_empty() || path.starts_with('/') => format!("{}{path}", remote.artifact_uri),
        _ => source.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_lie_with_the_servers_run_and_model() {
        let (run, model) =
            (RunId::parse("ours").unwrap(), (&LoggedModelId::parse("m-ours").unwrap(), "m-theirs".to_owned()));
        let remote = RemoteRun {
            run_id: "theirs".into(),
            experiment_id: "1".into(),
            artifact_uri: "mlflow-artifacts:/1/theirs/artifacts".into(),
        };
        let mapped = |text: &str| source(text, Some((&run, &remote)), Some(&model));
        for (ours, theirs) in [
            ("mlflow-artifacts:/7/ours/artifacts/a/b", "mlflow-artifacts:/1/theirs/artifacts/a/b"),
            ("file:///data/7/ours/artifacts", "mlflow-artifacts:/1/theirs/artifacts"),
            ("runs:/ours/model", "runs:/theirs/model"),
            ("models:/m-ours", "models:/m-theirs"),
            ("s3://bucket/ours/artifacts2", "s3://bucket/ours/artifacts2"),
            ("s3://bucket/model", "s3://bucket/model"),
            ("dummy-source", "dummy-source"),
        ] {
            assert_eq!(mapped(ours), theirs);
        }
        assert_eq!(source("runs:/ours/model", None, None), "runs:/ours/model");
    }

    #[test]
    fn names_are_quoted_in_the_kind_they_do_not_have() {
        assert_eq!(quoted("a b").unwrap(), "'a b'");
        assert_eq!(quoted("it's").unwrap(), "\"it's\"");
        assert!(quoted("it's \"it\"").is_err());
    }
}
