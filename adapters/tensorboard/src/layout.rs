//! How directories and files are called: `<experiment>/<name>-<8 characters of the id>/<event file>`.
//!
//! A user reads names in TensorBoard's list of runs, so a directory has the name that the run began with; renaming a
//! run does not move it. Whoever creates the short directory has it; a second run that would have the same one is
//! given `<name>.<id>`, which no other run can have: ids have no dots.

use trackside_core::{Error, Key, Result, RunId, Timestamp};
use trackside_tensorboard_wire::file_name;

/// File systems take 255 bytes a name; an event file adds 46 to the id.
const MAX_ID: usize = 200;
/// Of an experiment's name.
const MAX_EXPERIMENT: usize = 120;
/// Of a run's name, before the beginning of its id.
const MAX_NAME: usize = 100;
/// Of a run's name, before its whole id.
const MAX_NAME_BEFORE_ID: usize = 40;
/// Of the id, in a short name.
const SHORT_ID: usize = 8;

/// The host in the names of our files: how a run's own files are known.
fn host(run: &RunId) -> String {
    format!("trackside-{run}")
}

/// `Invalid` for an id that does not fit in the name of a file.
pub(crate) fn check(run: &RunId) -> Result<()> {
    if run.as_str().len() > MAX_ID {
        return Err(Error::invalid(format!("the id of run {run} is longer than {MAX_ID} characters")));
    }
    Ok(())
}

/// Directory of an experiment. Two experiments may share one; their runs do not.
pub(crate) fn experiment_directory(name: &Key) -> String {
    let segment = segment(name.as_str(), MAX_EXPERIMENT);
    if segment == name.as_str() {
        return segment;
    }
    // A name that had to be changed is made recognisable, so that `a/b` and `a_b` are two.
    format!("{segment}-{:08x}", crc32c::crc32c(name.as_str().as_bytes()))
}

/// Directory of a run that whoever comes first may have.
pub(crate) fn short_directory(name: &str, run: &RunId) -> String {
    format!("{}{}", segment(name, MAX_NAME), short_end(run))
}

/// Directory that only this run may have.
pub(crate) fn whole_directory(name: &str, run: &RunId) -> String {
    format!("{}{}", segment(name, MAX_NAME_BEFORE_ID), whole_end(run))
}

/// Whether a directory may be this run's, whatever the run was called.
pub(crate) fn may_be_of(run: &RunId, directory: &str) -> bool {
    directory.ends_with(&short_end(run)) || directory.ends_with(&whole_end(run))
}

fn short_end(run: &RunId) -> String {
    let id = run.as_str();
    format!("-{}", &id[..id.len().min(SHORT_ID)])
}

fn whole_end(run: &RunId) -> String {
    format!(".{run}")
}

/// Name of the file number `counter` of a run.
pub(crate) fn event_file(run: &RunId, begun: Timestamp, counter: u32) -> String {
    file_name(begun, &host(run), counter)
}

/// The number of a file, when it is one of this run.
pub(crate) fn counter_of(run: &RunId, file: &str) -> Option<u32> {
    let (_, rest) = file.strip_prefix("events.out.tfevents.")?.split_once('.')?;
    rest.strip_prefix(&host(run))?.strip_prefix('.')?.parse().ok()
}

/// A text as one segment of a path that every file system takes, at most so many bytes.
fn segment(text: &str, max_bytes: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let safe = if c.is_control() || r#"/\:*?"<>|"#.contains(c) { '_' } else { c };
        if out.len() + safe.len_utf8() > max_bytes {
            break;
        }
        out.push(safe);
    }
    // No hidden directory, no `..`, and no ending that Windows drops.
    let kept = out.trim_start_matches('.').trim_matches([' ', '.']);
    if kept.is_empty() { "_".to_owned() } else { kept.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use super::*;

    fn id(text: &str) -> RunId {
        RunId::parse(text).unwrap()
    }

    #[test]
    fn no_name_leaves_the_directory() {
        let long = "ä".repeat(900);
        let hostile =
            ["", ".", "..", "../../etc", "/etc", "a\\b", "C:", "a\0b", "a\nb", " ", "...", "~", long.as_str()];
        let run = RunId::fresh(1);
        for name in hostile {
            // A key cannot hold NUL; a run's name can.
            let experiment = Key::new(name.replace('\0', "")).unwrap();
            for made in [experiment_directory(&experiment), short_directory(name, &run), whole_directory(name, &run)] {
                let parts: Vec<_> = Path::new(&made).components().collect();
                assert!(matches!(parts.as_slice(), [Component::Normal(_)]), "{name:?} became {made:?}");
                assert!(made.len() <= 255 && !made.contains(['\0', '\n', '\\', ':']), "{made:?}");
            }
        }
    }

    #[test]
    fn plain_names_are_kept_and_changed_ones_told_apart() {
        let directory = |name: &str| experiment_directory(&Key::new(name).unwrap());
        assert_eq!(directory("Übung 1 (neu) #2"), "Übung 1 (neu) #2");
        assert_ne!(directory("a/b"), directory("a_b"));
        assert!(directory("a/b").starts_with("a_b-"));
        assert_eq!(short_directory("calm-owl-7", &id("0123456789abcdef")), "calm-owl-7-01234567");
        assert_eq!(short_directory("r", &id("ab")), "r-ab");
        assert_eq!(whole_directory("r", &id("ab")), "r.ab");
    }

    #[test]
    fn a_run_knows_its_directories_and_files() {
        let run = id("0123456789abcdef");
        assert!(may_be_of(&run, "any name-01234567") && may_be_of(&run, "x.0123456789abcdef"));
        assert!(!may_be_of(&run, "any name-01234568"));
        let file = event_file(&run, Timestamp::from_millis(1_700_000_000_000), 12);
        assert_eq!(file, "events.out.tfevents.1700000000.trackside-0123456789abcdef.0012");
        assert_eq!(counter_of(&run, &file), Some(12));
        assert_eq!(counter_of(&id("0123456789abcde"), &file), None);
        assert_eq!(counter_of(&run, "events.out.tfevents.1700000000.host.1.0"), None);
        let longest = id(&"a".repeat(MAX_ID));
        assert!(check(&longest).is_ok() && check(&id(&"a".repeat(MAX_ID + 1))).is_err());
        assert!(event_file(&longest, Timestamp::from_millis(i64::MAX), u32::MAX).len() <= 255);
        assert!(whole_directory(&"n".repeat(300), &longest).len() <= 255);
    }
}
