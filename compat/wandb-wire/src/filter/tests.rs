use std::cmp::Ordering;

use trackside_core::{
    ExperimentId, Key, LatestMetric, Lifecycle, Param, Point, Run, RunId, RunInfo, RunStatus, Tag,
    query::{Compare as By, Filter as Search, RunField, Test as Hold},
};

use super::*;
use crate::{projection, run_tag, summary};

const CONFIG: &str =
    r#"{"lr": {"value": 0.1}, "opt": {"value": {"name": "sgd"}}, "a.b": {"value": [1, 2]}, "on": {"value": true}}"#;
const SUMMARY: &str = r#"{"loss": 0.5, "acc": {"max": 0.9}, "best": "x"}"#;

fn run() -> Run {
    let tag = |key: &str, value: &str| Tag::new(key, value).unwrap();
    Run {
        info: RunInfo {
            id: RunId::fresh(7),
            experiment: ExperimentId::new(1),
            name: "lively-run-3".to_owned(),
            user: "ann".to_owned(),
            status: RunStatus::Failed,
            started_at: Timestamp::parse("2025-03-01T00:00:00Z").unwrap(),
            ended_at: Timestamp::parse("2025-03-01T01:00:00Z"),
            artifact_uri: String::new(),
            lifecycle: Lifecycle::Active,
        },
        metrics: vec![LatestMetric {
            key: Key::new("loss").unwrap(),
            point: Point { step: 1, time: Timestamp::default(), value: 0.5 },
        }],
        params: vec![Param::new("mlflow", "3.5").unwrap(), Param::new("flag", "True").unwrap()],
        tags: vec![
            tag(run_tag::RUN_ID, "abc"),
            tag(run_tag::LABELS, r#"["x","y"]"#),
            tag(run_tag::STATE, run_tag::CRASHED),
            tag(run_tag::GROUP, "g1"),
            tag(run_tag::HOST, ""),
        ],
        dataset_inputs: vec![],
        model_inputs: vec![],
        model_outputs: vec![],
    }
}

fn passes(text: &str) -> bool {
    let run = run();
    let candidate = Candidate {
        run: &run,
        config: Some(projection::whole(Some(CONFIG), &run.params)),
        summary: Some(summary::whole(Some(SUMMARY), &run.metrics)),
        heartbeat: Timestamp::parse("2025-03-01T01:00:00Z").unwrap(),
    };
    candidate.passes(&Filter::parse(Some(text)).unwrap())
}

#[test]
fn runs_pass_what_holds() {
    for text in [
        "{}",
        r#"{"name": "abc", "display_name": {"$regex": "^live"}, "state": "crashed", "username": "ann"}"#,
        r#"{"$or": [{"state": "finished"}, {"group": {"$in": ["g1", "g2"]}}]}"#,
        r#"{"tags": "x"}"#,
        r#"{"tags": {"$in": ["z", "y"]}}"#,
        r#"{"tags": {"$nin": ["z"]}}"#,
        r#"{"tags": {"$ne": "z"}, "jobType": {"$exists": false}, "host": {"$exists": false}}"#,
        r#"{"config.lr": 0.1, "config.lr.value": {"$gt": 0.05, "$lte": 0.1}}"#,
        r#"{"config.opt.value.name": "sgd", "config.opt.name": {"$ne": "adam"}, "config.a.b.value": 2}"#,
        r#"{"config.mlflow": {"$gte": 3}, "config.flag": true, "config.on": true}"#,
        r#"{"summary_metrics.loss": {"$lt": 1}, "summary_metrics.acc.max": 0.9, "summary_metrics.best": "x"}"#,
        r#"{"createdAt": {"$gt": "2025-02-28", "$lt": "2025-03-01T00:00:01"}, "duration": {"$gte": 3600}}"#,
        r#"{"created_at": {"$gte": 1740787200}, "heartbeat_at": {"$gt": "2025-03-01 00:59:59"}}"#,
        r#"{"$nor": [{"state": "failed"}], "config.none": {"$exists": false}, "odd": {"$ne": 1}}"#,
        r#"{"displayName": {"$regex": "LIVELY", "$options": "i"}, "state": {"$not": {"$eq": "running"}}}"#,
    ] {
        assert!(passes(text), "{text}");
    }
}

#[test]
fn runs_do_not_pass_what_does_not_hold() {
    for text in [
        r#"{"name": "lively-run-3"}"#,
        r#"{"state": "failed"}"#,
        r#"{"tags": "z"}"#,
        r#"{"config.lr": "0.1x"}"#,
        r#"{"config.none": {"$gt": 0}}"#,
        r#"{"config.opt": "sgd"}"#,
        r#"{"summary_metrics.loss": {"$gt": 0.5}}"#,
        r#"{"summary_metrics.best": {"$gt": 1}}"#,
        r#"{"group": {"$regex": "^1"}}"#,
        r#"{"odd": 1}"#,
        r#"{"$or": []}"#,
        r#"{"createdAt": {"$gt": "nonsense"}}"#,
    ] {
        assert!(!passes(text), "{text}");
    }
}

#[test]
fn what_is_no_filter_is_refused() {
    let deep = format!("{}{{}}{}", r#"{"$not": "#.repeat(40), "}".repeat(40));
    for text in ["[]", "1", "{", r#"{"$and": {}}"#, r#"{"a": {"$what": 1}}"#, r#"{"name": {"$regex": "("}}"#, &deep] {
        assert!(Filter::parse(Some(text)).is_err(), "{text}");
    }
    assert!(matches!(Filter::parse(None), Ok(Filter::All(parts)) if parts.is_empty()));
}

#[test]
fn a_store_searches_by_what_it_can() {
    let search = |text: &str| Filter::parse(Some(text)).unwrap().search();
    let name = |text: &str| Search::Field(RunField::Name, Hold::Text(By::Equal, text.to_owned()));
    assert_eq!(search(r#"{"displayName": "a"}"#), (name("a"), true));
    assert_eq!(search(r#"{"displayName": {"$ne": "a"}}"#), (Search::Not(Box::new(name("a"))), true));
    let lr = Search::Field(RunField::Param(Key::new("lr").unwrap()), Hold::Number(By::Greater, 0.5));
    assert_eq!(search(r#"{"config.lr.value": {"$gt": 0.5}}"#), (lr.clone(), true));
    // What it cannot tell lets all pass, also when it is negated.
    let both = search(r#"{"$and": [{"config.lr": {"$gt": 0.5}}, {"duration": {"$gt": 1}}]}"#);
    assert_eq!(both, (Search::All(vec![lr, Search::All(vec![])]), false));
    assert_eq!(search(r#"{"duration": {"$not": {"$gt": 1}}}"#), (Search::All(vec![]), false));
    assert_eq!(search(r#"{"odd": 1}"#), (Search::Any(vec![]), true));
}

#[test]
fn orders_are_read() {
    let by = |field, ascending| Sorted::ByStore(vec![trackside_core::query::Order { field, ascending }]);
    assert_eq!(Order::parse(None).sorted(), by(RunField::StartedAt, true));
    assert_eq!(Order::parse(Some("-created_at")).sorted(), by(RunField::StartedAt, false));
    let loss = RunField::Metric(Key::new("loss").unwrap());
    assert_eq!(Order::parse(Some("-summary_metrics.loss")).sorted(), by(loss, false));
    assert_eq!(Order::parse(Some("+config.lr.value")).sorted(), Sorted::InMemory);

    let key = |order: &Order, number: &str| {
        let run = Run { params: vec![Param::new("n", number).unwrap()], ..run() };
        let config = Some(projection::whole(None, &run.params));
        order.key(&Candidate { run: &run, config, summary: None, heartbeat: Timestamp::default() })
    };
    for (text, expected) in [
        ("+config.n.value", Ordering::Less),
        ("-config.n.value", Ordering::Greater),
        ("+config.other", Ordering::Equal),
    ] {
        let order = Order::parse(Some(text));
        assert_eq!(order.compare(&key(&order, "9"), &key(&order, "10")), expected, "{text}");
    }
    let order = Order::parse(Some("-config.n"));
    assert!(order.compare(&Json::Null, &Json::from(1)).is_gt());
}
