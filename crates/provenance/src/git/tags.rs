//! Annotated tags of a repository, for the mirror of the model registry: by libgit2, nothing is fetched or pushed.
//!
//! Beside tags it writes small commits for versions whose own commit cannot be tagged, those of them that have no code in a
//! chain at `refs/trackside/registry`, and a blob at `refs/trackside/mirror` with what it knows.

use std::{
    fs::{self, File, TryLockError},
    io::ErrorKind,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use git2::{ErrorCode, ObjectType, Oid, Reference, Repository, Signature, Time, TreeBuilder};

use super::{
    capture::{AUTHOR, EMAIL},
    fault::Fault,
    find::object_id,
    library,
    reading::text_of,
};

const TAGS: &str = "refs/tags/";
/// Commits that were made for versions without code.
const CHAIN: &str = "refs/trackside/registry";
const STATE: &str = "refs/trackside/mirror";
/// The file of such a commit.
const FILE: &str = "trackside-model-version.txt";
const LOCK: &str = "trackside-mirror.lock";
/// How long another program may hold the lock of a tag. Git's are held while a file of 41 bytes is written.
const PATIENCE: Duration = Duration::from_secs(1);
const REGULAR: i32 = 0o100_644;

/// An annotated tag on a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotatedTag {
    /// Its name, without `refs/tags/`.
    pub name: String,
    /// The object that it is.
    pub object: String,
    /// The commit that it is on.
    pub commit: String,
    /// When it was made, in seconds since the epoch.
    pub at: i64,
    /// Name of who made it.
    pub by: String,
    /// What it says.
    pub message: String,
}

/// A repository whose tags are read and written.
#[derive(Debug, Clone)]
pub struct TagRepository {
    path: PathBuf,
}

/// Held while nobody else may mirror into the repository.
#[derive(Debug)]
pub struct TagLock(#[expect(dead_code, reason = "closing it is what ends the lock")] File);

impl TagRepository {
    /// The repository of a directory, which may be bare. Fails when there is none.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        library::open(path)?;
        Ok(Self { path: path.to_owned() })
    }

    /// Takes the repository for oneself; nothing when somebody else has it. Ends with the process at the latest.
    pub fn lock(&self) -> Result<Option<TagLock>, Fault> {
        let path = self.repository()?.commondir().join(LOCK);
        let file = File::create(&path).map_err(|error| Fault::io(&path, error))?;
        match file.try_lock() {
            Ok(()) => {
                // Nobody else writes these, so who left them was killed.
                for reference in [CHAIN, STATE] {
                    self.break_lock(reference, |_| true)?;
                }
                Ok(Some(TagLock(file)))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(Fault::io(&path, error)),
        }
    }

    /// All annotated tags on commits, sorted by name.
    pub fn annotated(&self) -> Result<Vec<AnnotatedTag>, Fault> {
        let repository = self.repository()?;
        let mut tags = Vec::new();
        for reference in repository.references_glob("refs/tags/*")? {
            let reference = reference?;
            let Some(object) = reference.target() else { continue };
            let Ok(tag) = repository.find_tag(object) else { continue };
            let Ok(commit) = tag.target()?.peel_to_commit() else { continue };
            let by = tag.tagger();
            tags.push(AnnotatedTag {
                name: text_of(reference.name_bytes().strip_prefix(TAGS.as_bytes()).unwrap_or_default()),
                object: object.to_string(),
                commit: commit.id().to_string(),
                at: by.as_ref().map(|by| by.when().seconds()).unwrap_or_default(),
                by: by.map(|by| text_of(by.name_bytes())).unwrap_or_default(),
                message: text_of(tag.message_bytes().unwrap_or_default()),
            });
        }
        tags.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(tags)
    }

    /// Writes an annotated tag. Fails when there is one of the name.
    pub fn write(&self, name: &str, commit: &str, at: i64, by: Option<&str>, message: &str) -> Result<(), Fault> {
        object_id(commit)?;
        if !Reference::is_valid_name(&format!("{TAGS}{name}")) {
            return Err(Fault::Invalid(format!("git takes no tag of the name {name:?}")));
        }
        let repository = self.repository()?;
        let object = repository.find_object(Oid::from_str(commit)?, Some(ObjectType::Commit))?;
        let tag = repository.tag_annotation_create(name, &object, &signature(by, at)?, message)?;
        let reference = format!("{TAGS}{name}");
        let deadline = Instant::now() + PATIENCE;
        loop {
            match repository.reference(&reference, tag, false, "") {
                Err(error) if error.code() == ErrorCode::Locked && Instant::now() < deadline => {
                    thread::sleep(PATIENCE / 20);
                }
                Err(error) if error.code() == ErrorCode::Locked => {
                    // A mirror that was killed leaves its lock: empty, or with this very tag in it.
                    let is_own = |held: &str| held.is_empty() || held == tag.to_string();
                    if !self.break_lock(&reference, is_own)? {
                        return Err(error.into());
                    }
                    repository.reference(&reference, tag, false, "")?;
                    return Ok(());
                }
                other => return Ok(other.map(drop)?),
            }
        }
    }

    /// Removes the lock of a reference if what is in it says so; whether it was there.
    fn break_lock(&self, reference: &str, is_stale: impl Fn(&str) -> bool) -> Result<bool, Fault> {
        let path = self.repository()?.commondir().join(format!("{reference}.lock"));
        let held = match fs::read_to_string(&path) {
            Ok(held) => held,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(Fault::io(&path, error)),
        };
        if !is_stale(held.trim()) {
            return Ok(false);
        }
        fs::remove_file(&path).map_err(|error| Fault::io(&path, error))?;
        Ok(true)
    }

    /// The commit to tag for a version: the first of these that is there and not taken; else a new one, with the files of the
    /// first that is there and as its child, or with `text` alone when none is.
    pub fn commit_for(
        &self,
        candidates: &[String],
        is_taken: &dyn Fn(&str) -> bool,
        at: i64,
        text: &str,
    ) -> Result<String, Fault> {
        let repository = self.repository()?;
        let there = candidates.iter().filter(|id| object_id(id).is_ok());
        let there: Vec<_> = there.filter_map(|id| repository.find_commit(Oid::from_str(id).ok()?).ok()).collect();
        if let Some(free) = there.iter().map(|commit| commit.id().to_string()).find(|id| !is_taken(id)) {
            return Ok(free);
        }
        let by = signature(None, at)?;
        if let Some(commit) = there.first() {
            return Ok(repository.commit(None, &by, &by, text, &commit.tree()?, &[commit])?.to_string());
        }
        let mut tree: TreeBuilder<'_> = repository.treebuilder(None)?;
        tree.insert(FILE, repository.blob(text.as_bytes())?, REGULAR)?;
        let tree = repository.find_tree(tree.write()?)?;
        let tip = match repository.find_reference(CHAIN) {
            Ok(reference) => Some(reference.peel_to_commit()?),
            Err(error) if error.code() == ErrorCode::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let parents: Vec<_> = tip.iter().collect();
        Ok(repository.commit(Some(CHAIN), &by, &by, text, &tree, &parents)?.to_string())
    }

    /// What was kept; nothing when nothing was.
    pub fn state(&self) -> Result<Option<Vec<u8>>, Fault> {
        let repository = self.repository()?;
        match repository.find_reference(STATE) {
            Ok(reference) => Ok(Some(reference.peel_to_blob()?.content().to_vec())),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps this in place of what was kept.
    pub fn keep_state(&self, bytes: &[u8]) -> Result<(), Fault> {
        let repository = self.repository()?;
        repository.reference(STATE, repository.blob(bytes)?, true, "")?;
        Ok(())
    }

    fn repository(&self) -> Result<Repository, Fault> {
        library::open(&self.path)
    }
}

fn signature(by: Option<&str>, at: i64) -> Result<Signature<'static>, Fault> {
    // Git takes neither angle brackets nor line ends in a name.
    let by: String = by.unwrap_or_default().chars().filter(|c| !c.is_control() && !"<>".contains(*c)).collect();
    let by = by.trim_matches(|c: char| c.is_whitespace() || ".,:;\"'\\".contains(c));
    Ok(Signature::new(if by.is_empty() { AUTHOR } else { by }, EMAIL, &Time::new(at, 0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(repository: &Repository, text: &str) -> String {
        let mut tree = repository.treebuilder(None).unwrap();
        tree.insert("train.py", repository.blob(text.as_bytes()).unwrap(), REGULAR).unwrap();
        let tree = repository.find_tree(tree.write().unwrap()).unwrap();
        let author = signature(Some("Ada"), 7).unwrap();
        repository.commit(None, &author, &author, text, &tree, &[]).unwrap().to_string()
    }

    #[test]
    fn tags_come_back_and_are_never_overwritten() {
        let scratch = tempfile::tempdir().unwrap();
        let git = Repository::init_bare(scratch.path()).unwrap();
        let first = commit(&git, "one");
        let tags = TagRepository::open(scratch.path()).unwrap();
        tags.write("m@v1.0.0", &first, 99, Some("<a\nb>"), "Register m\n").unwrap();
        assert!(tags.write("m@v1.0.0", &first, 99, None, "again").is_err());
        let error = tags.write("a..b@v1.0.0", &first, 99, None, "").unwrap_err();
        assert!(error.to_string().contains("takes no tag"), "{error}");
        git.tag_lightweight("light", &git.revparse_single(&first).unwrap(), false).unwrap();
        let found = tags.annotated().unwrap();
        let seen: Vec<_> =
            found.iter().map(|tag| (tag.name.as_str(), tag.at, tag.by.as_str(), &*tag.message)).collect();
        assert_eq!(seen, [("m@v1.0.0", 99, "ab", "Register m\n")]);
        assert_eq!(found[0].commit, first);
    }

    #[test]
    fn the_lock_of_a_writer_that_was_killed_is_broken_and_no_other() {
        let scratch = tempfile::tempdir().unwrap();
        let git = Repository::init_bare(scratch.path()).unwrap();
        let commit = commit(&git, "one");
        let tags = TagRepository::open(scratch.path()).unwrap();
        let lock = scratch.path().join("refs/tags/m@v1.0.0.lock");
        fs::write(&lock, format!("{commit}\n")).unwrap();
        let error = tags.write("m@v1.0.0", &commit, 99, None, "one").unwrap_err();
        assert!(error.to_string().contains("lock"), "{error}");
        fs::write(&lock, "").unwrap();
        tags.write("m@v1.0.0", &commit, 99, None, "one").unwrap();
        assert!(!lock.exists() && tags.annotated().unwrap().len() == 1);
    }

    #[test]
    fn a_commit_that_is_taken_gets_a_child_with_the_same_files() {
        let scratch = tempfile::tempdir().unwrap();
        let git = Repository::init(scratch.path()).unwrap();
        let tags = TagRepository::open(scratch.path()).unwrap();
        let (one, two) = (commit(&git, "one"), commit(&git, "two"));
        let missing = "1".repeat(40);
        let all = [missing.clone(), one.clone(), two.clone()];
        assert_eq!(tags.commit_for(&all, &|_| false, 5, "m").unwrap(), one);
        assert_eq!(tags.commit_for(&all, &|id| id == one, 5, "m").unwrap(), two);
        let child = tags.commit_for(&all, &|_| true, 5, "m").unwrap();
        let child = git.find_commit(Oid::from_str(&child).unwrap()).unwrap();
        assert_eq!(child.parent_id(0).unwrap().to_string(), one);
        assert_eq!(child.tree_id(), git.find_commit(Oid::from_str(&one).unwrap()).unwrap().tree_id());
        assert!(git.find_reference(CHAIN).is_err());
        let first = tags.commit_for(&[missing], &|_| false, 5, "m v1").unwrap();
        let second = tags.commit_for(&["--all".to_owned()], &|_| false, 5, "m v2").unwrap();
        assert_ne!(first, second);
        let tip = git.find_reference(CHAIN).unwrap().peel_to_commit().unwrap();
        assert_eq!((tip.id().to_string(), tip.parent_id(0).unwrap().to_string()), (second, first));
    }

    #[test]
    fn state_is_kept_and_one_process_has_the_lock() {
        let scratch = tempfile::tempdir().unwrap();
        Repository::init(scratch.path()).unwrap();
        let tags = TagRepository::open(scratch.path()).unwrap();
        assert_eq!(tags.state().unwrap(), None);
        tags.keep_state(b"one").unwrap();
        tags.keep_state(b"two").unwrap();
        assert_eq!(tags.state().unwrap().as_deref(), Some(&b"two"[..]));
        let lock = tags.lock().unwrap();
        assert!(lock.is_some() && tags.lock().unwrap().is_none());
        drop(lock);
        fs::write(scratch.path().join(".git/refs/trackside/mirror.lock"), "").unwrap();
        assert!(tags.lock().unwrap().is_some());
        tags.keep_state(b"three").unwrap();
        assert!(matches!(TagRepository::open(&scratch.path().join("none")), Err(Fault::Io { .. })));
    }
}
