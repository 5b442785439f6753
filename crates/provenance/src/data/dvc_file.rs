//! What `.dvc` and `dvc.lock` files say of data.
//!
//! An entry without `hash:` was written by DVC 2 and has its hash, whatever the entries beside it have. In a `dvc.lock`
//! paths are relative to the working directory of the stage, which only `dvc.yaml` knows.
//!
//! Source: `dvc/schema.py` and `dvc/stage/serialize.py` of DVC 3.67.1; version 1 of `dvc.lock` is that of DVC 1.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use trackside_evidence::Recorded;

use super::{listing::ListedFile, place};

/// More than a project of 100,000 stages has.
const MAX_BYTES: u64 = 64 << 20;
/// What an entry without `hash:` was hashed by.
pub(crate) const LEGACY: &str = "md5-dos2unix";

/// A path on record.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Absolute.
    pub(crate) path: PathBuf,
    /// The `.dvc` or `dvc.lock` file.
    pub(crate) file: PathBuf,
    pub(crate) stage: Option<String>,
    pub(crate) output: bool,
    pub(crate) recorded: Recorded,
    /// Its files, where they are on record here and not in DVC's cache.
    pub(crate) listing: Option<Vec<ListedFile>>,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// The file, which may be the `dvc.yaml` beside the one that was read.
    pub(crate) file: PathBuf,
    /// Beginning with 1.
    pub(crate) line: Option<u64>,
    pub(crate) why: String,
}

#[derive(Debug, Default, Deserialize)]
struct Stage {
    wdir: Option<String>,
    deps: Option<Vec<RawEntry>>,
    outs: Option<Vec<RawEntry>>,
}

#[derive(Debug, Deserialize)]
struct RawEntry {
    path: String,
    #[serde(default, deserialize_with = "digest")]
    md5: Option<String>,
    hash: Option<String>,
    repo: Option<Repo>,
    files: Option<Vec<RawFile>>,
}

#[derive(Debug, Deserialize)]
struct RawFile {
    relpath: String,
    #[serde(default, deserialize_with = "digest")]
    md5: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Repo {
    url: Option<String>,
    rev_lock: Option<String>,
}

/// A `dvc.lock`; before version 2 the stages were the document.
#[derive(Debug, Default, Deserialize)]
struct Lock {
    stages: Option<BTreeMap<String, Stage>>,
}

#[derive(Debug, Default, Deserialize)]
struct Head {
    schema: Option<String>,
}

/// What of a `dvc.yaml` says where its stages run.
#[derive(Debug, Default, Deserialize)]
struct Pipeline {
    stages: Option<BTreeMap<String, PipelineStage>>,
}

#[derive(Debug, Default, Deserialize)]
struct PipelineStage {
    wdir: Option<String>,
    #[serde(rename = "do")]
    each: Option<Each>,
}

#[derive(Debug, Default, Deserialize)]
struct Each {
    wdir: Option<String>,
}

fn digest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let is_md5 = |text: &str| {
        let digits = text.strip_suffix(".dir").unwrap_or(text);
        digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    match text {
        Some(text) if !is_md5(&text) => Err(serde::de::Error::custom(format!("{text:?} is not an MD5"))),
        fine => Ok(fine),
    }
}

/// Reads a file. What is wrong with a part of it goes to `faults`; the rest is read.
pub(crate) fn read(file: &Path, faults: &mut Vec<Malformed>) -> Vec<Entry> {
    let read =
        if file.extension().is_some_and(|extension| extension == "dvc") { stage(file) } else { lock(file, faults) };
    read.unwrap_or_else(|fault| {
        faults.push(fault);
        Vec::new()
    })
}

fn stage(file: &Path) -> Result<Vec<Entry>, Malformed> {
    let stage: Stage = parse(file)?;
    let directory = place::absolute(stage.wdir.as_deref().unwrap_or(".").as_ref(), parent(file));
    Ok(entries(file, None, &directory, stage))
}

fn lock(file: &Path, faults: &mut Vec<Malformed>) -> Result<Vec<Entry>, Malformed> {
    let head: Head = parse(file)?;
    let stages = match head.schema {
        Some(_) => parse::<Lock>(file)?.stages.unwrap_or_default(),
        None => parse(file)?,
    };
    let yaml = file.with_file_name("dvc.yaml");
    let pipeline = if yaml.exists() { parse::<Pipeline>(&yaml) } else { Ok(Pipeline::default()) };
    let pipeline = pipeline.unwrap_or_else(|fault| {
        faults.push(fault);
        Pipeline::default()
    });
    let mut all = Vec::new();
    for (name, stage) in stages {
        match directory(&name, &pipeline, parent(file)) {
            Ok(directory) => all.extend(entries(file, Some(&name), &directory, stage)),
            Err(why) => faults.push(Malformed { file: yaml.clone(), line: None, why }),
        }
    }
    Ok(all)
}

/// Where a stage runs. `each@a` is one of those that the stage `each` stands for.
fn directory(name: &str, pipeline: &Pipeline, base: &Path) -> Result<PathBuf, String> {
    let stages = pipeline.stages.as_ref();
    let template = name.split('@').next().unwrap_or_default();
    let stage = stages.and_then(|stages| stages.get(name).or_else(|| stages.get(template)));
    let wdir = stage.and_then(|stage| stage.wdir.as_ref().or_else(|| stage.each.as_ref()?.wdir.as_ref()));
    match wdir {
        Some(wdir) if wdir.contains("${") => {
            Err(format!("the working directory of the stage {name} is {wdir}, which only DVC can tell"))
        }
        Some(wdir) => Ok(place::absolute(wdir.as_ref(), base)),
        None => Ok(base.to_owned()),
    }
}

fn entries(file: &Path, name: Option<&str>, directory: &Path, stage: Stage) -> Vec<Entry> {
    let (deps, outs) = (stage.deps.unwrap_or_default(), stage.outs.unwrap_or_default());
    let repo = deps.iter().find_map(|dep| dep.repo.as_ref());
    let repository = repo.and_then(|repo| repo.url.as_deref()).map(without_credentials);
    let revision = repo.and_then(|repo| repo.rev_lock.clone());
    let entry = |raw: RawEntry, output: bool| {
        let listing = raw.files.map(|files| {
            let listed = |file: RawFile| Some(ListedFile { md5: file.md5?, relpath: file.relpath });
            files.into_iter().map(listed).collect::<Option<Vec<_>>>()
        });
        Entry {
            path: place::absolute(raw.path.as_ref(), directory),
            file: file.to_owned(),
            stage: name.map(str::to_owned),
            output,
            recorded: Recorded {
                md5: raw.md5,
                algorithm: raw.hash.unwrap_or_else(|| LEGACY.to_owned()),
                repository: repository.clone().filter(|_| output),
                revision: revision.clone().filter(|_| output),
            },
            listing: listing.flatten(),
        }
    };
    // A path in another repository, or at a URL, is not in this project.
    let here = |raw: &RawEntry| raw.repo.is_none() && !raw.path.contains("://");
    let deps = deps.into_iter().filter(here).map(|raw| entry(raw, false));
    let deps: Vec<_> = deps.collect();
    outs.into_iter().filter(here).map(|raw| entry(raw, true)).chain(deps).collect()
}

/// The URL without what stands before `@` in its authority.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

fn parent(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("/"))
}

fn parse<T: DeserializeOwned + Default>(file: &Path) -> Result<T, Malformed> {
    let fault = |line, why: String| Malformed { file: file.to_owned(), line, why };
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|open| open.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| fault(None, format!("it cannot be read: {error}")))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(fault(None, "it is larger than 64 MiB".to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let lines = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|byte| *byte == b'\n').count();
        fault(Some(lines as u64), "it is not UTF-8".to_owned())
    })?;
    serde_saphyr::from_str::<Option<T>>(&text).map(Option::unwrap_or_default).map_err(|error| {
        let line = error.location().map(|location| location.line());
        fault(line, message(&error.without_snippet().to_string()))
    })
}

/// The first line, without the place, which is told apart.
fn message(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    let rest = line.strip_prefix("line ").and_then(|rest| rest.split_once(": ")).map_or(line, |(_, rest)| rest);
    rest.rsplit_once(" at line ").map_or(rest, |(rest, _)| rest).to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const MD5: &str = "0123456789abcdef0123456789abcdef";

    fn read_text(name: &str, text: &str, yaml: Option<&str>) -> (Vec<Entry>, Vec<Malformed>) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(name);
        fs::write(&file, text).unwrap();
        if let Some(yaml) = yaml {
            fs::write(file.with_file_name("dvc.yaml"), yaml).unwrap();
        }
        let mut faults = Vec::new();
        let mut entries = read(&file, &mut faults);
        for entry in &mut entries {
            entry.path = entry.path.strip_prefix(directory.path()).unwrap_or(&entry.path).to_owned();
        }
        (entries, faults)
    }

    fn told(entries: &[Entry]) -> Vec<String> {
        let tell = |entry: &Entry| {
            let side = if entry.output { "out" } else { "dep" };
            format!("{side} {} {}", entry.path.display(), entry.recorded.algorithm)
        };
        entries.iter().map(tell).collect()
    }

    #[test]
    fn the_algorithm_is_that_of_each_entry() {
        let text = format!(
            "outs:\n- md5: {MD5}\n  size: 3\n  hash: md5\n  path: new.csv\n- md5: {MD5}.dir\n  nfiles: 2\n  path: old\nwdir: sub\n"
        );
        let (entries, faults) = read_text("x.dvc", &text, None);
        assert_eq!(told(&entries), ["out sub/new.csv md5", "out sub/old md5-dos2unix"]);
        assert_eq!(entries[1].recorded.md5.as_deref(), Some("0123456789abcdef0123456789abcdef.dir"));
        assert!(faults.is_empty());
    }

    #[test]
    fn an_import_names_where_it_came_from() {
        let text = format!(
            "md5: {MD5}\nfrozen: true\ndeps:\n- path: data/x\n  repo:\n    url: https://user:secret@example.com/a/b@c\n    \
             rev_lock: f00\nouts:\n- md5: {MD5}\n  hash: md5\n  path: x\n"
        );
        let (entries, _) = read_text("x.dvc", &text, None);
        let recorded = &entries[0].recorded;
        assert_eq!(entries.len(), 1);
        assert_eq!(recorded.repository.as_deref(), Some("https://example.com/a/b@c"));
        assert_eq!(recorded.revision.as_deref(), Some("f00"));
    }

    #[test]
    fn stages_run_where_dvc_yaml_says() {
        let entry = |path: &str| format!("    - path: {path}\n      hash: md5\n      md5: {MD5}\n      size: 1\n");
        let lock = format!(
            "schema: '2.0'\nstages:\n  a:\n    cmd: x\n    deps:\n{}    outs:\n{}  each@u:\n    cmd: y\n    deps:\n{}  odd:\n    \
             cmd: z\n    deps:\n{}",
            entry("in"),
            entry("../out"),
            entry("in"),
            entry("in"),
        );
        let yaml = "stages:\n  a:\n    wdir: work\n    cmd: x\n  each:\n    foreach: [u]\n    do:\n      wdir: all\n      cmd: y\n  \
                    odd:\n    wdir: ${where}\n    cmd: z\n";
        let (entries, faults) = read_text("dvc.lock", &lock, Some(yaml));
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(told(&entries), ["out out md5", "dep work/in md5", "dep all/in md5"]);
        assert_eq!(entries[2].stage.as_deref(), Some("each@u"));
        assert!(faults[0].why.contains("odd is ${where}"), "{faults:?}");
    }

    #[test]
    fn the_first_version_of_dvc_lock_had_no_head() {
        let lock = format!(
            "train:\n  cmd: x\n  deps:\n  - path: in\n    md5: {MD5}\n  params:\n    params.yaml:\n      a: 1\n"
        );
        let (entries, faults) = read_text("dvc.lock", &lock, None);
        assert_eq!((told(&entries), faults), (vec!["dep in md5-dos2unix".to_owned()], vec![]));
    }

    #[test]
    fn what_is_not_here_is_left_out() {
        let text = "deps:\n- path: s3://bucket/x\n  etag: e\nouts:\n- path: x\n  hash: md5\n";
        let (entries, faults) = read_text("x.dvc", text, None);
        assert_eq!((told(&entries), faults), (vec!["out x md5".to_owned()], vec![]));
        assert_eq!(entries[0].recorded.md5, None);
    }

    #[test]
    fn what_is_malformed_is_told_with_its_line() {
        for (name, text, line, why) in [
            ("x.dvc", "outs:\n- md5: abc\n  path: x\n", Some(2), "\"abc\" is not an MD5"),
            ("x.dvc", "outs:\n- md5: [\n", Some(2), "expected string scalar"),
            ("x.dvc", "outs:\n- path: x\n<<<<<<< HEAD\n", None, ""),
            ("x.dvc", "- a\n- b\n", None, ""),
            ("dvc.lock", "schema: '2.0'\nstages:\n  a:\n    deps: 3\n", Some(4), ""),
        ] {
            let (entries, faults) = read_text(name, text, None);
            assert!(entries.is_empty());
            assert_eq!(faults.len(), 1, "{text}");
            assert!(line.is_none_or(|line| faults[0].line == Some(line)), "{text}: {faults:?}");
            assert!(faults[0].why.contains(why) && !faults[0].why.contains('\n'), "{text}: {faults:?}");
        }
    }

    #[test]
    fn an_empty_file_is_no_fault() {
        assert!(read_text("x.dvc", "", None).1.is_empty());
        assert!(read_text("dvc.lock", "schema: '2.0'\nstages:\n", None).1.is_empty());
    }
}
