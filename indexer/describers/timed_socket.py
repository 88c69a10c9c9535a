"""A socket with one deadline for a whole exchange: a server that sends a byte now and then does not extend it."""

from __future__ import annotations

import io
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class TimedSocket:
    """*connected*, as far as `http.client` uses a socket. Raises `TimeoutError` at *deadline*, of `time.monotonic`."""

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        self._socket = connected
        self._deadline = deadline

    def sendall(self, data: ReadableBuffer) -> None:
        """Send all of *data*."""
        limit_to(self._socket, self._deadline)
        self._socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """A file that reads from the socket."""
        return io.BufferedReader(_TimedReader(self._socket, self._deadline))

    def close(self) -> None:
        """Close the connection; a file made of it goes on."""

    def end(self) -> None:
        """End the connection, also for a thread that waits for the other side."""
        # The class's own method: that of a TLS socket would take its encryption away from the other thread.
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def release(self) -> None:
        """Give the socket back to the system."""
        self._socket.close()


class _TimedReader(io.RawIOBase):
    def __init__(self, connected: socket.socket, deadline: float) -> None:
        self._socket = connected
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        limit_to(self._socket, self._deadline)
        return self._socket.recv_into(buffer)


def limit_to(connected: socket.socket, deadline: float) -> None:
    """Let the next operation of a socket end at *deadline*. Raises `TimeoutError` if that has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    connected.settimeout(left)
