"""Tracing through the clients: decorators, nested spans, exceptions, searches, links and deletion."""

import json
import os
import subprocess
import threading
import time

import mlflow
import pytest
import requests
from mlflow.entities import SpanEvent, SpanType, TraceInfo, TraceLocation, TraceState
from mlflow.entities.trace_data import TraceData
from mlflow.exceptions import MlflowException
from mlflow.tracing.client import TracingClient

pytest_plugins = "mlflow_session"


@pytest.fixture
def tracing(fluent, experiment_id, monkeypatch):
    """The fluent interface, which sends traces at once to an experiment of the test's own."""
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")
    mlflow.tracing.reset()
    yield experiment_id
    mlflow.tracing.reset()


def found(experiment_id, **query):
    return mlflow.search_traces(locations=[experiment_id], return_type="list", **query)


def test_decorated_functions_become_a_tree_of_spans(tracing):
    @mlflow.trace(span_type=SpanType.TOOL, attributes={"unit": "°C"})
    def weather(city):
        return {"city": city, "degrees": [1.5, float("inf")]}

    @mlflow.trace(name="agent", span_type=SpanType.AGENT)
    def agent(question):
        mlflow.update_current_trace(tags={"team": "röt"}, metadata={"mlflow.trace.session": "talk"})
        with mlflow.start_span("prompt", span_type=SpanType.LLM) as span:
            span.set_inputs({"messages": [{"role": "user", "content": question}]})
            usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
            span.set_attribute("mlflow.chat.tokenUsage", usage)
            span.add_event(SpanEvent("asked", attributes={"n": 1}))
        return weather("Köln")["city"]

    assert agent("how warm?") == "Köln"
    trace = mlflow.get_trace(mlflow.get_last_active_trace_id())
    assert trace.info.state == TraceState.OK
    assert trace.info.experiment_id == tracing
    assert trace.info.tags["team"] == "röt"
    assert trace.info.tags["mlflow.traceName"] == "agent"
    assert trace.info.tags["mlflow.trace.spansLocation"] == "TRACKING_STORE"
    assert trace.info.trace_metadata["mlflow.trace.session"] == "talk"
    assert trace.info.token_usage == {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    assert json.loads(trace.info.request_preview) == {"question": "how warm?"}
    root, *others = trace.data.spans
    assert (root.name, root.parent_id, root.span_type) == ("agent", None, "AGENT")
    spans = {span.name: span for span in others}
    assert {span.parent_id for span in others} == {root.span_id}
    assert spans["weather"].attributes["unit"] == "°C"
    assert spans["weather"].outputs == {"city": "Köln", "degrees": [1.5, float("inf")]}
    assert spans["prompt"].events[0].attributes == {"n": 1}
    assert root.start_time_ns <= spans["prompt"].start_time_ns <= spans["weather"].start_time_ns
    assert [trace.info.trace_id for trace in found(tracing)] == [trace.info.trace_id]


def test_an_exception_is_told(tracing):
    @mlflow.trace
    def fails():
        raise ValueError("no such city")

    with pytest.raises(ValueError):
        fails()
    trace = found(tracing)[0]
    assert trace.info.state == TraceState.ERROR
    span = trace.data.spans[0]
    assert (span.status.status_code.value, span.events[0].name) == ("ERROR", "exception")
    assert span.events[0].attributes["exception.message"] == "no such city"
    assert found(tracing, filter_string="trace.text LIKE '%no such city%'")[0].info.trace_id == trace.info.trace_id
    assert found(tracing, filter_string="status = 'OK'") == []


def test_spans_read_back_as_they_were_sent(tracing, trackside):
    with mlflow.start_span("test") as span:
        span.set_attributes({"fruit": "apple", "nested": {"a": [1, None, {"b": "ä"}]}, "flag": True, "n": 2**40})
        span.add_event(SpanEvent("event", timestamp=99999, attributes={"foo": "bar"}))
    url = f"{trackside.url}/ajax-api/2.0/mlflow/get-trace-artifact"
    response = requests.get(url, params={"request_id": span.trace_id})
    assert response.headers["Content-Disposition"] == "attachment; filename=traces.json"
    assert TraceData.from_dict(json.loads(response.content)).spans[0].to_dict() == span.to_dict()
    url = f"{trackside.url}/ajax-api/3.0/mlflow/traces/get"
    shown = requests.get(url, params={"trace_id": span.trace_id}).json()["trace"]["spans"][0]
    assert {"key": "fruit", "value": {"string_value": "apple"}} in shown["attributes"]
    assert mlflow.get_trace(span.trace_id).data.spans[0].to_dict() == span.to_dict()


def test_spans_of_many_threads_are_one_trace(tracing):
    with mlflow.start_span("root") as root:

        def work(n):
            child = mlflow.start_span_no_context(f"child-{n}", parent_span=root)
            child.end()

        threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    trace = mlflow.get_trace(root.trace_id)
    assert sorted(span.name for span in trace.data.spans[1:]) == sorted(f"child-{n}" for n in range(20))


def test_traces_are_sent_in_the_background_by_default(tracing, monkeypatch):
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "true")
    mlflow.tracing.reset()
    names = [f"trace-{n}" for n in range(20)]
    for name in names:
        with mlflow.start_span(name):
            pass
    mlflow.flush_trace_async_logging(terminate=True)
    traces = found(tracing, order_by=["timestamp ASC", "name"])
    assert sorted(trace.info.tags["mlflow.traceName"] for trace in traces) == sorted(names)
    assert all(len(trace.data.spans) == 1 for trace in traces)


def test_a_data_frame_of_traces(tracing):
    for n in range(3):
        with mlflow.start_span(f"s{n}") as span:
            span.set_inputs({"n": n})
            span.set_outputs({"squared": n * n})
    frame = mlflow.search_traces(locations=[tracing], order_by=["timestamp ASC", "request_id"])
    assert len(frame) == 3 and set(frame["state"]) == {"OK"}
    assert sorted(response["squared"] for response in frame["response"]) == [0, 1, 4]


def test_pages_and_orders(tracing, client):
    tracing_client = TracingClient()
    for n in range(5):
        state = TraceState.ERROR if n == 2 else TraceState.OK
        location = TraceLocation.from_experiment_id(tracing)
        info = TraceInfo(f"tr-{tracing}-{n}", location, 1000 + n, state, execution_duration=10 - n)
        tracing_client.start_trace(info)
    ids, token = [], None
    while True:
        page = client.search_traces(
            locations=[tracing], max_results=2, page_token=token, order_by=["execution_time"], include_spans=False
        )
        ids += [trace.info.trace_id for trace in page]
        if not (token := page.token):
            break
    assert ids == [f"tr-{tracing}-{n}" for n in (4, 3, 2, 1, 0)]
    failed = client.search_traces(locations=[tracing], filter_string="status = 'ERROR'", include_spans=False)
    assert [trace.info.request_time for trace in failed] == [1002]
    with pytest.raises(MlflowException, match="Locations must be a list of experiment IDs"):
        client.search_traces(locations=["catalog.schema"])


def test_tags_and_deletion(tracing, client):
    ids = []
    for n in range(3):
        with mlflow.start_span(f"s{n}") as span:
            pass
        ids.append(span.trace_id)
        time.sleep(0.002)
    client.set_trace_tag(ids[0], "k", "v")
    assert client.get_trace(ids[0]).info.tags["k"] == "v"
    client.delete_trace_tag(ids[0], "k")
    assert "k" not in client.get_trace(ids[0]).info.tags
    assert client.delete_traces(tracing, trace_ids=[ids[1]]) == 1
    assert client.delete_traces(tracing, max_timestamp_millis=10**15, max_traces=1) == 1
    assert [trace.info.trace_id for trace in found(tracing)] == [ids[2]]
    assert client.delete_traces(tracing, max_timestamp_millis=10**15) == 1
    with pytest.raises(MlflowException, match="not found"):
        TracingClient().get_trace_info(ids[2])


def test_traces_of_a_run(tracing, client):
    run_id = client.create_run(tracing).info.run_id
    with mlflow.start_run(run_id=run_id), mlflow.start_span("inside") as inside:
        pass
    with mlflow.start_span("linked") as linked:
        pass
    with mlflow.start_span("alone"):
        pass
    client.link_traces_to_run(trace_ids=[linked.trace_id], run_id=run_id)
    traces = found(tracing, filter_string=f"attribute.run_id = '{run_id}'")
    assert {trace.info.trace_id for trace in traces} == {inside.trace_id, linked.trace_id}


def test_prompts_that_a_trace_used(tracing, client):
    name = f"prompt-{tracing}"
    mlflow.genai.register_prompt(name, "Answer {{question}}")
    with mlflow.start_span("asks") as span:
        mlflow.genai.load_prompt(f"prompts:/{name}/1")
    mlflow.flush_trace_async_logging()
    linked = json.loads(mlflow.get_trace(span.trace_id).info.tags["mlflow.linkedPrompts"])
    assert linked == [{"name": name, "version": "1"}]


# The span processor of MLflow 2 does not work with today's OpenTelemetry, so this is what it would call.
OLD = """
import json, sys, mlflow
from mlflow.entities import TraceData
from mlflow.entities.trace_status import TraceStatus
mlflow.set_tracking_uri(sys.argv[1])
experiment = sys.argv[2]
client = mlflow.MlflowClient()._tracking_client
for name, status in [("first", TraceStatus.OK), ("second", TraceStatus.ERROR)]:
    metadata = {"mlflow.traceInputs": "{}", "mlflow.trace_schema.version": "2"}
    info = client.start_trace(experiment, 1000, metadata, {"mlflow.traceName": name})
    client._upload_trace_data(info, TraceData(spans=[], request="{}", response=json.dumps(name)))
    client.end_trace(info.request_id, 1250, status, {"mlflow.traceOutputs": name}, {"team": "red"})
traces = client.search_traces([experiment], order_by=["status"])
client.set_trace_tag(traces[0].info.request_id, "seen", "yes")
trace = client.get_trace(traces[0].info.request_id)
print(json.dumps({
    "version": mlflow.__version__,
    "names": [trace.info.tags["mlflow.traceName"] for trace in traces],
    "status": [trace.info.status.value for trace in traces],
    "times": [[trace.info.timestamp_ms, trace.info.execution_time_ms] for trace in traces],
    "tags": {key: trace.info.tags[key] for key in ("team", "seen")},
    "metadata": [trace.info.request_metadata[key] for key in ("mlflow.traceInputs", "mlflow.traceOutputs")],
    "response": trace.data.response,
    "failed": [t.info.request_id for t in client.search_traces([experiment], filter_string="status = 'ERROR'")],
}))
"""


def test_a_client_of_version_2(tracing, trackside):
    python = os.environ.get("TRACKSIDE_PYTHON_MLFLOW2")
    assert python, "TRACKSIDE_PYTHON_MLFLOW2 is not set; tests/run sets it"
    command = [python, "-c", OLD, trackside.url, tracing]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=240)
    assert result.returncode == 0, result.stderr
    seen = json.loads(result.stdout.splitlines()[-1])
    assert seen["version"].startswith("2.22.")
    assert (seen["names"], seen["status"]) == (["second", "first"], ["ERROR", "OK"])
    assert (seen["times"], seen["tags"]) == ([[1000, 250]] * 2, {"team": "red", "seen": "yes"})
    assert (seen["metadata"], seen["response"]) == (["{}", "second"], '"second"')
    # What it wrote, as a new client reads it.
    info = TracingClient().get_trace_info(seen["failed"][0])
    assert (info.state, info.execution_duration, info.tags["team"]) == (TraceState.ERROR, 250, "red")
