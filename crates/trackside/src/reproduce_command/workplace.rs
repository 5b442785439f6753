//! Where a run is repeated: a directory with the code, and with the environment if one is made.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use tempfile::TempDir;
use trackside_evidence::{Dimension, Record};

use super::{
    args::ReproduceArgs,
    code::{CheckedOut, Code},
    materials::Projects,
    plan::{CodePlan, Plan},
    redirect::Redirect,
};

/// Where a run is repeated. Not to be dropped but closed, else git keeps a note of the checkout.
#[derive(Debug)]
pub(super) struct Workplace {
    root: PathBuf,
    temporary: Option<TempDir>,
    code: PathBuf,
    checked_out: CheckedOut,
    /// Where the command runs.
    pub(super) directory: PathBuf,
    /// Where its data is.
    pub(super) projects: Projects,
    /// The recorded top of the working tree, and the recorded working directory.
    recorded: (PathBuf, PathBuf),
}

impl Workplace {
    /// Checks the code out. `None` when it cannot be had, which the plan then says.
    pub(super) fn prepare(args: &ReproduceArgs, record: &Record, plan: &mut Plan) -> anyhow::Result<Option<Self>> {
        let Some(recorded) = &record.code.repository else {
            let gap = record.gaps.iter().find(|gap| gap.dimension == Dimension::Code);
            plan.refuse(gap.map_or("its code was in no repository".to_owned(), |gap| format!("its code: {}", gap.why)));
            return Ok(None);
        };
        let code = match Code::find(recorded, &plan.run, args.repository.as_deref()) {
            Ok(code) => code,
            Err(why) => {
                plan.refuse(why);
                return Ok(None);
            }
        };
        plan.code = Some(CodePlan {
            repository: code.repository.display().to_string(),
            commit: code.commit.clone(),
            uncommitted: recorded.snapshot.is_some() && !code.is_other,
            subdirectory: recorded.subdirectory.clone(),
        });
        if code.is_other {
            plan.warnings.push("the recorded commit is gone; another one with the same files is used".to_owned());
        }
        let (root, temporary) = place(args)?;
        let place = root.join("code");
        let checked_out = match code.check_out(&place) {
            Ok(checked_out) => checked_out,
            Err(why) => {
                plan.refuse(why);
                return Ok(None);
            }
        };
        let directory = place.join(&recorded.subdirectory);
        // One that git ignores is not part of a commit.
        std::fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
        let new = project(&directory, &place);
        let below = new.strip_prefix(&place).unwrap_or(Path::new(""));
        let old = Some(code.repository.join(below)).filter(|old| old.is_dir());
        let projects = Projects { old: old.unwrap_or_else(|| code.repository.clone()), new: new.clone() };
        let top = PathBuf::from(&recorded.root);
        let recorded = (top.clone(), top.join(&recorded.subdirectory));
        Ok(Some(Self { root, temporary, code: place, checked_out, directory, projects, recorded }))
    }

    /// From the recorded working tree to this one.
    pub(super) fn redirect(&self) -> Redirect<'_> {
        Redirect { from: &self.recorded.0, to: &self.code, directory: (&self.recorded.1, &self.directory) }
    }

    /// Where an environment is made.
    pub(super) fn venv(&self) -> PathBuf {
        self.root.join("venv")
    }

    /// Does something in the directory of the command.
    pub(super) async fn inside<T>(&self, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        let before = std::env::current_dir().context("the working directory cannot be told")?;
        std::env::set_current_dir(&self.directory).with_context(|| self.directory.display().to_string())?;
        let done = work.await;
        std::env::set_current_dir(before)?;
        done
    }

    /// Takes it away, unless it is to stay.
    pub(super) fn close(self, keep: bool) {
        match self.temporary {
            Some(temporary) if keep => say(&temporary.keep()),
            Some(_) => self.checked_out.discard(),
            None => say(&self.root),
        }
    }
}

#[expect(clippy::print_stderr, reason = "standard output is the command's")]
fn say(root: &Path) {
    eprintln!("trackside: kept {}; `git worktree remove` forgets its code", root.display());
}

/// The directory that is named, where something is to be run, or a temporary one.
fn place(args: &ReproduceArgs) -> anyhow::Result<(PathBuf, Option<TempDir>)> {
    let Some(named) = args.directory.as_ref().filter(|_| args.run) else {
        let temporary = tempfile::Builder::new().prefix("trackside-reproduce-").tempdir()?;
        // What a link leads to is told in the record of the new run.
        return Ok((std::fs::canonicalize(temporary.path())?, Some(temporary)));
    };
    let unusable = || format!("--directory {}", named.display());
    std::fs::create_dir_all(named).with_context(unusable)?;
    ensure!(named.read_dir().with_context(unusable)?.next().is_none(), "--directory {} is not empty", named.display());
    Ok((std::fs::canonicalize(named).with_context(unusable)?, None))
}

/// The project around a directory of a checkout: the nearest repository of DVC or git, and never more than the checkout.
fn project(directory: &Path, checkout: &Path) -> PathBuf {
    let within = directory.ancestors().take_while(|above| above.starts_with(checkout));
    let mut tops = within.filter(|above| above.join(".git").exists() || above.join(".dvc").is_dir());
    tops.next().unwrap_or(checkout).to_owned()
}
