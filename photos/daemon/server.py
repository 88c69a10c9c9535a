"""HTTP server for searches, on a socket in the library, in threads of the daemon.

Only the library's owner may use the socket. Requests are bounded in size, time and number, so that a client that hangs
or sends nonsense delays no other.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Final

from photos.errors import safe
from photos.operations.requests import Request
from photos.records.photos import SearchRecord

from .handler import Handler
from .protocol import catalog_id, connectable, socket_path
from .version import UpgradeCheck, program_id

#: Answers that are worked on at once, and connections that are open at once.
_ANSWERS, _CONNECTIONS = 2, 32
#: Seconds for a client to send its request, and then for the wait for a turn.
_PATIENCE = 5.0
#: Seconds between two checks for slow clients and for the end.
_CHECK = 0.5
#: Seconds for unfinished answers at the end.
_LAST = 2.0
_OWNER_ONLY: Final = 0o600

Search = Callable[[Request], SearchRecord]


@contextmanager
def serving(
    library: Path, search: Search, log: Callable[[str], None], *, patience: float = _PATIENCE
) -> Iterator[bool]:
    """Answer requests with *search* until the block ends. Gives False if there can be no socket; the reason is logged.

    Only the process that holds the library's lock may call it. Clients have *patience* seconds. Ends within seconds,
    also while an answer is worked on.
    """
    try:
        server = Server(library, search, log, patience)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        log(f"Searches are not answered from here, since there can be no socket in the library: {reason}.")
        yield False
        return
    try:
        yield True
    finally:
        server.end()


class Server(ThreadingUnixStreamServer):
    """Listens, and starts a thread for each connection. Raises `OSError` if there can be no socket."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = _CONNECTIONS

    def __init__(self, library: Path, search: Search, log: Callable[[str], None], patience: float) -> None:
        self.search = search
        self.patience = patience
        self._library = library
        self._path = socket_path(library)
        self._log = log
        self._logged: set[str] = set()
        self._program, self._upgrade_check = program_id(), UpgradeCheck()
        self._turns = threading.BoundedSemaphore(_ANSWERS)
        self._lock = threading.Lock()
        #: Open connections, each with the time by which its client must have sent the request, or taken the answer and
        #: closed; None while the answer is worked on.
        self._due: dict[socket.socket, float | None] = {}
        # A killed process leaves its socket.
        with suppress(FileNotFoundError):
            os.unlink(self._path)
        with connectable(library) as name:
            super().__init__(name, Handler)
        threading.Thread(target=self.serve_forever, args=(_CHECK,), name="answering", daemon=True).start()

    def server_bind(self) -> None:
        """Bind, for the owner alone."""
        with suppress(OSError):
            # On Linux the path gets the socket's own mode, so it is never accessible to others.
            os.fchmod(self.socket.fileno(), _OWNER_ONLY)
        super().server_bind()
        os.chmod(self._path, _OWNER_ONLY)

    def serves_program(self, program: str) -> bool:
        """True if *program* is the one that runs here, and no upgrade has replaced it. An upgrade is logged once."""
        if self._upgrade_check.is_upgraded():
            self.log_once("The program was upgraded after this process started; the new one answers searches itself.")
            return False
        return program == self._program

    def serves_catalog(self, catalog: str) -> bool:
        """True if *catalog* is the one that is searched here. It is not after the library was moved."""
        return catalog == catalog_id(self._library)

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Wait for a turn, since only a few answers are worked on at once. Gives False if there was none in time."""
        has_turn = self._turns.acquire(timeout=self.patience)
        try:
            yield has_turn
        finally:
            if has_turn:
                self._turns.release()

    def request_received(self, connection: socket.socket) -> None:
        """Note that the whole request of *connection* was received: its client has nothing to do until the answer."""
        self._set_due(connection, None)

    def answer_begins(self, connection: socket.socket) -> None:
        """Note that *connection* is being answered: its client has to take the answer from now on."""
        self._set_due(connection, time.monotonic() + self.patience)

    def log_once(self, sentence: str) -> None:
        """Log *sentence*, unless it was logged before."""
        with self._lock:
            is_new = sentence not in self._logged
            self._logged.add(sentence)
        if is_new:
            self._log(safe(sentence))

    def end(self) -> None:
        """Accept no more requests, wait a moment for unfinished answers, and cut off the other connections."""
        with suppress(OSError):
            os.unlink(self._path)
        self.shutdown()
        self.server_close()
        until = time.monotonic() + _LAST
        for _ in range(_ANSWERS):
            self._turns.acquire(timeout=max(0.0, until - time.monotonic()))
        self._cut(lambda _due: True)

    def verify_request(self, request: object, client_address: object) -> bool:
        """True if one more connection may be open."""
        del client_address
        assert isinstance(request, socket.socket)
        with self._lock:
            if len(self._due) >= _CONNECTIONS:
                return False
            self._due[request] = time.monotonic() + self.patience
            return True

    def close_request(self, request: object) -> None:
        """Close a connection."""
        assert isinstance(request, socket.socket)
        with self._lock:
            self._due.pop(request, None)
        request.close()

    def service_actions(self) -> None:
        """Cut off clients that take too long to send their request, or to take the answer."""
        now = time.monotonic()
        self._cut(lambda due: due is not None and due < now)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore errors: handlers raise only when a client has disconnected."""

    def _set_due(self, connection: socket.socket, due: float | None) -> None:
        with self._lock:
            if connection in self._due:
                self._due[connection] = due

    def _cut(self, is_due: Callable[[float | None], bool]) -> None:
        with self._lock:
            chosen = [connection for connection, due in self._due.items() if is_due(due)]
            for connection in chosen:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
