"""Notifications: what happens in real clients is told over webhooks, to chats and by mail, whatever the receiver does."""

import datetime
import ipaddress
import json
import os
import signal
import ssl
import subprocess
from contextlib import contextmanager

import pytest
import yaml
from aiosmtpd.smtp import AuthResult
from conftest import REPOSITORY, TRACKSIDE_START_SECS, free_port, wait_until_healthy
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient
from mlflow.webhooks import WEBHOOK_SIGNATURE_HEADER
from mlflow.webhooks.constants import WEBHOOK_DELIVERY_ID_HEADER, WEBHOOK_TIMESTAMP_HEADER
from mlflow.webhooks.delivery import _generate_hmac_signature
from receiver import Postbox, Receiver, until
from sidecar import QUICK

SECRET = "tops3cret"
PUBLIC = "https://trackside.example.com"


class Trackside:
    """A server that may be killed and started again on the same data."""

    def __init__(self, root, sinks, *arguments, **sections):
        self.root, self.arguments = root, arguments
        self.binary = os.environ.get("TRACKSIDE_BIN") or str(REPOSITORY / "target/debug/trackside")
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = root / "server.log"
        self.config = root / "trackside.yaml"
        sinks = {name: QUICK | sink for name, sink in sinks.items()}
        self.config.write_text(yaml.safe_dump({"sinks": sinks} | sections))
        self.process = None

    def start(self):
        port = self.url.rsplit(":", 1)[1]
        command = [self.binary, "serve", "--port", port, "--data-dir", str(self.root / "data"), "--public-url", PUBLIC]
        command += ["--config", str(self.config), "--shutdown-timeout-secs", "2", *self.arguments]
        self.process = subprocess.Popen(command, stdout=self.log.open("ab"), stderr=subprocess.STDOUT)
        wait_until_healthy(self.process, self.url, self.log, TRACKSIDE_START_SECS)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def call(self, *words, code=0):
        command = [self.binary, *words, "--url", self.url]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def key(self, name):
        command = [self.binary, "keys", "--create", name, "--data-dir", str(self.root / "data"), "--json"]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["key"]

    @property
    def client(self):
        return MlflowClient(self.url, self.url)


@contextmanager
def trackside(root, sinks, *arguments, **sections):
    server = Trackside(root, sinks, *arguments, **sections)
    server.start()
    try:
        yield server
        server.process.terminate()
        assert server.process.wait(30) == 0, server.log.read_text()
    finally:
        server.process.kill()
        server.process.wait()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.stop()


def run(client, status, name="run", experiment="0"):
    made = client.create_run(experiment, run_name=name)
    client.log_metric(made.info.run_id, "loss", 0.5)
    client.set_terminated(made.info.run_id, status)
    return made.info.run_id


def versions(client, model, count):
    client.create_registered_model(model)
    for _ in range(count):
        client.create_model_version(model, "s3://bucket/model")


def test_all_that_happens_is_told_signed_and_once(tmp_path, receiver):
    receiver.start()
    hook = {"type": "webhook", "url": receiver.url, "secret": SECRET, "events": ["*"]}
    with trackside(tmp_path, {"hook": hook}) as server:
        client = server.client
        experiment = client.create_experiment("vision")
        failed = run(client, "FAILED", "calm-cat", experiment)
        client.set_terminated(failed, "FAILED", client.get_run(failed).info.end_time)
        for status in ("FINISHED", "KILLED"):
            run(client, status)
        versions(client, "churn", 2)
        for version in ("1", "2", "1"):
            client.set_registered_model_alias("churn", "champion", version)
        client.transition_model_version_stage("churn", "2", "Production")
        client.set_tag(failed, "trackside.audit", "drifted")
        client.set_tag(failed, "trackside.audit", "identical")
        notices = receiver.wait_for(10)
        told = sorted((n["event"], n["text"]) for n in notices)
        user = client.get_run(failed).info.user_id
        by = f", by {user}" if user not in ("", "unknown") else ""
        texts = dict(told)
        assert [event for event, _ in told] == sorted(
            ["run.failed", "run.finished", "run.killed", "version.created", "version.created", "audit.failed"]
            + ["promotion.done", "promotion.done", "promotion.done", "promotion.rolled_back"]
        )
        assert texts["run.failed"] == f"run failed: calm-cat in vision{by}"
        assert texts["audit.failed"] == f"audit failed: calm-cat in vision{by} (drifted)"
        assert texts["promotion.rolled_back"].startswith("rolled back: churn/1 is @champion, before: 2, by 127.0.0.1")
        [notice] = [n for n in notices if n["event"] == "run.failed"]
        assert notice["version"] == 1 and notice["link"] == f"{PUBLIC}/#/experiments/{experiment}/runs/{failed}"
        assert notice["run"] == {"id": failed, "name": "calm-cat", "experiment": {"id": experiment, "name": "vision"}}
        for headers, body in receiver.messages:
            names = {key.lower(): value for key, value in headers.items()}
            delivery, sent = names[WEBHOOK_DELIVERY_ID_HEADER.lower()], names[WEBHOOK_TIMESTAMP_HEADER.lower()]
            expected = _generate_hmac_signature(SECRET, delivery, sent, body)
            assert names[WEBHOOK_SIGNATURE_HEADER.lower()] == expected
            assert delivery == json.loads(body)["id"] and names["x-trackside-event"] == json.loads(body)["event"]
        assert len(receiver.messages) == 10, "a receiver that is fine gets each message once"
        log = json.loads(server.call("sinks", "log", "hook", "--json"))["sendings"]
        assert [one["id"] for one in log] == [json.loads(body)["id"] for _, body in receiver.messages]
        table = server.call("sinks", "log", "hook")
        assert "promotion.rolled_back" in table and "taken" in table and "s3cret" not in table
        refused = subprocess.run(
            [server.binary, "sinks", "backfill", "hook", "all", "--url", server.url], capture_output=True, text=True
        )
        assert refused.returncode == 1 and "it takes no history" in refused.stderr
        text = server.log.read_text()
        assert SECRET not in text and "s3cret" not in text


@pytest.mark.parametrize("mood", ["down", "slow", "failing", "cut", "silent"])
def test_every_event_has_its_effect_once(tmp_path, receiver, mood):
    """Meanwhile clients log as ever, and the server is killed in the middle of it."""
    receiver.mood = mood
    if mood != "down":
        receiver.start()
    with trackside(tmp_path, {"hook": {"type": "webhook", "url": receiver.url, "timeout_secs": 2}}) as server:
        expected = {run(server.client, "FAILED", f"a{n}") for n in range(5)}
        if mood == "down":
            failures = lambda: json.loads(server.call("sinks", "--json"))["sinks"][0]["failures"]
            until(lambda: sum(failures().values()) >= 3, "tries while the receiver is down")
        else:
            until(lambda: receiver.attempts >= 3, "tries")
        server.kill()
        server.start()
        expected |= {run(server.client, "FAILED", f"b{n}") for n in range(5)}
        receiver.recover()
        receiver.wait_for(len(expected))
        # Once more, so that whatever came again has come.
        expected.add(run(server.client, "FAILED", "last"))
        notices = receiver.wait_for(len(expected))
        assert sorted(n["run"]["id"] for n in notices) == sorted(expected)
        assert json.loads(server.call("sinks", "--json"))["sinks"][0]["dead"] == 0


def test_what_is_refused_for_good_is_a_dead_letter_and_the_rest_arrives(tmp_path):
    """A receiver that takes no news of one run."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    taken, refusing = [], [True]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            refused = refusing[0] and told["run"]["name"] == "unwanted"
            if not refused:
                taken.append(told["run"]["name"])
            self.send_response(422 if refused else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=http.serve_forever, daemon=True).start()
    sink = {"type": "webhook", "url": f"http://127.0.0.1:{http.server_port}/"}
    with trackside(tmp_path, {"hook": sink}) as server:
        for name in ("a", "unwanted", "b"):
            run(server.client, "FAILED", name)
        dead = lambda: json.loads(server.call("sinks", "--json"))["sinks"][0]["dead"]
        until(lambda: dead() == 1 and len(taken) == 2, "a dead letter")
        assert sorted(taken) == ["a", "b"]
        refusing[0] = False
        server.call("sinks", "dead-letters", "retry", "hook", "--all")
        until(lambda: "unwanted" in taken, "the letter that was tried again")
        server.kill()
        server.start()
        log = json.loads(server.call("sinks", "log", "hook", "--json"))["sendings"]
        [refused, *_, last] = [one for one in log if "unwanted" in one["text"]]
        assert "status 422" in refused["error"] and last["error"] is None and refused["id"] == last["id"]
    http.shutdown()
    http.server_close()


def test_chats_get_what_they_asked_for(tmp_path):
    slack, teams = Receiver().start(), Receiver().start()
    sinks = {
        "slack": {"type": "slack", "url": slack.url, "events": "run.*", "experiments": ["vision*"]},
        "teams": {"type": "teams", "url": teams.url, "events": ["promotion.*"], "models": ["churn"]},
    }
    with trackside(tmp_path, sinks) as server:
        client = server.client
        vision = client.create_experiment("vision-2")
        for experiment in ("0", vision):
            run(client, "FINISHED", "<!channel>", experiment)
        for model in ("other", "churn"):
            versions(client, model, 1)
            client.set_registered_model_alias(model, "best", "1")
        until(lambda: slack.messages and teams.messages, "a message each")
        run(client, "FAILED", "last", vision)
        until(lambda: len(slack.messages) == 2, "the other one")
        first, last = (json.loads(body) for _, body in slack.messages)
        assert first["text"].startswith("run finished: &lt;!channel&gt; in vision-2")
        assert last["text"].startswith("run failed: last in vision-2")
        assert first["blocks"][0]["text"]["text"].startswith(f"<{PUBLIC}/#/experiments/{vision}/runs/")
        [(_, body)] = teams.messages
        card = json.loads(body)["attachments"][0]
        assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
        assert card["content"]["body"][0]["text"].startswith("promoted: churn/1 is @best")
        assert card["content"]["actions"][0]["url"] == f"{PUBLIC}/#/models/churn/versions/1"
    slack.stop()
    teams.stop()


def certificate(folder):
    """A certificate of 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
    made = made.not_valid_after(now + datetime.timedelta(days=1)).add_extension(address, critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "cert.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return folder / "cert.pem", folder / "key.pem"


def test_mails_arrive_at_a_real_server(tmp_path):
    """Encrypted and with a password, at a server that comes up late and asks to try again at first."""
    cert, key = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    known = []

    def authenticate(_server, _session, _envelope, _mechanism, data):
        known.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=known[-1] == ("me", SECRET))

    postbox = Postbox(
        refusals=2,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        auth_require_tls=True,
        authenticator=authenticate,
    )
    mail = {"type": "email", "host": "127.0.0.1", "port": postbox.port, "ca_file": str(cert), "username": "me"}
    mail |= {"password": SECRET, "from": "Trackside <t@example.com>", "to": ["a@example.com", "Bé <b@example.com>"]}
    with trackside(tmp_path, {"mail": mail}) as server:
        client = server.client
        runs = [run(client, "FAILED", f"número {n}") for n in range(3)]
        failures = lambda: json.loads(server.call("sinks", "--json"))["sinks"][0]["failures"]
        until(lambda: sum(failures().values()) >= 2, "tries while the server is down")
        postbox.start()
        mails = postbox.wait_for(3)
        assert {tuple(to) for to, _ in mails} == {("a@example.com", "b@example.com")}
        ids = {mail["Message-ID"] for _, mail in mails}
        assert len(ids) == 3 and all(one.endswith("@example.com>") for one in ids)
        subjects = sorted(mail["Subject"] for _, mail in mails)
        assert subjects[0].startswith("[Trackside] run failed: número 0 in Default")
        text = "".join(mail.get_content() for _, mail in mails)
        assert all(f"{PUBLIC}/#/experiments/0/runs/{one}" in text for one in runs)
        assert set(known) == {("me", SECRET)}
        assert all(mail["Auto-Submitted"] == "auto-generated" for _, mail in mails)
        log = json.loads(server.call("sinks", "log", "mail", "--json"))["sendings"]
        assert {one["to"] for one in log} == {"a@example.com and 1 more"}
        assert any(one["error"] for one in log) and SECRET not in server.log.read_text()
    assert len(postbox.mails) == 3
    postbox.stop()


def test_a_digest_tells_all_of_a_period_at_once(tmp_path, receiver):
    """It is kept over a kill -9, and told by each way."""
    postbox = Postbox().start()
    digest = {"digest": "4s"}
    sinks = {
        "hook": {"type": "webhook", "url": receiver.url} | digest,
        "mail": {"type": "email", "host": "127.0.0.1", "port": postbox.port, "security": "none"} | digest,
    }
    sinks["mail"] |= {"from": "t@example.com", "to": "a@example.com"}
    with trackside(tmp_path, sinks) as server:
        expected = {run(server.client, "FAILED", f"a{n}") for n in range(10)}
        server.kill()
        server.start()
        expected |= {run(server.client, "FAILED", f"b{n}") for n in range(10)}
        receiver.start()
        notices = receiver.wait_for(20)
        assert sorted(n["run"]["id"] for n in notices) == sorted(expected)
        digests = [told for told in receiver.acted.values() if told["event"] == "digest"]
        assert len(digests) == len(receiver.acted) < 10
        told = [notice["id"] for told in digests for notice in told["notices"]]
        assert len(told) == len(set(told)) == 20, "no notice is in two digests"
        until(lambda: sum(mail.get_content().count("run failed: ") for _, mail in postbox.mails) == 20, "mails")
        assert len(postbox.mails) < 10
    postbox.stop()


def test_a_run_that_falls_silent_is_told_of_until_it_goes_on(tmp_path, receiver):
    receiver.start()
    hook = {"type": "webhook", "url": receiver.url, "events": ["run.stale"]}
    with trackside(tmp_path, {"hook": hook}, "--stale-after", "1s") as server:
        client = server.client
        silent = client.create_run("0", run_name="silent").info.run_id
        ended = run(client, "FINISHED")
        [notice] = receiver.wait_for(1)
        assert notice["run"]["id"] == silent and notice["reason"].startswith("nothing was written since 20")
        client.log_batch(silent, [Metric("loss", 0.1, 1, 1)])
        until(lambda: "trackside.stale" not in client.get_run(silent).data.tags, "it goes on")
        until(lambda: "trackside.stale" in client.get_run(silent).data.tags, "it is silent again")
        assert len(receiver.wait_for(2)) == 2
        client.set_terminated(silent)
        until(lambda: "trackside.stale" not in client.get_run(silent).data.tags, "it has ended")
        assert "trackside.stale" not in client.get_run(ended).data.tags


def test_an_audit_that_fails_is_recorded_and_told(tmp_path, receiver):
    receiver.start()
    hook = {"type": "webhook", "url": receiver.url, "events": ["audit.failed"]}
    with trackside(tmp_path, {"hook": hook}) as server:
        client = server.client
        made = run(client, "FINISHED", "unwatched")
        client.create_registered_model("churn")
        client.create_model_version("churn", "s3://bucket/model", run_id=made)
        server.call("audit", made)
        assert "trackside.audit" not in client.get_run(made).data.tags, "nothing is recorded unless it is asked for"
        server.call("audit", made, "--record")
        assert client.get_run(made).data.tags["trackside.audit"] == "missing"
        server.call("audit", "churn/1", "--record", "--api-key", server.key("alice"))
        tags = client.get_model_version("churn", "1").tags
        assert tags["trackside.audit"] == "missing" and tags["trackside.audit.at"].startswith("20")
        run_told, version_told = sorted(receiver.wait_for(2), key=lambda notice: "model_version" in notice)
        assert run_told["run"]["id"] == made and run_told["reason"] == "missing"
        assert version_told["model_version"]["model"] == "churn" and version_told["by"] == "alice"
        assert version_told["reason"].startswith("missing: ")
        assert "alice" in server.call("models", "history", "churn")


def test_promotions_that_take_approval_are_told_step_by_step(tmp_path, receiver):
    receiver.start()
    hook = {"type": "webhook", "url": receiver.url, "events": ["promotion.*"]}
    policy = {"models": "churn", "to": "Production", "require": {"approvals": {"count": 1, "of": "reviewers"}}}
    registry = {"groups": {"reviewers": ["bob"]}, "policies": [policy]}
    with trackside(tmp_path, {"hook": hook}, registry=registry) as server:
        versions(server.client, "churn", 2)
        alice, bob = server.key("alice"), server.key("bob")
        for number, decision in (("1", "approve"), ("2", "reject")):
            promote = ["models", "promote", f"churn/{number}", "--to", "Production", "-m", "better", "--api-key", alice]
            server.call(*promote, code=1)
            server.call("models", decision, number, "-m", "seen", "--api-key", bob)
        told = {n["text"] for n in receiver.wait_for(5)}
        assert told == {
            "promotion requested: churn/1 to Production, by alice (better)",
            "promotion approved: churn/1 to Production, by bob (seen)",
            "promoted: churn/1 is Production, by bob (seen)",
            "promotion requested: churn/2 to Production, by alice (better)",
            "promotion rejected: churn/2 to Production, by bob (seen)",
        }


def test_faults_of_the_configuration_are_named(tmp_path):
    config = tmp_path / "trackside.yaml"
    sinks = {
        "a": {"type": "webhok", "url": "x"},
        "b": {"type": "webhook"},
        "c": {"type": "slack", "url": "hooks.slack.com/s3cret", "events": ["run.faild"]},
        "d": {"type": "email", "host": "h", "from": "nobody", "to": ["a@example.com", "b"], "username": "u"},
        "e": {"type": "teams", "url": "https://h/s3cret", "digest": "1y", "models": ["["], "secret": "x"},
    }
    config.write_text(yaml.safe_dump({"serve": {"stale_after": "soon", "public_url": "here"}, "sinks": sinks}))
    binary = os.environ.get("TRACKSIDE_BIN") or str(REPOSITORY / "target/debug/trackside")
    done = subprocess.run([binary, "config", "check", "--config", str(config)], capture_output=True, text=True)
    told = done.stdout + done.stderr
    assert done.returncode == 1
    for expected in [
        "did you mean `webhook`?",
        "sinks.b.url",
        "[hidden], which is none",
        "`run.faild`; did you mean `run.failed`?",
        "sinks.d.from",
        "`b` in the list",
        "sinks.d.password",
        "`1y`",
        "`[`, which is no pattern",
        "sinks.e.secret",
        "serve.stale_after",
        "serve.public_url",
    ]:
        assert expected in told, f"{expected} is not in {told}"
    assert "s3cret" not in told
