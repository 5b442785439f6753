//! Files as large as models are.

use std::{fs, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use trackside_core::{
    ArtifactBytes, ArtifactEntry, ArtifactPath, ArtifactSource, Batch, Event, Kind, Result, RunBatch, RunId,
    RunStarted, Seq, TrackerInterface,
};
use trackside_testkit::fixture::{artifact, at, key};

use crate::{
    peer::{list, text},
    tracker_of,
};

const SIZE: u64 = 200 << 20;
const CHUNK: u64 = 256 << 10;
const PATH: &str = "model ä/weights 100%+.bin";

/// Any file as a stream of chunks that differ; one called `gone` is not there.
#[derive(Debug)]
struct Generated;

fn chunk(n: u64) -> Bytes {
    n.to_le_bytes().repeat(usize::try_from(CHUNK / 8).unwrap()).into()
}

#[async_trait]
impl ArtifactSource for Generated {
    async fn artifact(&self, _: &RunId, path: &ArtifactPath) -> Result<Option<ArtifactBytes>> {
        let chunks = stream::iter(0..SIZE / CHUNK).map(|n| Ok(chunk(n))).boxed();
        Ok((path.as_str() != "gone").then_some(ArtifactBytes { size: SIZE, chunks }))
    }

    async fn artifacts(&self, _: &RunId) -> Result<Vec<ArtifactEntry>> {
        Ok(Vec::new())
    }
}

/// The most memory this process has had, in bytes.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn two_hundred_megabytes_are_streamed() {
    let (tracker, peer) = tracker_of(Arc::new(Generated));
    let stored = |path: &str| Event::ArtifactStored(ArtifactEntry { path: artifact(path), size: Some(SIZE) });
    let started = RunStarted {
        experiment: key("files"),
        name: "large".to_owned(),
        user: String::new(),
        started_at: at(1),
        tags: Vec::new(),
    };
    let events = vec![stored(PATH), stored("gone")];
    let batch = Batch::Run(RunBatch { run: RunId::fresh(1), started: Some(started), events, last: Seq(1) });
    let before = peak_memory();
    let delivered = tracker.deliver(&batch, None).await.unwrap();
    assert!(peak_memory() - before < SIZE / 2, "{} bytes more than {before}", peak_memory() - before);
    assert_eq!(delivered.withheld.iter().collect::<Vec<_>>(), [(Kind::Artifacts, 1)]);

    let run = peer.found().await.remove(0);
    let id = text(&run["info"]["run_id"]);
    let listed = peer.get("artifacts/list", &[("run_id", &id), ("path", "model ä")]).await.unwrap();
    let files: Vec<_> = list(&listed["files"]).map(|file| (text(&file["path"]), file["file_size"].as_u64())).collect();
    assert_eq!(files, [(PATH.to_owned(), Some(SIZE))]);
    for n in [0, 1, 399, SIZE / CHUNK - 1] {
        let range = format!("bytes={}-{}", n * CHUNK, (n + 1) * CHUNK - 1);
        let answer = peer.bytes(&text(&run["info"]["artifact_uri"]), PATH, &range).await;
        assert_eq!(answer.status(), 206);
        assert!(*answer.bytes() == chunk(n), "chunk {n}");
    }
}
