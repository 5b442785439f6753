//! Which of the uncommitted files a snapshot holds.
//!
//! Tracked files come first, because they are code; then untracked ones, small before large, because a directory of
//! data that nobody ignored must not push out a new module. What does not fit is listed with its size and why.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::ErrorKind,
    path::Path,
    time::Instant,
};

use trackside_evidence::{Dimension, Gap, LeftOut, Untracked};

use super::{
    excluded::Excluded,
    fault::Fault,
    limits::Limits,
    reading::{LISTED, Reading, path_of, text_of},
    submodules,
};

/// What a snapshot is made of, relative to the commit.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// Files and symbolic links to take as they are.
    pub(super) take: Vec<Vec<u8>>,
    /// Paths to take out.
    pub(super) gone: Vec<Vec<u8>>,
    /// Repositories within, by the commit checked out there.
    pub(super) links: Vec<(Vec<u8>, String)>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) untracked: Untracked,
    pub(super) gaps: Vec<Gap>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    untracked: bool,
    /// Zero for tracked files, which stay in the order of their paths.
    rank: u64,
    path: Vec<u8>,
    size: u64,
    link: bool,
}

/// Looks at each pending path and decides.
pub(super) fn select(reading: &Reading, root: &Path, limits: &Limits, deadline: Instant) -> Result<Selection, Fault> {
    let mut selection = Selection::default();
    let mut excluded = Excluded::new(root);
    let mut candidates = BTreeSet::new();
    for (path, pending) in &reading.pending {
        if Instant::now() >= deadline {
            return Err(Fault::Late);
        }
        if pending.gone && !pending.untracked {
            selection.gone.push(path.clone());
            continue;
        }
        let below = path_of(path.strip_suffix(b"/").unwrap_or(path));
        let absolute = root.join(&below);
        let metadata = match fs::symlink_metadata(&absolute) {
            Ok(metadata) => metadata,
            // The working tree says how a conflict is resolved, and whether a submodule is still there.
            Err(error)
                if error.kind() == ErrorKind::NotFound
                    && (pending.changed == Some("conflicted") || reading.links.contains_key(path)) =>
            {
                selection.gone.push(path.clone());
                continue;
            }
            Err(error) => {
                selection.leave_out(path, 0, unreadable(&error));
                continue;
            }
        };
        let untracked = pending.untracked && pending.changed.is_none();
        if pending.untracked && excluded.contains(&below, metadata.is_dir()) {
            // Taken out of the index and excluded: it is what a deleted file is.
            if pending.changed.is_some() {
                selection.gone.push(path.clone());
            }
            continue;
        }
        if pending.untracked {
            selection.untracked.count += 1;
            selection.untracked.bytes += if metadata.is_dir() { 0 } else { metadata.len() };
            if selection.untracked.paths.len() < LISTED {
                selection.untracked.paths.push(text_of(path));
            }
        }
        let kind = metadata.file_type();
        if kind.is_dir() {
            selection.directory(path, &absolute, untracked, deadline);
        } else if kind.is_file() || kind.is_symlink() {
            let size = metadata.len();
            let rank = if untracked { size } else { 0 };
            candidates.insert(Candidate { untracked, rank, path: path.clone(), size, link: kind.is_symlink() });
        } else if !untracked {
            // A pipe or a socket stands where a file was; git keeps neither.
            selection.gone.push(path.clone());
        }
    }
    selection.fill(candidates, root, limits, deadline)?;
    selection.gaps.append(&mut excluded.gaps);
    Ok(selection)
}

impl Selection {
    fn leave_out(&mut self, path: &[u8], size: u64, why: impl Into<String>) {
        self.left_out.push(LeftOut { path: text_of(path), size, why: why.into() });
    }

    fn directory(&mut self, path: &[u8], absolute: &Path, untracked: bool, deadline: Instant) {
        let name = path.strip_suffix(b"/").unwrap_or(path).to_vec();
        if untracked {
            self.gaps.push(submodules::nested(&text_of(&name)));
        }
        if !absolute.join(".git").exists() {
            self.gone.push(name);
        } else if let Some(commit) = submodules::head(absolute, deadline) {
            self.links.push((name, commit));
        } else {
            self.leave_out(&name, 0, "a repository of its own without a commit");
        }
    }

    fn fill(
        &mut self,
        candidates: BTreeSet<Candidate>,
        root: &Path,
        limits: &Limits,
        deadline: Instant,
    ) -> Result<(), Fault> {
        let mut total = 0;
        for candidate in candidates {
            if Instant::now() >= deadline {
                return Err(Fault::Late);
            }
            let Candidate { path, size, .. } = &candidate;
            let why = if *size > limits.file_bytes {
                format!("larger than {}", bytes(limits.file_bytes))
            } else if self.take.len() as u64 >= limits.files {
                format!("beyond {} files", limits.files)
            } else if total + size > limits.total_bytes {
                format!("beyond {} in all", bytes(limits.total_bytes))
            } else if !candidate.link
                && let Err(error) = File::open(root.join(path_of(path)))
            {
                unreadable(&error)
            } else {
                total += size;
                self.take.push(candidate.path);
                continue;
            };
            self.leave_out(path, *size, why);
        }
        self.left_out.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(())
    }

    /// One gap over all that is left out.
    pub(super) fn gap(&self) -> Option<Gap> {
        let first = self.left_out.first()?;
        let size: u64 = self.left_out.iter().map(|file| file.size).sum();
        let others = match self.left_out.len() - 1 {
            0 => String::new(),
            others => format!(" and {others} more, {} in all", bytes(size)),
        };
        let why = format!("the snapshot lacks {} ({}){others}", first.path, first.why);
        let remedy = "commit what is code; name what is data with --data, and in .gitignore or .tracksideignore";
        Some(Gap::new(Dimension::Code, "uncommitted files", why).closed_by(remedy))
    }
}

fn unreadable(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "it vanished meanwhile".to_owned(),
        _ => format!("it cannot be read: {error}"),
    }
}

fn bytes(count: u64) -> String {
    match count {
        0..1024 => format!("{count} bytes"),
        1024..0x10_0000 => format!("{} KiB", count >> 10),
        _ => format!("{} MiB", count >> 20),
    }
}
