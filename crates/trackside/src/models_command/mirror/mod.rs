//! `trackside models mirror`: versions, stages and aliases as tags of a git repository, and tags of others back into the
//! registry. `docs/git-mirror.md` has the rules; the plan itself is made by `evidence::mirror`.

mod args;
mod git;
mod registry;
mod report;

use std::{collections::BTreeSet, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context, bail, ensure};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use trackside_admin::shape;
use trackside_core::SystemClock;
use trackside_evidence::mirror::{Base, ConflictKind, Mirror, Plan};
use trackside_provenance::git::TagRepository;
use trackside_tracking::Registrar;

pub(crate) use self::args::Mirrored;
use self::{git::Tags, registry::History, report::Report};
use crate::{output::Output, remote::Remote};

/// Passes of a run: what one side is told may leave the other something to tidy.
const PASSES: usize = 4;
/// Tries while the registry changes under the plan.
const TRIES: usize = 5;

/// Exit code 1 when there are conflicts.
pub(super) async fn run(remote: &Remote, url: &str, wanted: &Mirrored, output: Output) -> anyhow::Result<ExitCode> {
    let repository = TagRepository::open(&wanted.repository)
        .with_context(|| format!("--repository {}", wanted.repository.display()))?;
    let _lock = repository.lock()?.with_context(|| {
        format!("another mirror is at work in {}; wait for it, or end it", wanted.repository.display())
    })?;
    let registrar = Registrar::at(url, wanted.api_key.as_deref(), None, Arc::new(SystemClock)).context("--url")?;
    let mut run = Run { remote, registrar, repository, wanted: globs(&wanted.model)?, history: History::default() };
    let Some(every) = wanted.every else {
        let report = run.once(wanted.dry_run, wanted.accept_deleted).await?;
        report.say(output, wanted.dry_run)?;
        return Ok(if report.conflicts.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    };
    run.forever(every, wanted, output).await
}

/// A mirror at work.
struct Run<'a> {
    remote: &'a Remote,
    registrar: Registrar,
    repository: TagRepository,
    wanted: GlobSet,
    history: History,
}

impl Run<'_> {
    async fn forever(&mut self, every: Duration, wanted: &Mirrored, output: Output) -> anyhow::Result<ExitCode> {
        let mut known = Vec::new();
        let mut accept = wanted.accept_deleted;
        loop {
            match self.once(wanted.dry_run, accept).await {
                Ok(report) => {
                    accept = false;
                    if report.has_done() || report.conflicts != known {
                        report.say(output, wanted.dry_run)?;
                    }
                    known = report.conflicts;
                }
                // The server may be back at the next time.
                Err(error) => {
                    tracing::warn!("the mirror could not do its work: {error:#}");
                    self.history = History::default();
                }
            }
            tokio::time::sleep(every).await;
        }
    }

    /// Makes both sides say the same.
    async fn once(&mut self, is_trial: bool, accept_deleted: bool) -> anyhow::Result<Report> {
        let mut report = Report::default();
        let mut refused = BTreeSet::new();
        for _ in 0..PASSES {
            let Sides { base, tags, mut plan } = self.look(accept_deleted).await?;
            plan.to_git.retain(|deed| !refused.contains(&deed.name.artifact));
            plan.to_registry.retain(|deed| !refused.contains(&registry::subject(deed)));
            report.conflicts.retain(|conflict| conflict.kind == ConflictKind::Refused);
            report.conflicts.extend(std::mem::take(&mut plan.conflicts));
            if is_trial {
                report.tell(&plan);
                return Ok(report);
            }
            if plan.to_git.is_empty() && plan.to_registry.is_empty() {
                self.note(&base, &tags)?;
                return Ok(report);
            }
            tags.write(&self.repository, &plan.to_git, &self.registrar, &mut refused, &mut report).await?;
            registry::apply(&plan.to_registry, &self.registrar, &mut refused, &mut report).await?;
            self.history.read(self.remote).await?;
            self.note(&base, &Tags::read(&self.repository)?)?;
        }
        Ok(report)
    }

    /// Reads both sides as they were at one time, and what is to be done.
    async fn look(&mut self, accept_deleted: bool) -> anyhow::Result<Sides> {
        for _ in 0..TRIES {
            self.history.read(self.remote).await?;
            let tags = Tags::read(&self.repository)?;
            let mut base = self.base()?;
            if accept_deleted {
                base.accept_deleted(|tag| tags.models.values().any(|model| model.has(tag)));
            }
            let plan = self.mirror(&base, &tags).plan(&|model| self.wanted.is_match(model));
            let now: shape::Ledger = self.remote.get(&["registry", "ledger"], &[("limit", "1")]).await?;
            if now.end.seq == self.history.seq() {
                return Ok(Sides { base, tags, plan });
            }
        }
        bail!("the registry changes faster than it can be read; try again when there is less to do")
    }

    fn mirror<'b>(&'b self, base: &'b Base, tags: &'b Tags) -> Mirror<'b> {
        Mirror { base, git: &tags.models, state: self.history.state(), trails: &self.history.trails }
    }

    /// What the sides agreed on when somebody last noted it.
    fn base(&self) -> anyhow::Result<Base> {
        let registry = self.history.registry();
        let Some(bytes) = self.repository.state()? else { return Ok(Base::new(&registry)) };
        let mut base = Base::read(&bytes).context("refs/trackside/mirror in the repository")?;
        if base.registry == registry::NO_ENTRY {
            base.registry.clone_from(&registry);
        }
        ensure!(
            base.registry == registry,
            "the repository mirrors another registry than the one at {}; take another repository, or forget what the other \
             one was with `git update-ref -d refs/trackside/mirror`",
            self.registrar.server().url()
        );
        ensure!(
            base.seq() <= self.history.seq(),
            "the mirror knows of entry {} of the registry's history, and its last is {}: was an older copy restored? If that \
             is meant, forget what was known with `git update-ref -d refs/trackside/mirror`",
            base.seq(),
            self.history.seq()
        );
        Ok(base)
    }

    /// Keeps what the sides agree on now.
    fn note(&self, base: &Base, tags: &Tags) -> anyhow::Result<()> {
        let agreed = self.mirror(base, tags).agreed(self.history.seq(), &|model| self.wanted.is_match(model));
        let bytes = agreed.bytes();
        if self.repository.state()?.as_deref() != Some(&bytes) {
            self.repository.keep_state(&bytes)?;
        }
        Ok(())
    }
}

/// Both sides, and what is to be done.
struct Sides {
    base: Base,
    tags: Tags,
    plan: Plan,
}

fn globs(patterns: &[String]) -> anyhow::Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        // Names of models are no paths.
        set.add(GlobBuilder::new(pattern).literal_separator(false).build().context("--model")?);
    }
    set.build().context("--model")
}
