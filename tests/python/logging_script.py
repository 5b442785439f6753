"""A training script that logs over plain REST, as a program in any language would; started by `trackside run`.

    python train.py [key=value ...]      each of them becomes a param; some mean more, see below

It reads what DATA names, if that is set, and stores a model made of it.
"""

import json
import os
import signal
import sys
import time
import urllib.request

URL = os.environ["MLFLOW_TRACKING_URI"]
GIVEN = dict(word.split("=", 1) for word in sys.argv[1:] if "=" in word and not word.startswith("--"))


def call(method, path, body):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"{}")


def log(path, **body):
    return call("POST", f"/api/2.0/mlflow/runs/{path}", body)


content = open(os.environ["DATA"], "rb").read() if "DATA" in os.environ else b""
print(f"read {len(content)} bytes")
if "nolog" in GIVEN:
    sys.exit(int(GIVEN.get("exit", "0")))
info = log("create", experiment_id="0", start_time=int(time.time() * 1000))["run"]["info"]
run = info["run_id"]
log("log-batch", run_id=run, params=[{"key": key, "value": value} for key, value in GIVEN.items()])
log("log-batch", run_id=run, metrics=[{"key": "size", "value": len(content), "timestamp": 1, "step": 0}])
place = info["artifact_uri"].removeprefix("mlflow-artifacts:/").strip("/")
if "bare" not in GIVEN:
    call("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{place}/model.bin", b"weights " + content)
if GIVEN.get("end") == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if GIVEN.get("end") == "failed":
    sys.exit(3)
if "output" in GIVEN:
    open(GIVEN["output"], "wb").write(b"model of " + content)
log("update", run_id=run, status="FINISHED", end_time=int(time.time() * 1000))
