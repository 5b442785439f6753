//! The machine under the numbers, from `/proc`.

use std::{fs, path::Path, thread};

use serde::Serialize;

use crate::limits::Limits;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    /// Cores that this process may use.
    pub(crate) n_cores: usize,
    pub(crate) cpu: String,
    pub(crate) memory_bytes: u64,
    pub(crate) kernel: String,
    /// Runnable tasks over the last minute, before anything was started: more than 0.5 is somebody else's work.
    pub(crate) load_average: f64,
    /// Type of the file system that holds the databases, e.g. `ext4`.
    pub(crate) file_system: String,
    pub(crate) limits: Limits,
}

impl Machine {
    /// This machine, with databases in `data_dir`. Takes three seconds, for the disk.
    pub(crate) fn survey(data_dir: &Path) -> anyhow::Result<Self> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let kib =
            field(&read("/proc/meminfo"), "MemTotal").and_then(|value| value.strip_suffix("kB")?.trim().parse().ok());
        Ok(Self {
            n_cores: n_cores(),
            cpu: field(&read("/proc/cpuinfo"), "model name").unwrap_or("unknown CPU").to_owned(),
            memory_bytes: kib.unwrap_or(0_u64) * 1024,
            load_average: read("/proc/loadavg")
                .split(' ')
                .next()
                .and_then(|load| load.parse().ok())
                .unwrap_or_default(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            file_system: file_system(&read("/proc/self/mounts"), &data_dir.canonicalize()?)
                .unwrap_or("unknown")
                .to_owned(),
            limits: Limits::survey(data_dir)?,
        })
    }
}

/// Cores that this process may use.
pub(crate) fn n_cores() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The first value of `name` in lines of `name: value`.
pub(crate) fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// The type of the mount with the longest path above `path`; the later line wins, as it covers the earlier one.
fn file_system<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((Path::new(words.next()?), words.next()?))
    });
    let above = mounts.filter(|(mount, _)| path.starts_with(mount));
    above.max_by_key(|(mount, _)| mount.components().count()).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "model\t\t: 1\nmodel name\t: EPYC: fast\nmodel name\t: other\n";
        assert_eq!(field(text, "model name"), Some("EPYC: fast"));
        assert_eq!(field(text, "name"), None);
    }

    #[test]
    fn nearest_mount_names_the_file_system() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /tmp/disk xfs rw 0 0\n";
        let kind = |path: &str| file_system(mounts, Path::new(path));
        assert_eq!(kind("/tmp/disk/a"), Some("xfs"));
        assert_eq!(kind("/tmp/diskette"), Some("tmpfs"));
        assert_eq!(kind("/var"), Some("ext4"));
    }
}
