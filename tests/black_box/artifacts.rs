//! Artifacts of any size in constant memory, whole or not at all.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tempfile::tempdir;
use trackside_tests::Server;

const MIB: usize = 1024 * 1024;
const SIZE_MIB: usize = 256;
/// Most growth of the server's memory while one file goes through it.
const GROWTH_KIB: u64 = 16 * 1024;

/// A stream of so many MiB, each told from its neighbours.
fn mebibytes(count: usize) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> {
    stream::iter((0..count).map(|at| Ok(Bytes::from(vec![u8::try_from(at % 251).unwrap(); MIB]))))
}

#[tokio::test]
async fn a_large_file_goes_up_and_down_in_constant_memory() {
    let dir = tempdir().unwrap();
    let server = Server::start(dir.path()).await.unwrap();
    let client = server.client();
    let url = client.url("/api/2.0/mlflow-artifacts/artifacts/1/run/artifacts/large.bin");
    // A first small round brings in what is loaded once.
    client.http().put(&url).body("small").send().await.unwrap();
    client.http().get(&url).send().await.unwrap().bytes().await.unwrap();
    let (before, _) = server.memory_kib().unwrap();

    let body = reqwest::Body::wrap_stream(mebibytes(SIZE_MIB));
    assert_eq!(client.http().put(&url).body(body).send().await.unwrap().status(), 200);
    let mut down = client.http().get(&url).send().await.unwrap().bytes_stream();
    let (mut at, mut same) = (0, true);
    while let Some(chunk) = down.next().await {
        for byte in chunk.unwrap() {
            same &= usize::from(byte) == at / MIB % 251;
            at += 1;
        }
    }
    assert!(same && at == SIZE_MIB * MIB, "{at} bytes came back, equal: {same}");
    let (_, peak) = server.memory_kib().unwrap();
    assert!(peak < before + GROWTH_KIB, "memory grew from {before} to {peak} KiB");
}

#[tokio::test]
async fn a_cut_upload_leaves_the_old_file() {
    let dir = tempdir().unwrap();
    let server = Server::start(dir.path()).await.unwrap();
    let client = server.client();
    let url = client.url("/api/2.0/mlflow-artifacts/artifacts/a.txt");
    client.http().put(&url).body("old").send().await.unwrap();
    let cut = mebibytes(3).chain(stream::iter([Err(std::io::Error::other("cut"))]));
    assert!(client.http().put(&url).body(reqwest::Body::wrap_stream(cut)).send().await.is_err());
    // The next request on a fresh connection sees the end of the cut one or comes before it; either way the old file.
    assert_eq!(client.http().get(&url).send().await.unwrap().text().await.unwrap(), "old");
    let never = client.url("/api/2.0/mlflow-artifacts/artifacts/never.txt");
    let cut = mebibytes(3).chain(stream::iter([Err(std::io::Error::other("cut"))]));
    assert!(client.http().put(&never).body(reqwest::Body::wrap_stream(cut)).send().await.is_err());
    assert_eq!(client.http().get(&never).send().await.unwrap().status(), 404);
    server.stop().await.unwrap();
    let left: Vec<_> =
        std::fs::read_dir(dir.path().join("data/artifacts")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["a.txt"], "staging files are cleared away");
}
