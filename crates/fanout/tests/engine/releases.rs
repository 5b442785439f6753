//! Letting go, in one go, of what memories hold back.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::Instant;
use trackside_core::{
    Batch, Capability, Clock, Delivered, Error, ErrorKind, Result, Subject, Timestamp, TrackerInterface,
    store::{Cursors, MarkFilter},
};
use trackside_fanout::{Fanout, Limits, Parts, Policy, Sink};

use crate::scene::{Scene, parts, scene, without_artifacts};

const PERIOD: Duration = Duration::from_mins(1);

/// Holds back the position of each batch, and lets go of all of them.
#[derive(Debug, Default)]
struct Holder {
    messages: Mutex<Vec<Vec<String>>>,
    fails: AtomicBool,
    failures: AtomicU32,
}

#[async_trait]
impl TrackerInterface for Holder {
    fn name(&self) -> &'static str {
        "holder"
    }

    fn capability(&self) -> Capability {
        Capability { artifacts: false, ..Capability::ALL }
    }

    async fn probe(&self) -> Result<()> {
        Ok(())
    }

    async fn deliver(&self, batch: &Batch, memory: Option<&str>) -> Result<Delivered> {
        let memory = format!("{}{},", memory.unwrap_or_default(), batch.last().0);
        Ok(Delivered { keep_alive: true, ..Delivered::remembering(memory) })
    }

    async fn flush(&self) -> Result<()> {
        Ok(())
    }

    fn release_interval(&self) -> Option<Duration> {
        Some(PERIOD)
    }

    async fn release(&self, held: &[(Subject, Option<String>)]) -> Result<Vec<Option<Delivered>>> {
        if self.fails.load(Ordering::Relaxed) {
            self.failures.fetch_add(1, Ordering::Relaxed);
            return Err(Error::new(ErrorKind::Unavailable, "not now"));
        }
        if !held.is_empty() {
            self.messages.lock().unwrap().push(held.iter().map(|(_, memory)| memory.clone().unwrap()).collect());
        }
        Ok(vec![Some(Delivered::default()); held.len()])
    }
}

/// The time of the runtime, which is paused.
#[derive(Debug)]
struct Elapsed(Instant);

impl Clock for Elapsed {
    fn now(&self) -> Timestamp {
        // Some time after the beginning of a period.
        Timestamp::from_millis(i64::try_from(self.0.elapsed().as_millis()).unwrap() + 1_000)
    }
}

async fn begin(scene: Scene, holder: &Arc<Holder>) -> Scene {
    let parts = Parts { clock: Arc::new(Elapsed(Instant::now())), ..parts(&scene.log, Limits::default()) };
    let scene = Scene { fanout: Fanout::start(parts), log: scene.log };
    let tracker = Arc::clone(holder) as Arc<dyn TrackerInterface>;
    scene.fanout.put(Sink { type_name: "holder", tracker, policy: Policy::default() }).await.unwrap();
    scene
}

async fn caught_up(scene: &Scene) {
    scene.caught_up("holder").await;
}

#[tokio::test(start_paused = true)]
async fn what_is_held_back_goes_in_one_go_when_it_is_time_and_once() {
    let holder = Arc::new(Holder::default());
    let scene = begin(scene(), &holder).await;
    for n in 1..=3 {
        scene.log(&without_artifacts(n).batches[..1]);
    }
    caught_up(&scene).await;
    assert_eq!(*holder.messages.lock().unwrap(), Vec::<Vec<String>>::new(), "it is not time");
    tokio::time::sleep(PERIOD * 3).await;
    assert_eq!(*holder.messages.lock().unwrap(), [["1,", "2,", "3,"]]);
    assert_eq!(scene.log.marks_where("holder", MarkFilter::KeepAlive, None, 9).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_back_survives_the_process() {
    let holder = Arc::new(Holder::default());
    let scene = begin(scene(), &holder).await;
    scene.log(&without_artifacts(1).batches[..1]);
    caught_up(&scene).await;
    scene.fanout.close(Duration::from_secs(1)).await;
    assert_eq!(*holder.messages.lock().unwrap(), Vec::<Vec<String>>::new());
    let scene = begin(scene, &holder).await;
    caught_up(&scene).await;
    tokio::time::sleep(PERIOD).await;
    assert_eq!(*holder.messages.lock().unwrap(), [["1,"]]);
}

#[tokio::test(start_paused = true)]
async fn a_release_that_fails_is_repeated_and_what_comes_meanwhile_waits_in_the_log() {
    let holder = Arc::new(Holder::default());
    let scene = begin(scene(), &holder).await;
    let history = without_artifacts(1);
    scene.log(&history.batches[..1]);
    caught_up(&scene).await;
    holder.fails.store(true, Ordering::Relaxed);
    tokio::time::sleep(PERIOD).await;
    scene.log(&history.batches[1..2]);
    tokio::time::sleep(PERIOD * 10).await;
    assert!(holder.failures.load(Ordering::Relaxed) > 5);
    let status = scene.status("holder").await;
    assert_eq!((status.lag.entries, status.last_error.unwrap().message.as_str()), (1, "not now"));
    holder.fails.store(false, Ordering::Relaxed);
    caught_up(&scene).await;
    tokio::time::sleep(PERIOD * 2).await;
    assert_eq!(*holder.messages.lock().unwrap(), [["1,"], ["2,"]], "the one as it was, and then the other");
}
