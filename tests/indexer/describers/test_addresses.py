from __future__ import annotations

import pytest

from indexer.describers import EndpointInvalid, RemoteEndpoint
from indexer.describers.addresses import EndpointAddress, is_private, read_address, resolve


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("http://localhost:11434", "localhost", 11434, "/v1/chat/completions"),
        ("http://localhost:11434/", "localhost", 11434, "/v1/chat/completions"),
        ("http://nas/v1", "nas", 80, "/v1/chat/completions"),
        ("https://nas/v1/chat/completions", "nas", 443, "/v1/chat/completions"),
        ("https://NAS:8/openai/x?api-version=1", "nas", 8, "/openai/x/chat/completions?api-version=1"),
        ("http://[::1]:80/v1", "::1", 80, "/v1/chat/completions"),
    ],
)
def test_an_address_is_read(url, host, port, path):
    assert read_address(url) == EndpointAddress(host, port, path, url.startswith("https"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:11434",
        "ftp://host/",
        "file:///etc/passwd",
        "http://",
        "http://host:99999",
        "http://host:x",
        "http://[::1",
        "http://user:secret@host/",
        "http://host/#part",
        "http://host/a b",
        "http://host/\r\nX: y",
        "http://hôst/",
        "http://a..b/",
        "http://.host/",
        f"http://{'x' * 64}/",
    ],
)
def test_an_unusable_address_is_refused_unseen(url):
    with pytest.raises(EndpointInvalid, match="cannot be used: .*; give one such as http://localhost:11434") as raised:
        read_address(url)
    assert raised.value.status == 2
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("172.32.0.1", False),
        ("192.168.178.20", True),
        ("169.254.1.1", True),
        ("fe80::1%eth0", True),
        ("fd12::1", True),
        ("::ffff:192.168.0.1", True),
        ("::ffff:8.8.8.8", False),
        ("8.8.8.8", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("::", False),
        ("2001:4860::8888", False),
        ("64:ff9b::10.0.0.1", False),
        ("2002:0a00:0001::", False),
        ("224.0.0.1", False),
    ],
)
def test_private_addresses_are_those_of_the_users_own_network(address, expected):
    assert is_private(address) is expected


def test_a_host_resolves_to_addresses_and_not_to_its_name():
    places = resolve(EndpointAddress("localhost", 80, "/", is_encrypted=False), is_remote_allowed=False)
    assert places
    assert {place[0] for _, place in places} <= {"127.0.0.1", "::1"}


def test_a_public_address_needs_permission():
    address = EndpointAddress("93.184.216.34", 80, "/", is_encrypted=False)
    with pytest.raises(RemoteEndpoint) as raised:
        resolve(address, is_remote_allowed=False)
    assert (raised.value.host, raised.value.address) == ("93.184.216.34", "93.184.216.34")
    assert [place[0] for _, place in resolve(address, is_remote_allowed=True)] == ["93.184.216.34"]
