"""Addresses of endpoints: which host and port, and whether they lie in the user's own network."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from .errors import EndpointInvalid, RemoteEndpoint

_PORTS: Final = {"http": 80, "https": 443}
_CHAT: Final = "/chat/completions"
#: This machine (RFC 1122, 4291), private networks (RFC 1918, 4193), and links behind no router (RFC 3927, 4291).
#: Not 100.64.0.0/10: it is shared with a provider's other customers, and some private overlays borrow it.
_PRIVATE: Final = tuple(
    ipaddress.ip_network(each)
    for each in (
        "127.0.0.0/8",
        "::1/128",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fc00::/7",
        "169.254.0.0/16",
        "fe80::/10",
    )
)

#: Family and address of a socket.
Place = tuple[socket.AddressFamily, tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class EndpointAddress:
    """Host, port and path of an endpoint's chat completions."""

    host: str
    port: int
    #: With the query, if there is one.
    path: str
    is_encrypted: bool

    @property
    def shown(self) -> str:
        """Host and port, as in an address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_address(url: str) -> EndpointAddress:
    """The address that *url* names: `http://host:port`, with or without `/v1` and `/chat/completions` behind it.

    Raises `EndpointInvalid`.
    """
    if not url.isascii() or not url.isprintable() or " " in url:
        raise EndpointInvalid("it has characters that no address has")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EndpointInvalid("its host or its port is wrong") from error
    if parts.scheme not in _PORTS:
        raise EndpointInvalid("it does not begin with http:// or https://")
    if not parts.hostname:
        raise EndpointInvalid("it names no host")
    if not _can_be_looked_up(parts.hostname):
        raise EndpointInvalid("its host or its port is wrong")
    if "@" in parts.netloc:
        raise EndpointInvalid("it holds a name or a password; a key belongs in describe.key")
    if parts.fragment:
        raise EndpointInvalid("it has a part after #")
    path = parts.path.rstrip("/") or "/v1"
    path = path if path.endswith(_CHAT) else path + _CHAT
    if parts.query:
        path = f"{path}?{parts.query}"
    return EndpointAddress(parts.hostname, port or _PORTS[parts.scheme], path, parts.scheme == "https")


def _can_be_looked_up(host: str) -> bool:
    """Return whether the parts of *host* have lengths that names may have: `getaddrinfo` fails oddly for others."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True


def is_private(address: str) -> bool:
    """Return whether *address*, an IP address, is this machine's or one of a private network."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in _PRIVATE)


def resolve(address: EndpointAddress, *, is_remote_allowed: bool) -> list[Place]:
    """Family and socket address of each IP address of the host that may be used; connect to these and to no name.

    Public addresses are left out unless *is_remote_allowed*. Raises `RemoteEndpoint` if no other is left, and `OSError`
    for a host that is not found.
    """
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    usable: list[Place] = [
        (family, place) for family, _, _, _, place in found if is_remote_allowed or is_private(str(place[0]))
    ]
    if not usable:
        raise RemoteEndpoint(address.host, str(found[0][4][0]))
    return usable
