"""The way in through TCP: its socket, and the address at which a browser opens the gallery."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import Final

from photos.errors import PortTaken

LOOPBACK: Final = "127.0.0.1"
#: The port unless another is named or it is taken: an address that stays the same can be a bookmark.
PORT: Final = 8470


@dataclass(frozen=True, slots=True)
class Listener:
    """A bound socket, and the address by which browsers of this machine reach it, without a slash at its end."""

    opened: socket.socket
    base: str


def listener(address: str = LOOPBACK, port: int | None = None) -> Listener:
    """Bind *address*, a name or an IP address. Without a *port* it is the usual one, or if that is taken, any.

    Raises `PortTaken`.
    """
    for wanted in (PORT, 0) if port is None else (port,):
        try:
            opened = _bound(address, wanted)
        except OSError as error:
            if port is not None or wanted == 0:
                raise PortTaken(address, wanted, (error.strerror or type(error).__name__).lower()) from error
        else:
            own = opened.getsockname()[1]
            return Listener(opened, f"http://{_shown(address)}:{own}")
    raise AssertionError


def is_loopback(address: str) -> bool:
    """Return whether only this machine reaches *address*."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _bound(address: str, port: int) -> socket.socket:
    family, kind, proto, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
    opened = socket.socket(family, kind, proto)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(place)
        # Otherwise two processes may bind the port before either listens.
        opened.listen()
    except BaseException:
        opened.close()
        raise
    return opened


def _shown(address: str) -> str:
    """The name in an address for a browser of this machine."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.is_unspecified:
        return LOOPBACK
    return f"[{address}]" if known.version == 6 else address  # noqa: PLR2004 - of IP
