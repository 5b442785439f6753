//! Five sinks, all of which end up with exactly what was acknowledged, whatever is done to the server and to them.
//!
//! Clients (`load.rs`) log to a server that is killed again and again at random moments, and repeat each request until
//! it is answered; what was answered stands in the `ledger.rs`. The server mirrors to an SQLite copy, to TensorBoard
//! files, to the plugin of the examples, and past `proxy.rs`, which does everything a network and a tired server can
//! do, to another tracking server and to a W&B server. In the end every sink is read back whole: each has a file that
//! says how.
//!
//! `TRACKSIDE_CHAOS_ROUNDS` and `TRACKSIDE_CHAOS_SEED` are 100 and 1 unless set. The seed makes choices again, not the
//! moments at which they hit.

mod csv_files;
mod dice;
mod difference;
mod event_files;
mod fault;
mod http_message;
mod ledger;
mod line;
mod load;
mod proxy;
mod shown;
mod sinks;
mod source;
mod wandb_runs;
mod wandb_server;

use std::{env, fs, path::Path, time::Duration};

use tempfile::tempdir;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use trackside_tests::Server;

use self::{
    dice::Dice,
    difference::Differences,
    fault::{FAULTS, Fault},
    ledger::Ledger,
    line::{Address, Line},
    load::Trainer,
    proxy::Proxy,
    shown::Shown,
    wandb_server::WandbServer,
};

const TRAINERS: u64 = 4;
/// Each fault must have happened so often at each proxy.
const ENOUGH: u64 = 3;
/// Longest wait for that.
const PATIENCE: Duration = Duration::from_secs(90);

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// How a server's life ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// SIGKILL, after so many milliseconds of load.
    Kill(u64),
    /// SIGKILL, so many milliseconds after its process began.
    KillEarly(u64),
    /// SIGTERM, after so many milliseconds of load.
    Stop(u64),
}

impl End {
    fn choose(dice: &mut Dice, round: u64) -> Self {
        match round % 10 {
            3 => Self::Stop(dice.below(300)),
            // Long enough for time limits, breakers and `Retry-After` to matter.
            6 => Self::Kill(1_500 + dice.below(1_500)),
            9 => Self::KillEarly(10 + dice.below(150)),
            _ => Self::Kill(20 + dice.below(280)),
        }
    }
}

/// The server under test and the way to it.
struct Stage<'a> {
    dir: &'a Path,
    address: watch::Sender<Address>,
    starts: u64,
    proxies: [Proxy; 2],
}

impl Stage<'_> {
    async fn start(&mut self) -> Server {
        let server = Server::start_with(self.dir, &["--shutdown-timeout-secs", "3"]).await.unwrap();
        self.starts += 1;
        self.address.send_replace(Some((self.starts, server.url().to_owned())));
        server
    }

    async fn round(&mut self, end: End) {
        match end {
            End::KillEarly(millis) => {
                // Dropping what starts it kills it. When it is up by then, it goes all the same.
                let flags = ["--shutdown-timeout-secs", "3"];
                drop(timeout(Duration::from_millis(millis), Server::start_with(self.dir, &flags)).await);
            }
            End::Kill(millis) => {
                let server = self.start().await;
                sleep(Duration::from_millis(millis)).await;
                server.kill().await.unwrap();
            }
            End::Stop(millis) => {
                let server = self.start().await;
                sleep(Duration::from_millis(millis)).await;
                server.stop().await.unwrap();
            }
        }
        self.address.send_replace(None);
        let log = fs::read_to_string(self.dir.join("server.log")).unwrap();
        assert!(!log.contains("panicked"), "{log}");
        for proxy in &self.proxies {
            proxy.quiet().await;
        }
    }

    /// Halves of what was refused as too large come to peers that would take the whole.
    fn lift_limits(&self) {
        let enough = |proxy: &&Proxy| proxy.faults().get(&Fault::TooLarge).is_some_and(|n| *n >= ENOUGH);
        self.proxies.iter().filter(enough).for_each(Proxy::lift_limit);
    }

    /// Lets a last server run until every fault has happened often enough, and then in peace until all is delivered.
    async fn finish(&mut self, go_on: watch::Sender<bool>, trainers: JoinSet<()>) -> Server {
        let server = self.start().await;
        let begun = Instant::now();
        while let Some(rare) = self.rare_fault() {
            assert!(begun.elapsed() < PATIENCE, "{rare}");
            sleep(Duration::from_millis(50)).await;
        }
        self.proxies.iter().for_each(Proxy::calm);
        go_on.send_replace(false);
        trainers.join_all().await;
        sinks::caught_up(&server).await;
        server
    }

    fn rare_fault(&self) -> Option<String> {
        let all = self.proxies.iter().map(Proxy::faults);
        all.map(|faults| FAULTS.into_iter().find(|fault| faults.get(fault).is_none_or(|n| *n < ENOUGH)))
            .zip(["mlflow", "wandb"])
            .find_map(|(fault, sink)| fault.map(|fault| format!("{fault:?} hardly ever happens to {sink}")))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sinks_hold_what_was_acknowledged_once_and_in_order() {
    let (rounds, seed) = (setting("TRACKSIDE_CHAOS_ROUNDS", 100), setting("TRACKSIDE_CHAOS_SEED", 1));
    eprintln!("{rounds} rounds with seed {seed}");
    let (mut dice, begun) = (Dice::new(seed), Instant::now());
    let (dir, mirror_dir) = (tempdir().unwrap(), tempdir().unwrap());
    let mut tasks = JoinSet::new();
    let mirror = Server::start(mirror_dir.path()).await.unwrap();
    let wandb = WandbServer::start(&mut tasks).await;
    let mirror_address = mirror.url().strip_prefix("http://").unwrap().parse().unwrap();
    let proxies = [
        Proxy::start(&mut tasks, mirror_address, dice.fork()).await,
        Proxy::start(&mut tasks, wandb.address, dice.fork()).await,
    ];
    wandb.is_seen_at(&proxies[1].url);
    sinks::configure(dir.path(), &proxies[0].url, &proxies[1].url);
    let (ledger, (go_on, goes_on)) = (Ledger::default(), watch::channel(true));
    let mut stage = Stage { dir: dir.path(), address: watch::Sender::new(None), starts: 0, proxies };

    let subscriber = stage.address.clone();
    let line = || Line { http: reqwest::Client::new(), address: subscriber.subscribe(), ledger: ledger.clone() };
    let server = stage.start().await;
    load::prepare(&mut line()).await;
    server.kill().await.unwrap();
    stage.address.send_replace(None);

    let mut trainers = JoinSet::new();
    for n in 0..TRAINERS {
        let clock = i64::try_from(n).unwrap() * 1_000_000_000;
        let trainer = Trainer { line: line(), dice: dice.fork(), goes_on: goes_on.clone(), former: None, clock };
        trainers.spawn(trainer.work());
    }

    for round in 0..rounds {
        let end = End::choose(&mut dice, round);
        if round >= rounds - rounds / 4 {
            stage.lift_limits();
        }
        stage.round(end).await;
        // A trainer that found what it does not expect has ended.
        if let Some(ended) = trainers.try_join_next() {
            ended.unwrap();
        }
    }
    eprintln!("{rounds} rounds took {:?}", begun.elapsed());
    let server = stage.finish(go_on, trainers).await;
    eprintln!("all was delivered after {:?}", begun.elapsed());

    let mut truth = ledger.write().clone();
    let (ours, theirs) = (server.client(), mirror.client());
    let (source, mirrored) = tokio::join!(Shown::read(&ours, true), Shown::read(&theirs, true));
    truth.adopt(&source);
    let n_points: usize = truth.runs.values().map(|run| run.points.len()).sum();
    eprintln!(
        "{} requests, {} of them repeated; {} runs, {n_points} points; faults {:?}",
        truth.requests,
        truth.repeated,
        truth.runs.len(),
        stage.proxies.each_ref().map(Proxy::faults)
    );
    server.stop().await.unwrap();
    let copied = read_copy(dir.path()).await;

    let mut differences = Differences::default();
    source::check(&source, &truth, &mut differences);
    csv_files::check(&dir.path().join(sinks::CSV), &truth, &mut differences);
    event_files::check(&dir.path().join(sinks::TB), &truth, &mut differences);
    wandb_runs::check(&wandb, &truth, &mut differences);
    let source = source.comparable();
    differences.compare("mlflow", &source, &mirrored.comparable());
    differences.compare("copy", &without_artifacts(source), &copied.comparable());
    differences.verdict(seed);
}

/// The SQLite copy, served.
async fn read_copy(dir: &Path) -> Shown {
    let served = tempdir().unwrap();
    let uri = format!("sqlite:///{}", dir.join(sinks::COPY).display());
    let server = Server::start_with(served.path(), &["--backend-store-uri", &uri]).await.unwrap();
    let shown = Shown::read(&server.client(), false).await;
    server.stop().await.unwrap();
    shown
}

/// Files are not part of a database.
fn without_artifacts(mut source: serde_json::Value) -> serde_json::Value {
    for run in source["runs"].as_object_mut().unwrap().values_mut() {
        run["artifacts"] = serde_json::json!({});
    }
    source
}
