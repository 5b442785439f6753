//! Hashes many files on all processors.
//!
//! Files are spread over threads, largest first, each hashed by one thread alone: that keeps every processor busy. Only a
//! file so large that the others would wait for it is hashed by two threads, see `stream.rs`.

use std::{
    collections::HashMap,
    fmt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread,
};

use trackside_core::{Clock, Timestamp};

use super::{
    file_hash::{FileHash, FileKey},
    hash_cache::HashCache,
    steady::{self, Unhashed},
};

/// Below this, starting threads costs more than they save.
const LARGE: u64 = 32 << 20;
/// More threads only fight over a disk.
const MAX_THREADS: usize = 16;
/// Hashes stored in one transaction.
const BATCH: usize = 1000;
/// Or bytes hashed for them: so much work is lost at most when the process is ended.
const BATCH_BYTES: u64 = 4 << 30;

/// Is told how far hashing is; from any thread, often.
pub trait Progress: fmt::Debug + Send + Sync {
    /// So many bytes are to be hashed, besides those said before.
    fn planned(&self, bytes: u64);
    /// So many bytes were.
    fn hashed(&self, bytes: u64);
}

/// Nobody watches.
impl Progress for () {
    fn planned(&self, _: u64) {}
    fn hashed(&self, _: u64) {}
}

/// A file to hash.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) path: PathBuf,
    pub(crate) key: FileKey,
    pub(crate) legacy: bool,
}

/// What a file's hash is, and its size.
pub(crate) type Outcome = Result<(u64, FileHash), Unhashed>;

/// Hashes files, each once.
#[derive(Debug)]
pub(crate) struct Hashing {
    pub(crate) cache: HashCache,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) progress: Arc<dyn Progress>,
}

/// A job and what came of it, by its number.
type Done = (usize, Result<(FileKey, FileHash), Unhashed>);

impl Hashing {
    /// Hashes all of them; the answers are in their order. A file that is named twice is read once.
    pub(crate) fn run(&mut self, jobs: &[Job]) -> Vec<Outcome> {
        let wanted: Vec<_> = jobs.iter().map(|job| (job.key, job.legacy)).collect();
        let known = self.cache.lookup(&wanted);
        let mut first: HashMap<(FileKey, bool), usize> = HashMap::new();
        let mut order: Vec<usize> = Vec::new();
        for (number, found) in known.iter().enumerate() {
            if found.is_none() && *first.entry(wanted[number]).or_insert(number) == number {
                order.push(number);
            }
        }
        self.progress.planned(order.iter().map(|number| jobs[*number].key.size).sum());
        let mut fresh = self.hash(jobs, order);
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(jobs.len());
        for (number, found) in known.into_iter().enumerate() {
            let first = first.get(&wanted[number]).copied().unwrap_or(number);
            outcomes.push(match (found, fresh.remove(&number)) {
                (Some(hash), _) => Ok((jobs[number].key.size, hash)),
                (None, Some(outcome)) => outcome,
                (None, None) => outcomes[first].clone(),
            });
        }
        outcomes
    }

    fn hash(&mut self, jobs: &[Job], mut order: Vec<usize>) -> HashMap<usize, Outcome> {
        order.sort_by_key(|number| std::cmp::Reverse(jobs[*number].key.size));
        let threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
        let alone = order.split_off(in_parallel(&order, jobs, threads));
        let mut done = self.spread(jobs, &order, threads.div_ceil(2), true);
        done.extend(self.spread(jobs, &alone, threads, false));
        done
    }

    /// Spreads them over threads; what they find is remembered here, batch by batch.
    fn spread(&mut self, jobs: &[Job], order: &[usize], threads: usize, in_parallel: bool) -> HashMap<usize, Outcome> {
        let (next, progress) = (AtomicUsize::new(0), Arc::clone(&self.progress));
        let work = |send: &SyncSender<Done>| {
            while let Some(number) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                let job = &jobs[*number];
                let tick = |bytes| progress.hashed(bytes);
                let hashed = steady::hash(&job.path, job.legacy, in_parallel, &tick);
                if send.send((*number, hashed)).is_err() {
                    break;
                }
            }
        };
        let mut done = HashMap::with_capacity(order.len());
        thread::scope(|scope| {
            let (send, receive) = sync_channel(BATCH);
            for _ in 0..threads.min(order.len()) {
                let send = send.clone();
                scope.spawn(move || work(&send));
            }
            drop(send);
            // What was hashed before this instant is stored; so files changed after it are certainly racy.
            let mut batch = Batch { since: self.clock.now(), hashed: Vec::new(), bytes: 0 };
            for (number, hashed) in receive {
                if let Ok((key, hash)) = hashed {
                    batch.hashed.push((key, hash));
                    batch.bytes += key.size;
                }
                done.insert(number, hashed.map(|(key, hash)| (key.size, hash)));
                if batch.hashed.len() >= BATCH || batch.bytes >= BATCH_BYTES {
                    self.cache.store(&batch.hashed, batch.since);
                    batch = Batch { since: batch.since, hashed: Vec::new(), bytes: 0 };
                }
            }
            self.cache.store(&batch.hashed, batch.since);
        });
        done
    }
}

/// Hashes that are not stored yet.
struct Batch {
    /// Before the first file of all was opened, or nearly: judged by it, a file is racy too often, never too seldom.
    since: Timestamp,
    hashed: Vec<(FileKey, FileHash)>,
    bytes: u64,
}

/// How many of the largest are hashed by two threads each: as long as one is more than a thread's share of what is left.
fn in_parallel(order: &[usize], jobs: &[Job], threads: usize) -> usize {
    let mut left: u64 = order.iter().map(|number| jobs[*number].key.size).sum();
    let is_large = |number: &&usize| {
        let size = jobs[**number].key.size;
        let large = threads > 1 && size >= LARGE && size > left / threads as u64;
        left -= size;
        large
    };
    order.iter().take_while(is_large).count()
}

#[cfg(test)]
mod tests {
    use std::{fs, sync::atomic::AtomicU64};

    use trackside_core::SystemClock;

    use super::*;

    fn job(path: PathBuf, size: u64) -> Job {
        let key = FileKey { device: 1, inode: size, size, mtime_ns: 0, ctime_ns: 0 };
        Job { path, key, legacy: false }
    }

    fn pipelined(sizes: &[u64], threads: usize) -> usize {
        let jobs: Vec<_> = sizes.iter().map(|size| job(PathBuf::new(), *size)).collect();
        in_parallel(&(0..jobs.len()).collect::<Vec<_>>(), &jobs, threads)
    }

    #[test]
    fn a_file_that_the_others_would_wait_for_gets_two_threads() {
        const GIB: u64 = 1 << 30;
        assert_eq!(pipelined(&[GIB], 2), 1);
        assert_eq!(pipelined(&[GIB], 1), 0);
        assert_eq!(pipelined(&[GIB, GIB], 2), 0);
        assert_eq!(pipelined(&[4 * GIB, GIB, 1], 2), 2);
        assert_eq!(pipelined(&[1 << 20, 1], 2), 0);
        assert_eq!(pipelined(&[], 2), 0);
    }

    #[test]
    fn every_file_is_hashed_once_and_answered_in_order() {
        #[derive(Debug, Default)]
        struct Count(AtomicU64);
        impl Progress for Count {
            fn planned(&self, _: u64) {}
            fn hashed(&self, bytes: u64) {
                self.0.fetch_add(bytes, Ordering::Relaxed);
            }
        }
        let directory = tempfile::tempdir().unwrap();
        let mut jobs = Vec::new();
        for number in 0..100 {
            let path = directory.path().join(number.to_string());
            fs::write(&path, number.to_string()).unwrap();
            let key = FileKey::of(&fs::metadata(&path).unwrap());
            jobs.push(Job { path, key, legacy: false });
        }
        let again = Job { path: jobs[7].path.clone(), ..jobs[7] };
        jobs.push(again);
        jobs.push(job(directory.path().join("absent"), 1));
        let count = Arc::new(Count::default());
        let mut hashing = Hashing {
            cache: HashCache::open(&directory.path().join("cache")),
            clock: Arc::new(SystemClock),
            progress: Arc::clone(&count) as Arc<dyn Progress>,
        };
        let outcomes = hashing.run(&jobs);
        let md5 = |number: usize| hex::encode(outcomes[number].as_ref().unwrap().1.md5);
        assert_eq!(md5(7), "8f14e45fceea167a5a36dedd4bea2543");
        assert_eq!(md5(42), "a1d0c6e83f027327d8461063f4ac58a6");
        assert_eq!(outcomes[100], outcomes[7]);
        assert!(outcomes[101].is_err());
        assert_eq!(count.0.load(Ordering::Relaxed), 10 + 90 * 2);
    }
}
