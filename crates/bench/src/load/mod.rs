//! The generator: keep-alive connections, each with one request at a time; a closed loop, or at a pace.
//!
//! It shares the machine with the server, so it does little: HTTP/1.1 by hyper without a pool, bodies rendered from a
//! template, answers read in full but not parsed. What is left is what the "bare hyper" column shows.

mod connection;
mod worker;

use std::{
    net::SocketAddr,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use tokio::task::JoinSet;

pub(crate) use self::connection::{Answer, Connection};
use self::worker::{Done, Worker};
use crate::{
    scenario::Scenario,
    stats::{float, percentile},
};

/// What to send, and how long.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    pub(crate) scenario: &'static dyn Scenario,
    /// One connection per subject, each writing to its own, as that many training processes would.
    pub(crate) ids: Vec<String>,
    pub(crate) warm_up: Duration,
    pub(crate) window: Duration,
    /// From one request of a connection to its next; `None` is a closed loop.
    pub(crate) pace: Option<Duration>,
    pub(crate) n_threads: usize,
}

/// What happened. Only answers that arrived within the window count for the rate; in a closed loop also for latency.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) requests_per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Requests answered with 200, also outside the window, in the order of the plan's subjects.
    pub(crate) n_answered: Vec<u64>,
}

/// Runs the plan on threads of its own, each with a part of the connections, and blocks until the last request is
/// answered. An answer but 200, or none, is an error; it ends that connection's loop, and the others run on.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    let n_threads = plan.n_threads.clamp(1, plan.ids.len().max(1));
    let connected = &Barrier::new(n_threads);
    let done: Vec<anyhow::Result<Vec<Done>>> = thread::scope(|scope| {
        let start = |offset| scope.spawn(move || run_part(plan, offset, n_threads, connected));
        let threads: Vec<_> = (0..n_threads).map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("a generator thread does not panic")).collect()
    });
    let mut done: Vec<Done> = done.into_iter().collect::<anyhow::Result<Vec<_>>>()?.into_iter().flatten().collect();
    done.sort_unstable_by_key(|done| done.index);

    let mut latencies: Vec<u32> = done.iter_mut().flat_map(|done| std::mem::take(&mut done.latencies_us)).collect();
    latencies.sort_unstable();
    let p50 = percentile(&latencies, 50).context("no request was answered within the window")?;
    let p99 = percentile(&latencies, 99).context("no request was answered within the window")?;
    Ok(Outcome {
        requests_per_second: float(done.iter().map(|done| done.n_in_window).sum()) / plan.window.as_secs_f64(),
        p50_ms: f64::from(p50) / 1e3,
        p99_ms: f64::from(p99) / 1e3,
        n_answered: done.iter().map(|done| done.n_answered).collect(),
    })
}

/// The part of one thread: every `n_threads`-th connection from `offset` on.
fn run_part(plan: &Plan, offset: usize, n_threads: usize, connected: &Barrier) -> anyhow::Result<Vec<Done>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut workers = Vec::new();
        for index in (offset..plan.ids.len()).step_by(n_threads) {
            workers.push(Worker::connect(plan, index).await);
        }
        // Also after a failure, or the other threads would wait for ever.
        connected.wait();
        let start = Instant::now();
        let mut tasks = JoinSet::new();
        for worker in workers {
            tasks.spawn(worker?.run(start + plan.warm_up, plan.window));
        }
        let done: Vec<Done> = tasks.join_all().await.into_iter().collect::<anyhow::Result<_>>()?;
        ensure!(!done.is_empty(), "a thread without connections");
        Ok(done)
    })
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::{scenario::Kind, server::bare};

    fn plan(address: SocketAddr) -> Plan {
        Plan {
            address,
            scenario: Kind::LogMetric.scenario(),
            ids: ["a", "b", "c"].map(str::to_owned).to_vec(),
            warm_up: Duration::ZERO,
            window: Duration::from_millis(200),
            pace: None,
            n_threads: 2,
        }
    }

    #[tokio::test]
    async fn every_connection_counts_its_answers() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let plan = plan(listener.local_addr().unwrap());
        let mut server = JoinSet::new();
        server.spawn(bare::answer_on(listener));
        let outcome = tokio::task::spawn_blocking(move || run(&plan)).await.unwrap().unwrap();
        assert_eq!(outcome.n_answered.len(), 3);
        assert!(outcome.n_answered.iter().all(|&n_answered| n_answered > 0));
        assert!(outcome.requests_per_second > 0.0 && outcome.p50_ms <= outcome.p99_ms);
    }

    #[tokio::test]
    async fn a_pace_is_kept_and_connections_take_turns() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let plan = Plan { pace: Some(Duration::from_millis(90)), ..plan(listener.local_addr().unwrap()) };
        let mut server = JoinSet::new();
        server.spawn(bare::answer_on(listener));
        let outcome = tokio::task::spawn_blocking(move || run(&plan)).await.unwrap().unwrap();
        // Due at 0, 90, 180 ms; at 30, 120; and at 60, 150: fewer when the machine is slow, never more.
        let in_time = outcome.n_answered.iter().zip([3, 2, 2]).all(|(&n_answered, n_due)| n_answered <= n_due);
        assert!(in_time, "{:?}", outcome.n_answered);
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_an_error() {
        let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let error = tokio::task::spawn_blocking(move || run(&plan(address))).await.unwrap().unwrap_err();
        assert!(error.to_string().starts_with("cannot connect to 127.0.0.1:"), "{error:#}");
    }
}
