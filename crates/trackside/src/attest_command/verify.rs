//! Says whether a statement is to be believed, and what it states.

use std::{fmt::Write, fs, path::Path, process::ExitCode};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use trackside_evidence::{Envelope, Statement, VerifyingKey};

use super::{
    args::Verify,
    files::{self, Checked, Standing},
};
use crate::{
    columns::plain,
    output::{Output, count},
};

/// Largest envelope that is read: a run of a million artifacts has one of some 200 MB.
const MAX_ENVELOPE: u64 = 1 << 30;

/// Files that nothing was attested of, for people.
const SHOWN: usize = 10;

pub(super) fn run(wanted: &Verify, output: Output) -> anyhow::Result<ExitCode> {
    let text =
        fs::read_to_string(&wanted.key).with_context(|| format!("cannot read the key {}", wanted.key.display()))?;
    let key = VerifyingKey::from_pem(&text).with_context(|| wanted.key.display().to_string())?;
    for directory in wanted.artifacts.iter().chain(&wanted.outputs) {
        ensure!(directory.is_dir(), "{}: no such directory", directory.display());
    }
    let statement = match believed(&wanted.envelope, &key) {
        Ok(statement) => statement,
        Err(error) if output.json => {
            let answer = json!({"verified": false, "fault": format!("{error:#}")});
            output.say(&answer, String::new)?;
            return Ok(ExitCode::FAILURE);
        }
        Err(error) => return Err(error),
    };
    let (outputs, artifacts): (Vec<_>, Vec<_>) = statement.subject.iter().partition(|one| files::is_output(one));
    let mut checks = Vec::new();
    for (what, subjects, directory) in
        [("artifacts", artifacts, &wanted.artifacts), ("outputs", outputs, &wanted.outputs)]
    {
        if let Some(directory) = directory {
            checks.push(Check { what, directory, found: files::check(subjects.into_iter(), directory) });
        }
    }
    let others = match &wanted.artifacts {
        Some(directory) => files::others(&statement.subject, directory)
            .with_context(|| format!("{}: cannot be listed", directory.display()))?,
        None => Vec::new(),
    };
    let is_good = checks.iter().flat_map(|check| &check.found).all(|one| one.standing == Standing::Same);
    let checked: serde_json::Map<String, Value> =
        checks.iter().map(|check| (check.what.to_owned(), json!(check.found))).collect();
    let answer = json!({
        "verified": is_good,
        "key": key.id(),
        "checked": checked,
        "not_attested": others,
        "statement": statement,
    });
    output.say(&answer, || told(wanted, &key, &statement, &checks, &others))?;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What was found of the subjects of one kind.
struct Check<'a> {
    what: &'static str,
    directory: &'a Path,
    found: Vec<Checked>,
}

/// The statement in an envelope, once its signature is found good.
fn believed(path: &Path, key: &VerifyingKey) -> anyhow::Result<Statement> {
    let place = || path.display().to_string();
    let size = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
    ensure!(size <= MAX_ENVELOPE, "{}: too large for an attestation", path.display());
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let document: Value = serde_json::from_slice(&bytes).context("not JSON").with_context(place)?;
    ensure!(
        document.get("_type").is_none(),
        "{}: a bare statement, which nobody has signed; sign it with `trackside attest RUN --key FILE`",
        path.display()
    );
    let envelope: Envelope = serde_json::from_value(document).context("not a DSSE envelope").with_context(place)?;
    let statement = envelope.verified(key).with_context(place)?;
    Statement::read(&statement).with_context(place)
}

fn told(wanted: &Verify, key: &VerifyingKey, statement: &Statement, checks: &[Check<'_>], others: &[String]) -> String {
    let mut text = String::new();
    tell(&mut text, wanted, key, statement, checks, others).expect("a text takes everything");
    text
}

fn tell(
    text: &mut String,
    wanted: &Verify,
    key: &VerifyingKey,
    statement: &Statement,
    checks: &[Check<'_>],
    others: &[String],
) -> std::fmt::Result {
    writeln!(text, "{}: the signature is good", wanted.envelope.display())?;
    writeln!(text, "  key        {}", key.id())?;
    for (name, value) in facts(statement) {
        writeln!(text, "  {name:<10} {}", plain(&value))?;
    }
    writeln!(text, "  about      {}", count(statement.subject.len() as u64, "subject"))?;
    for Check { what, directory, found } in checks {
        let bad: Vec<_> = found.iter().filter(|one| one.standing != Standing::Same).collect();
        let of = count(found.len() as u64, what.trim_end_matches('s'));
        let directory = directory.display();
        if bad.is_empty() {
            writeln!(text, "{of} below {directory}: as attested")?;
        } else {
            writeln!(text, "{of} below {directory}: {} not as attested", bad.len())?;
        }
        for one in bad {
            let standing = match one.standing {
                Standing::Same => "same",
                Standing::Differs => "differs",
                Standing::Missing => "missing",
                Standing::Unknown => "not known",
            };
            let why = one.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            writeln!(text, "  {standing:<10} {}{why}", plain(&one.name))?;
        }
    }
    if !others.is_empty() {
        writeln!(text, "{} that nothing was attested of", count(others.len() as u64, "further file"))?;
        for name in others.iter().take(SHOWN) {
            writeln!(text, "  further    {}", plain(name))?;
        }
        if others.len() > SHOWN {
            writeln!(text, "  and {} more", others.len() - SHOWN)?;
        }
    }
    if checks.is_empty() {
        writeln!(text, "No file was looked at: name where they are with --artifacts DIR or --outputs DIR.")?;
    }
    Ok(())
}

/// What a statement of ours says, in a few lines; another kind of predicate is named.
fn facts(statement: &Statement) -> Vec<(&'static str, String)> {
    let predicate = &statement.predicate;
    let at = |pointer: &str| predicate.pointer(pointer);
    let text = |pointer: &str| at(pointer).and_then(Value::as_str).map(str::to_owned);
    let command = at("/buildDefinition/externalParameters/command").and_then(Value::as_array).map(|words| {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        words.join(" ")
    });
    let all = |pointer: &str| at(pointer).and_then(Value::as_array).into_iter().flatten();
    let code = all("/buildDefinition/resolvedDependencies").find(|one| one["name"] == "code");
    let code = code.and_then(|code| {
        let commit = code.pointer("/digest/gitCommit")?.as_str()?;
        Some(code["uri"].as_str().map_or_else(|| commit.to_owned(), |uri| format!("{uri} at {commit}")))
    });
    let audit = all("/runDetails/byproducts").find(|one| one["name"] == "audit").map(|audit| &audit["annotations"]);
    let audit = audit.and_then(|audit| {
        let (verdict, reason) = (audit["overall"]["verdict"].as_str()?, audit["overall"]["reason"].as_str()?);
        Some(format!("{verdict} at {}: {reason}", audit["audited_at"].as_str()?))
    });
    let model =
        all("/runDetails/byproducts").filter_map(|one| one["uri"].as_str()).find(|uri| uri.starts_with("models:/"));
    let facts = [
        ("predicate", Some(statement.predicate_type.clone())),
        ("run", text("/runDetails/metadata/invocationId")),
        ("model", model.map(str::to_owned)),
        ("command", command),
        ("finished", text("/runDetails/metadata/finishedOn")),
        ("code", code),
        ("builder", text("/runDetails/builder/id")),
        ("audit", audit),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
