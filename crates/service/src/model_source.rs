//! What a model version may point at: files that its run or logged model owns, or a store of the client's.
//!
//! The rules and the texts clients match are those of `mlflow server` 3.17.2 (`_create_model_version`), checked on a
//! running one. Without them a version could name another run's files, or any file of the server, for its next
//! reader to load.
//!
//! Elsewhere: the parts of URIs, and hosts that no URI may name (`artifact_uri.rs`).

use trackside_core::{
    Error, Key, LoggedModel, LoggedModelId, ModelVersion, Result, RunId, Stage, VersionNumber, fault,
};

use crate::{
    Service,
    artifact_uri::{UriParts, check_host, fully_decoded},
};

/// The tag of registered models that are prompts, which have no files.
const PROMPT_TAG: &str = "mlflow.prompt.is_prompt";

/// A source that was found right, with what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) uri: String,
    pub(crate) run: Option<RunId>,
    /// Where the files are, when that is not `uri`.
    pub(crate) storage_location: Option<String>,
}

/// What `models:/` URIs name.
#[derive(Debug, PartialEq, Eq)]
enum ModelUri {
    /// `models:/m-…`
    Logged(LoggedModelId),
    /// `models:/name/…` or `models:/name@alias`.
    Version(Key, Which),
}

/// Which version of a registered model.
#[derive(Debug, PartialEq, Eq)]
enum Which {
    Number(VersionNumber),
    /// The highest in a stage.
    Stage(String),
    /// `latest` is the highest of all.
    Alias(String),
}

/// Who made the files, as the client says.
#[derive(Debug)]
struct Maker {
    /// The parameter of the request that names it.
    parameter: &'static str,
    id: Option<String>,
    /// Where its files are; `None` when it does not exist.
    root: Option<String>,
}

impl Service {
    /// Checks a source and completes it. `NotFound` when the logged model or the version it names does not exist.
    pub(crate) async fn resolve_source(
        &self,
        uri: &str,
        run: Option<RunId>,
        model: Option<&LoggedModelId>,
    ) -> Result<Source> {
        check_host(uri, "source", &self.parts.artifact_root)?;
        let model_uri = parse_model_uri(uri)?;
        if let Some(ModelUri::Version(name, which)) = &model_uri {
            return self.source_of_version(uri, name, which, run, model).await;
        }
        let found = match model {
            Some(id) => self.store().logged_model(id, false).await?,
            None => None,
        };
        match &model_uri {
            Some(ModelUri::Logged(id)) if Some(id) == model => {}
            Some(_) => return Err(not_owned(uri, "model_id")),
            None => check_owner(uri, &self.maker(run.as_ref(), model, found.as_ref()).await?)?,
        }
        let Some(id) = model else { return Ok(Source { uri: uri.to_owned(), run, storage_location: None }) };
        let found = found.ok_or_else(|| fault::logged_model_not_found(id))?;
        Ok(Source {
            uri: uri.to_owned(),
            run: run.or(found.source_run),
            storage_location: model_uri.map(|_| found.artifact_uri),
        })
    }

    /// The source of a version made from another version: its run is the other's, and so are its files.
    async fn source_of_version(
        &self,
        uri: &str,
        name: &Key,
        which: &Which,
        run: Option<RunId>,
        model: Option<&LoggedModelId>,
    ) -> Result<Source> {
        let version = self.version_named(uri, name, which).await?;
        if model.is_some() || (run.is_some() && run != version.run) {
            return Err(invalid(
                uri,
                "The run_id and model_id request parameters must match the referenced model version.",
            ));
        }
        Ok(Source {
            uri: format!("models:/{name}/{}", version.number),
            storage_location: Some(version.download_uri().to_owned()),
            run: version.run,
        })
    }

    async fn version_named(&self, uri: &str, name: &Key, which: &Which) -> Result<ModelVersion> {
        let model = self.registered_model(name).await?;
        if model.tags.iter().any(|tag| tag.key.as_str() == PROMPT_TAG && tag.value.eq_ignore_ascii_case("true")) {
            return Err(invalid(uri, "Prompt versions cannot be used as model version sources."));
        }
        match which {
            Which::Number(number) => self.model_version(name, *number).await,
            Which::Alias(alias) => self.model_version_by_alias(name, alias).await,
            Which::Stage(text) => {
                let stage = Stage::parse(text).ok_or_else(|| fault::unknown_stage(text, &self.governance.stages))?;
                let stage = self.own_stage(&stage)?;
                model.latest_versions.into_iter().find(|version| version.stage == stage).ok_or_else(|| {
                    Error::not_found(format!("No versions of model with name '{name}' and stage '{text}' found"))
                })
            }
        }
    }

    async fn maker(
        &self,
        run: Option<&RunId>,
        model: Option<&LoggedModelId>,
        found: Option<&LoggedModel>,
    ) -> Result<Maker> {
        if let Some(id) = model {
            let root = found.map(|model| model.artifact_uri.clone());
            return Ok(Maker { parameter: "model_id", id: Some(id.to_string()), root });
        }
        let root = match run {
            Some(id) => self.store().run(id).await?.map(|run| run.info.artifact_uri),
            None => None,
        };
        Ok(Maker { parameter: "run_id", id: run.map(RunId::to_string), root })
    }
}

/// Files of a run or logged model must belong to the one named; other stores only need a plain path.
fn check_owner(uri: &str, maker: &Maker) -> Result<()> {
    let parts = UriParts::of(uri);
    let is_within = maker.root.as_deref().is_some_and(|root| parts.is_within(&UriParts::of(root)));
    if parts.is_local() {
        let host = parts.authority.to_ascii_lowercase();
        if !(host.is_empty() || host.starts_with("localhost") || host.starts_with("127.0.0.1")) {
            // MLflow says so with 500.
            return Err(Error::internal(format!("{uri} is not a valid remote uri: a file: URI has no host")));
        }
        return match (&maker.id, &maker.root) {
            (Some(_), None) => Err(not_owned(uri, maker.parameter)),
            (Some(_), Some(_)) if is_within => Ok(()),
            (Some(_), Some(_)) => Err(local(parts.path, maker.parameter)),
            (None, _) => Err(local(uri, maker.parameter)),
        };
    }
    refuse_relative(uri)?;
    let is_owned = match parts.scheme.as_str() {
        "runs" => {
            let named = parts.path.split('/').find(|segment| !segment.is_empty());
            maker.parameter == "run_id" && parts.authority.is_empty() && named == maker.id.as_deref() && named.is_some()
        }
        "mlflow-artifacts" => is_within,
        _ => true,
    };
    if is_owned { Ok(()) } else { Err(not_owned(uri, maker.parameter)) }
}

/// What a URI names if it is one of `models:`.
fn parse_model_uri(uri: &str) -> Result<Option<ModelUri>> {
    let parts = UriParts::of(uri);
    if parts.scheme != "models" {
        return Ok(None);
    }
    if !parts.authority.is_empty() {
        return Err(invalid(uri, "Registered model sources must use the active model registry."));
    }
    model_path(parts.path).map(Some).ok_or_else(|| not_owned(uri, "model_id"))
}

fn model_path(path: &str) -> Option<ModelUri> {
    let path = path.strip_prefix('/')?.trim_start_matches('/');
    let version = |name: &str, which| {
        let name = Key::new(name).ok().filter(|name| !name.as_str().trim().is_empty())?;
        Some(ModelUri::Version(name, which))
    };
    match path.split_once('/') {
        Some((_, which)) if which.contains('/') || which.trim().is_empty() => None,
        // A number too large for any store stands for one that never exists.
        Some((name, which)) if which.bytes().all(|byte| byte.is_ascii_digit()) => {
            version(name, Which::Number(which.parse().unwrap_or(VersionNumber::MAX)))
        }
        Some((name, which)) if which.eq_ignore_ascii_case("latest") => version(name, Which::Alias(which.to_owned())),
        Some((name, which)) => version(name, Which::Stage(which.to_owned())),
        None => match path.rsplit_once('@') {
            Some((_, alias)) if alias.trim().is_empty() => None,
            Some((name, alias)) => version(name, Which::Alias(alias.to_owned())),
            None => LoggedModelId::parse(path).ok().map(ModelUri::Logged),
        },
    }
}

/// A path with `..`, an empty segment or a NUL, however encoded, is refused.
fn refuse_relative(uri: &str) -> Result<()> {
    let decoded = fully_decoded(&uri.replace('+', " "));
    let path = UriParts::of(&decoded).path.trim_end_matches('/').to_owned();
    let climbs = decoded.split('/').any(|segment| segment == "..") || path.split('/').any(|segment| segment == ".");
    if climbs || decoded.contains('\0') || !path.starts_with('/') {
        return Err(invalid(
            uri,
            "If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an \
             absolute path must be provided without relative path references present. Please provide an absolute path.",
        ));
    }
    Ok(())
}

fn invalid(uri: &str, why: &str) -> Error {
    Error::invalid(format!("Invalid model version source: '{uri}'. {why}"))
}

fn not_owned(uri: &str, parameter: &str) -> Error {
    invalid(uri, &format!("The {parameter} request parameter must identify the resource that contains the source."))
}

fn local(uri: &str, parameter: &str) -> Error {
    invalid(
        uri,
        &format!(
            "To use a local path as a model version source, the {parameter} request parameter has to be specified and \
             the local path has to be contained within the artifact directory of the run specified by the {parameter}."
        ),
    )
}

#[cfg(test)]
mod tests {
    use trackside_core::ErrorKind;

    use super::*;

    fn owner(parameter: &'static str, id: &str, root: &str) -> Maker {
        Maker { parameter, id: Some(id.to_owned()), root: Some(root.to_owned()) }
    }

    #[test]
    fn relative_and_encoded_paths_are_refused() {
        for bad in [
            "s3://b/../c",
            "s3:/b/a/../c",
            "gs://b/%2e%2e/c",
            "gs://b/%252e%252e%252fc",
            "s3://b/a%00",
            "s3://b/./a",
            "s3://b",
            "s3://b/",
            "dbfs:a",
        ] {
            assert!(refuse_relative(bad).is_err(), "{bad}");
        }
        for good in
            ["s3://bucket/a/b", "dbfs:/a", "mlflow-artifacts:/1/r/artifacts/m", "wasbs://c@host/a", "s3://b/a#b"]
        {
            assert!(refuse_relative(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn files_must_belong_to_their_maker() {
        let run = owner("run_id", "r", "mlflow-artifacts:/1/r/artifacts");
        for good in ["runs:/r/m", "runs:/r", "mlflow-artifacts:/1/r/artifacts/m", "mlflow-artifacts:/1/r/artifacts"] {
            check_owner(good, &run).unwrap();
        }
        for bad in [
            "runs:/other/m",
            "runs://host/r/m",
            "runs:/",
            "mlflow-artifacts:/1/r",
            "mlflow-artifacts:/1/r/artifactsx/m",
            "/1/r/artifacts/m",
        ] {
            assert!(check_owner(bad, &run).is_err(), "{bad}");
        }
        let model = owner("model_id", "r", "mlflow-artifacts:/1/models/r/artifacts");
        check_owner("mlflow-artifacts:/1/models/r/artifacts/m", &model).unwrap();
        assert!(check_owner("runs:/r/m", &model).is_err());
    }

    #[test]
    fn local_paths_lie_below_their_makers_root() {
        let run = owner("run_id", "r", "/srv/1/r/artifacts");
        check_owner("/srv/1/r/artifacts/m", &run).unwrap();
        check_owner("file:///srv/1/r/artifacts/m", &run).unwrap();
        for same in ["/srv/1/r/artifacts/m/..", "file:///srv/1/r/artifacts/m/../.", "/srv/1/x/../r/artifacts/m"] {
            check_owner(same, &run).unwrap();
        }
        assert_eq!(check_owner("file://host/srv/1/r/artifacts/m", &run).unwrap_err().kind(), ErrorKind::Internal);
        let refused = |uri, maker: &Maker| check_owner(uri, maker).unwrap_err().message().to_owned();
        let at = |message: &str| message.split('\'').nth(1).unwrap_or_default().to_owned();
        assert_eq!(at(&refused("file:///etc", &run)), "/etc");
        assert!(refused("/srv/1/r/artifacts/../../../etc", &run).contains("To use a local path as a model version"));
        let nobody = Maker { parameter: "run_id", id: None, root: None };
        assert_eq!(at(&refused("file:///etc", &nobody)), "file:///etc");
        let unknown = Maker { parameter: "run_id", id: Some("x".to_owned()), root: None };
        assert!(refused("/etc", &unknown).ends_with("must identify the resource that contains the source."));
    }

    #[test]
    fn nobodys_files_are_only_those_of_other_stores() {
        let nobody = Maker { parameter: "run_id", id: None, root: None };
        for good in ["s3://b/a", "dbfs:/a", "wasbs://c@host/a"] {
            check_owner(good, &nobody).unwrap();
        }
        for bad in ["runs:/r/m", "runs:/", "mlflow-artifacts:/1/r/artifacts", "a", "../a"] {
            assert!(check_owner(bad, &nobody).is_err(), "{bad}");
        }
    }

    #[test]
    fn model_uris_are_told_apart() {
        let version = |which| Some(ModelUri::Version(Key::new("a").unwrap(), which));
        let parsed = |uri| parse_model_uri(uri).unwrap();
        assert_eq!(parsed("models:/m-1"), LoggedModelId::parse("m-1").ok().map(ModelUri::Logged));
        assert_eq!(parsed("models:/a/01"), version(Which::Number(1)));
        assert_eq!(parsed("models:/a/99999999999"), version(Which::Number(VersionNumber::MAX)));
        assert_eq!(parsed("models:/a/Latest"), version(Which::Alias("Latest".to_owned())));
        assert_eq!(parsed("models:/a/prod"), version(Which::Stage("prod".to_owned())));
        assert_eq!(parsed("models:/a@b"), version(Which::Alias("b".to_owned())));
        assert_eq!(parsed("s3://b/a"), None);
        for bad in ["models:", "models:/", "models:/a/", "models:/a/b/c", "models:/a@", "models:a", "models://h/a/1"] {
            assert!(parse_model_uri(bad).is_err(), "{bad}");
        }
    }
}
