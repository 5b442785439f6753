"""Runs a command beside a real `mlflow server` and a Trackside, both empty, and ends as it does.

`python beside_servers.py COMMAND...`, by a Python that has mlflow. The command finds the servers' addresses in
TRACKSIDE_TEST_MLFLOW_URL and TRACKSIDE_TEST_TRACKSIDE_URL.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from conftest import start_mlflow
from sidecar import sidecar

# One for each core that a test machine has at least: a worker answers one request at a time.
WORKERS = 2

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        (ours := Path(folder) / "trackside").mkdir()
        (theirs := Path(folder) / "mlflow").mkdir()
        with start_mlflow(theirs, WORKERS) as mlflow, sidecar(ours, {}) as trackside:
            urls = {"TRACKSIDE_TEST_MLFLOW_URL": mlflow.url, "TRACKSIDE_TEST_TRACKSIDE_URL": trackside.url}
            done = subprocess.run(sys.argv[1:], env=os.environ | urls)
    sys.exit(done.returncode)
