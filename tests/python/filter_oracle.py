"""MLflow's own search inside this process: its handlers and its store on an SQLite file, without a network.

`mlflow server` answers some 50 searches a second, this several times as many, by the same code: requests go through
Flask's test client. So that both servers hold the same ids and times, a run takes the id that is given with the request
that creates it, and `align` copies the times of Trackside's clock into the tables.

Environment variables that decide what `mlflow.server` opens are read when it is imported; use one oracle per process.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

API = "/api/2.0/mlflow/"
# How both servers are asked for everything of a kind, deleted things included.
EVERYTHING = {
    "experiments": ("POST", "experiments/search", {"view_type": "ALL", "max_results": 50_000}),
    "registered_models": ("GET", "registered-models/search", {"max_results": 1000}),
    "model_versions": ("GET", "model-versions/search", {"max_results": 100_000}),
}


class Oracle:
    """A client of MLflow's handlers. `ask` answers (status, body), `call` asserts that the request is taken."""

    def __init__(self, database: Path) -> None:
        os.environ |= {
            "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{database}",
            "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
            "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
            "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE": "true",
            "MLFLOW_LOGGING_LEVEL": "CRITICAL",
        }
        import mlflow.server
        from mlflow.server import app

        # Every search of runs tries to import it and fails, for want of a package; that takes a tenth of its time.
        mlflow.server.auth = SimpleNamespace(auth_config=None)
        self.database = database
        self.client = app.test_client()

    def ask(self, method: str, path: str, payload: dict[str, Any]) -> tuple[int, Any]:
        sent = {"query_string": payload} if method == "GET" else {"json": payload}
        answer = self.client.open(API + path, method=method, **sent)
        return answer.status_code, answer.get_json(silent=True)

    def call(self, method: str, path: str, payload: dict[str, Any]) -> dict[str, Any]:
        status, body = self.ask(method, path, payload)
        assert status == 200, f"MLflow answered {status} to {path} {payload}: {body}"
        return body

    def call_with_id(self, drawn: str, method: str, path: str, payload: dict[str, Any]) -> dict[str, Any]:
        """As `call`, when MLflow would draw an id: it draws this one."""
        with mock.patch("uuid.uuid4", return_value=uuid.UUID(hex=drawn)):
            return self.call(method, path, payload)

    def align(self, ours: Any) -> list[int]:
        """Gives everything the times that it has in Trackside, and returns them."""
        found = {kind: ours.call(*request)[kind] for kind, request in EVERYTHING.items()}
        prompts = {"filter": "tags.`mlflow.prompt.is_prompt` = 'true'"}
        for kind in ("registered_models", "model_versions"):
            method, path, payload = EVERYTHING[kind]
            found[kind] += ours.call(method, path, payload | prompts)[kind]
        rows = [
            ("experiments SET creation_time = ?, last_update_time = ? WHERE experiment_id = ?",
             [(e["creation_time"], e["last_update_time"], int(e["experiment_id"])) for e in found["experiments"]]),
            ("registered_models SET creation_time = ?, last_updated_time = ? WHERE name = ?",
             [(m["creation_timestamp"], m["last_updated_timestamp"], m["name"]) for m in found["registered_models"]]),
            ("model_versions SET creation_time = ?, last_updated_time = ? WHERE name = ? AND version = ?",
             [(v["creation_timestamp"], v["last_updated_timestamp"], v["name"], int(v["version"]))
              for v in found["model_versions"]]),
        ]  # fmt: skip
        with sqlite3.connect(self.database) as connection:
            for statement, values in rows:
                connection.executemany(f"UPDATE {statement}", values)
        connection.close()
        return [row[0] for _, values in rows for row in values]
