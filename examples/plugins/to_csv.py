"""Forwards metric points to CSV files, one per run. Usage: to_csv.py FOLDER

Trackside is asked to remember of each run how long its file was after the last batch. A batch that comes again comes
with the length from before it: the file is cut there first, so every batch is in it once.
"""

import csv, fcntl, json, os, sys  # noqa: E401

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)  # the plugin of a Trackside that was killed may still write


def deliver(batch, memory):
    path = os.path.join(folder, batch["run"] + ".csv")  # ids of runs are fit for file names
    length, size = int(memory or 0), os.path.getsize(path) if os.path.exists(path) else 0
    if (memory is None and "started" not in batch) or length > size:
        return "failed", {"reason": "the file of the run is gone", "retry": False, "kind": "not_found"}
    with open(path, "a", encoding="utf-8", newline="") as file:
        file.truncate(length)
        for points in (event["points"] for event in batch["events"] if "points" in event):
            csv.writer(file).writerows(point[:4] for point in points)  # key, step, time in ms, value
        file.flush()
        os.fsync(file.fileno())
    return "done", {"memory": str(os.path.getsize(path))}


for line in sys.stdin:
    ((call, body),) = json.loads(line).items()
    if call == "hello":
        kind, answer = "ready", {"v": 1, "capability": ["points"]}
    else:
        kind, answer = deliver(body["batch"], body["memory"]) if call == "deliver" else ("done", {})
        answer["id"] = body["id"]
    print(json.dumps({kind: answer}), flush=True)
