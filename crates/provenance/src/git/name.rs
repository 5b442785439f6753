//! Names a snapshot after its run: `refs/trackside/runs/<run id>`.
//!
//! The name keeps it from garbage collection and lets it be pushed. A run that is captured again, because it was
//! resumed, has its name moved to the later snapshot, the one that its record then tells of; what it named before is
//! kept by nothing, and no reflog is written.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use git2::{Oid, Reference};

use super::{
    fault::Fault,
    find::{RUNS, object_id},
    library,
    program::Git,
};

/// Makes a reference to a commit and returns its name; one that is there already is moved.
pub fn name(repository: &Path, run: &str, commit: &str, timeout: Duration) -> Result<String, Fault> {
    object_id(commit)?;
    let reference = format!("{RUNS}{run}");
    if run.contains('/') || !Reference::is_valid_name(&reference) {
        return Err(Fault::Invalid(format!("{run:?} cannot be part of the name of a reference")));
    }
    let library = library::open(repository).and_then(|repository| {
        let commit = repository.find_commit(Oid::from_str(commit)?)?.id();
        repository.reference(&reference, commit, true, "")?;
        Ok(())
    });
    if let Err(fault) = library {
        let git = Git::new(repository, Instant::now() + timeout);
        let named = git.line(&["update-ref", "--no-deref", &reference, &format!("{commit}^{{commit}}")]);
        named.map_err(|other| Fault::both(fault, other))?;
    }
    Ok(reference)
}
