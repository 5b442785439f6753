//! Looks at data: what is named, and what DVC has on record in the project.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use trackside_core::Clock;
use trackside_evidence::{Access, Data, DataKind, Difference, Digest, Gap, Manifest, ManifestEntry};

use super::{
    Progress,
    dvc_file::Entry,
    hash_cache::HashCache,
    hashing::Hashing,
    listing,
    material::Material,
    measured::{self, Measured, Target},
    object_cache::ObjectCache,
    place,
    project::{self, OnRecord},
    subject::{self, Caches, Subject},
};

/// How data of a project is looked at. Everything here blocks, for as long as it takes to read the data.
#[derive(Debug, Clone)]
pub struct Survey {
    root: PathBuf,
    cache: Option<PathBuf>,
    clock: Arc<dyn Clock>,
    progress: Arc<dyn Progress>,
}

/// What was found, as a record has it.
#[derive(Debug, Clone, Default)]
pub struct Captured {
    /// One for each path, sorted by path.
    pub data: Vec<Data>,
    /// The artifacts that list the files of directories, by the path of each.
    pub manifests: Vec<(String, Manifest)>,
    /// What is not known.
    pub gaps: Vec<Gap>,
}

/// How data stands to what is on record.
#[derive(Debug, Clone, Default)]
pub struct Standings {
    /// One for each entry of DVC's and each path named, sorted by path.
    pub standings: Vec<Standing>,
    /// What is not known.
    pub gaps: Vec<Gap>,
    /// Something may differ that is not told: a file of DVC's or data could not be read. What DVC leaves out is no such
    /// thing.
    pub incomplete: bool,
}

/// How one path stands to what is on record.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The path; it names no artifact.
    pub data: Data,
    /// Which files differ, of a directory that does; `None` also when DVC's list of it is not here.
    pub difference: Option<Difference>,
}

impl Survey {
    /// Of a project. Hashes are not remembered and nobody is told of progress, unless asked for.
    pub fn new(root: &Path, clock: Arc<dyn Clock>) -> io::Result<Self> {
        Ok(Self { root: fs::canonicalize(root)?, cache: None, clock, progress: Arc::new(()) })
    }

    /// Remembers hashes in this directory, which is created.
    #[must_use]
    pub fn with_cache(mut self, directory: PathBuf) -> Self {
        self.cache = Some(directory);
        self
    }

    /// Tells of progress.
    #[must_use]
    pub fn with_progress(mut self, progress: Arc<dyn Progress>) -> Self {
        self.progress = progress;
        self
    }

    /// The nearest directory upwards that is a repository of git or DVC, or the directory itself.
    pub fn project(directory: &Path) -> PathBuf {
        let is_top = |above: &&Path| above.join(".git").exists() || above.join(".dvc").is_dir();
        directory.ancestors().find(is_top).unwrap_or(directory).to_owned()
    }

    /// What is named, and everything that DVC has on record in the project.
    pub fn everything(&self, paths: &[PathBuf]) -> Captured {
        let on_record = project::on_record(&self.root);
        let entries: Vec<&Entry> = on_record.entries.iter().collect();
        self.capture(paths, on_record.gaps, &on_record.entries, &entries)
    }

    /// What is named alone; what DVC has on record is consulted.
    pub fn only(&self, paths: &[PathBuf]) -> Captured {
        let on_record = project::on_record(&self.root);
        self.capture(paths, Vec::new(), &on_record.entries, &[])
    }

    /// How what is named stands to what is on record; all of the project when nothing is named. An entry is told where it
    /// lies at or below a path that is named, and one path is told for each record that differs from the others.
    pub fn standings(&self, paths: &[PathBuf]) -> Standings {
        let OnRecord { entries, mut gaps } = project::on_record(&self.root);
        let paths = self.absolute(paths);
        let inside = |entry: &&Entry| paths.is_empty() || paths.iter().any(|path| entry.path.starts_with(path));
        let mut seen = HashSet::new();
        let mut sorted: Vec<&Entry> = entries.iter().filter(inside).collect();
        sorted.sort_by_key(|entry| subject::rank(entry));
        sorted.retain(|entry| seen.insert((&entry.path, &entry.recorded.md5, &entry.recorded.algorithm)));
        let mut caches = Caches::default();
        let mut subjects: Vec<Subject> = sorted.iter().map(|entry| Subject::of(entry, &self.root)).collect();
        for path in &paths {
            // A directory that holds what is on record is told by that.
            if !subjects.iter().any(|subject| subject.path.starts_with(path)) {
                subjects.push(Subject::named(path, &entries, &self.root, &mut caches));
            }
        }
        subjects.sort_by(|a, b| a.path.cmp(&b.path));
        let unread = !gaps.is_empty();
        let measured = self.measured(&subjects, &mut gaps);
        let unknown = |found: &Measured| found.digest.is_none() && found.kind != DataKind::Absent;
        let incomplete = unread || measured.values().any(unknown);
        let stand = |subject: &Subject| {
            let measured = &measured[&subject.path];
            let data = self.data(subject, measured, None);
            let modified = data.workspace == trackside_evidence::Workspace::Modified;
            let difference = if modified { subject.difference(measured, &mut caches) } else { None };
            Standing { data, difference }
        };
        Standings { standings: subjects.iter().map(stand).collect(), gaps, incomplete }
    }

    /// What stands at these paths, in their order.
    pub fn measure(&self, paths: &[PathBuf], legacy: bool) -> Vec<Measured> {
        let target = |path| Target { path, legacy };
        let targets: Vec<_> = self.absolute(paths).into_iter().map(target).collect();
        measured::measure(&targets, &self.root, &mut self.hashing(), |path| place::name(path, &self.root))
    }

    /// Where DVC keeps what has this digest in its spelling: its cache, then remotes that are directories of this machine.
    /// That it is there is no proof that it is whole; see [`Survey::digest`].
    pub fn held(&self, md5: &str) -> Vec<Material> {
        let Some(repository) = place::repository(&self.root) else { return Vec::new() };
        let stores = std::iter::once(ObjectCache::of(&repository)).chain(ObjectCache::remotes(&repository));
        stores.filter_map(|store| store.material(md5)).collect()
    }

    /// How what has this digest can be had where it does not stand at its path.
    pub fn elsewhere(&self, md5: &str) -> Vec<Access> {
        self.held(md5).into_iter().map(|material| material.access).collect()
    }

    /// The digest that material would have if it were put somewhere; `None` when some of it cannot be read.
    pub fn digest(&self, material: &Material) -> Option<Digest> {
        let sources: Vec<PathBuf> = material.files.iter().map(|file| file.source.clone()).collect();
        let digests: Option<Vec<Digest>> =
            self.measure(&sources, false).into_iter().map(|found| found.digest).collect();
        let digests = digests?;
        if material.kind != DataKind::Directory {
            return digests.into_iter().next();
        }
        let mut entries = Vec::with_capacity(digests.len());
        let mut hashes = Vec::with_capacity(digests.len());
        for (file, digest) in material.files.iter().zip(&digests) {
            let mut md5 = [0; 16];
            hex::decode_to_slice(&digest.md5, &mut md5).ok()?;
            hashes.push((file.path.as_str(), md5));
            let Digest { md5, sha256, size, .. } = digest.clone();
            entries.push(ManifestEntry { path: file.path.clone(), md5, sha256, size });
        }
        let size = digests.iter().map(|digest| digest.size).sum();
        let files = digests.len() as u64;
        Some(Digest { md5: listing::digest(hashes), sha256: Manifest::new(entries).sha256(), size, files })
    }

    fn capture(&self, paths: &[PathBuf], gaps: Vec<Gap>, known: &[Entry], wanted: &[&Entry]) -> Captured {
        let mut caches = Caches::default();
        let mut subjects: BTreeMap<String, Subject> = BTreeMap::new();
        let mut sorted = wanted.to_vec();
        sorted.sort_by_key(|entry| subject::rank(entry));
        for entry in sorted {
            let name = place::name(&entry.path, &self.root);
            subjects.entry(name).or_insert_with(|| Subject::of(entry, &self.root));
        }
        for path in self.absolute(paths) {
            let name = place::name(&path, &self.root);
            subjects.entry(name).or_insert_with(|| Subject::named(&path, known, &self.root, &mut caches));
        }
        let mut captured = Captured { gaps, ..Captured::default() };
        let all: Vec<Subject> = subjects.values().cloned().collect();
        let measured = self.measured(&all, &mut captured.gaps);
        for (name, subject) in &subjects {
            let measured = &measured[&subject.path];
            let artifact = measured.manifest().map(|manifest| (place::artifact(name), manifest));
            captured.data.push(self.data(subject, measured, artifact.as_ref().map(|(path, _)| path.clone())));
            captured.manifests.extend(artifact);
        }
        captured
    }

    /// What stands at the path of each. A gap is closed where what it names is looked at by itself.
    fn measured(&self, subjects: &[Subject], gaps: &mut Vec<Gap>) -> HashMap<PathBuf, Measured> {
        let targets = subject::targets(subjects);
        let name = |path: &Path| place::name(path, &self.root);
        let found = measured::measure(&targets, &self.root, &mut self.hashing(), name);
        let known = found.iter().filter(|measured| measured.digest.is_some());
        let known: HashSet<String> = known.map(|measured| name(&measured.path)).collect();
        let on_record: HashSet<&Path> = subjects
            .iter()
            .filter(|subject| subject.recorded.is_some())
            .map(|subject| subject.path.as_path())
            .collect();
        let made: HashSet<&Path> =
            subjects.iter().filter(|subject| subject.source.is_made()).map(|subject| subject.path.as_path()).collect();
        let mut told = HashSet::new();
        for measured in &found {
            if is_nowhere(&measured.path) && made.contains(measured.path.as_path()) {
                continue;
            }
            let own = name(&measured.path);
            let open = measured.gaps.iter().filter(|gap| gap.what == own || !known.contains(&gap.what));
            for gap in open.filter(|gap| told.insert((gap.what.clone(), gap.why.clone()))) {
                let lost = measured.kind == DataKind::Absent && on_record.contains(measured.path.as_path());
                let gap = gap.clone();
                gaps.push(if lost {
                    gap.closed_by(format!("dvc checkout, or dvc pull, or make {own} anew"))
                } else {
                    gap
                });
            }
        }
        found.into_iter().map(|measured| (measured.path.clone(), measured)).collect()
    }

    fn data(&self, subject: &Subject, measured: &Measured, manifest: Option<String>) -> Data {
        Data {
            path: place::name(&subject.path, &self.root),
            kind: measured.kind,
            source: subject.source.clone(),
            digest: measured.digest.clone(),
            recorded: subject.recorded.clone(),
            workspace: subject.workspace(measured),
            manifest,
        }
    }

    fn hashing(&self) -> Hashing {
        Hashing {
            cache: self.cache.as_deref().map(HashCache::open).unwrap_or_default(),
            clock: Arc::clone(&self.clock),
            progress: Arc::clone(&self.progress),
        }
    }

    /// Absolute paths. One that leads into the project by a link to the project's own directory is found there.
    fn absolute(&self, paths: &[PathBuf]) -> Vec<PathBuf> {
        let one = |path: &PathBuf| {
            let path = place::normal(&std::path::absolute(path).unwrap_or_else(|_| self.root.join(path)));
            if path.starts_with(&self.root) {
                return path;
            }
            let above = path.parent().and_then(|above| fs::canonicalize(above).ok());
            let real = above.zip(path.file_name()).map(|(above, name)| above.join(name));
            real.filter(|real| real.starts_with(&self.root)).unwrap_or(path)
        };
        paths.iter().map(one).collect()
    }
}

/// Not even a link that leads nowhere is there.
fn is_nowhere(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use trackside_core::SystemClock;
    use trackside_evidence::{DataSource, Workspace};

    use super::*;

    /// `abc` by MD5.
    const ABC: &str = "900150983cd24fb0d6963f7d28e17f72";

    /// A project in which DVC tracks `data` (a directory), `raw.csv` (twice) and `lost`.
    fn project() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("data/sub/a", "abc");
        write("data/b", "abc");
        write("raw.csv", "abc");
        let list = format!(r#"[{{"md5": "{ABC}", "relpath": "b"}}, {{"md5": "{ABC}", "relpath": "sub/a"}}]"#);
        let md5 = hex::encode(<md5::Md5 as md5::Digest>::digest(&list));
        write(&format!(".dvc/cache/files/md5/{}/{}.dir", &md5[..2], &md5[2..]), &list);
        write("data.dvc", &format!("outs:\n- md5: {md5}.dir\n  hash: md5\n  path: data\n"));
        write("raw.csv.dvc", &format!("outs:\n- md5: {ABC}\n  path: raw.csv\n"));
        write("lost.dvc", &format!("outs:\n- md5: {ABC}\n  hash: md5\n  path: lost\n"));
        write(
            "dvc.lock",
            &format!(
                "schema: '2.0'\nstages:\n  s:\n    deps:\n    - path: raw.csv\n      hash: md5\n      md5: {ABC}\n"
            ),
        );
        directory
    }

    fn survey(project: &tempfile::TempDir) -> Survey {
        Survey::new(project.path(), Arc::new(SystemClock)).unwrap()
    }

    fn told(captured: &Captured) -> Vec<(&str, Workspace, &str)> {
        let source = |data: &Data| match &data.source {
            DataSource::Argument => "argument",
            DataSource::Dvc { output: true, .. } => "output",
            DataSource::Dvc { .. } => "dependency",
        };
        captured.data.iter().map(|data| (data.path.as_str(), data.workspace, source(data))).collect()
    }

    #[test]
    fn what_a_stage_has_yet_to_write_is_no_gap() {
        let project = project();
        let lock =
            format!("schema: '2.0'\nstages:\n  s:\n    outs:\n    - path: made\n      hash: md5\n      md5: {ABC}\n");
        fs::write(project.path().join("dvc.lock"), lock).unwrap();
        let captured = survey(&project).everything(&[]);
        let made = captured.data.iter().find(|data| data.path == "made").unwrap();
        assert!(made.is_yet_to_be_made() && made.workspace == Workspace::Missing);
        assert_eq!(captured.gaps.iter().map(|gap| gap.what.as_str()).collect::<Vec<_>>(), ["lost"]);
        // A link that leads nowhere was put there by somebody.
        std::os::unix::fs::symlink("nowhere", project.path().join("made")).unwrap();
        assert!(survey(&project).everything(&[]).gaps.iter().any(|gap| gap.what == "made"));
    }

    #[test]
    fn each_path_is_captured_once_with_what_is_on_record() {
        let project = project();
        let elsewhere = tempfile::tempdir().unwrap();
        let outside = fs::canonicalize(elsewhere.path()).unwrap().join("x");
        fs::write(&outside, "abc").unwrap();
        let root = project.path();
        let captured = survey(&project).everything(&[root.join("data"), root.join("data/sub"), outside.clone()]);
        assert_eq!(
            told(&captured),
            [
                (outside.to_str().unwrap(), Workspace::Untracked, "argument"),
                ("data", Workspace::Match, "output"),
                ("data/sub", Workspace::Match, "output"),
                ("lost", Workspace::Missing, "output"),
                ("raw.csv", Workspace::Match, "output"),
            ]
        );
        let manifests: Vec<_> =
            captured.manifests.iter().map(|(path, list)| (path.as_str(), list.files.len())).collect();
        assert_eq!(manifests, [("trackside/data/data.json", 2), ("trackside/data/data__sub.json", 1)]);
        assert_eq!(captured.data[1].manifest.as_deref(), Some("trackside/data/data.json"));
        assert_eq!(captured.data[1].digest.as_ref().unwrap().sha256, captured.manifests[0].1.sha256());
        let gaps: Vec<_> = captured.gaps.iter().map(|gap| (gap.what.as_str(), gap.why.as_str())).collect();
        assert_eq!(gaps, [("lost", "there is nothing at this path")]);
        assert!(captured.gaps[0].remedy.starts_with("dvc checkout"));
    }

    #[test]
    fn what_is_not_named_is_left_out_when_asked() {
        let project = project();
        fs::write(project.path().join("data/b"), "abd").unwrap();
        fs::write(project.path().join("data/new"), "abc").unwrap();
        let paths = ["data", "data/b", "data/new"].map(|path| project.path().join(path));
        let captured = survey(&project).only(&paths);
        assert_eq!(
            told(&captured),
            [
                ("data", Workspace::Modified, "output"),
                ("data/b", Workspace::Modified, "output"),
                ("data/new", Workspace::Untracked, "argument"),
            ]
        );
        assert!(captured.gaps.is_empty());
    }

    #[test]
    fn material_has_the_digest_of_what_it_makes() {
        let project = project();
        let survey = survey(&project);
        let whole = survey.measure(&[project.path().join("data")], false).remove(0);
        let digest = whole.digest.clone().unwrap();
        assert_eq!(survey.digest(&Material::standing(&whole)), Some(digest.clone()));
        assert!(survey.held(&digest.md5).is_empty(), "the list is in the cache, the files are not");
        let object = project.path().join(".dvc/cache/files/md5").join(&ABC[..2]);
        fs::create_dir_all(&object).unwrap();
        fs::write(object.join(&ABC[2..]), "abc").unwrap();
        assert_eq!(survey.elsewhere(&digest.md5), [Access::Cache]);
        assert_eq!(survey.digest(&survey.held(&digest.md5)[0]), Some(digest.clone()));
        fs::write(object.join(&ABC[2..]), "abd").unwrap();
        assert_ne!(survey.digest(&survey.held(&digest.md5)[0]), Some(digest), "an object may be damaged");
    }

    #[test]
    fn a_linked_directory_is_a_gap_until_it_is_named() {
        let project = project();
        let root = project.path();
        std::os::unix::fs::symlink(root.join("data/sub"), root.join("data/linked")).unwrap();
        let captured = survey(&project).only(&[root.join("data")]);
        assert_eq!(captured.gaps[0].what, "data/linked");
        assert_eq!(told(&captured)[0].1, Workspace::Match, "DVC leaves it out");
        let captured = survey(&project).only(&[root.join("data"), root.join("data/linked")]);
        assert!(captured.gaps.is_empty(), "{:?}", captured.gaps);
    }

    #[test]
    fn a_directory_with_a_file_that_cannot_be_read_has_no_digest() {
        let project = project();
        std::os::unix::fs::symlink("nowhere", project.path().join("data/broken")).unwrap();
        let captured = survey(&project).only(&[project.path().join("data")]);
        assert_eq!(captured.data[0].digest, None);
        assert_eq!(captured.data[0].workspace, Workspace::Modified);
        assert_eq!(captured.gaps[0].what, "data/broken");
    }
}
