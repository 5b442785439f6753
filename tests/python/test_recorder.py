"""What the proxy records is a scenario that any server can replay; see `recorder.py`."""

import pytest
from differential import run_scenario
from mlflow import MlflowClient
from recorder import Recorder

pytest_plugins = "mlflow_session"

T0 = 1_700_000_000_000


@pytest.fixture
def recorded(trackside, unique, tmp_path):
    """A session with whatever needs more than repetition, and the ids that were drawn in it."""
    (tmp_path / "a.bin").write_bytes(bytes(range(256)))
    with Recorder(trackside.url) as recorder:
        client = MlflowClient(recorder.url, recorder.url)
        name = unique("test_of_the_recorder")
        experiment_id = client.create_experiment(name)
        runs = [client.create_run(experiment_id, start_time=T0 + i, run_name=str(i)).info.run_id for i in range(3)]
        client.set_tag(runs[0], "text", f"nested: {runs[1]}\nfrom {tmp_path}/a.bin")
        client.log_artifact(runs[0], str(tmp_path / "a.bin"), "folder")
        client.log_text(runs[0], "ä\nb", "short.txt")
        assert [file.path for file in client.list_artifacts(runs[0], "folder")] == ["folder/a.bin"]
        client.get_run(runs[0])
        page = client.search_runs([experiment_id], f"run_id != '{runs[1]}'", max_results=1)
        client.search_runs([experiment_id], f"run_id != '{runs[1]}'", max_results=1, page_token=page.token)
        client.search_experiments()
        client.create_registered_model(name)
        client.create_model_version(name, f"runs:/{runs[2]}/m", runs[2])
    recorder.save(tmp_path / "out")
    (path,) = (tmp_path / "out").iterdir()
    return path, [*runs, name.split("-")[-1], page.token, str(tmp_path)]


def test_a_recorded_session_can_be_replayed(recorded, trackside):
    path, _ = recorded
    assert path.name == "client_of_the_recorder.yaml"
    result = run_scenario(path, trackside.url, trackside.url, same=True)
    assert not result.differences, "\n".join(map(str, result.differences))
    assert {step["status"] for step in result.record} == {200}
    requests = [step["sent"]["request"].split("/")[-1] for step in result.record]
    assert requests.count("create") == 1 + 3 + 1 + 1
    uploads = [step["sent"]["body"] for step in result.record if step["sent"]["request"].startswith("PUT")]
    assert uploads == ["x" * 256, "ä\nb"]


def test_a_recorded_session_says_nothing_of_its_server(recorded):
    path, drawn = recorded
    text = path.read_text()
    assert not [known for known in drawn if known in text]
    assert "from /folder" in text
    search = [line for line in text.splitlines() if "compare:" in line]
    assert search == ["  compare: status"], "only the search of all experiments depends on what else is there"


def test_what_is_read_twice_is_one_step(recorded):
    path, _ = recorded
    # The client reads the run for each of its calls, and its answer never changes.
    assert path.read_text().count("- request: GET 2.0/mlflow/runs/get\n") == 1
