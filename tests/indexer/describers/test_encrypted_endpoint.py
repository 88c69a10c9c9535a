"""Certificates of endpoints are checked; the tests make their own with the program openssl."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from contextlib import closing
from functools import partial

import pytest
from PIL import Image

from indexer.describers import DescriberBroken, Description, EndpointSettings
from indexer.describers.chat_client import ChatClient
from indexer.describers.endpoint import EndpointDescriber

from .conftest import ChatServer

RED = Image.new("RGB", (8, 8), "red")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Files of a private key and of certificates signed by it, by the names that these are for."""
    openssl = shutil.which("openssl")
    assert openssl, "these tests need the program openssl"
    folder = tmp_path_factory.mktemp("certificates")
    key = folder / "key.pem"
    made = {}
    for name in ("IP:127.0.0.1", "DNS:example.com"):
        made[name] = folder / f"{name.partition(':')[2]}.pem"
        command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"]
        files = ["-keyout", str(key) if name.startswith("IP") else str(folder / "other.pem"), "-out", str(made[name])]
        subprocess.run([*command, "-addext", f"subjectAltName={name}", *files], check=True, capture_output=True)
    return {
        "IP:127.0.0.1": (made["IP:127.0.0.1"], key),
        "DNS:example.com": (made["DNS:example.com"], folder / "other.pem"),
    }


@pytest.fixture
def start(certificates):
    running = []

    def started(name):
        certificate, key = certificates[name]
        running.append(ChatServer("--certificate", str(certificate), "--private-key", str(key)))
        return running[-1]

    yield started
    for each in running:
        each.stop()


def describer(port, trusted=None, scheme="https"):
    settings = EndpointSettings(f"{scheme}://127.0.0.1:{port}", "good")
    return EndpointDescriber(settings, partial(ChatClient, trusted=trusted))


def trusting(certificate):
    return ssl.create_default_context(cafile=certificate)


def test_a_trusted_certificate_of_that_host_is_accepted(start, certificates):
    server = start("IP:127.0.0.1")
    with closing(describer(server.port, trusting(certificates["IP:127.0.0.1"][0]))) as asked:
        assert isinstance(asked.describe([RED])[0], Description)


@pytest.mark.parametrize(
    ("name", "is_trusted", "reason"),
    [("IP:127.0.0.1", False, "self-signed certificate"), ("DNS:example.com", True, "IP address mismatch")],
)
def test_a_wrong_certificate_is_refused(start, certificates, name, is_trusted, reason):
    server = start(name)
    trusted = trusting(certificates[name][0]) if is_trusted else None
    with (
        closing(describer(server.port, trusted)) as asked,
        pytest.raises(DescriberBroken, match=f"its certificate is not trusted .*{reason}.*, so no picture was sent"),
    ):
        asked.describe([RED])
    server.process.kill()
    assert server.process.stdout.read() == ""


def test_an_address_with_the_wrong_scheme_is_named(start, server):
    with closing(describer(server.port)) as asked, pytest.raises(DescriberBroken, match="begins with http or https"):
        asked.describe([RED])
