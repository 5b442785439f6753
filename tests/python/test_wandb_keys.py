"""API keys of W&B's door: none is wanted on this machine until there is one."""

import json
import subprocess

import requests
from conftest import start_trackside
from labelled_runs import binary


def test_keys_are_wanted_once_there_is_one(tmp_path):
    query = {"query": "query Viewer { viewer { entity } }", "variables": None, "operationName": ""}

    def keys(server, *words):
        done = subprocess.run(
            [binary(), "keys", "--json", "--data-dir", str(server.data_dir), *words], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def status(server, key, path="wb/graphql"):
        auth = ("api", key) if key else None
        return requests.post(f"{server.url}/{path}", json=query, auth=auth, timeout=10).status_code

    with start_trackside(tmp_path) as server:
        assert status(server, None) == status(server, "x" * 40) == 200
        key = keys(server, "--create", "ci")["key"]
        assert len(key) >= 40
        assert [known["name"] for known in keys(server)] == ["ci"]
        for path in ["wb/graphql", "graphql"]:
            assert status(server, key, path) == 200
            assert status(server, None, path) == status(server, "x" * 40, path) == 401
        stream = f"{server.url}/files/local/p/r/file_stream"
        assert requests.post(stream, json={}, auth=("api", "x" * 40), timeout=10).status_code == 401
        # MLflow's clients have none.
        assert requests.get(f"{server.url}/api/2.0/mlflow/experiments/get?experiment_id=0", timeout=10).ok
        assert key not in "".join(path.read_text(errors="replace") for path in tmp_path.glob("*.log"))
        again = subprocess.run(
            [binary(), "keys", "--data-dir", str(server.data_dir), "--create", "ci"], capture_output=True, text=True
        )
        assert again.returncode == 1 and "an API key named 'ci'" in again.stderr
        assert keys(server, "--revoke", "ci") == {"revoked": "ci"}
        assert status(server, "x" * 40) == 200
