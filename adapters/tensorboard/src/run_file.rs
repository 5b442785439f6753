//! The file of one run: where it is, and how it grows.
//!
//! TensorBoard reads files while they grow, keeps its place in them and never looks back. So bytes that were there
//! stay as they are wherever that is possible, a record is written at once, and a history that is told anew goes to
//! a new file, which TensorBoard goes on to. There is never more than one file of a run that grows.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use trackside_core::{Key, Result, RunId, Timestamp};

use crate::{
    dirty::Dirty,
    error, layout,
    memory::{Memory, Place},
};

/// How much of a file is compared at a time.
const CHUNK: usize = 64 * 1024;

/// The open file of a run, at the place where this delivery goes on.
#[derive(Debug)]
pub(crate) struct RunFile {
    pub(crate) place: Place,
    path: PathBuf,
    file: File,
    /// Where the next record belongs.
    pub(crate) offset: u64,
}

/// Whose file it is, and where.
#[derive(Debug, Clone)]
pub(crate) struct Owner<'a> {
    pub(crate) root: &'a Path,
    pub(crate) run: &'a RunId,
    pub(crate) begun: Timestamp,
    pub(crate) dirty: &'a Dirty,
}

impl RunFile {
    /// Where a run that begins is told: in its first file, or in a new one when there is another history of it.
    /// `beginning` is what will be appended first, by which a try that was cut off is known.
    pub(crate) fn begin(owner: &Owner<'_>, directory: String, beginning: &[u8], may_be_longer: bool) -> Result<Self> {
        let Some((counter, path)) = owner.files(&directory)?.pop() else {
            return owner.open(Place { directory, counter: 0 });
        };
        let place = Place { directory, counter };
        if path == owner.path(&place) {
            let mut file = owner.open(place.clone())?;
            let (length, expected) = (file.length()?, beginning.len() as u64);
            if file.agrees(beginning)? == length.min(expected) && (may_be_longer || length <= expected) {
                return Ok(file);
            }
        }
        owner.open(Place { counter: counter + 1, ..place })
    }

    /// Where a run goes on. When a user has removed its file, or cut it, it goes on in a new one: what was there is
    /// gone, what comes is kept. Then `offset` is zero.
    pub(crate) fn go_on(owner: &Owner<'_>, memory: &Memory) -> Result<Self> {
        let place = memory.place.clone();
        let path = owner.path(&place);
        if fs::metadata(&path).is_ok_and(|found| found.len() >= memory.length) {
            let mut file = owner.open(place)?;
            file.offset = memory.length;
            return Ok(file);
        }
        tracing::warn!(run.id = %owner.run, path = %path.display(), "event file is gone or cut; going on in a new one");
        owner.open(Place { counter: place.counter + 1, ..place })
    }

    /// Appends records; those that are there already, from an earlier try, are left as they are.
    pub(crate) fn append(&mut self, records: &[u8]) -> Result<()> {
        let same = self.agrees(records)?;
        let missing = &records[usize::try_from(same).expect("no longer than the records")..];
        if !missing.is_empty() {
            let place = self.offset + same;
            self.cut(place)?;
            let written = self.file.seek(SeekFrom::Start(place)).and_then(|_| self.file.write_all(missing));
            written.map_err(error::at(&self.path))?;
        }
        self.offset += records.len() as u64;
        Ok(())
    }

    /// Removes what lies beyond: left by a try that had more to tell.
    pub(crate) fn end(&self) -> Result<()> {
        self.cut(self.offset)
    }

    fn cut(&self, length: u64) -> Result<()> {
        if self.length()? > length {
            self.file.set_len(length).map_err(error::at(&self.path))?;
        }
        Ok(())
    }

    fn length(&self) -> Result<u64> {
        Ok(self.file.metadata().map_err(error::at(&self.path))?.len())
    }

    /// How many bytes of these are in the file, from the offset on.
    fn agrees(&mut self, records: &[u8]) -> Result<u64> {
        if self.length()? <= self.offset {
            return Ok(0);
        }
        self.compare(records).map_err(error::at(&self.path))
    }

    fn compare(&mut self, records: &[u8]) -> io::Result<u64> {
        self.file.seek(SeekFrom::Start(self.offset))?;
        let mut same = 0;
        let mut chunk = vec![0; CHUNK];
        loop {
            let n = self.file.read(&mut chunk)?;
            let alike = chunk[..n].iter().zip(&records[same..]).take_while(|(a, b)| a == b).count();
            same += alike;
            if n == 0 || alike < n {
                return Ok(same as u64);
            }
        }
    }
}

impl Owner<'_> {
    /// The directory of a run that begins: the one that holds a file of it, else a new one.
    pub(crate) fn directory(&self, experiment: &Key, name: &str) -> Result<String> {
        let parent = layout::experiment_directory(experiment);
        self.create(&self.root.join(&parent))?;
        for entry in names(&self.root.join(&parent))? {
            let directory = format!("{parent}/{entry}");
            if layout::may_be_of(self.run, &entry) && !self.files(&directory)?.is_empty() {
                return Ok(directory);
            }
        }
        let short = format!("{parent}/{}", layout::short_directory(name, self.run));
        match fs::create_dir(self.root.join(&short)) {
            Ok(()) => {
                self.dirty.add(&self.root.join(parent));
                Ok(short)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Ok(format!("{parent}/{}", layout::whole_directory(name, self.run)))
            }
            Err(error) => Err(error::at(&self.root.join(&short))(error)),
        }
    }

    /// Removes the files before this one, which tells all that they told.
    pub(crate) fn remove_older(&self, place: &Place) -> Result<()> {
        for (counter, path) in self.files(&place.directory)? {
            if counter < place.counter {
                fs::remove_file(&path).map_err(error::at(&path))?;
                self.dirty.add(&self.root.join(&place.directory));
            }
        }
        Ok(())
    }

    /// The run's own files in a directory, by number.
    fn files(&self, directory: &str) -> Result<Vec<(u32, PathBuf)>> {
        let directory = self.root.join(directory);
        let names = names(&directory)?;
        let own = |name: String| Some((layout::counter_of(self.run, &name)?, directory.join(name)));
        let mut files: Vec<_> = names.into_iter().filter_map(own).collect();
        files.sort();
        Ok(files)
    }

    fn path(&self, place: &Place) -> PathBuf {
        let file = layout::event_file(self.run, self.begun, place.counter);
        self.root.join(&place.directory).join(file)
    }

    /// Opens a file at its beginning, created where absent.
    fn open(&self, place: Place) -> Result<RunFile> {
        let path = self.path(&place);
        let directory = self.root.join(&place.directory);
        self.create(&directory)?;
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true);
        let file = match options.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.dirty.add(&directory);
                options.create(true).open(&path)
            }
            opened => opened,
        };
        self.dirty.add(&path);
        Ok(RunFile { file: file.map_err(error::at(&path))?, place, path, offset: 0 })
    }

    /// Creates a directory and those above it.
    fn create(&self, directory: &Path) -> Result<()> {
        if directory.is_dir() {
            return Ok(());
        }
        fs::create_dir_all(directory).map_err(error::at(directory))?;
        let above = directory.ancestors().skip(1).take_while(|above| above.starts_with(self.root));
        above
            .chain(self.root.parent())
            .filter(|above| !above.as_os_str().is_empty())
            .for_each(|above| self.dirty.add(above));
        Ok(())
    }
}

/// Names in a directory, none when it is absent; those that are no text are not ours.
fn names(directory: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(error::at(directory))?,
    };
    let names = entries.map(|entry| Ok(entry?.file_name().into_string().ok()));
    Ok(names.collect::<io::Result<Vec<_>>>().map_err(error::at(directory))?.into_iter().flatten().collect())
}
