//! `trackside models check`, `promotions`, `approve`, `reject` and `withdraw`.

use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use serde_json::json;
use trackside_admin::shape::{Decided, Promotion, Promotions, Verdict, Vote};
use trackside_core::{SystemClock, Timestamp};
use trackside_evidence::Held;
use trackside_tracking::{ModelVersion, Server};

use super::args::{Asked, Checking, Deciding};
use crate::{
    columns::{aligned, plain, shortened},
    output::{Output, count},
    remote::Remote,
    version_name,
};

/// What a policy says to one thing that a version is to have.
#[derive(serde::Serialize)]
struct Judged {
    to: String,
    #[serde(flatten)]
    verdict: Verdict,
}

/// Exit code 1 when something is missing, approvals among it.
pub(super) async fn check(remote: &Remote, url: &str, wanted: &Checking, output: Output) -> anyhow::Result<ExitCode> {
    let server = Server::at(url, Arc::new(SystemClock)).context("--url")?;
    let ModelVersion { name: model, version, .. } = version_name::find(&server, &wanted.subject).await?;
    let (model, version) = (model.as_str(), version.as_str());
    let mut judged = Vec::new();
    for target in &wanted.to {
        let to = match target {
            Held::Stage(stage) => stage.clone(),
            Held::Alias(alias) => format!("@{alias}"),
        };
        let query = [("model", model), ("version", version), ("to", to.as_str())];
        let verdict: Verdict = remote.get(&["registry", "check"], &query).await?;
        judged.push(Judged { to, verdict });
    }
    let allowed = judged.iter().all(|one| one.verdict.allowed);
    let answer = json!({ "model": model, "version": version, "allowed": allowed, "targets": judged });
    output.say(&answer, || judged.iter().map(|one| text(model, version, one)).collect())?;
    Ok(if allowed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(model: &str, version: &str, judged: &Judged) -> String {
    let (to, rules) = (plain(&judged.to), &judged.verdict.rules);
    let outcome = match (judged.verdict.allowed, judged.verdict.waits) {
        _ if rules.is_empty() => "no policy is over it",
        (true, _) => "it may",
        (false, true) => "others have to approve",
        (false, false) => "it may not",
    };
    format!("version {} of '{}' to {to}: {outcome}\n{}", plain(version), plain(model), listed(&judged.verdict))
}

/// The rules, the unmet ones marked.
fn listed(verdict: &Verdict) -> String {
    let line = |rule: &trackside_admin::shape::Rule| {
        let mark = match rule.state.as_str() {
            "met" => "met  ",
            "waits" => "waits",
            _ => "UNMET",
        };
        format!("  {mark}  {}: {}\n", plain(&rule.rule), plain(&rule.found))
    };
    verdict.rules.iter().map(line).collect()
}

pub(super) async fn list(remote: &Remote, wanted: &Asked, output: Output) -> anyhow::Result<()> {
    let limit = wanted.limit.to_string();
    let mut query = vec![("limit", limit.as_str())];
    query.extend(wanted.name.as_deref().map(|name| ("model", name)));
    query.extend((!wanted.all).then_some(("state", "pending")));
    let page: Promotions = remote.get(&["registry", "promotions"], &query).await?;
    output.say(&page.promotions, || table(&page.promotions, wanted.all))
}

fn table(promotions: &[Promotion], all: bool) -> String {
    if promotions.is_empty() {
        return if all { "no promotions\n" } else { "no promotion waits; --all lists those that ended\n" }.to_owned();
    }
    let head =
        ["ID", "MODEL", "VERSION", "TO", "STATE", "ASKED BY", "ASKED", "APPROVED BY", "REASON"].map(str::to_owned);
    let row = |one: &Promotion| {
        let approved: Vec<&str> = one.votes.iter().filter(|vote| vote.approves).map(|vote| vote.by.as_str()).collect();
        [
            one.id.to_string(),
            plain(&one.model),
            one.version.to_string(),
            plain(&one.to),
            one.state.clone(),
            plain(&one.requested_by),
            Timestamp::from_millis(one.requested_at).rfc3339(),
            plain(&approved.join(", ")),
            one.reason.as_deref().map(shortened).unwrap_or_default(),
        ]
    };
    aligned(&head, &promotions.iter().map(row).collect::<Vec<_>>())
}

/// Exit code 1 when an approved promotion is still pending.
pub(super) async fn decide(remote: &Remote, wanted: &Deciding, what: &str, output: Output) -> anyhow::Result<ExitCode> {
    let id = wanted.id.to_string();
    let decided: Decided = remote.post(&["registry", "promotions", &id, what], None::<&()>).await?;
    output.say(&decided, || told(&decided))?;
    let unmet = decided.verdict.as_ref().is_some_and(|verdict| !verdict.waits);
    Ok(if unmet { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn told(decided: &Decided) -> String {
    let one = &decided.promotion;
    let what = format!("version {} of '{}' to {}", one.version, plain(&one.model), plain(&one.to));
    match &decided.verdict {
        None => format!("promotion {} of {what} is {}\n", one.id, one.state),
        Some(verdict) => {
            let so_far = count(one.votes.iter().filter(|vote: &&Vote| vote.approves).count() as u64, "approval");
            format!("promotion {} of {what} has {so_far} and waits:\n{}", one.id, listed(verdict))
        }
    }
}
