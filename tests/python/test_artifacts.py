"""Artifacts through the Python client, by way of the server's proxy: what goes up comes down unchanged."""

import hashlib
import json
import os

import matplotlib.figure
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from PIL import Image
from requests import HTTPError

pytest_plugins = "mlflow_session"

MIB = 1 << 20


def write(folder, files):
    """Write `files`, a mapping of relative path to bytes, below `folder`."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def read(folder):
    """All files below `folder`: relative path to bytes."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def listing(client, run_id, path=None):
    entries = client.list_artifacts(run_id, path)
    # MLflow leaves out the size of an empty file.
    return [(entry.path, entry.is_dir, None if entry.is_dir else entry.file_size or 0) for entry in entries]


def download(client, run_id, folder, path=""):
    folder.mkdir()
    client.download_artifacts(run_id, path, str(folder))
    return read(folder)


def test_a_tree_comes_back_byte_for_byte(client, run_id, tmp_path):
    files = {
        "text.txt": "größer\r\n大きい\n".encode(),
        "binary.bin": bytes(range(256)) * 1000,
        "empty": b"",
        "sub/empty.txt": b"",
        "sub/data.json": b'{"a": [1, 2, 3]}',
        "sub/deeper/and/deeper/x.bin": b"\x00\xff" * 7,
        "other/page.html": b"<script>alert(1)</script>",
    }
    write(tmp_path / "up", files)
    client.log_artifacts(run_id, str(tmp_path / "up"), "tree")
    client.log_artifact(run_id, str(tmp_path / "up" / "text.txt"))

    assert listing(client, run_id) == [("text.txt", False, len(files["text.txt"])), ("tree", True, None)]
    assert listing(client, run_id, "tree") == [
        ("tree/binary.bin", False, 256_000),
        ("tree/empty", False, 0),
        ("tree/other", True, None),
        ("tree/sub", True, None),
        ("tree/text.txt", False, len(files["text.txt"])),
    ]
    assert listing(client, run_id, "tree/sub") == [
        ("tree/sub/data.json", False, 16),
        ("tree/sub/deeper", True, None),
        ("tree/sub/empty.txt", False, 0),
    ]
    assert listing(client, run_id, "tree/sub/deeper/and/deeper") == [("tree/sub/deeper/and/deeper/x.bin", False, 14)]
    everything = {f"tree/{name}": content for name, content in files.items()} | {"text.txt": files["text.txt"]}
    assert download(client, run_id, tmp_path / "all") == everything
    assert download(client, run_id, tmp_path / "sub", "tree/sub") == {
        name: content for name, content in files.items() if name.startswith("sub/")
    }
    assert download(client, run_id, tmp_path / "one", "tree/binary.bin") == {"binary.bin": files["binary.bin"]}


def test_nothing_and_files_list_as_empty(client, run_id, tmp_path):
    assert listing(client, run_id) == []
    write(tmp_path, {"a.txt": b"a"})
    client.log_artifact(run_id, str(tmp_path / "a.txt"), "folder")
    assert listing(client, run_id, "nowhere") == []
    assert listing(client, run_id, "folder/a.txt") == []


def test_a_file_is_replaced(client, run_id, tmp_path):
    for content in (b"a longer first version", b"second"):
        write(tmp_path, {"file.txt": content})
        client.log_artifact(run_id, str(tmp_path / "file.txt"))
        assert listing(client, run_id) == [("file.txt", False, len(content))]
    assert download(client, run_id, tmp_path / "down") == {"file.txt": b"second"}


@pytest.mark.parametrize(
    "name",
    [
        "with space.txt",
        "trailing space ",
        "größe.txt",
        "損失 グラフ.png",
        "😀.txt",
        "a+b.txt",
        "100% sure.txt",
        "a&b=c;d,e.txt",
        "[x]{y}@!$'().txt",
        'quo"te.txt',
        "~t^`|<>*.txt",
        "a:b.txt",
        ".hidden",
        "..two dots",
        "no_extension",
        "x" * 200,
    ],
)
def test_file_names(client, run_id, tmp_path, name):
    content = f"content of {name}".encode()
    write(tmp_path / "up", {name: content})
    client.log_artifact(run_id, str(tmp_path / "up" / name))
    client.log_artifacts(run_id, str(tmp_path / "up"), "größe & 100% +")
    assert listing(client, run_id) == sorted([(name, False, len(content)), ("größe & 100% +", True, None)])
    assert listing(client, run_id, "größe & 100% +") == [(f"größe & 100% +/{name}", False, len(content))]
    assert download(client, run_id, tmp_path / "down") == {name: content, f"größe & 100% +/{name}": content}
    assert download(client, run_id, tmp_path / "one", name) == {name: content}


def test_a_file_of_200_mib(client, run_id, tmp_path):
    path = tmp_path / "big.bin"
    sent = hashlib.sha256()
    with path.open("wb") as file:
        for index in range(200):
            block = hashlib.sha256(index.to_bytes(4, "big")).digest() * (MIB // 32)
            sent.update(block)
            file.write(block)
    client.log_artifact(run_id, str(path), "big")
    path.unlink()
    assert listing(client, run_id, "big") == [("big/big.bin", False, 200 * MIB)]
    (tmp_path / "down").mkdir()
    received = hashlib.sha256()
    copy = client.download_artifacts(run_id, "big/big.bin", str(tmp_path / "down"))
    with open(copy, "rb") as file:
        while block := file.read(MIB):
            received.update(block)
    os.unlink(copy)
    assert received.hexdigest() == sent.hexdigest()


def test_many_files(client, run_id, tmp_path):
    files = {f"{index % 7}/{index}.txt": str(index).encode() * index for index in range(60)}
    write(tmp_path / "up", files)
    client.log_artifacts(run_id, str(tmp_path / "up"))
    assert download(client, run_id, tmp_path / "down") == files


def test_text_dictionary_figure_and_image(fluent, client, tmp_path):
    pixels = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    figure = matplotlib.figure.Figure()
    figure.add_subplot().plot([1, 3, 2])
    with fluent.start_run() as run:
        fluent.log_text("zwölf\n", "notes/text.txt")
        fluent.log_dict({"b": [1, None, "ß"], "a": {}}, "dict.json")
        fluent.log_dict({"b": [1, None, "ß"], "a": {}}, "dict.yaml")
        fluent.log_figure(figure, "figure.png")
        fluent.log_image(pixels, "pixels.png")
    files = download(client, run.info.run_id, tmp_path / "down")
    assert sorted(files) == ["dict.json", "dict.yaml", "figure.png", "notes/text.txt", "pixels.png"]
    assert files["notes/text.txt"].decode() == "zwölf\n"
    assert json.loads(files["dict.json"]) == {"b": [1, None, "ß"], "a": {}}
    assert fluent.artifacts.load_dict(f"{run.info.artifact_uri}/dict.json") == {"b": [1, None, "ß"], "a": {}}
    assert fluent.artifacts.load_text(f"runs:/{run.info.run_id}/notes/text.txt") == "zwölf\n"
    assert files["figure.png"].startswith(b"\x89PNG\r\n")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "down" / "pixels.png")), pixels)


def test_images_of_steps(fluent, client, tmp_path):
    images = [np.full((3, 3, 3), 40 * step, dtype=np.uint8) for step in range(3)]
    with fluent.start_run() as run:
        for step, pixels in enumerate(images):
            fluent.log_image(pixels, key="sample", step=step, timestamp=1_700_000_000_000 + step)
    client.download_artifacts(run.info.run_id, "images", str(tmp_path))
    full = sorted(path for path in (tmp_path / "images").glob("*.png"))
    assert len(full) == 3
    assert len(list((tmp_path / "images").glob("*.webp"))) == 3
    for step, path in enumerate(full):
        assert path.name.startswith(f"sample+step+{step}+timestamp+{1_700_000_000_000 + step}+")
        assert np.array_equal(np.asarray(Image.open(path)), images[step])
    assert client.get_run(run.info.run_id).data.tags["mlflow.loggedImages"] == "True"


def test_tables_grow(fluent, client):
    with fluent.start_run() as run:
        fluent.log_table({"text": ["a", "ß"], "score": [0.5, 1.0]}, "table.json")
        fluent.log_table(pd.DataFrame({"text": ["c"], "score": [None]}), "table.json")
    table = fluent.load_table("table.json", run_ids=[run.info.run_id])
    assert list(table["text"]) == ["a", "ß", "c"]
    assert list(table["score"])[:2] == [0.5, 1.0]
    assert pd.isna(table["score"][2])
    tags = client.get_run(run.info.run_id).data.tags
    assert json.loads(tags["mlflow.loggedArtifacts"]) == [{"path": "table.json", "type": "table"}]


def test_artifacts_of_a_deleted_run_stay(client, run_id, tmp_path):
    write(tmp_path, {"a.txt": b"a"})
    client.log_artifact(run_id, str(tmp_path / "a.txt"))
    client.delete_run(run_id)
    assert download(client, run_id, tmp_path / "down") == {"a.txt": b"a"}


def test_a_missing_artifact_is_an_error(fluent, client, run_id, tmp_path):
    with pytest.raises(MlflowException, match="Failed to download artifacts from path 'nowhere.txt'"):
        client.download_artifacts(run_id, "nowhere.txt", str(tmp_path))
    assert read(tmp_path) == {}
    with pytest.raises(MlflowException):
        fluent.artifacts.download_artifacts(f"runs:/{'0' * 32}/a.txt", dst_path=str(tmp_path))


@pytest.mark.parametrize("path", ["..", "../..", "/etc", "a/../../b", "%2e%2e/x"])
def test_paths_that_leave_the_run_are_refused(client, run_id, tmp_path, path):
    write(tmp_path, {"a.txt": b"a"})
    with pytest.raises((MlflowException, HTTPError), match="Invalid"):
        client.log_artifact(run_id, str(tmp_path / "a.txt"), path)
    with pytest.raises((MlflowException, HTTPError), match="Invalid"):
        client.list_artifacts(run_id, path)
    assert listing(client, run_id) == []


def test_artifacts_are_deleted(client, run_id, tmp_path):
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    files = {"a.txt": b"a", "sub/b.txt": b"b", "sub/c.txt": b"c"}
    write(tmp_path / "up", files)
    client.log_artifacts(run_id, str(tmp_path / "up"))
    repository = get_artifact_repository(client.get_run(run_id).info.artifact_uri, tracking_uri=client.tracking_uri)
    repository.delete_artifacts("sub/b.txt")
    assert download(client, run_id, tmp_path / "one") == {"a.txt": b"a", "sub/c.txt": b"c"}
    repository.delete_artifacts("sub")
    repository.delete_artifacts("sub")
    assert listing(client, run_id) == [("a.txt", False, 1)]
