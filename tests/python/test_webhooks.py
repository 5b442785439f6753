"""Webhooks through the Python client, with a receiver that checks every signature."""

import base64
import hashlib
import hmac
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue

import pytest
import requests
from conftest import REPOSITORY, Server, start_trackside
from mlflow.entities.webhook import WebhookStatus
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from mlflow.webhooks import WEBHOOK_SIGNATURE_HEADER
from mlflow.webhooks.constants import WEBHOOK_DELIVERY_ID_HEADER, WEBHOOK_TIMESTAMP_HEADER
from mlflow.webhooks.delivery import _generate_hmac_signature

SECRET = "tops3cret"
PATIENCE_SECS = 30
MODEL_EVENTS = [
    "registered_model.created",
    "model_version.created",
    "model_version_tag.set",
    "model_version_tag.deleted",
    "model_version_alias.created",
    "model_version_alias.deleted",
]
PROMPT_EVENTS = [
    "prompt.created",
    "prompt_version.created",
    "prompt_tag.set",
    "prompt_tag.deleted",
    "prompt_version_tag.set",
    "prompt_version_tag.deleted",
    "prompt_alias.created",
    "prompt_alias.deleted",
]


class Receiver:
    """Keeps what it gets; answers with the next of `statuses`, or 200."""

    def __init__(self) -> None:
        self.messages: Queue = Queue()
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status = receiver.statuses.pop(0) if receiver.statuses else 200
                receiver.messages.put((self.path, dict(self.headers.items()), body, status))
                answer = b"got it"
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self):
        """The next message: path, headers in lower case, body, and what was answered."""
        path, headers, body, status = self.messages.get(timeout=PATIENCE_SECS)
        return path, {name.lower(): value for name, value in headers.items()}, body, status

    def events(self, count: int) -> list[tuple[str, dict]]:
        """The next messages as (event, data)."""
        bodies = [json.loads(self.next()[2]) for _ in range(count)]
        return [(f"{body['entity']}.{body['action']}", body["data"]) for body in bodies]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose webhooks may reach this machine."""
    variables = {"MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true"}
    with start_trackside(tmp_path_factory.mktemp("hooks"), variables) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[MlflowClient]:
    """A client; its webhooks are gone afterwards."""
    client = MlflowClient(server.url, server.url)
    yield client
    for webhook in client.list_webhooks():
        client.delete_webhook(webhook.webhook_id)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


def deliveries(server: Server, **query: object) -> list[dict]:
    answer = requests.get(f"{server.url}/api/trackside/v1/webhooks/deliveries", params=query, timeout=10)
    answer.raise_for_status()
    return answer.json()["deliveries"]


def wait_for_deliveries(server: Server, webhook_id: str, state: str, count: int = 1) -> list[dict]:
    deadline = time.monotonic() + PATIENCE_SECS
    while len(found := deliveries(server, webhook=webhook_id, state=state)) < count:
        assert time.monotonic() < deadline, deliveries(server, webhook=webhook_id)
        time.sleep(0.05)
    return found


def test_a_webhook_lives_as_long_as_it_is_wanted(client, receiver):
    created = client.create_webhook("hook", receiver.url, ["model_version.created"], description="words", secret=SECRET)
    found = client.get_webhook(created.webhook_id)
    assert (found.name, found.url, found.description) == ("hook", receiver.url, "words")
    assert (found.status, [str(event) for event in found.events]) == (WebhookStatus.ACTIVE, ["model_version.created"])
    assert found.secret is None and SECRET not in repr(found)

    updated = client.update_webhook(created.webhook_id, name="other", events=["prompt.created"], status="DISABLED")
    assert (updated.name, updated.status, updated.url) == ("other", WebhookStatus.DISABLED, receiver.url)
    assert [webhook.webhook_id for webhook in client.list_webhooks()] == [created.webhook_id]

    client.delete_webhook(created.webhook_id)
    with pytest.raises(MlflowException, match="not found") as error:
        client.get_webhook(created.webhook_id)
    assert error.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_webhooks_are_listed_in_pages(client, receiver):
    ids = {client.create_webhook(f"hook-{n}", receiver.url, ["prompt.created"]).webhook_id for n in range(5)}
    found, token = [], None
    while page := client.list_webhooks(max_results=2, page_token=token):
        found += [webhook.webhook_id for webhook in page]
        if not (token := page.token):
            break
    assert len(found) == 5 and set(found) == ids


def test_messages_carry_mlflows_headers_and_signature(client, server, receiver):
    webhook = client.create_webhook("hook", f"{receiver.url}/hook?x=1", ["registered_model.created"], secret=SECRET)
    client.create_registered_model("signed", tags={"a": "1"}, description="words")
    path, headers, body, _ = receiver.next()
    assert (path, headers["content-type"]) == ("/hook?x=1", "application/json")
    delivery_id = headers[WEBHOOK_DELIVERY_ID_HEADER.lower()]
    timestamp = headers[WEBHOOK_TIMESTAMP_HEADER.lower()]
    assert abs(int(timestamp) - time.time()) < 60
    signature = headers[WEBHOOK_SIGNATURE_HEADER.lower()]
    assert signature == _generate_hmac_signature(SECRET, delivery_id, timestamp, body)
    # The same by hand, as receivers do it.
    digest = hmac.new(SECRET.encode(), f"{delivery_id}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
    assert hmac.compare_digest(signature, f"v1,{base64.b64encode(digest).decode()}")
    message = json.loads(body)
    assert (message["entity"], message["action"]) == ("registered_model", "created")
    assert message["data"] == {"name": "signed", "tags": {"a": "1"}, "description": "words"}
    assert message["timestamp"].endswith("+00:00")
    [delivery] = wait_for_deliveries(server, webhook.webhook_id, "delivered")
    assert (delivery["delivery_id"], delivery["attempts"], delivery["status"]) == (delivery_id, 1, 200)


def test_every_change_of_a_model_is_told(client, receiver):
    client.create_webhook("hook", receiver.url, MODEL_EVENTS)
    client.create_registered_model("m")
    client.create_model_version("m", "s3://bucket/m", tags={"t": "1"}, description="first")
    client.set_model_version_tag("m", "1", "key", "value")
    client.delete_model_version_tag("m", "1", "key")
    client.set_registered_model_alias("m", "champion", "1")
    client.delete_registered_model_alias("m", "champion")
    client.set_registered_model_tag("m", "not", "told")
    told = receiver.events(6)
    version = {
        "name": "m", "version": "1", "source": "s3://bucket/m", "run_id": None, "tags": {"t": "1"}, "description": "first",
    }
    assert told == [
        ("registered_model.created", {"name": "m", "tags": {}, "description": ""}),
        ("model_version.created", version),
        ("model_version_tag.set", {"name": "m", "version": "1", "key": "key", "value": "value"}),
        ("model_version_tag.deleted", {"name": "m", "version": "1", "key": "key"}),
        ("model_version_alias.created", {"name": "m", "alias": "champion", "version": "1"}),
        ("model_version_alias.deleted", {"name": "m", "alias": "champion"}),
    ]
    with pytest.raises(Empty):
        receiver.messages.get(timeout=0.5)


def test_every_change_of_a_prompt_is_told(client, receiver):
    client.create_webhook("hook", receiver.url, PROMPT_EVENTS)
    client.register_prompt("p", "Hello {{name}}!", commit_message="first", tags={"t": "1"})
    client.set_prompt_tag("p", "key", "value")
    client.delete_prompt_tag("p", "key")
    client.set_prompt_version_tag("p", "1", "key", "value")
    client.delete_prompt_version_tag("p", "1", "key")
    client.set_prompt_alias("p", "champion", "1")
    client.delete_prompt_alias("p", "champion")
    told = []
    while not told or told[-1][0] != "prompt_alias.deleted":
        told += receiver.events(1)
    events = dict(told)
    assert set(events) == set(PROMPT_EVENTS)
    assert not any(name.startswith(("mlflow.prompt.is", "_mlflow")) for name in events["prompt.created"]["tags"])
    created = events["prompt_version.created"]
    assert (created["name"], created["version"], created["template"]) == ("p", "1", "Hello {{name}}!")
    assert (created["description"], created["tags"]["t"]) == ("first", "1")
    assert events["prompt_alias.created"] == {"name": "p", "alias": "champion", "version": "1"}


def test_a_receiver_that_stumbles_gets_the_same_message_again(client, server, receiver):
    receiver.statuses = [503, 429]
    webhook = client.create_webhook("hook", receiver.url, ["registered_model.created"], secret=SECRET)
    client.create_registered_model("stumble")
    tries = [receiver.next() for _ in range(3)]
    assert [status for *_, status in tries] == [503, 429, 200]
    assert len({body for _, _, body, _ in tries}) == 1
    assert len({headers[WEBHOOK_DELIVERY_ID_HEADER.lower()] for _, headers, _, _ in tries}) == 1
    [delivery] = wait_for_deliveries(server, webhook.webhook_id, "delivered")
    assert delivery["attempts"] == 3


def test_a_refusal_is_kept_and_listed(client, server, receiver):
    receiver.statuses = [410]
    webhook = client.create_webhook("hook", receiver.url, ["registered_model.created"], secret=SECRET)
    client.create_registered_model("refused")
    [delivery] = wait_for_deliveries(server, webhook.webhook_id, "failed")
    assert (delivery["status"], delivery["error"], delivery["model"]) == (410, "status 410: got it", "refused")

    def listed(*words: str) -> str:
        import os

        binary = os.environ.get("TRACKSIDE_BIN") or REPOSITORY / "target/debug/trackside"
        command = [binary, "webhooks", "deliveries", "--url", server.url, "--webhook", webhook.webhook_id, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert json.loads(listed("--json"))["deliveries"] == [delivery]
    table = listed()
    assert "registered_model.created" in table and "status 410: got it" in table and SECRET not in table
    assert listed("--state", "delivered") == "no deliveries\n"


def test_a_silent_receiver_delays_nobody(client, server, receiver):
    """A socket that accepts and never answers."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        client.create_webhook("silent", f"http://127.0.0.1:{silent.getsockname()[1]}", ["registered_model.created"])
        client.create_webhook("lively", receiver.url, ["registered_model.created"])
        for n in range(3):
            client.create_registered_model(f"quick-{n}")
        assert [data["name"] for _, data in receiver.events(3)] == ["quick-0", "quick-1", "quick-2"]


def test_disabled_webhooks_are_not_told(client, receiver):
    client.create_webhook("off", f"{receiver.url}/off", ["registered_model.created"], status="DISABLED")
    client.create_webhook("on", f"{receiver.url}/on", ["registered_model.created"])
    client.create_registered_model("half")
    assert receiver.next()[0] == "/on"
    with pytest.raises(Empty):
        receiver.messages.get(timeout=0.5)


def test_a_webhook_can_be_tried(client, receiver):
    webhook = client.create_webhook("hook", receiver.url, ["model_version.created"], secret=SECRET)
    tested = client.test_webhook(webhook.webhook_id)
    assert (tested.success, tested.response_status, tested.response_body) == (True, 200, "got it")
    [(event, data)] = receiver.events(1)
    assert (event, data["name"]) == ("model_version.created", "example_model")

    client.test_webhook(webhook.webhook_id, event="prompt_version.created")
    assert receiver.events(1)[0][1]["template"] == "Hello {{name}}!"

    receiver.statuses = [500]
    tested = client.test_webhook(webhook.webhook_id)
    assert (tested.success, tested.response_status) == (False, 500)
    receiver.next()

    client.update_webhook(webhook.webhook_id, url="http://127.0.0.1:9")
    tested = client.test_webhook(webhook.webhook_id)
    assert (tested.success, tested.response_status) == (False, None)
    assert tested.error_message.startswith("Failed to test webhook: ")


def test_by_default_this_machine_is_out_of_reach(trackside):
    client = MlflowClient(trackside.url, trackside.url)
    with pytest.raises(MlflowException, match="Invalid webhook URL scheme: 'http'. Allowed schemes are: https."):
        client.create_webhook("hook", "http://127.0.0.1", ["prompt.created"])
    with pytest.raises(MlflowException, match="must not resolve to a non-public IP address"):
        client.create_webhook("hook", "https://127.0.0.1", ["prompt.created"])


def test_what_was_not_delivered_survives_kill_9(tmp_path, receiver):
    """The receiver is down, the server is killed, both come back: every change is told."""
    import os
    import signal

    from conftest import TRACKSIDE_START_SECS, free_port, wait_until_healthy

    down = receiver.server.server_port
    receiver.server.shutdown()
    receiver.server.server_close()
    binary = os.environ.get("TRACKSIDE_BIN") or REPOSITORY / "target/debug/trackside"
    variables = os.environ | {"MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "1"}
    url = f"http://127.0.0.1:{(port := free_port())}"
    log = tmp_path / "server.log"
    command = [str(binary), "serve", "--port", str(port), "--data-dir", str(tmp_path / "data")]

    def serve():
        process = subprocess.Popen(command, stdout=log.open("ab"), stderr=subprocess.STDOUT, env=variables)
        wait_until_healthy(process, url, log, TRACKSIDE_START_SECS)
        return process

    process = serve()
    try:
        client = MlflowClient(url, url)
        client.create_webhook("hook", f"http://127.0.0.1:{down}", ["registered_model.created"], secret=SECRET)
        for n in range(3):
            client.create_registered_model(f"kept-{n}")
        process.send_signal(signal.SIGKILL)
        process.wait()
        process = serve()
        again = Receiver()
        # Where it is now.
        [webhook] = MlflowClient(url, url).list_webhooks()
        MlflowClient(url, url).update_webhook(webhook.webhook_id, url=again.url)
        assert {data["name"] for _, data in again.events(3)} == {"kept-0", "kept-1", "kept-2"}
        again.server.shutdown()
        again.server.server_close()
        assert SECRET not in log.read_text()
    finally:
        process.terminate()
        assert process.wait(30) == 0
