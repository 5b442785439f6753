"""Real clients in many processes at once, by either door: what they lose, how fast it goes, what the server takes.

    python doors_benchmark.py --wandb PYTHON --mlflow PYTHON [--processes 32] [--steps 10000] [--metrics 20]

PYTHON has the client. Each process logs its steps as fast as it can and ends its run; then everything is counted by
MLflow's REST API. One door after the other, each on a server of its own, TRACKSIDE_BIN. On one machine the clients take
most of it, so what is said is how doors compare, and that nothing is lost.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

WANDB = """
import json, os, sys, time, wandb
steps, metrics = int(sys.argv[1]), int(sys.argv[2])
run = wandb.init(project="bench")
begin = time.perf_counter()
for step in range(steps):
    run.log({f"metric_{key}": step + key / 100 for key in range(metrics)})
logged = time.perf_counter()
run.finish()
print(json.dumps({"log": logged - begin, "finish": time.perf_counter() - logged}))
"""
MLFLOW = """
import json, os, sys, time, mlflow
steps, metrics = int(sys.argv[1]), int(sys.argv[2])
mlflow.set_experiment("bench")
with mlflow.start_run():
    begin = time.perf_counter()
    for step in range(steps):
        mlflow.log_metrics({f"metric_{key}": step + key / 100 for key in range(metrics)}, step=step)
    logged = time.perf_counter()
print(json.dumps({"log": logged - begin, "finish": time.perf_counter() - logged}))
"""


def memory_mib(pid: int) -> float:
    """The most that was resident."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def count(url: str, metrics: int) -> tuple[int, int]:
    """Runs and points, over a sample of the metrics of each run."""
    api = f"{url}/api/2.0/mlflow"
    experiment = requests.get(f"{api}/experiments/get-by-name", params={"experiment_name": "bench"}, timeout=60).json()
    body = {"experiment_ids": [experiment["experiment"]["experiment_id"]], "max_results": 1000}
    runs = requests.post(f"{api}/runs/search", json=body, timeout=60).json().get("runs", [])
    points = 0
    for run in runs:
        for key in range(metrics):
            query = {"run_id": run["info"]["run_id"], "metric_key": f"metric_{key}", "max_results": 25_000}
            answer = requests.get(f"{api}/metrics/get-history", params=query, timeout=120).json()
            points += len({point["step"] for point in answer.get("metrics", [])})
    return len(runs), points


def measure(door: str, python: str, script: str, args: argparse.Namespace) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as root:
        port = 5900 + (door == "wandb")
        url = f"http://127.0.0.1:{port}"
        command = [os.environ["TRACKSIDE_BIN"], "serve", "--port", str(port), "--data-dir", f"{root}/data"]
        with Path(root, "log").open("wb") as log:
            server = subprocess.Popen([*command, "--capture", "none", "--log", "warn"], stdout=log, stderr=log)
        try:
            while True:
                try:
                    requests.get(f"{url}/health", timeout=2)
                    break
                except requests.RequestException:
                    time.sleep(0.1)
            # Of MLflow's clients that set a new experiment at once, those that come second log to the default one.
            created = {"name": "bench"}
            requests.post(f"{url}/api/2.0/mlflow/experiments/create", json=created, timeout=60).raise_for_status()
            environment = os.environ | {
                "MLFLOW_TRACKING_URI": url,
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "WANDB_BASE_URL": url,
                "WANDB_API_KEY": "0" * 40,
                "WANDB_SILENT": "true",
                "WANDB_ERROR_REPORTING": "false",
                "WANDB_DIR": root,
                "WANDB_CACHE_DIR": root,
                "WANDB_DATA_DIR": root,
            }
            begin = time.perf_counter()
            words = [python, "-c", script, str(args.steps), str(args.metrics)]
            clients = [
                subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True, cwd=root)
                for _ in range(args.processes)
            ]
            told = [json.loads(client.communicate()[0].splitlines()[-1]) for client in clients]
            took = time.perf_counter() - begin
            runs, points = count(url, args.metrics)
            wanted = args.processes * args.steps * args.metrics
            assert (runs, points) == (args.processes, wanted), f"{runs} runs, {points} of {wanted} points"
            finishes = sorted(one["finish"] for one in told)
            usage = [int(field) for field in Path(f"/proc/{server.pid}/stat").read_text().rsplit(") ", 1)[1].split()[11:13]]
            return {
                "points": points,
                "points_per_second": points / took,
                "server_cpu_us_per_point": sum(usage) / os.sysconf("SC_CLK_TCK") / points * 1e6,
                "finish_median_s": finishes[len(finishes) // 2],
                "finish_max_s": finishes[-1],
                "server_peak_mib": memory_mib(server.pid),
            }
        finally:
            server.terminate()
            server.wait(60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wandb")
    parser.add_argument("--mlflow")
    parser.add_argument("--processes", type=int, default=32)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--metrics", type=int, default=20)
    args = parser.parse_args()
    found = {}
    for door, script in [("wandb", WANDB), ("mlflow", MLFLOW)]:
        if python := getattr(args, door):
            found[door] = measure(door, python, script, args)
            print(f"{door}: nothing lost", file=sys.stderr)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
