"""`ca_file`, against a real TLS server: Trackside itself as the MLflow server, behind Python's own TLS."""

import datetime
import ipaddress
import ssl
import time
from urllib.parse import urlsplit

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from forwarder import forward
from mlflow import MlflowClient
from sidecar import sidecar

pytest_plugins = "mlflow_session"

COMPLAINT_SECS = 60


def authority():
    """A certificate authority of our own, as a name, a key and its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of this test")])
    return name, key, signed(name, key, name, key, x509.BasicConstraints(ca=True, path_length=0))


def signed(name, key, issuer, issuer_key, *extensions):
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - day).not_valid_after(now + day)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def tls(tmp_path):
    """The server's side, and the file with the authority's certificate."""
    issuer, issuer_key, certificate = authority()
    (tmp_path / "ca.pem").write_bytes(certificate)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tracker")])
    hosts = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    pem = signed(name, key, issuer, issuer_key, hosts, x509.BasicConstraints(ca=False, path_length=None))
    plain = serialization.NoEncryption()
    pem += key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (tmp_path / "server.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    return context, tmp_path / "ca.pem"


def test_a_sink_trusts_the_certificates_of_its_file_and_no_others(tls, tmp_path, trackside, unique):
    context, ca_file = tls
    with forward(urlsplit(trackside.url).port, context) as server:
        server.open.set()
        url = f"https://127.0.0.1:{server.port}"
        assert requests.get(f"{url}/health", verify=str(ca_file), timeout=10).ok
        sinks = {name: {"type": "mlflow", "url": url, "experiment_prefix": f"{name}-"} for name in ("told", "untold")}
        sinks["told"]["ca_file"] = str(ca_file)
        with sidecar(tmp_path, sinks) as running:
            client = MlflowClient(running.url, running.url)
            run_id = client.create_run(client.create_experiment(name := unique("tls"))).info.run_id
            client.log_metric(run_id, "m", 1.5, step=3)
            deadline = time.monotonic() + COMPLAINT_SECS
            while (shown := running.sinks())["told"]["lag"]["entries"] or not shown["untold"]["last_error"]:
                assert time.monotonic() < deadline, shown
                time.sleep(0.1)
        assert shown["told"]["state"] == "ok" and shown["told"]["delivered"] == 2, shown
        assert shown["untold"]["delivered"] == 0, shown
        assert "UnknownIssuer" in shown["untold"]["last_error"]["message"], shown
        # The server was told as well.
        assert any("UNKNOWN_CA" in reason for reason in server.refused), server.refused
    peer = MlflowClient(trackside.url, trackside.url)
    assert peer.get_experiment_by_name(f"untold-{name}") is None
    (run,) = peer.search_runs([peer.get_experiment_by_name(f"told-{name}").experiment_id])
    assert run.data.metrics == {"m": 1.5}
