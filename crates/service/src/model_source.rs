//! What a model version may point at: files that its run or logged model owns, or a store of the client's.
//!
//! The rules and the texts clients match are those of `mlflow server` 3.17.2 (`_create_model_version`). Without
//! them a version could name another run's files, or any file of the server, for its next reader to load.

use trackside_core::{Error, Key, LoggedModelId, ModelVersion, Result, RunId, Stage};

use crate::{
    Service,
    artifact_uri::{UriParts, fully_decoded, refuse_host},
};

/// A source that was found right, with what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) uri: String,
    pub(crate) run: Option<RunId>,
    /// Where the files are, when that is not `uri`.
    pub(crate) storage_location: Option<String>,
}

/// What follows `models:/`.
enum ModelUri {
    Logged(LoggedModelId),
    Version(Key, String),
    Alias(Key, String),
}

impl Service {
    pub(crate) async fn resolve_source(
        &self,
        uri: &str,
        run: Option<RunId>,
        model: Option<&LoggedModelId>,
    ) -> Result<Source> {
        refuse_host(uri, "source")?;
        let parts = UriParts::of(uri);
        if parts.scheme == "models" {
            return self.resolve_model_uri(uri, &parts, run, model).await;
        }
        self.check_owner(uri, &parts, run.as_ref(), model).await?;
        let run = match (run, model) {
            (None, Some(model)) => self.logged_model(model, false).await?.source_run,
            (run, _) => run,
        };
        Ok(Source { uri: uri.to_owned(), run, storage_location: None })
    }

    /// `models:/m-…`, `models:/name/version`, `models:/name/stage` or `models:/name@alias`.
    async fn resolve_model_uri(
        &self,
        uri: &str,
        parts: &UriParts<'_>,
        run: Option<RunId>,
        model: Option<&LoggedModelId>,
    ) -> Result<Source> {
        if !parts.authority.is_empty() {
            return Err(invalid(uri, "Registered model sources must use the active model registry."));
        }
        let version = match parse_model_uri(parts.path).ok_or_else(|| not_owned(uri, "model_id"))? {
            ModelUri::Logged(id) if Some(&id) == model => {
                let found = self.logged_model(&id, false).await?;
                let storage_location = Some(found.artifact_uri);
                return Ok(Source { uri: uri.to_owned(), run: run.or(found.source_run), storage_location });
            }
            ModelUri::Logged(_) => return Err(not_owned(uri, "model_id")),
            ModelUri::Alias(name, alias) => self.model_version_by_alias(&name, &alias).await?,
            ModelUri::Version(name, which) => self.version_named(&name, &which).await?,
        };
        if run.is_some() && run != version.run {
            return Err(invalid(
                uri,
                "The run_id and model_id request parameters must match the referenced model version.",
            ));
        }
        Ok(Source {
            uri: format!("models:/{}/{}", version.model, version.number),
            storage_location: Some(version.download_uri().to_owned()),
            run: run.or(version.run),
        })
    }

    /// By number, by stage (the highest in it), or `latest`.
    async fn version_named(&self, name: &Key, which: &str) -> Result<ModelVersion> {
        if let Ok(number) = which.parse() {
            return self.model_version(name, number).await;
        }
        if which.eq_ignore_ascii_case("latest") {
            return self.model_version_by_alias(name, which).await;
        }
        let stage = Stage::parse(which);
        let latest = self.registered_model(name).await?.latest_versions;
        latest.into_iter().find(|version| Some(version.stage) == stage).ok_or_else(|| {
            Error::not_found(format!("No versions of model with name '{name}' and stage '{which}' found"))
        })
    }

    /// Files of a run or logged model must belong to the one named; other stores only need a plain path.
    async fn check_owner(
        &self,
        uri: &str,
        parts: &UriParts<'_>,
        run: Option<&RunId>,
        model: Option<&LoggedModelId>,
    ) -> Result<()> {
        let owner = if model.is_some() { "model_id" } else { "run_id" };
        if parts.is_local() {
            return match self.owned_root(run, model).await? {
                Some(root) if parts.is_within(&UriParts::of(&root)) => Ok(()),
                _ => Err(invalid(
                    uri,
                    &format!(
                        "To use a local path as a model version source, the {owner} request parameter has to be \
                         specified and the local path has to be contained within the artifact directory of the run \
                         specified by the {owner}."
                    ),
                )),
            };
        }
        refuse_relative(uri)?;
        match parts.scheme.as_str() {
            "runs" => match (parts.segments().first(), run, model) {
                (Some(named), Some(run), None) if named == run.as_str() && parts.authority.is_empty() => Ok(()),
                _ => Err(not_owned(uri, owner)),
            },
            "mlflow-artifacts" => match self.owned_root(run, model).await? {
                Some(root) if parts.is_within(&UriParts::of(&root)) => Ok(()),
                _ => Err(not_owned(uri, owner)),
            },
            _ => Ok(()),
        }
    }

    /// Where the named logged model, or else the named run, keeps its files; `None` when there is no such thing.
    async fn owned_root(&self, run: Option<&RunId>, model: Option<&LoggedModelId>) -> Result<Option<String>> {
        match (run, model) {
            (_, Some(model)) => Ok(self.store().logged_model(model, false).await?.map(|model| model.artifact_uri)),
            (Some(run), None) => Ok(self.store().run(run).await?.map(|run| run.info.artifact_uri)),
            (None, None) => Ok(None),
        }
    }
}

fn parse_model_uri(path: &str) -> Option<ModelUri> {
    let path = path.strip_prefix('/')?.trim_start_matches('/');
    let name = |text: &str| Key::new(text).ok().filter(|name| !name.as_str().trim().is_empty());
    match path.split_once('/') {
        Some((_, which)) if which.contains('/') || which.trim().is_empty() => None,
        Some((model, which)) => Some(ModelUri::Version(name(model)?, which.to_owned())),
        None => match path.rsplit_once('@') {
            Some((model, alias)) if !alias.trim().is_empty() => Some(ModelUri::Alias(name(model)?, alias.to_owned())),
            Some(_) => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_and_encoded_paths_are_refused() {
        for bad in [
            "s3://b/../c",
            "s3:/b/a/../c",
            "gs://b/%2e%2e/c",
            "gs://b/%252e%252e%252fc",
            "s3://b/a%00",
            "s3://b",
            "dbfs:a",
        ] {
            assert!(refuse_relative(bad).is_err(), "{bad}");
        }
        for good in ["s3://bucket/a/b", "dbfs:/a", "mlflow-artifacts:/1/r/artifacts/m", "wasbs://c@host/a"] {
            assert!(refuse_relative(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn model_uris_are_told_apart() {
        assert!(matches!(parse_model_uri("/m-1"), Some(ModelUri::Logged(_))));
        assert!(matches!(parse_model_uri("/a/1"), Some(ModelUri::Version(..))));
        assert!(matches!(parse_model_uri("/a@b"), Some(ModelUri::Alias(..))));
        for bad in ["", "/", "/a/", "/a/b/c", "/a@", "a"] {
            assert!(parse_model_uri(bad).is_none(), "{bad}");
        }
    }
}
