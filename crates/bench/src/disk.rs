//! What the disk allows, small durable appends one after the other; and what lies on it.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use crate::stats::float;

/// A page of SQLite, the least that a commit writes.
const APPEND_BYTES: usize = 4096;
/// Long enough for thousands of appends on a fast disk and tens on a slow one.
const WINDOW: Duration = Duration::from_secs(1);

/// Appends of 4 KiB, each followed by fdatasync, per second: what a server can at most commit durably one at a time.
/// One that commits several requests together may answer more.
pub(crate) fn durable_appends_per_second(directory: &Path) -> io::Result<f64> {
    let path = directory.join("durable-appends");
    let mut file = OpenOptions::new().append(true).create_new(true).open(&path)?;
    let page = [0_u8; APPEND_BYTES];
    let started = Instant::now();
    let mut n_appends = 0;
    while started.elapsed() < WINDOW {
        file.write_all(&page)?;
        file.sync_data()?;
        n_appends += 1;
    }
    let elapsed = started.elapsed();
    fs::remove_file(path)?;
    Ok(float(n_appends) / elapsed.as_secs_f64())
}

/// Bytes of all files below a directory. What vanishes meanwhile counts nothing.
pub(crate) fn bytes_below(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_below(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    bytes.sum()
}
