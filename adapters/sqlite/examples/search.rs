//! How long searches take: `cargo run --release -p trackside-adapter-sqlite --example search -- 1000 10000 100000`.
//!
//! For each number of runs a store is filled: runs of 10 params, 10 metrics and 5 tags in one experiment, and a tenth as
//! many in another one. Printed are the median and the 95th percentile of each kind of search. With `hot` as the first
//! argument each series is added to once more, so that no index has it in order.

#![expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a report for a person")]

use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::task::JoinSet;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_core::{
    ArtifactLocation, Event, ExperimentId, Key, MetricPoint, NewExperiment, NewRun, PageRequest, Point, Query, Result,
    RunId, Tag, Timestamp,
    query::{Compare, Filter, Order, RunField, Test},
    store::{Experiments, Runs},
};

const TASKS: u32 = 64;
const ROUNDS: usize = 20;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let is_hot = arguments.first().is_some_and(|first| first == "hot");
    for n in arguments.iter().filter_map(|argument| argument.parse().ok()) {
        // Beside the sources, not in /tmp, which may be memory.
        let folder = TempDir::new_in(env!("CARGO_MANIFEST_DIR")).expect("the folder can be written");
        let store = SqliteStore::open(folder.path().join("trackside.db"), Config::default())?;
        let many = store.create_experiment(new_experiment("many")).await?.id;
        let other = store.create_experiment(new_experiment("other")).await?.id;
        let begun = Instant::now();
        fill(&store, many, 0, n, is_hot).await?;
        fill(&store, other, n, n / 10, is_hot).await?;
        println!("{n} runs and {} in another experiment, filled in {:.1?}", n / 10, begun.elapsed());
        searches(&store, many, other, n).await?;
        store.close().await;
    }
    Ok(())
}

/// A number between 0 and 1 that looks random.
fn random(n: u32, salt: u32) -> f64 {
    let mixed = (u64::from(n) << 8 | u64::from(salt)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

async fn fill(store: &SqliteStore, experiment: ExperimentId, first: u32, n_runs: u32, is_hot: bool) -> Result<()> {
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let store = store.clone();
        tasks.spawn(async move {
            for n in (first..first + n_runs).filter(|n| n % TASKS == task) {
                let id = RunId::fresh(u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
                let tag = |key: u32| Tag::new(format!("tag{key}"), format!("{:.1}", random(n, 50 + key)));
                let new = NewRun {
                    id: id.clone(),
                    experiment,
                    name: format!("run-{n}"),
                    user: "ada".to_owned(),
                    started_at: Timestamp::from_millis(1_700_000_000_000 + i64::from(n)),
                    artifact_uri: format!("mlflow-artifacts:/1/{n}/artifacts"),
                    tags: (0..5).map(tag).collect::<Result<_>>()?,
                };
                store.create_run(new).await?;
                let param = |key: u32| Tag::new(format!("param{key}"), param(n, key));
                let params = (0..10).map(param).collect::<Result<_>>()?;
                let points = |step: i64| {
                    let point = |key: u32| MetricPoint {
                        key: key_of(&format!("metric{key}")),
                        point: Point { step, time: Timestamp::from_millis(step), value: random(n, key) + step as f64 },
                        subject: None,
                    };
                    Event::Points((0..10).map(point).collect())
                };
                store.append(&id, vec![Event::Params(params), points(0)]).await?;
                if is_hot {
                    store.append(&id, vec![points(1)]).await?;
                }
            }
            Ok(())
        });
    }
    tasks.join_all().await.into_iter().collect()
}

/// `param0` has the value `yes` in 99 of 100 runs, `param1` in 10, `param2` in one, `param3` in one of 10,000.
fn param(n: u32, key: u32) -> String {
    let share = [0.99, 0.1, 0.01, 0.0001].get(key as usize).copied();
    match share {
        Some(share) if random(n, 100 + key) < share => "yes".to_owned(),
        Some(_) => "no".to_owned(),
        None => format!("{:.2}", random(n, 100 + key)),
    }
}

/// What it is called, where it looks, its filter and its order.
type Kind<'a> = (&'a str, Vec<ExperimentId>, Filter<RunField>, Vec<Order<RunField>>);

async fn searches(store: &SqliteStore, many: ExperimentId, other: ExperimentId, n: u32) -> Result<()> {
    let metric = |n| RunField::Metric(key_of(&format!("metric{n}")));
    let above = |n, least| Filter::Field(metric(n), Test::Number(Compare::Greater, least));
    let is = |n| {
        let field = RunField::Param(key_of(&format!("param{n}")));
        Filter::Field(field, Test::Text(Compare::Equal, "yes".to_owned()))
    };
    let by = |field, ascending| vec![Order { field, ascending }];
    let all = Filter::All;
    let kinds: Vec<Kind<'_>> = vec![
        ("default order", vec![many], Filter::default(), vec![]),
        ("default order, two experiments", vec![many, other], Filter::default(), vec![]),
        ("start, ascending", vec![many], Filter::default(), by(RunField::StartedAt, true)),
        ("by metric", vec![many], Filter::default(), by(metric(1), false)),
        ("by metric, two experiments", vec![many, other], Filter::default(), by(metric(1), false)),
        ("metric and param, by metric", vec![many], all(vec![above(0, 0.01), is(0)]), by(metric(1), false)),
        ("the same, ascending", vec![many], all(vec![above(0, 0.01), is(0)]), by(metric(1), true)),
        ("the same metric and param", vec![many], all(vec![above(1, 0.01), is(0)]), by(metric(1), false)),
        ("10 % by param, by metric", vec![many], all(vec![above(0, 0.01), is(1)]), by(metric(1), false)),
        ("10 % by metric, by metric", vec![many], all(vec![above(0, 0.9), is(0)]), by(metric(1), false)),
        ("1 % by param, by metric", vec![many], all(vec![above(0, 0.01), is(2)]), by(metric(1), false)),
        ("1 % by metric, by metric", vec![many], all(vec![above(0, 0.99), is(0)]), by(metric(1), false)),
        ("0.01 % by param, by metric", vec![many], all(vec![above(0, 0.01), is(3)]), by(metric(1), false)),
        ("0.01 % by metric, by metric", vec![many], all(vec![above(0, 0.9999), is(0)]), by(metric(1), false)),
        ("10 % by param, default order", vec![many], is(1), vec![]),
        ("by param", vec![many], Filter::default(), by(RunField::Param(key_of("param4")), true)),
        ("10 % by param, by param", vec![many], is(1), by(RunField::Param(key_of("param4")), true)),
    ];
    for (what, experiments, filter, order) in kinds {
        let query = Query { filter, order, ..Query::default() };
        let (first, next) = time(store, &experiments, &query, PageRequest::first(100)).await?;
        // A jump in larger pages to nine tenths of the runs: page 900 of 100,000 runs.
        let mut deep = next.map(|after| PageRequest { limit: 100, after: Some(after) });
        let mut left = (n as usize * 9 / 10).saturating_sub(200);
        while left > 0
            && let Some(PageRequest { after, .. }) = deep.take()
        {
            let limit = left.min(5_000);
            left -= limit;
            let page = store.search_runs(experiments.clone(), query.clone(), PageRequest { limit, after }).await?;
            deep = page.next.map(|after| PageRequest { limit: 100, after: Some(after) });
        }
        let deep = match deep {
            Some(page) => time(store, &experiments, &query, page).await?.0,
            None => "no such page".to_owned(),
        };
        println!("{what:>32}: first page {first}, deep page {deep}");
    }
    Ok(())
}

async fn time(
    store: &SqliteStore,
    experiments: &[ExperimentId],
    query: &Query<RunField>,
    page: PageRequest,
) -> Result<(String, Option<trackside_core::PageToken>)> {
    let mut times: Vec<Duration> = Vec::new();
    let (mut next, mut n) = (None, 0);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let page = store.search_runs(experiments.to_vec(), query.clone(), page.clone()).await?;
        times.push(begun.elapsed());
        (next, n) = (page.next, page.items.len());
    }
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    Ok((format!("{:>6.1} {:>6.1} ms ({n})", ms(times[ROUNDS / 2]), ms(times[ROUNDS * 95 / 100])), next))
}

fn key_of(text: &str) -> Key {
    Key::new(text).expect("a short key")
}

fn new_experiment(name: &str) -> NewExperiment {
    NewExperiment {
        name: key_of(name),
        artifact_location: ArtifactLocation::Under("mlflow-artifacts:".to_owned()),
        created_at: Timestamp::default(),
        tags: Vec::new(),
    }
}
