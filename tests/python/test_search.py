"""Search of runs through the Python client: filters, order, paging, data frames."""

import math
import uuid

import pandas as pd
import pytest
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import RestException

pytest_plugins = "mlflow_session"

T0 = 1_700_000_000_000


@pytest.fixture(scope="module")
def shelf(client):
    """An experiment with five runs, `a` to `e`, that differ in everything a search can ask for."""
    experiment_id = client.create_experiment(f"shelf-{uuid.uuid4().hex[:12]}")
    rows = {
        "a": ({"loss": 0.1, "acc": 0.9}, {"opt": "adam", "lr": "0.1"}, {"team": "red", "über": "ja"}),
        "b": ({"loss": 0.2, "acc": 0.8}, {"opt": "sgd", "lr": "0.05"}, {"team": "blue"}),
        "c": ({"loss": math.nan, "acc": 0.7}, {"opt": "Adam", "lr": "1"}, {"team": "red", "a b": "spaced"}),
        "d": ({"loss": math.inf}, {"opt": "adamax"}, {"note": "100%_sure"}),
        "e": ({}, {}, {}),
    }
    for index, (name, (metrics, params, tags)) in enumerate(rows.items()):
        run_id = client.create_run(experiment_id, start_time=T0 + index, run_name=name).info.run_id
        client.log_batch(
            run_id,
            metrics=[Metric(key, value, T0, 0) for key, value in metrics.items()],
            params=[Param(key, value) for key, value in params.items()],
            tags=[RunTag(key, value) for key, value in tags.items()],
        )
        if name in "abd":
            client.set_terminated(run_id, "FAILED" if name == "b" else "FINISHED", end_time=T0 + 1000 * (index + 1))
    return experiment_id


@pytest.fixture
def search(client, shelf):
    """Search the shelf; the names of the runs found, as one word."""

    def names(query="", order_by=("attribute.start_time ASC",)):
        return "".join(run.info.run_name for run in client.search_runs([shelf], query, order_by=list(order_by)))

    return names


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "abcde"),
        ("metrics.loss < 0.2", "a"),
        ("metrics.loss <= 0.2", "ab"),
        ("metrics.loss >= 0.2", "bd"),
        ("metric.loss = 0.1", "a"),
        ("metrics.loss != 0.1", "bcd"),
        ("metrics.acc > 0.75 AND metrics.loss > 0.15", "b"),
        ("metrics.missing > 0", ""),
        ("params.opt = 'adam'", "a"),
        ('parameter.opt = "adam"', "a"),
        ("params.opt != 'adam'", "bcd"),
        ("params.opt LIKE 'adam%'", "ad"),
        ("params.opt ILIKE 'ADAM'", "ac"),
        ("params.opt LIKE '_dam'", "ac"),
        ("params.lr IS NULL", "de"),
        ("params.lr IS NOT NULL", "abc"),
        ("tags.team = 'red'", "ac"),
        ("tag.team != 'red'", "b"),
        ("tags.`a b` = 'spaced'", "c"),
        ("tags.\"über\" = 'ja'", "a"),
        ("tags.note LIKE '%sure'", "d"),
        ("tags.team IS NULL", "de"),
        ("attributes.status = 'FINISHED'", "ad"),
        ("attribute.status != 'FINISHED'", "bce"),
        ("status = 'FAILED'", "b"),
        ("run_name = 'c'", "c"),
        ("attributes.run_name LIKE '%'", "abcde"),
        ("tags.`mlflow.runName` = 'b'", "b"),
        (f"attributes.start_time > {T0 + 2}", "de"),
        (f"start_time <= {T0}", "a"),
        (f"attributes.end_time >= {T0 + 2000}", "bd"),
        ("artifact_uri LIKE 'mlflow-artifacts:%'", "abcde"),
        ("metrics.acc > 0 and params.opt ilike 'adam' and tags.team = 'red' and run_name != 'c'", "a"),
    ],
)
def test_filter(search, query, expected):
    assert search(query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("params.opt = 'sgd' OR tags.team = 'red'", "abc"),
        ("params.opt = 'sgd' OR tags.team = 'red' AND metrics.loss < 1", "ab"),
        ("(params.opt = 'sgd' OR tags.team = 'red') AND metrics.acc < 0.85", "bc"),
        # What lacks the tag is not red, though it passes no comparison of the tag.
        ("NOT tags.team = 'red'", "bde"),
        ("NOT (tags.team IS NULL OR params.opt = 'sgd')", "ac"),
        ("not run_id IN ('x') or run_name = 'e'", "abcde"),
        ("params.lr > 0.05", "ac"),
        ("params.lr <= 0.05", "b"),
        ("params.lr = 1.0", "c"),
        ("params.opt > 0", ""),
        ("metrics.acc IS NULL", "de"),
        ("metrics.loss IS NOT NULL", "abcd"),
        ("attributes.end_time IS NULL", "ce"),
        ("params.opt RLIKE '^[aA]dam$'", "ac"),
        ("tags.note RLIKE '[0-9]+%'", "d"),
        ("NOT params.opt RLIKE 'dam'", "be"),
    ],
)
def test_filter_beyond_mlflows_grammar(search, query, expected):
    assert search(query) == expected


def test_filter_by_run_ids(client, search, shelf):
    ids = {run.info.run_name: run.info.run_id for run in client.search_runs([shelf])}
    assert search(f"attributes.run_id = '{ids['b']}'") == "b"
    assert search(f"run_id IN ('{ids['a']}', '{ids['e']}')") == "ae"
    assert search(f"attribute.run_id NOT IN ('{ids['a']}', '{ids['e']}')") == "bcd"


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ([], "edcba"),
        (["attribute.start_time ASC"], "abcde"),
        (["start_time DESC"], "edcba"),
        # Numbers first, then NaN, then runs without the metric; in both directions.
        (["metrics.loss ASC", "start_time ASC"], "abdce"),
        (["metrics.loss DESC", "start_time ASC"], "dbace"),
        (["metrics.acc", "start_time DESC"], "cbaed"),
        (["params.opt ASC", "start_time ASC"], "cadbe"),
        (["params.opt DESC", "start_time ASC"], "bdace"),
        (["params.lr ASC", "start_time ASC"], "bacde"),
        (["tags.team DESC", "metrics.acc ASC", "start_time ASC"], "cabde"),
        (["attributes.status ASC", "start_time DESC"], "bdaec"),
        (["attribute.end_time DESC", "start_time ASC"], "dbace"),
        (["run_name DESC"], "edcba"),
    ],
)
def test_order(search, order_by, expected):
    assert search("", order_by) == expected


@pytest.mark.parametrize(
    "query",
    [
        "metrics.loss < 'x'",
        "metrics.loss LIKE 'x'",
        "params.opt > 'a'",
        "params.opt = adam",
        "params.lr LIKE 1",
        "bogus.key = 'x'",
        "attributes.bogus = 'x'",
        "status = 'FINISHED' OR",
        "(status = 'FINISHED'",
        "params.opt RLIKE '('",
        "params.opt == 'adam'",
        "run_name IN ('a')",
    ],
)
def test_a_bad_filter_is_refused(search, query):
    with pytest.raises(RestException) as error:
        search(query)
    assert error.value.error_code == "INVALID_PARAMETER_VALUE"


def test_a_bad_order_is_refused(search):
    with pytest.raises(RestException) as error:
        search("", ["bogus.key"])
    assert error.value.error_code == "INVALID_PARAMETER_VALUE"


def test_a_data_frame(fluent, client, shelf):
    frame = fluent.search_runs([shelf], filter_string="metrics.acc > 0", order_by=["metrics.acc DESC"])
    assert list(frame["tags.mlflow.runName"]) == ["a", "b", "c"]
    assert list(frame["experiment_id"]) == [shelf] * 3
    assert list(frame["status"]) == ["FINISHED", "FAILED", "RUNNING"]
    assert list(frame["params.opt"]) == ["adam", "sgd", "Adam"]
    assert list(frame["params.lr"]) == ["0.1", "0.05", "1"]
    assert list(frame["metrics.acc"]) == [0.9, 0.8, 0.7]
    assert list(frame["metrics.loss"])[:2] == [0.1, 0.2]
    assert math.isnan(frame["metrics.loss"][2])
    assert list(frame["tags.team"]) == ["red", "blue", "red"]
    assert list(frame["tags.über"])[0] == "ja"
    assert list(frame["tags.über"].isna()) == [False, True, True]
    assert list(frame["start_time"]) == [pd.Timestamp(T0 + i, unit="ms", tz="UTC") for i in range(3)]
    assert list(frame["end_time"])[:2] == [pd.Timestamp(T0 + 1000 * i, unit="ms", tz="UTC") for i in (1, 2)]
    assert frame["end_time"][2] is pd.NaT
    for row, run_id in zip(frame["artifact_uri"], frame["run_id"], strict=True):
        assert row == client.get_run(run_id).info.artifact_uri
    assert fluent.search_runs([shelf], filter_string="metrics.acc > 2").empty


def test_runs_found_equal_runs_read(client, shelf):
    found = client.search_runs([shelf], "metrics.acc > 0.75")
    assert [run.info.run_name for run in found] == ["b", "a"]
    for run in found:
        assert run.to_dictionary() == client.get_run(run.info.run_id).to_dictionary()


def test_pages_over_two_experiments(client, unique):
    experiments = [client.create_experiment(unique(name)) for name in ("left", "right")]
    created = []
    for index in range(120):
        run = client.create_run(experiments[index % 2], start_time=T0 + index // 4, run_name=f"run-{index}")
        created.append((-(T0 + index // 4), run.info.run_id))
    pages, token = [], None
    while True:
        page = client.search_runs(experiments, max_results=50, page_token=token)
        pages.append([(-run.info.start_time, run.info.run_id) for run in page])
        token = page.token
        if not token:
            break
    assert [len(page) for page in pages] == [50, 50, 20]
    # The latest first; runs that started together by id.
    assert sum(pages, []) == sorted(created)
    whole = client.search_runs(experiments, max_results=120)
    assert (len(whole), whole.token or None) == (120, None)
    assert client.search_runs([]) == []


def test_a_bad_page_token_and_size_are_refused(client, shelf):
    for options in ({"page_token": "!"}, {"max_results": 0}, {"max_results": 50_001}):
        with pytest.raises(RestException) as error:
            client.search_runs([shelf], **options)
        assert error.value.error_code == "INVALID_PARAMETER_VALUE"
