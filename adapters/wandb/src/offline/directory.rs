//! Names of run directories: `offline-run-<YYYYMMDD_HHMMSS>-<id>/run-<id>.wandb`, as the client 0.31 gives them.

use std::{fs, io, path::Path};

use trackside_core::Timestamp;

/// Of the run that started at this time, UTC. The same run always has the same directory.
pub(super) fn name(started_at: Timestamp, run: &str) -> String {
    // Years have four digits.
    let seconds = (started_at.millis().div_euclid(1000)).clamp(0, 253_402_300_799);
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("offline-run-{year:04}{month:02}{day:02}_{hour:02}{minute:02}{second:02}-{run}")
}

/// The record file in the directory.
pub(super) fn record_file(run: &str) -> String {
    format!("run-{run}.wandb")
}

/// What `wandb sync` leaves beside the record file once it has sent it.
pub(super) fn synced_marker(run: &str) -> String {
    format!("run-{run}.wandb.synced")
}

/// Whether directories can be made below this path. Makes none.
pub(super) fn probe(root: &Path) -> io::Result<()> {
    for path in root.ancestors() {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        match fs::metadata(path) {
            Ok(found) if !found.is_dir() => {
                return Err(io::Error::new(
                    io::ErrorKind::NotADirectory,
                    format!("{} is no directory", path.display()),
                ));
            }
            Ok(found) if found.permissions().readonly() => {
                let message = format!("{} cannot be written to", path.display());
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
            }
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::from(io::ErrorKind::NotFound))
}

/// Year, month and day of a day since 1970-01-01, in the Gregorian calendar. Years are counted from March, so that
/// the day that some of them have more comes last.
fn date(days: i64) -> (i64, i64, i64) {
    /// From 0000-03-01 to 1970-01-01.
    const TO_EPOCH: i64 = 719_468;
    const CENTURIES_4: i64 = 146_097;
    let days = days + TO_EPOCH;
    let day_of_era = days % CENTURIES_4;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = days / CENTURIES_4 * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_utc() {
        for (seconds, expected) in [
            (0, "offline-run-19700101_000000-r"),
            (1_700_000_000, "offline-run-20231114_221320-r"),
            (951_782_399, "offline-run-20000228_235959-r"),
            (951_782_400, "offline-run-20000229_000000-r"),
            (4_107_542_400, "offline-run-21000301_000000-r"),
            (-5, "offline-run-19700101_000000-r"),
            (i64::MAX / 1000, "offline-run-99991231_235959-r"),
        ] {
            assert_eq!(name(Timestamp::from_millis(seconds * 1000), "r"), expected, "{seconds}");
        }
    }

    #[test]
    fn a_probe_looks_at_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        probe(&folder.path().join("a/b")).unwrap();
        assert!(!folder.path().join("a").exists());
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(probe(&folder.path().join("file/b")).is_err());
    }
}
