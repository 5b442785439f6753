//! Points in any order, packed at any time, read at any time: always those of a plain list.

use std::{collections::BTreeMap, num::NonZeroU64};

use rusqlite::Connection;
use tempfile::TempDir;
use tokio::task::JoinSet;
use trackside_adapter_sqlite::{Config, Sealing, SqliteStore};
use trackside_core::{
    ErrorKind, Point, RunId, Timestamp,
    store::{Cursors, Experiments, HistoryQuery, LogRange, Metrics, Outbox, Runs, SampleQuery},
};
use trackside_testkit::fixture::{key, new_experiment, new_run, points};

const SEALINGS: [Sealing; 4] = [
    Sealing { tail_points: 1, unsealed_points: 1, chunk_points: 1, idle_millis: 0 },
    Sealing { tail_points: 2, unsealed_points: 5, chunk_points: 7, idle_millis: 0 },
    Sealing { tail_points: 20, unsealed_points: 64, chunk_points: 50, idle_millis: 0 },
    Sealing { tail_points: 128, unsealed_points: 2_048, chunk_points: 2_048, idle_millis: 30_000 },
];

/// Numbers that look random, the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % NonZeroU64::new(n).unwrap()
    }

    fn small(&mut self, n: u64) -> i64 {
        self.below(n).cast_signed()
    }

    fn bits(&mut self) -> u64 {
        self.below(1 << 32) << 32 | self.below(1 << 32)
    }

    /// Any number, and the same ones now and then.
    fn whole(&mut self) -> i64 {
        match self.below(6) {
            0 => i64::MIN,
            1 => i64::MAX,
            2 => i64::MAX - 1,
            3 => 0,
            _ => self.bits().cast_signed(),
        }
    }
}

/// What the points of a series are like.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// In order, late, repeated, with values of every kind.
    Curve,
    /// Times and steps anywhere, often at the ends of their range, and any bits as values.
    Wild,
    /// The same value always, with steps that fall and repeat.
    Flat,
}

fn batch(random: &mut Random, shape: Shape, round: i64) -> Vec<Point> {
    let values = [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.5, -1e300, 5e-324];
    let nan_with_payload = f64::from_bits(0xFFF0_0000_0000_1234);
    let n_points = 1 + random.below(30);
    let mut point = || {
        let (time, step, value) = match shape {
            Shape::Curve => {
                let time = if random.below(4) == 0 { random.small(60) } else { round + random.small(3) };
                let step = if random.below(3) == 0 { -random.small(50) } else { time };
                (time, step, values[usize::try_from(random.below(8)).unwrap()])
            }
            Shape::Wild => {
                let value = match random.below(4) {
                    0 => nan_with_payload,
                    // A subnormal of either sign.
                    1 => f64::from_bits(random.bits() & 0x800F_FFFF_FFFF_FFFF),
                    _ => f64::from_bits(random.bits()),
                };
                (random.whole(), random.whole(), value)
            }
            Shape::Flat => (round / 3, -round / 5, 0.1),
        };
        Point { step, time: Timestamp::from_millis(time), value }
    };
    (0..n_points).map(|_| point()).collect()
}

/// What identifies a point, in the order of a history.
fn identity(point: &Point) -> (i64, i64, i64, bool) {
    // Monotone for numbers; the zeros are equal.
    let bits = (point.value + 0.0).to_bits().cast_signed();
    let rank = if bits < 0 { bits ^ i64::MAX } else { bits };
    (point.time.millis(), point.step, if point.value.is_nan() { 0 } else { rank }, point.value.is_nan())
}

type Model = BTreeMap<(i64, i64, i64, bool), u64>;

fn bits(point: &Point) -> u64 {
    if point.value.is_nan() { f64::NAN.to_bits() } else { point.value.to_bits() }
}

async fn lone_run(store: &SqliteStore) -> RunId {
    let experiment = store.create_experiment(new_experiment("e")).await.unwrap().id;
    store.create_run(new_run(experiment, 1)).await.unwrap().info.id
}

async fn history(store: &SqliteStore, run: &RunId, limit: Option<usize>) -> Vec<Point> {
    let mut query = HistoryQuery { run: run.clone(), key: key("m"), limit, after: None, since: None };
    let mut all = Vec::new();
    loop {
        let page = store.history(query.clone()).await.unwrap();
        all.extend(page.items);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return all,
        }
    }
}

async fn assert_equal(store: &SqliteStore, run: &RunId, model: &Model, random: &mut Random, what: &str) {
    let expected: Vec<_> = model.iter().map(|(identity, bits)| (*identity, *bits)).collect();
    let limit = usize::try_from(random.below(40)).ok().filter(|limit| *limit > 0);
    let found: Vec<_> = history(store, run, limit).await.iter().map(|point| (identity(point), bits(point))).collect();
    assert_eq!(found, expected, "{what}, pages of {limit:?}");
    let latest = model.keys().max_by_key(|(time, step, value, _)| (*step, *time, *value));
    let shown = store.run(run).await.unwrap().unwrap().metrics.first().map(|metric| identity(&metric.point));
    // A NaN and a zero at one place are equally late.
    let rank = |identity: (i64, i64, i64, bool)| (identity.0, identity.1, identity.2);
    assert_eq!(shown.map(rank), latest.copied().map(rank), "{what}: the latest");
}

#[tokio::test]
async fn a_history_is_that_of_a_plain_list_however_it_is_packed() {
    for (sealing, seed) in SEALINGS.iter().flat_map(|sealing| (0..6).map(move |seed| (*sealing, seed))) {
        let shape = [Shape::Curve, Shape::Wild, Shape::Flat][usize::try_from(seed % 3).unwrap()];
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("trackside.db");
        let mut store = SqliteStore::open(&path, Config { sealing, ..Config::default() }).unwrap();
        let run = lone_run(&store).await;
        let (mut random, mut model) = (Random(seed), Model::new());
        for round in 0..60 {
            let batch = batch(&mut random, shape, round);
            for point in &batch {
                model.entry(identity(point)).or_insert_with(|| bits(point));
            }
            store.append(&run, vec![points("m", &batch)]).await.unwrap();
            let what = format!("{sealing:?}, {shape:?}, seed {seed}, round {round}");
            match random.below(12) {
                0 => store.seal().await.unwrap(),
                1 => {
                    store.close().await;
                    let sealing = SEALINGS[usize::try_from(random.below(4)).unwrap()];
                    store = SqliteStore::open(&path, Config { sealing, ..Config::default() }).unwrap();
                }
                2..4 => assert_equal(&store, &run, &model, &mut random, &what).await,
                _ => {}
            }
        }
        store.seal().await.unwrap();
        assert_equal(&store, &run, &model, &mut random, &format!("{sealing:?}, seed {seed}")).await;
        store.close().await;
        let rest = "SELECT (SELECT count(*) FROM tail) + (SELECT count(*) FROM block) + (SELECT count(*) FROM point)";
        let rest: i64 = Connection::open(&path).unwrap().query_row(rest, [], |row| row.get(0)).unwrap();
        assert_eq!(rest, 0, "everything is packed");
    }
}

/// Of steps that rise with time but for a few neighbours, so that chunks are in the order of a sample and their points
/// not always.
fn climb(random: &mut Random, n_points: i64) -> Vec<Point> {
    let value = |random: &mut Random| match random.below(40) {
        0 => f64::NAN,
        1 => -0.0,
        _ => f64::from(u32::try_from(random.below(1_000)).unwrap()) / 8.0,
    };
    let step = |random: &mut Random, n: i64| if random.below(3) == 0 { n / 40 * 40 } else { n - n % 3 };
    let point = |random: &mut Random, n: i64| Point {
        step: step(random, n),
        time: Timestamp::from_millis(n),
        value: value(random),
    };
    (0..n_points).map(|n| point(random, n)).collect()
}

#[tokio::test]
async fn a_sample_is_the_same_however_points_are_packed() {
    let folder = TempDir::new().unwrap();
    // The first packs nothing. Chunks of 1,200 points in 40s are cut at no step and unpacked in part.
    let mut stores = Vec::new();
    for (n, points_each) in [(0, 65_536), (1, 400), (2, 1_200)] {
        let sealing =
            Sealing { tail_points: 16, unsealed_points: points_each, chunk_points: points_each, idle_millis: u32::MAX };
        let path = folder.path().join(format!("{n}.db"));
        let store = SqliteStore::open(path, Config { sealing, ..Config::default() }).unwrap();
        let run = lone_run(&store).await;
        stores.push((store, run));
    }
    let mut random = Random(7);
    for batch in climb(&mut random, 9_640).chunks(400) {
        for (store, run) in &stores {
            store.append(run, vec![points("m", batch)]).await.unwrap();
        }
    }
    for round in 0..300 {
        let (one, other) = (random.small(9_700), random.small(9_700));
        let steps = (round > 20).then(|| one.min(other)..=one.max(other));
        let limit = usize::try_from(1 + random.below(if round % 2 == 0 { 12 } else { 600 })).unwrap();
        let mut expected: Option<Vec<_>> = None;
        for (store, run) in &stores {
            let query = SampleQuery { run: run.clone(), key: key("m"), steps: steps.clone(), limit };
            let found = store.sample(query).await.unwrap();
            let found: Vec<_> = found.iter().map(identity).collect();
            assert_eq!(found, *expected.get_or_insert_with(|| found.clone()), "{limit} of {steps:?}");
        }
    }
}

#[tokio::test]
async fn a_repeated_point_is_not_logged_again_wherever_the_first_one_is() {
    let folder = TempDir::new().unwrap();
    let sealing = SEALINGS[2];
    let config = Config { sealing, ..Config::default() };
    let store = SqliteStore::open(folder.path().join("trackside.db"), config).unwrap();
    let run = lone_run(&store).await;
    store.open_cursor("sink").await.unwrap();
    let (mut random, mut model) = (Random(1), Model::new());
    let mut sent = Vec::new();
    for round in 0..40 {
        let new = batch(&mut random, Shape::Curve, round);
        model.extend(new.iter().map(|point| (identity(point), 0)));
        store.append(&run, vec![points("m", &new)]).await.unwrap();
        sent.push(new);
        let again = &sent[usize::try_from(random.below(sent.len() as u64)).unwrap()];
        store.append(&run, vec![points("m", again)]).await.unwrap();
        if round % 9 == 0 {
            store.seal().await.unwrap();
        }
    }
    let range = LogRange { after: trackside_core::Seq(0), until: None, subject: None, max_bytes: u64::MAX };
    let logged: u64 = store.read_log(range).await.unwrap().iter().map(|entry| entry.batch.n_items()).sum();
    assert_eq!(logged, model.len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_see_every_point_once_while_it_is_packed() {
    let folder = TempDir::new().unwrap();
    let config = Config { sealing: SEALINGS[2], ..Config::default() };
    let store = SqliteStore::open(folder.path().join("trackside.db"), config).unwrap();
    let run = lone_run(&store).await;
    let mut tasks = JoinSet::new();
    for reader in 0..3 {
        let (store, run) = (store.clone(), run.clone());
        tasks.spawn(async move {
            let mut seen = 0;
            while seen < 2_000 {
                let limit = (reader > 0).then_some(700);
                let steps: Vec<_> = history(&store, &run, limit).await.iter().map(|point| point.step).collect();
                assert!((0..).zip(&steps).all(|(n, step)| n == *step), "in order and without gaps");
                assert!(steps.len() >= seen, "what was there stays");
                seen = steps.len();
                tokio::task::yield_now().await;
            }
        });
    }
    let sealer = store.clone();
    let mut sealing = JoinSet::new();
    sealing.spawn(async move {
        loop {
            sealer.seal().await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    for step in 0..2_000 {
        let point = Point { step, time: Timestamp::from_millis(step), value: 0.5 };
        store.append(&run, vec![points("m", &[point])]).await.unwrap();
    }
    while let Some(outcome) = tasks.join_next().await {
        outcome.unwrap();
    }
    sealing.abort_all();
}

/// A store with series `m` and `other` of one run, of 40 points each, and the folder it is in. What `m` has in the place
/// to which `before` brought it is damaged.
async fn damaged(before: Sealing, after: Sealing) -> (SqliteStore, RunId, TempDir) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("trackside.db");
    let open = |sealing| SqliteStore::open(&path, Config { sealing, ..Config::default() }).unwrap();
    let store = open(before);
    let run = lone_run(&store).await;
    let curve: Vec<Point> = (0..40).map(|n| Point { step: n, time: Timestamp::from_millis(n), value: 0.5 }).collect();
    for name in ["m", "other"] {
        store.append(&run, vec![points(name, &curve)]).await.unwrap();
    }
    store.close().await;
    let database = Connection::open(&path).unwrap();
    let m = "(SELECT pk FROM series WHERE key = 'm')";
    let damages = [
        ("chunk_bytes", "bytes", format!("pk IN (SELECT bytes FROM chunk WHERE series = {m})")),
        ("tail", "points", format!("length(points) > 0 AND series = {m}")),
        ("block", "points", format!("pk >> 16 = {m}")),
    ];
    let change = |(table, column, rows): &(&str, &str, String)| {
        let sql = format!("UPDATE {table} SET {column} = substr({column}, 1, length({column}) - 1) WHERE {rows}");
        database.execute(&sql, []).unwrap()
    };
    assert!(damages.iter().map(change).sum::<usize>() > 0, "something is damaged");
    drop(database);
    (open(after), run, folder)
}

#[tokio::test]
async fn damaged_points_are_an_error_and_others_are_served() {
    for sealing in SEALINGS {
        let (store, run, _folder) = damaged(sealing, sealing).await;
        let query = |name| HistoryQuery { run: run.clone(), key: key(name), limit: None, after: None, since: None };
        let error = store.history(query("m")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{sealing:?}: {error}");
        // It has to be looked up whether it is there.
        let late = Point { step: 5, time: Timestamp::from_millis(5), value: 0.25 };
        let error = store.append(&run, vec![points("m", &[late])]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{sealing:?}: {error}");
        store.append(&run, vec![points("other", &[late])]).await.unwrap();
        assert_eq!(store.history(query("other")).await.unwrap().items.len(), 41);
    }
}

#[tokio::test]
async fn a_damaged_series_does_not_keep_others_from_being_packed() {
    let (store, _run, folder) = damaged(SEALINGS[3], SEALINGS[2]).await;
    let database = Connection::open(folder.path().join("trackside.db")).unwrap();
    let left = || -> i64 { database.query_row("SELECT count(*) FROM tail", [], |row| row.get(0)).unwrap() };
    // Its thread takes the tail of `other`, and leaves that of `m`.
    while left() > 1 {
        tokio::task::yield_now().await;
    }
    let packed = "SELECT count(*) FROM chunk JOIN series ON pk = series WHERE key = 'other'";
    assert_eq!(database.query_row(packed, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    store.close().await;
    assert_eq!(left(), 1);
}
