//! How fast a large file is hashed, beside MD5 alone on one stream, which DVC's digests need at least.
//!
//!     cargo run --release -p trackside-provenance --example hash_speed -- FILE
//!
//! Each is measured five times in turn, from the page cache, and the best counts.

use std::{
    error::Error,
    fs::File,
    io::{self, Read as _, Write as _},
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use md5::{Digest as _, Md5};
use trackside_core::SystemClock;
use trackside_provenance::data::Survey;

fn main() -> Result<(), Box<dyn Error>> {
    let path = PathBuf::from(std::env::args_os().nth(1).ok_or("name a file")?);
    let survey = Survey::new(&std::env::current_dir()?, Arc::new(SystemClock))?;
    let (mut alone, mut ours) = (f64::MAX, f64::MAX);
    for _ in 0..5 {
        let start = Instant::now();
        let md5 = md5_alone(&path)?;
        alone = alone.min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let measured = survey.measure(std::slice::from_ref(&path), false);
        ours = ours.min(start.elapsed().as_secs_f64());
        assert_eq!(measured[0].digest.as_ref().map(|digest| &digest.md5), Some(&md5));
    }
    #[expect(clippy::cast_precision_loss, reason = "no file is so large")]
    let megabytes = path.metadata()?.len() as f64 / 1e6;
    let (alone, ours) = (megabytes / alone, megabytes / ours);
    let ratio = 100.0 * ours / alone;
    writeln!(io::stdout(), "MD5 alone {alone:.0} MB/s; MD5 and SHA-256 {ours:.0} MB/s, {ratio:.0} %")?;
    Ok(())
}

fn md5_alone(path: &PathBuf) -> io::Result<String> {
    let (mut file, mut hash, mut chunk) = (File::open(path)?, Md5::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex::encode(hash.finalize())),
            n => hash.update(&chunk[..n]),
        }
    }
}
