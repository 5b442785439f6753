//! `git status --porcelain=v2 --branch -z`.
//!
//! Records end in NUL, paths are raw bytes. Renames are switched off, so each record is one path.
//! Source: git-status(1) of 2.47, checked by running it.

use std::collections::BTreeMap;

use super::super::reading::Pending;

/// What a status says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    /// `None` before the first commit.
    pub(super) commit: Option<String>,
    /// `None` when detached.
    pub(super) branch: Option<String>,
    pub(super) pending: BTreeMap<Vec<u8>, Pending>,
}

/// `None` for what no git writes.
pub(super) fn parse(output: &[u8]) -> Option<Status> {
    let mut status = Status::default();
    for record in output.split(|byte| *byte == 0).filter(|record| !record.is_empty()) {
        let (kind, rest) = record.split_at_checked(2)?;
        match kind {
            b"# " => status.header(&String::from_utf8_lossy(rest)),
            b"? " => status.pending.entry(rest.to_vec()).or_default().untracked = true,
            // XY, submodule, three modes, two objects, path.
            b"1 " => status.changed(rest, 7)?,
            // XY, submodule, four modes, three objects, path.
            b"u " => {
                let path = field(rest, 9)?.to_vec();
                status.pending.entry(path).or_default().changed = Some("conflicted");
            }
            b"! " => {}
            _ => return None,
        }
    }
    Some(status)
}

impl Status {
    fn header(&mut self, text: &str) {
        if let Some(commit) = text.strip_prefix("branch.oid ") {
            self.commit = (commit != "(initial)").then(|| commit.to_owned());
        } else if let Some(branch) = text.strip_prefix("branch.head ") {
            self.branch = (branch != "(detached)").then(|| branch.to_owned());
        }
    }

    fn changed(&mut self, record: &[u8], fields: usize) -> Option<()> {
        let (index, worktree) = (*record.first()?, *record.get(1)?);
        let path = field(record, fields)?;
        let changed = match (index, worktree) {
            (b'D', _) | (_, b'D') => "deleted",
            (b'A', _) | (_, b'A') => "added",
            (b'T', _) | (_, b'T') => "typechange",
            _ => "modified",
        };
        let pending = self.pending.entry(path.to_vec()).or_default();
        pending.changed = Some(changed);
        pending.gone = changed == "deleted";
        Some(())
    }
}

/// What follows this many fields.
fn field(record: &[u8], fields: usize) -> Option<&[u8]> {
    record.splitn(fields + 1, |byte| *byte == b' ').nth(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_with_their_raw_paths() {
        let zero = "0".repeat(40);
        let output = format!(
            "# branch.oid (initial)\0# branch.head main\0# branch.ab +1 -2\0\
             1 .M N... 100644 100644 100644 {zero} {zero} a b\0\
             1 D. N... 100644 000000 000000 {zero} {zero} out\0? out\0? new\nline\0? nested/\0\
             u UU N... 100644 100644 100644 100644 {zero} {zero} {zero} both\0"
        );
        let status = parse(output.as_bytes()).unwrap();
        assert_eq!((status.commit, status.branch.as_deref()), (None, Some("main")));
        let pending = |changed, untracked, gone| Pending { changed, untracked, gone };
        let expected: [(&[u8], Pending); 5] = [
            (b"a b", pending(Some("modified"), false, false)),
            (b"both", pending(Some("conflicted"), false, false)),
            (b"nested/", pending(None, true, false)),
            (b"new\nline", pending(None, true, false)),
            (b"out", pending(Some("deleted"), true, true)),
        ];
        assert_eq!(status.pending, expected.map(|(path, pending)| (path.to_vec(), pending)).into());
    }

    #[test]
    fn what_no_git_writes_is_refused() {
        for bad in ["x", "1 .M", "9 a b", "u UU N..."] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
