"""Files of runs, media, console: artifacts for MLflow, at the same paths."""

import hashlib
import io
import math
import struct
import wave
from pathlib import Path

import numpy as np
import wandb
from PIL import Image
from wandb_session import every_line


def names(read, folder=""):
    return sorted(file.name for file in read.files() if file.name.startswith(folder))


@every_line
def test_files_are_artifacts(project, api, other, tmp_path):
    texts = {"model/weights.bin": bytes(range(256)) * 100, "notes.txt": "größer".encode(), "a b.txt": b"x", "empty": b""}
    for name, content in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    with wandb.init(project=project, id="r1") as run:
        for policy, name in zip(("now", "end", "live", "now"), texts, strict=True):
            run.save(str(tmp_path / name), base_path=str(tmp_path), policy=policy)
    read = api.run(run.path)
    assert set(names(read)) >= texts.keys() | {"wandb-metadata.json", "config.yaml", "requirements.txt"}
    for name, content in texts.items():
        file = read.file(name)
        assert file.size == len(content)
        with file.download(str(tmp_path / "down"), replace=True) as downloaded:
            assert Path(downloaded.name).read_bytes() == content
    seen = other.run(project, "r1")
    assert set(other.files(seen)) >= texts.keys()
    for name, content in texts.items():
        assert other.bytes(seen, name, tmp_path) == content


def test_a_file_of_some_size(project, api, other, tmp_path):
    content = np.random.default_rng(1).bytes(40_000_000)
    (tmp_path / "big.bin").write_bytes(content)
    with wandb.init(project=project, id="r1") as run:
        run.save(str(tmp_path / "big.bin"), base_path=str(tmp_path))
    with api.run(run.path).file("big.bin").download(str(tmp_path / "down")) as downloaded:
        assert Path(downloaded.name).read_bytes() == content
    assert other.bytes(other.run(project, "r1"), "big.bin", tmp_path / "down") == content


def test_a_file_is_written_again(project, api, other, tmp_path):
    for content in ("first", "second, longer", "third"):
        (tmp_path / "state.txt").write_text(content)
        with wandb.init(project=project, id="r1", resume="allow") as run:
            run.save(str(tmp_path / "state.txt"), base_path=str(tmp_path))
    with api.run(run.path).file("state.txt").download(str(tmp_path / "down")) as downloaded:
        assert downloaded.read() == "third"
    assert other.bytes(other.run(project, "r1"), "state.txt", tmp_path / "down") == b"third"


def test_files_come_and_go_through_the_api(project, api, other, tmp_path):
    with wandb.init(project=project, id="r1") as run:
        pass
    (tmp_path / "late.txt").write_text("late")
    read = api.run(run.path)
    read.upload_file(str(tmp_path / "late.txt"), root=str(tmp_path))
    seen = other.run(project, "r1")
    assert "late.txt" in other.files(seen) and seen.info.status == "FINISHED"
    api.run(run.path).file("late.txt").delete()
    assert "late.txt" not in names(wandb.Api().run(run.path))
    assert "late.txt" not in other.files(seen)


def test_code_is_kept(project, api, other, tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "model.py").write_text("depth = 3\n")
    with wandb.init(project=project, id="r1") as run:
        run.log_code(str(tmp_path / "code"))
    [artifact] = [artifact for artifact in api.run(run.path).logged_artifacts() if artifact.type == "code"]
    assert list(artifact.manifest.entries) == ["model.py"]
    paths = other.files(other.run(project, "r1"))
    assert [path for path in paths if path.endswith("/model.py")]


def test_images(project, api, other, tmp_path):
    pixels = (np.arange(48).reshape(4, 4, 3) * 5).astype(np.uint8)
    boxes = {"predictions": {"box_data": [{"position": {"minX": 0, "maxX": 1, "minY": 0, "maxY": 1}, "class_id": 1}]}}
    masks = {"truth": {"mask_data": np.eye(4, dtype=np.uint8), "class_labels": {0: "a", 1: "b"}}}
    with wandb.init(project=project, id="r1") as run:
        run.log({"one": wandb.Image(pixels, caption="größer")})
        run.log({"many": [wandb.Image(pixels), wandb.Image(pixels[::-1])]})
        run.log({"marked": wandb.Image(pixels, boxes=boxes, masks=masks)})
    read = api.run(run.path)
    first, second, third = read.scan_history()
    assert (first["one"]["_type"], first["one"]["width"], first["one"]["caption"]) == ("image-file", 4, "größer")
    assert (second["many"]["_type"], second["many"]["count"]) == ("images/separated", 2)
    assert {"boxes", "masks"} <= third["marked"].keys()
    seen = other.run(project, "r1")
    content = other.bytes(seen, first["one"]["path"], tmp_path)
    assert hashlib.sha256(content).hexdigest() == first["one"]["sha256"]
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(content))), pixels)
    assert names(read, "media/images") == [path for path in other.files(seen) if path.startswith("media/images")]


def test_audio_html_and_points(project, api, other, tmp_path):
    with wave.open(str(tmp_path / "tone.wav"), "wb") as tone:
        tone.setnchannels(1)
        tone.setsampwidth(2)
        tone.setframerate(8000)
        tone.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(n / 5))) for n in range(800)))
    with wandb.init(project=project, id="r1") as run:
        run.log({"tone": wandb.Audio(str(tmp_path / "tone.wav"), caption="a tone")})
        run.log({"page": wandb.Html("<p>größer</p>"), "cloud": wandb.Object3D(np.random.default_rng(1).random((10, 3)))})
    tone, rest = api.run(run.path).scan_history()
    assert (tone["tone"]["_type"], rest["page"]["_type"], rest["cloud"]["_type"]) == (
        "audio-file",
        "html-file",
        "object3D-file",
    )
    seen = other.run(project, "r1")
    assert other.bytes(seen, tone["tone"]["path"], tmp_path / "down") == (tmp_path / "tone.wav").read_bytes()
    assert "größer" in other.bytes(seen, rest["page"]["path"], tmp_path / "down").decode()


def test_tables_and_plots(project, api, other):
    table = wandb.Table(columns=["x", "y"], data=[[n, n * n] for n in range(5)])
    with wandb.init(project=project, id="r1") as run:
        run.log({"table": table})
        run.log({"curve": wandb.plot.line(wandb.Table(columns=["x", "y"], data=[[0, 1], [1, 2]]), "x", "y", title="t")})
    read = api.run(run.path)
    row = next(row for row in read.scan_history() if row.get("table"))
    assert (row["table"]["_type"], row["table"]["nrows"], row["table"]["ncols"]) == ("table-file", 5, 2)
    [kept] = [artifact for artifact in read.logged_artifacts() if artifact.name.startswith("run-r1-table:")]
    assert kept.type == "run_table" and kept.get("table").data == table.data
    tables = [path for path in other.files(other.run(project, "r1")) if path.startswith("media/table/")]
    assert len(tables) >= 2


@every_line
def test_what_is_printed_is_kept(project, api, other, script, tmp_path):
    text = f"""
import sys, wandb
run = wandb.init(project='{project}', id='r1')
for n in range(20):
    print('line', n, flush=True)
for n in range(50):
    print('\\rprogress', n, end='', flush=True)
print('\\nlast, größer', flush=True)
print('to the other side', file=sys.stderr, flush=True)
run.finish()
"""
    script(text)
    read = api.run(f"local/{project}/r1")
    log = other.bytes(other.run(project, "r1"), "output.log", tmp_path / "down").decode()
    assert [line for line in log.splitlines() if line.startswith("line ")] == [f"line {n}" for n in range(20)]
    assert "last, größer" in log and "to the other side" in log and log.count("progress") == 1
    if hasattr(read, "console_logs"):
        lines = [line.content for line in read.console_logs()]
        assert [line for line in lines if line.startswith("line ")] == [f"line {n}" for n in range(20)]
        assert [line for line in lines if "progress" in line] == ["progress 49"]


def test_the_machine_is_watched(project, api, other, script):
    text = f"""
import time, wandb
run = wandb.init(project='{project}', id='r1', settings=wandb.Settings(x_stats_sampling_interval=1))
api = wandb.Api()
while not api.run(run.path).history(stream='system', pandas=False):
    time.sleep(0.2)
    api.flush()
"""
    script(text)
    rows = api.run(f"local/{project}/r1").history(stream="system", pandas=False)
    keys = {key for row in rows for key in row if key.startswith("system.")}
    assert "system.cpu" in keys or "system.memory_percent" in keys or "system.memory" in keys
    metrics = other.run(project, "r1").data.metrics
    assert {key for key in metrics if key.startswith("system/")} >= {key.replace("system.", "system/") for key in keys}
