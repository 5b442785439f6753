//! Searches over runs of every kind, however they are answered and wherever their points are: always those of a plain
//! list that is filtered and sorted.

use std::{cmp::Ordering, collections::BTreeMap, num::NonZeroU64};

use rusqlite::Connection;
use tempfile::TempDir;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_core::{
    Event, ExperimentId, NewRun, PageRequest, Query, RunId, Timestamp,
    query::{Compare, Filter, Order, RunField, Test, View},
    store::{Experiments, Runs},
};
use trackside_testkit::fixture::{at, key, new_experiment, new_run, params, point, points, tags};

const VALUES: [f64; 9] = [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0, 1.0, 2.5, -1e300];
const TEXTS: [&str; 5] = ["", "a", "B", "10", "9"];

/// Numbers that look random, the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % NonZeroU64::new(n as u64).unwrap()).unwrap()
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

/// A run as a plain list has it.
struct Plain {
    id: RunId,
    experiment: ExperimentId,
    started_at: i64,
    is_deleted: bool,
    /// Step and value of the latest point.
    metrics: BTreeMap<String, (i64, f64)>,
    params: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
enum Value {
    Number(f64),
    Text(String),
}

fn value(run: &Plain, field: &RunField) -> Option<Value> {
    match field {
        RunField::Id => Some(Value::Text(run.id.to_string())),
        #[expect(clippy::cast_precision_loss, reason = "small")]
        RunField::StartedAt => Some(Value::Number(run.started_at as f64)),
        RunField::Metric(key) => run.metrics.get(key.as_str()).map(|(_, value)| Value::Number(*value)),
        RunField::Param(key) => run.params.get(key.as_str()).cloned().map(Value::Text),
        RunField::Tag(key) => run.tags.get(key.as_str()).cloned().map(Value::Text),
        other => panic!("{other:?} is not asked for"),
    }
}

fn compared(order: Option<Ordering>, compare: Compare) -> bool {
    match compare {
        Compare::Equal => order.is_some_and(Ordering::is_eq),
        Compare::NotEqual => order.is_none_or(Ordering::is_ne),
        Compare::Less => order.is_some_and(Ordering::is_lt),
        Compare::LessOrEqual => order.is_some_and(Ordering::is_le),
        Compare::Greater => order.is_some_and(Ordering::is_gt),
        Compare::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
    }
}

fn passes(run: &Plain, filter: &Filter<RunField>) -> bool {
    match filter {
        Filter::All(parts) => parts.iter().all(|part| passes(run, part)),
        Filter::Any(parts) => parts.iter().any(|part| passes(run, part)),
        Filter::Not(inner) => !passes(run, inner),
        Filter::Field(field, test) => match (value(run, field), test) {
            (value, Test::Present(present)) => value.is_some() == *present,
            (None, _) => false,
            (Some(Value::Number(a)), Test::Number(compare, b)) => compared(a.partial_cmp(b), *compare),
            (Some(Value::Text(a)), Test::Text(compare, b)) => compared(Some(a.cmp(b)), *compare),
            (Some(Value::Text(a)), Test::OneOf { values, negated }) => values.contains(&a) != *negated,
            (value, test) => panic!("{value:?} is not put to {test:?}"),
        },
    }
}

/// Missing values last, NaN just before them.
fn by(a: Option<&Value>, b: Option<&Value>, ascending: bool) -> Ordering {
    let rank = |value: Option<&Value>| match value {
        None => 2,
        Some(Value::Number(number)) if number.is_nan() => 1,
        _ => 0,
    };
    let values = match (a, b) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
        (Some(Value::Text(a)), Some(Value::Text(b))) => a.cmp(b),
        _ => Ordering::Equal,
    };
    rank(a).cmp(&rank(b)).then(if ascending { values } else { values.reverse() })
}

fn expected(runs: &[Plain], experiments: &[ExperimentId], query: &Query<RunField>) -> Vec<RunId> {
    let in_view = |run: &Plain| match query.view {
        View::Active => !run.is_deleted,
        View::Deleted => run.is_deleted,
        View::All => true,
    };
    let mut found: Vec<_> = runs
        .iter()
        .filter(|run| experiments.contains(&run.experiment) && in_view(run) && passes(run, &query.filter))
        .collect();
    let default = [Order { field: RunField::StartedAt, ascending: false }];
    let order = if query.order.is_empty() { &default[..] } else { &query.order };
    found.sort_by(|a, b| {
        let criteria = order
            .iter()
            .map(|Order { field, ascending }| by(value(a, field).as_ref(), value(b, field).as_ref(), *ascending));
        criteria
            .fold(Ordering::Equal, Ordering::then)
            .then_with(|| b.started_at.cmp(&a.started_at))
            .then_with(|| a.id.cmp(&b.id))
    });
    found.into_iter().map(|run| run.id.clone()).collect()
}

fn leaf(random: &mut Random, runs: &[Plain]) -> Filter<RunField> {
    let compare = random.of(&[
        Compare::Equal,
        Compare::NotEqual,
        Compare::Less,
        Compare::LessOrEqual,
        Compare::Greater,
        Compare::GreaterOrEqual,
    ]);
    let text = |random: &mut Random| match random.below(3) {
        0 => Test::Text(Compare::Equal, random.of(&TEXTS).to_owned()),
        1 => Test::Text(compare, random.of(&TEXTS).to_owned()),
        _ => {
            let values = (0..random.below(3)).map(|_| random.of(&TEXTS).to_owned()).collect();
            Test::OneOf { values, negated: random.below(3) == 0 }
        }
    };
    let field = field(random);
    let test = match &field {
        _ if random.below(8) == 0 => Test::Present(random.below(3) > 0),
        RunField::Id => {
            let values = (0..random.below(5)).map(|_| runs[random.below(runs.len())].id.to_string()).collect();
            Test::OneOf { values, negated: random.below(4) == 0 }
        }
        RunField::Metric(_) => Test::Number(compare, random.of(&VALUES)),
        RunField::StartedAt => Test::Number(compare, [3.0, 5.0][random.below(2)]),
        _ => text(random),
    };
    Filter::Field(field, test)
}

fn field(random: &mut Random) -> RunField {
    let name = key(random.of(&["k", "l"]));
    match random.below(9) {
        0 => RunField::Id,
        1 => RunField::StartedAt,
        2..6 => RunField::Metric(name),
        6..8 => RunField::Param(name),
        _ => RunField::Tag(name),
    }
}

fn filter(random: &mut Random, runs: &[Plain], depth: usize) -> Filter<RunField> {
    let parts = |random: &mut Random| (0..=random.below(2)).map(|_| filter(random, runs, depth + 1)).collect();
    match random.below(9) {
        0 if depth < 3 => Filter::Any(parts(random)),
        1 if depth < 3 => Filter::Not(Box::new(filter(random, runs, depth + 1))),
        2..6 if depth < 3 => Filter::All(parts(random)),
        6 => Filter::default(),
        _ => leaf(random, runs),
    }
}

fn query(random: &mut Random, runs: &[Plain]) -> Query<RunField> {
    let mut order: Vec<Order<RunField>> = Vec::new();
    for _ in 0..random.of(&[0, 1, 1, 1, 1, 2, 3]) {
        let field = field(random);
        if order.iter().all(|before| before.field != field) {
            order.push(Order { field, ascending: random.below(2) == 0 });
        }
    }
    let view = random.of(&[View::Active, View::Active, View::All, View::Deleted]);
    Query { filter: filter(random, runs, 0), order, view }
}

async fn search(
    store: &SqliteStore,
    experiments: &[ExperimentId],
    query: &Query<RunField>,
    limit: usize,
) -> Vec<RunId> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.search_runs(experiments.to_vec(), query.clone(), PageRequest { limit, after }).await.unwrap();
        assert!(page.next.is_none() || page.items.len() == limit, "only the last page is short");
        found.extend(page.items.into_iter().map(|run| run.info.id));
        match page.next {
            Some(next) => after = Some(next),
            None => return found,
        }
    }
}

/// Adds to a run of the list, or a new one.
async fn change(store: &SqliteStore, random: &mut Random, experiments: &[ExperimentId], runs: &mut Vec<Plain>) {
    if runs.is_empty() || random.below(3) == 0 {
        let (experiment, started_at) = (random.of(experiments), i64::try_from(random.below(8)).unwrap());
        let id = RunId::fresh((runs.len() as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        let new = NewRun { id: id.clone(), started_at: at(started_at), ..new_run(experiment, 1) };
        store.create_run(new).await.unwrap();
        let nothing = BTreeMap::default;
        let (metrics, params, tags) = (BTreeMap::default(), nothing(), nothing());
        runs.push(Plain { id, experiment, started_at, is_deleted: false, metrics, params, tags });
    }
    let place = if random.below(2) == 0 { runs.len() - 1 } else { random.below(runs.len()) };
    let run = &mut runs[place];
    let name = random.of(&["k", "l"]);
    let text = random.of(&TEXTS);
    let event = match random.below(12) {
        0 => {
            run.is_deleted = !run.is_deleted;
            if run.is_deleted { Event::Deleted(Timestamp::default()) } else { Event::Restored }
        }
        _ if run.is_deleted => return,
        1..3 => {
            let text = run.params.entry(name.to_owned()).or_insert_with(|| text.to_owned());
            params(&[(name, text)])
        }
        3 => {
            run.tags.insert(name.to_owned(), text.to_owned());
            tags(&[(name, text)])
        }
        _ => {
            // Steps rise, or fall back.
            let before = run.metrics.get(name).map_or(0, |(step, _)| *step);
            let step = if random.below(4) == 0 { -1 - before } else { before + 1 };
            let number = random.of(&VALUES);
            if run.metrics.get(name).is_none_or(|(before, _)| step > *before) {
                run.metrics.insert(name.to_owned(), (step, number));
            }
            points(name, &[point(step, 1_000 + step, number)])
        }
    };
    store.append(&runs[place].id, vec![event]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_is_that_of_a_plain_list_however_it_is_answered() {
    for seed in 0..4 {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("trackside.db");
        // The same file to each: they look up what can pass a filter, never, or when it is little.
        let stores = [4_000, 0, 12].map(|few_runs| {
            let config = Config { few_runs, ..Config::default() };
            SqliteStore::open(&path, config).unwrap()
        });
        let mut experiments = Vec::new();
        for name in ["a", "b", "c"] {
            experiments.push(stores[0].create_experiment(new_experiment(name)).await.unwrap().id);
        }
        let (mut random, mut runs) = (Random(seed), Vec::new());
        for round in 0..12 {
            for _ in 0..25 {
                change(&stores[0], &mut random, &experiments, &mut runs).await;
            }
            if random.below(3) == 0 {
                stores[0].seal().await.unwrap();
            }
            for _ in 0..20 {
                let query = query(&mut random, &runs);
                let among: Vec<_> = (0..=random.below(3)).map(|_| random.of(&experiments)).collect();
                let (limit, expected) = (1 + random.below(7), expected(&runs, &among, &query));
                for (store, few) in stores.iter().zip(["looked up", "tried", "either"]) {
                    let found = search(store, &among, &query, limit).await;
                    assert_eq!(found, expected, "{few}: seed {seed}, round {round}, {among:?}, {limit}: {query:#?}");
                }
            }
        }
        for store in stores {
            store.close().await;
        }
        let wrong = "SELECT count(*) FROM latest JOIN series ON series.pk = latest.pk JOIN run ON run.pk = latest.run \
                     LEFT JOIN tail ON tail.series = latest.pk WHERE (tail.unranked IS NULL) = NOT EXISTS ( \
                     SELECT 1 FROM rank WHERE metric = series.metric AND rank.is_nan = (latest.is_nan > 0) \
                     AND rank.value = latest.value AND rank.run = run.pk)";
        let connection = Connection::open(&path).unwrap();
        let wrong: i64 = connection.query_row(wrong, [], |row| row.get(0)).unwrap();
        assert_eq!(wrong, 0, "each series is either in its place or being added to");
        let count = "SELECT (SELECT count(*) FROM rank) + (SELECT count(*) FROM tail WHERE unranked IS NOT NULL) \
                     - (SELECT count(*) FROM series)";
        assert_eq!(connection.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    }
}
