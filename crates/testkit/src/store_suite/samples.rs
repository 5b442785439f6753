//! Samples of metrics: which points they hold, in which order.

use std::{cmp::Ordering, ops::RangeInclusive};

use trackside_core::{
    Point, RunId, Store,
    store::{EXTREMES_FROM, SampleQuery},
};

use super::scene::lone_run;
use crate::fixture::{key, point, points};

/// The step of the point that is logged at this place.
type StepOf = fn(i64) -> i64;

async fn sample(
    store: &dyn Store,
    run: &RunId,
    name: &str,
    steps: Option<RangeInclusive<i64>>,
    limit: usize,
) -> Vec<Point> {
    store.sample(SampleQuery { run: run.clone(), key: key(name), steps, limit }).await.unwrap()
}

/// What a sample of points in this order is, by the words of the trait.
fn sampled(ordered: &[Point], limit: usize) -> Vec<Point> {
    let numbers = || ordered.iter().filter(|point| !point.value.is_nan());
    // Of equal ones `min_by` takes the first and `max_by` the last.
    let lowest = numbers().min_by(|a, b| a.value.partial_cmp(&b.value).unwrap());
    let highest = numbers().rev().max_by(|a, b| a.value.partial_cmp(&b.value).unwrap());
    let extremes: Vec<Point> = [lowest, highest].into_iter().flatten().copied().collect();
    let plain = stretches(ordered, limit);
    let holds = |extreme: &Point| {
        plain.iter().any(|point| point.value.partial_cmp(&extreme.value).is_some_and(Ordering::is_eq))
    };
    if limit < EXTREMES_FROM || extremes.iter().all(holds) {
        return plain;
    }
    let mut expected = stretches(ordered, limit - 2);
    expected.extend(extremes);
    expected.sort_by(Point::recency);
    expected.dedup();
    expected
}

/// The first of each stretch and the last of all.
fn stretches(ordered: &[Point], limit: usize) -> Vec<Point> {
    if ordered.len() <= limit {
        return ordered.to_vec();
    }
    let mut expected = Vec::new();
    let mut rest = ordered;
    for stretch in 0..limit {
        expected.push(rest[0]);
        rest = &rest[ordered.len() / limit + usize::from(stretch < ordered.len() % limit)..];
    }
    assert!(rest.is_empty(), "the stretches are all there is");
    expected[limit - 1] = ordered[ordered.len() - 1];
    expected
}

pub async fn a_sample_goes_by_step_then_time_then_value(store: &dyn Store) {
    let ordered = [
        point(i64::MIN, 9, 0.0),
        point(-1, 2, 0.0),
        point(0, -1, 5.0),
        point(0, 1, f64::NEG_INFINITY),
        point(0, 1, -0.5),
        point(0, 1, 0.0),
        point(0, 1, f64::NAN),
        point(0, 1, 0.5),
        point(0, 1, f64::INFINITY),
        point(7, -9, 0.0),
        point(i64::MAX, 0, 0.0),
    ];
    let shuffled: Vec<Point> = [10, 3, 6, 0, 8, 7, 5, 1, 9, 4, 2].map(|n| ordered[n]).into();
    let id = lone_run(store, vec![points("m", &shuffled), points("other", &ordered[..1])]).await;
    for limit in [11, 12, usize::MAX] {
        assert_eq!(sample(store, &id, "m", None, limit).await, ordered, "at most {limit}");
    }
}

pub async fn a_sample_is_the_first_of_each_stretch_and_the_last_of_all(store: &dyn Store) {
    let shapes: [(&str, StepOf); 6] = [
        ("rising", |n| n),
        ("falling", |n| -n),
        ("resumed", |n| if n < 400 { n } else { n - 150 }),
        ("one step", |_| 3),
        ("few steps", |n| n % 5),
        ("spread", |n| (n - 300) * 30_000_000_000_000_007),
    ];
    let values = [-1.0, f64::NAN, 1.0].into_iter().cycle();
    let series = shapes.map(|(name, step)| {
        let points = (0..601).zip(values.clone()).map(|(n, value)| point(step(n), n / 3, value));
        (name, points.collect::<Vec<_>>())
    });
    let id = lone_run(store, series.iter().map(|(name, all)| points(name, all)).collect()).await;
    for (name, mut all) in series {
        all.sort_by(Point::recency);
        for limit in [1, 2, 3, 7, 300, 599, 600, 601, 602] {
            assert_eq!(sample(store, &id, name, None, limit).await, sampled(&all, limit), "{limit} of {name}");
        }
    }
}

pub async fn a_sample_keeps_the_extremes(store: &dyn Store) {
    let curve = |peaks: &[(i64, f64)]| -> Vec<Point> {
        let value = |n| peaks.iter().find(|(at, _)| *at == n).map_or(0.5, |(_, value)| *value);
        (0..1_000).map(|n| point(n, n / 3, value(n))).collect()
    };
    let series = [
        ("apart", curve(&[(333, -9.0), (777, 9.0)])),
        ("together", curve(&[(501, 9.0), (502, -9.0)])),
        ("at the beginning", curve(&[(1, f64::INFINITY), (2, f64::NEG_INFINITY), (3, f64::NAN)])),
        ("at the end", curve(&[(998, 9.0), (997, -9.0)])),
        ("several times", curve(&[(100, 9.0), (200, 9.0), (300, -9.0), (400, -9.0)])),
        ("nowhere", (0..1_000).map(|n| point(n, n, f64::NAN)).collect()),
    ];
    let id = lone_run(store, series.iter().map(|(name, all)| points(name, all)).collect()).await;
    for (name, all) in series {
        for limit in [15, 16, 17, 320, 999] {
            assert_eq!(sample(store, &id, name, None, limit).await, sampled(&all, limit), "{limit} of {name}");
        }
    }
}

pub async fn a_sample_keeps_to_the_steps_asked_for(store: &dyn Store) {
    let all: Vec<Point> = (-10..10).map(|step| point(step, -step, 0.5)).collect();
    let id = lone_run(store, vec![points("m", &all)]).await;
    for (steps, expected) in [
        (-5..=4, &all[5..15]),
        (9..=i64::MAX, &all[19..]),
        (i64::MIN..=-10, &all[..1]),
        (i64::MIN..=i64::MAX, &all[..]),
        (3..=3, &all[13..14]),
        (10..=20, &[]),
    ] {
        for limit in [1, 4, 50] {
            let found = sample(store, &id, "m", Some(steps.clone()), limit).await;
            assert_eq!(found, sampled(expected, limit), "{limit} of {steps:?}");
        }
    }
}

pub async fn unknown_runs_and_metrics_have_no_sample(store: &dyn Store) {
    let id = lone_run(store, vec![points("m", &[point(1, 1, 1.0)])]).await;
    assert_eq!(sample(store, &id, "M", None, 5).await, []);
    assert_eq!(sample(store, &RunId::fresh(2), "m", None, 5).await, []);
}
