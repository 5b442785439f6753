//! Makes a statement about a run, and signs it.

use std::{fs, io::Write, path::Path, sync::Arc};

use anyhow::{Context, anyhow, bail, ensure};
use serde_json::json;
use trackside_core::{ErrorKind, SystemClock};
use trackside_evidence::{Builder, Dimension, Envelope, Gap, Record, Report, Scope, SigningKey, Statement};
use trackside_tracking::{ModelVersion, Run, Server, Upload};

use super::args::AttestArgs;
use crate::{
    audit_command::{Subject, report},
    output::{Output, count},
    recording::{PROVENANCE_KEY, pairs, record},
};

pub(super) fn run(args: &AttestArgs, output: Output) -> anyhow::Result<()> {
    // A key that cannot be used is told before anything is asked of a server.
    let key = args.key.as_deref().map(signing_key).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(attest(args, key.as_ref(), output))
}

fn signing_key(path: &Path) -> anyhow::Result<SigningKey> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read the key {}", path.display()))?;
    SigningKey::from_pem(&text).with_context(|| path.display().to_string())
}

async fn attest(args: &AttestArgs, key: Option<&SigningKey>, output: Output) -> anyhow::Result<()> {
    let server = Server::at(&args.server.url(), Arc::new(SystemClock)).context("--url")?;
    let name = args.subject.as_deref().unwrap_or_default();
    let subject = Subject::find(&server, name).await.map_err(|error| unreached(error, name, server.url()))?;
    let [run] = subject.runs.as_slice() else {
        bail!("{name} is an experiment of {} runs; a statement is about one: name its id", subject.runs.len());
    };
    let id = &run.info.run_id;
    let Some((record, stored)) = record(&server, &run.info).await? else {
        bail!("run {id} was not started with `trackside run`, so there is nothing to attest");
    };
    check(run, &record)?;
    let report = report(&server, run, args.repository.as_deref()).await?;
    let builder = Builder::on(record.environment.computer.hostname.as_deref().unwrap_or("unknown"));
    let mut statement = Statement::of(&record, &stored, &builder, Some(&report));
    if let Some(version) = &subject.version {
        statement = statement.registered_as(&version.name, &version.version);
        if !is_recorded(&server, version, run, &record).await? {
            let what = format!("files of models:/{}/{}", version.name, version.version);
            let why = format!("they are at {}, which is not among what its run has on record", version.source);
            warn(&format!("{what} are no subjects: {why}"));
            statement = statement.without(&Gap::new(Dimension::Artifacts, what, why));
        }
    }
    let bytes = statement.to_json();
    let document = match key {
        Some(key) => serde_json::to_string_pretty(&Envelope::sign(&bytes, key))?,
        None => String::from_utf8(bytes)?,
    };
    let document = format!("{document}\n");
    if args.upload {
        let path = format!("{}/attestation.json", Record::DIRECTORY);
        server.upload(&run.info, &path, Upload::Bytes(document.clone().into_bytes())).await?;
    }
    let Some(path) = &args.output else {
        return Ok(std::io::stdout().lock().write_all(document.as_bytes())?);
    };
    fs::write(path, &document).with_context(|| format!("cannot write {}", path.display()))?;
    let keyid = key.map(|key| key.verifying().id());
    let answer = json!({
        "run_id": id, "file": path, "key": keyid, "subjects": statement.subject.len(), "uploaded": args.upload,
        "overall": report.overall,
    });
    output.say(&answer, || told(run, &report, statement.subject.len(), keyid.as_deref(), path))
}

fn told(run: &Run, report: &Report, subjects: usize, key: Option<&str>, path: &Path) -> String {
    let signed = key.map_or_else(|| "not signed".to_owned(), |key| format!("signed by key {key}"));
    format!(
        "run      {}: {}\naudit    {}: {}\nwritten  {}, {signed}\n",
        run.info.run_id,
        count(subjects as u64, "subject"),
        report.overall.verdict,
        report.overall.reason,
        path.display()
    )
}

/// The files of the version are artifacts of the run, or those of a model it has logged.
async fn is_recorded(server: &Server, version: &ModelVersion, run: &Run, record: &Record) -> anyhow::Result<bool> {
    let mut places = vec![run.info.artifact_uri.clone(), format!("runs:/{}", run.info.run_id)];
    for model in server.models_of(run).await? {
        // Records of older releases have nothing of models.
        let shown = format!("{}/", model.name);
        if record.artifacts.iter().any(|file| file.path.starts_with(&shown)) {
            places.extend([format!("models:/{}", model.model_id), model.artifact_uri]);
        }
    }
    Ok(places.iter().any(|place| {
        let below = version.source.strip_prefix(place.trim_end_matches('/'));
        below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
    }))
}

fn warn(message: &str) {
    #[expect(clippy::print_stderr, reason = "standard output may be the statement")]
    {
        eprintln!("trackside: warning: {message}");
    }
}

/// Nobody vouches for half a record, or for one that somebody has changed.
fn check(run: &Run, record: &Record) -> anyhow::Result<()> {
    let id = &run.info.run_id;
    ensure!(
        record.run_id.as_ref() == Some(id),
        "the record among the artifacts of run {id} is of another run, so it is not attested"
    );
    let has_ended = record.execution.as_ref().is_some_and(|execution| execution.ended_at.is_some());
    ensure!(has_ended, "nobody saw run {id} end, so what it made is not on record; wait for its end");
    let computed = record.key(Scope::Provenance).ok();
    let kept = pairs(&run.data.tags).remove(PROVENANCE_KEY);
    let stated = record.provenance_key.as_ref();
    let fits = computed.as_ref() == stated
        && kept.as_deref().is_none_or(|kept| stated.is_some_and(|key| key.as_str() == kept));
    ensure!(fits, "the record of run {id} was changed: it does not fit its key, so it is not attested");
    Ok(())
}

fn unreached(error: anyhow::Error, name: &str, url: &str) -> anyhow::Error {
    match error.downcast_ref::<trackside_core::Error>() {
        Some(cause) if cause.kind() == ErrorKind::Unavailable => anyhow!(
            "no tracking server answers at {url}; start one with `trackside serve`, or name it with --url or \
             TRACKSIDE_URL ({})",
            cause.message()
        ),
        None => error,
        Some(_) => error.context(name.to_owned()),
    }
}
