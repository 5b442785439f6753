"""Several processes at once."""

import subprocess
import sys

import wandb
from wandb_session import columns, environment

TRAIN = """
import sys, wandb
run = wandb.init(project=sys.argv[1], id=sys.argv[2])
for step in range(500):
    run.log({"x": step, "y": 1 / (step + 1)})
run.finish()
"""


def run_at_once(text, tmp_path, *argument_lists):
    """Runs as many processes as there are lists of arguments, to their ends; what they said."""
    file = tmp_path / "train.py"
    file.write_text(text)
    processes = [
        subprocess.Popen(
            [sys.executable, str(file), *arguments],
            cwd=tmp_path,
            env=environment({"WANDB_SILENT": "false"}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for arguments in argument_lists
    ]
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), "\n".join(said)
    return "\n".join(said)


def test_four_processes_log_at_once(project, api, other, tmp_path):
    said = run_at_once(TRAIN, tmp_path, *([project, f"r{n}"] for n in range(4)))
    assert sorted(run.id for run in api.runs(f"local/{project}")) == ["r0", "r1", "r2", "r3"], said
    for number in range(4):
        rows = api.run(f"local/{project}/r{number}").scan_history()
        assert columns(rows, "_step", "x") == [(step, step) for step in range(500)]
        assert len(other.points(other.run(project, f"r{number}"), "y")) == 500


SHARED = """
import sys, wandb
label, primary = sys.argv[2], sys.argv[3] == "primary"
settings = wandb.Settings(mode="shared", x_label=label, x_primary=primary, x_update_finish_state=primary)
run = wandb.init(project=sys.argv[1], id="r1", settings=settings)
for step in range(50):
    run.log({label: step})
run.finish()
"""


def test_processes_share_a_run(project, api, other, tmp_path):
    """Each numbers its lines by itself; none overwrites another's."""
    with wandb.init(project=project, id="r1", mode="shared") as run:
        run.log({"begin": 1})
        run_at_once(SHARED, tmp_path, *([project, f"rank{n}", "other"] for n in range(2)))
    rows = list(api.run(f"local/{project}/r1").scan_history())
    seen = other.run(project, "r1")
    for number in range(2):
        assert [row[f"rank{number}"] for row in rows if f"rank{number}" in row] == list(range(50))
        assert [value for _, value in other.points(seen, f"rank{number}")] == list(range(50))
