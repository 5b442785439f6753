"""Every scenario gets the same answers from Trackside as from MLflow; see `differential.py`."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable, Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from compatibility import texts
from conftest import Server, start_trackside
from differential import SCENARIOS, Result, load_steps, run_scenario, run_scenario_on


@pytest.fixture(scope="module")
def parrot() -> Iterator[Server]:
    """A server that answers `{}` to everything, as no correct server would."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Server(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()


@pytest.fixture(scope="module")
def sealing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Trackside that packs points with the request that brings them, in tiny chunks, and folds late ones at once."""
    sizes = {"TAIL_POINTS": "1", "UNSEALED_POINTS": "1", "CHUNK_POINTS": "3", "IDLE_MS": "0"}
    variables = {f"TRACKSIDE_STORAGE__{key}": value for key, value in sizes.items()}
    with start_trackside(tmp_path_factory.mktemp("sealing"), variables) as server:
        yield server


@pytest.fixture(scope="module")
def result_of(trackside: Server, sealing: Server, mlflow_server: Server) -> Callable[[Path], Result]:
    """Runs a scenario, once for all tests.

    MLflow is asked once; so is a server each of whose points is packed with the request that brings it.
    """
    servers = {"": trackside.url, "points packed at once": sealing.url}
    return cache(lambda scenario: run_scenario_on(scenario, mlflow_server.url, servers))


@pytest.mark.parametrize("scenario", sorted(SCENARIOS.glob("*.yaml")), ids=lambda path: path.stem)
def test_trackside_answers_like_mlflow(scenario: Path, result_of: Callable[[Path], Result]) -> None:
    result = result_of(scenario)
    count = f"{len(result.differences)} of {result.steps} steps differ"
    assert not result.differences, "\n".join([count, *map(str, result.differences)])


def test_the_table_of_endpoints_is_up_to_date(result_of: Callable[[Path], Result], trackside: Server) -> None:
    results = [result_of(scenario) for scenario in sorted(SCENARIOS.glob("*.yaml"))]
    for path, text in texts(results, trackside.url).items():
        wanted, found = text.splitlines(), path.read_text().splitlines()
        difference = "\n".join(difflib.unified_diff(found, wanted, path.name, "as it should be", lineterm=""))
        assert not difference, f"run beside_servers.py with compatibility.py\n{difference}"


def test_wrong_answers_are_noticed(parrot: Server, mlflow_server: Server) -> None:
    """The comparison can fail: only the answers that are `{}` on MLflow too pass."""
    scenario = SCENARIOS / "params.yaml"
    result = run_scenario(scenario, mlflow_server.url, parrot.url)
    right = [entry for entry in result.record if (entry["status"], entry["raw"].split()) == (200, ["{}"])]
    assert result.steps == len(load_steps(scenario))
    assert len(result.differences) == result.steps - len(right)


def test_mlflow_answers_like_itself(mlflow_server: Server) -> None:
    """What is left after normalisation depends on the request alone, or the scenarios above would prove nothing."""
    result = run_scenario(SCENARIOS / "runs.yaml", mlflow_server.url, mlflow_server.url, same=True)
    assert not result.differences, "\n".join(map(str, result.differences))
