"""The client sessions (`clients/`): MLflow 3.17.2 with what its users use it with, in a Python of their own.

`tests/run` sets TRACKSIDE_PYTHON_CLIENTS to the Python of the environment made from `requirements-clients.txt`, which
has scikit-learn and Keras besides. All sessions run in one process, because it takes longer to import those than to
run most sessions; each is a test here.
"""

import os
import re
import subprocess
import xml.etree.ElementTree
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).resolve().parent / "clients").glob("session_*.py"))
SESSIONS = [
    (path.stem, name) for path in FILES for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
]
TIMEOUT_SECS = 420


@pytest.fixture(scope="module")
def outcomes(trackside, tmp_path_factory):
    """What became of each session: (file, function) to the texts of its failures."""
    python = os.environ.get("TRACKSIDE_PYTHON_CLIENTS")
    assert python, "TRACKSIDE_PYTHON_CLIENTS is not set; tests/run sets it to the Python of requirements-clients.txt"
    report = tmp_path_factory.mktemp("clients") / "report.xml"
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *map(str, FILES)]
    environment = os.environ | {"TRACKSIDE_URL": trackside.url}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECS)
    # 0: all passed, 1: some failed, which is for the tests below to say.
    assert result.returncode in (0, 1), result.stdout + result.stderr
    found = {}
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        failures = [part.text or part.get("message") for part in case if part.tag in ("failure", "error", "skipped")]
        key = (case.get("classname").split(".")[-1], case.get("name").split("[")[0])
        found.setdefault(key, []).extend(failures)
    return found


@pytest.mark.parametrize(
    ("file", "name"), SESSIONS, ids=lambda part: part.removeprefix("session_").removeprefix("test_")
)
def test_session(outcomes, file, name):
    assert (file, name) in outcomes, "the session did not run"
    assert not outcomes[file, name], "\n".join(outcomes[file, name])
