use std::collections::BTreeMap;

use trackside_core::Timestamp;

use super::*;
use crate::Instant;

const AT: Instant = Instant(Timestamp::from_millis(0));

/// A point for each value, at steps 0, 1, 2 and so on.
fn curve(values: &[f64]) -> Vec<Sample> {
    let sample = |(step, value): (usize, &f64)| Sample { step: i64::try_from(step).unwrap(), time: 7, value: *value };
    values.iter().enumerate().map(sample).collect()
}

fn compare(recorded: &[Sample], found: &[Sample]) -> MetricComparison {
    MetricComparison::of("loss", recorded, found, &[], &Tolerances::default())
}

fn given(relative: f64) -> Tolerances {
    Tolerances { all: Some(relative), metrics: BTreeMap::new() }
}

#[test]
fn the_same_values_are_identical_and_nan_is_nan() {
    let values = [1.0, f64::NAN, f64::INFINITY, 0.1 + 0.2];
    let compared = compare(&curve(&values), &curve(&[1.0, -f64::NAN, f64::INFINITY, 0.1 + 0.2]));
    assert_eq!((compared.likeness, compared.largest), (Likeness::Identical, Some(0.0)));
    assert_eq!((compared.parts, compared.breaks), (None, None));
}

#[test]
fn a_number_is_not_nan_nor_infinite() {
    for (then, now) in [(1.0, f64::NAN), (f64::NAN, 1.0), (f64::INFINITY, f64::MAX), (f64::INFINITY, f64::NEG_INFINITY)]
    {
        let compared = compare(&curve(&[0.5, then]), &curve(&[0.5, now]));
        assert_eq!(compared.likeness, Likeness::Different, "{then} {now}");
        let breaks = compared.breaks.unwrap();
        assert_eq!((breaks.step, breaks.found), (1, Some(format!("{now:?}"))));
    }
}

#[test]
fn what_lies_close_is_equivalent_and_the_first_step_is_told() {
    let compared = compare(&curve(&[1.0, 2.0, 3.0]), &curve(&[1.0, 2.001, 3.0]));
    assert_eq!(compared.likeness, Likeness::Equivalent);
    assert_eq!((compared.parts.unwrap().step, compared.breaks), (1, None));
    let compared = compare(&curve(&[1.0, 2.0, 3.0]), &curve(&[1.0, 2.001, 3.1]));
    assert_eq!(compared.likeness, Likeness::Different);
    assert_eq!((compared.parts.unwrap().step, compared.breaks.unwrap().step), (1, 2));
    assert!((compared.largest.unwrap() - 0.1).abs() < 1e-9);
    // However small the value is.
    assert_eq!(compare(&curve(&[0.0]), &curve(&[9e-7])).likeness, Likeness::Equivalent);
    assert_eq!(compare(&curve(&[0.0]), &curve(&[2e-6])).likeness, Likeness::Different);
}

#[test]
fn what_is_given_goes_before_what_is_usual() {
    let mut tolerances = given(0.5);
    tolerances.metrics.insert("loss".to_owned(), 0.0);
    let close = |name, tolerances: &Tolerances| {
        MetricComparison::of(name, &curve(&[1.0]), &curve(&[1.4]), &[], tolerances).likeness
    };
    assert_eq!(close("accuracy", &tolerances), Likeness::Equivalent);
    assert_eq!(close("loss", &tolerances), Likeness::Different);
    let least = MetricComparison::of("loss", &curve(&[0.0]), &curve(&[1e-9]), &[], &tolerances);
    assert_eq!(least.likeness, Likeness::Different, "nothing is tolerated");
}

#[test]
fn a_step_that_is_missing_is_a_difference() {
    let longer = compare(&curve(&[1.0]), &curve(&[1.0, 2.0]));
    assert_eq!(longer.breaks.unwrap(), Parting { step: 1, recorded: None, found: Some("2.0".to_owned()) });
    let shorter = compare(&curve(&[1.0, 2.0]), &curve(&[1.0]));
    assert_eq!(shorter.breaks.unwrap(), Parting { step: 1, recorded: Some("2.0".to_owned()), found: None });
    let gone = compare(&curve(&[1.0, 2.0]), &[]);
    assert_eq!((gone.likeness, gone.breaks.unwrap().step, gone.found_points), (Likeness::Different, 0, 0));
}

#[test]
fn repeated_steps_are_compared_in_the_order_of_time() {
    let at = |points: &[(i64, f64)]| -> Vec<Sample> {
        points.iter().map(|(time, value)| Sample { step: 0, time: *time, value: *value }).collect()
    };
    // Points come in any order.
    assert_eq!(compare(&at(&[(1, 3.0), (2, 2.0)]), &at(&[(9, 2.0), (8, 3.0)])).likeness, Likeness::Identical);
    assert_eq!(compare(&at(&[(1, 3.0), (2, 2.0)]), &at(&[(8, 2.0), (9, 3.0)])).likeness, Likeness::Different);
    // Within one millisecond nobody knows the order.
    assert_eq!(compare(&at(&[(1, 3.0), (2, 2.0)]), &at(&[(8, 2.0), (8, 3.0)])).likeness, Likeness::Identical);
    let fewer = compare(&at(&[(1, 3.0), (2, 2.0)]), &at(&[(8, 3.0)]));
    assert_eq!(fewer.breaks.unwrap(), Parting { step: 0, recorded: Some("2.0".to_owned()), found: None });
}

#[test]
fn a_spread_is_told_from_two_repeats_on() {
    let recorded = curve(&[1.0, 1.0]);
    let judge = |found: &[f64], earlier: &[Vec<Sample>]| {
        MetricComparison::of("loss", &recorded, &curve(found), earlier, &Tolerances::default())
    };
    let earlier = [curve(&[0.9, 1.1]), curve(&[1.2, 0.9])];
    assert_eq!(judge(&[1.1, 1.0], &earlier[..1]).likeness, Likeness::Different, "one repeat is no spread");
    // 0.9 to 1.2, and 0.3 on both sides.
    let within = judge(&[0.65, 1.0], &earlier);
    assert_eq!(within.likeness, Likeness::Equivalent);
    assert_eq!(within.basis, Basis::Spread { runs: 3, last: Some([0.9, 1.1]) });
    assert_eq!(judge(&[0.55, 1.0], &earlier).breaks.unwrap().step, 0);
    // The second step has less of a range of its own; its neighbour's counts.
    assert_eq!(judge(&[1.0, 1.35], &earlier).likeness, Likeness::Equivalent);
    assert_eq!(judge(&[1.0, 1.45], &earlier).likeness, Likeness::Different);
    assert_eq!(judge(&[1.0, f64::NAN], &earlier).likeness, Likeness::Different);
    // A run without the metric says nothing of it.
    assert_eq!(judge(&[1.1, 1.0], &[earlier[0].clone(), Vec::new()]).likeness, Likeness::Different);
}

#[test]
fn a_spread_far_away_says_nothing_here() {
    let at = |middle: f64| {
        let mut values = vec![5.0; 40];
        values[0] = middle;
        curve(&values)
    };
    let earlier = [at(4.0), at(6.0)];
    let mut found = vec![5.0; 40];
    found[30] = 5.5;
    let compared = MetricComparison::of("loss", &at(5.0), &curve(&found), &earlier, &Tolerances::default());
    assert_eq!(compared.breaks.unwrap().step, 30);
}

/// Noise of 0 or 0.05 has the same range everywhere, but for rounding.
#[test]
fn rounding_takes_nothing_away_from_a_spread() {
    let noisy = |noise: fn(usize) -> bool| -> Vec<Sample> {
        let value =
            |step: usize| 1.0 / (f64::from(u8::try_from(step).unwrap()) + 1.0) + if noise(step) { 0.05 } else { 0.0 };
        curve(&(0..60).map(value).collect::<Vec<_>>())
    };
    // One step in ten has a range of its own.
    let [low, high] = [noisy(|_| false), noisy(|step| step % 10 == 0)];
    let earlier = [low.clone(), high];
    let found = noisy(|_| true);
    let compared = MetricComparison::of("loss", &low, &found, &earlier, &Tolerances::default());
    assert_eq!(compared.likeness, Likeness::Equivalent, "{:?}", compared.breaks);
}

#[test]
fn nan_is_tolerated_where_others_had_it() {
    let earlier = [curve(&[f64::NAN]), curve(&[1.1])];
    let judge = |found| {
        MetricComparison::of("loss", &curve(&[1.0]), &curve(&[found]), &earlier, &Tolerances::default()).likeness
    };
    assert_eq!(judge(f64::NAN), Likeness::Equivalent);
    assert_eq!(judge(f64::INFINITY), Likeness::Different);
    assert_eq!(judge(1.15), Likeness::Equivalent);
}

#[test]
fn times_and_the_machine_are_not_judged() {
    for (name, judged) in [
        ("loss", true),
        ("sentiment_accuracy", true),
        ("timesteps", true),
        ("per_class/second", true),
        ("system/cpu_utilization_percentage", false),
        ("train_time", false),
        ("epoch.duration", false),
        ("eval_samples_per_second", false),
        ("Seconds", false),
        ("train_runtime", false),
    ] {
        assert_eq!(metric::is_judged(name), judged, "{name}");
    }
}

fn side(run: &str, metrics: &[(&str, &[f64])], files: &[(&str, &str)]) -> Side {
    let file = |(path, sha256): &(&str, &str)| FileSeen {
        role: FileRole::Artifact,
        path: (*path).to_owned(),
        sha256: (*sha256).to_owned(),
    };
    Side {
        run_id: run.to_owned(),
        metrics: metrics.iter().map(|(name, values)| ((*name).to_owned(), curve(values))).collect(),
        files: files.iter().map(file).collect(),
        exit_code: Some(0),
    }
}

fn reproduction(then: &Side, now: &Side) -> Reproduction {
    Reproduction::of(then, now, &[], &Tolerances::default(), AT)
}

#[test]
fn the_verdict_is_that_of_the_worst_metric_that_counts() {
    let then = side("a", &[("loss", &[1.0]), ("time", &[3.0])], &[]);
    let same = reproduction(&then, &side("b", &[("loss", &[1.0]), ("time", &[9.0])], &[]));
    assert_eq!((same.verdict, same.reason.as_str()), (Likeness::Identical, "every metric is the same to the bit"));
    assert_eq!(same.metrics[1].likeness, Likeness::Different);
    let close = reproduction(&then, &side("b", &[("loss", &[1.0001])], &[]));
    assert_eq!((close.verdict, close.reason.as_str()), (Likeness::Equivalent, "within what is tolerated: loss"));
    let other = reproduction(&then, &side("b", &[("loss", &[2.0]), ("new", &[1.0])], &[]));
    assert_eq!(other.verdict, Likeness::Different);
    assert_eq!(other.reason, "other values than in the original, from step 0 on: loss");
    assert_eq!(other.only_found, ["new"]);
}

#[test]
fn another_exit_code_is_another_result() {
    let then = side("a", &[("loss", &[1.0])], &[]);
    let now = Side { exit_code: Some(1), ..side("b", &[("loss", &[1.0])], &[]) };
    let reproduction = reproduction(&then, &now);
    assert_eq!(reproduction.verdict, Likeness::Different);
    assert_eq!(reproduction.reason, "the command ended with exit code 1, the original with 0");
}

#[test]
fn files_count_where_their_format_repeats() {
    let metrics: [(&str, &[f64]); 1] = [("loss", &[1.0])];
    let verdict = |metrics: &[(&str, &[f64])], then: &[(&str, &str)], now: &[(&str, &str)]| {
        reproduction(&side("a", metrics, then), &side("b", metrics, now)).verdict
    };
    assert_eq!(verdict(&metrics, &[("m/model.pkl", "1")], &[("m/model.pkl", "2")]), Likeness::Identical);
    assert_eq!(verdict(&metrics, &[("p.csv", "1")], &[("p.csv", "2")]), Likeness::Equivalent);
    assert_eq!(verdict(&[], &[("p.csv", "1")], &[("p.csv", "2")]), Likeness::Different);
    assert_eq!(verdict(&[], &[("p.csv", "1")], &[]), Likeness::Different);
    assert_eq!(verdict(&[], &[("p.csv", "1")], &[("p.csv", "1")]), Likeness::Identical);
    assert_eq!(verdict(&[], &[], &[]), Likeness::Equivalent);
}

#[test]
fn a_report_is_read_as_it_was_written() {
    let then = side("a", &[("loss", &[1.0, f64::NAN])], &[("p.csv", "1")]);
    let report = reproduction(&then, &side("b", &[("loss", &[f64::INFINITY, 2.0])], &[("p.csv", "2")]));
    assert_eq!(Reproduction::read(&report.to_json()).unwrap(), report);
    let newer = String::from_utf8(report.to_json()).unwrap().replacen("\"version\": 1", "\"version\": 2", 1);
    assert!(Reproduction::read(newer.as_bytes()).unwrap_err().message().contains("newer release"));
    assert!(Reproduction::read(b"{}").unwrap_err().message().starts_with("not a report of a reproduction"));
}

#[test]
fn the_text_names_what_differs() {
    let then = side("a", &[("loss", &[1.0, 2.0]), ("time", &[3.0])], &[("p.csv", "1"), ("q.csv", "1")]);
    let now = side("b", &[("loss", &[1.0, 2.5]), ("time", &[4.0])], &[("p.csv", "2"), ("q.csv", "1")]);
    let expected = "\
Run b repeats a: different
Other values than in the original, from step 1 on: loss.

  loss  different   2 points, at most 5.000e-1 apart, too far from step 1 on (2.5, was 2.0); tolerance 1e-3 of the value
  time  not judged  1 point, at most 1.000e0 apart, too far from step 0 on (4.0, was 3.0)

  1 of 2 files are the same
  artifact  p.csv: differs
";
    assert_eq!(reproduction(&then, &now).to_text(), expected);
}
