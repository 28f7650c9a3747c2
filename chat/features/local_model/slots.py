"""Who may use the engine now: two at once, the rest in order of arrival, a bounded number.

A waiter sleeps on a bell of its own and on its client's socket, so that a client who leaves loses its place at once
and nobody polls.
"""

from __future__ import annotations

import select
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from chat.features.local_model.refused import Refused

BUSY = "server busy, please try again.  maximum pending requests exceeded"


class ClientGone(Exception):
    """The client closed its connection before its answer was complete."""


def is_gone(connection: socket.socket) -> bool:
    """True when the other side has closed; bytes of a next request do not count."""
    readable, _, _ = select.select([connection], [], [], 0)
    if not readable:
        return False
    try:
        return not connection.recv(1, socket.MSG_PEEK)
    except OSError:
        return True


class Slots:
    """`with slots.taken(connection):` waits for a place and gives it back."""

    def __init__(self, free: int, max_waiting: int) -> None:
        self._lock = threading.Lock()
        self._free = free
        self._max_waiting = max_waiting
        self._waiting: deque[socket.socket] = deque()

    @property
    def waiting(self) -> int:
        """Return how many wait for a place now."""
        with self._lock:
            return len(self._waiting)

    @contextmanager
    def taken(self, connection: socket.socket) -> Iterator[None]:
        """Hold one place; raises Refused when too many wait and ClientGone when this client left the queue."""
        self._take(connection)
        try:
            yield
        finally:
            self._give_back()

    def _take(self, connection: socket.socket) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            if len(self._waiting) >= self._max_waiting:
                raise Refused(503, BUSY)
            bell, turn = socket.socketpair()
            self._waiting.append(bell)
        with bell, turn:
            self._wait(bell, turn, connection)

    def _wait(self, bell: socket.socket, turn: socket.socket, connection: socket.socket) -> None:
        watched = [turn, connection]
        while True:
            readable, _, _ = select.select(watched, [], [])
            if turn in readable:
                return
            if not is_gone(connection):
                watched = [turn]  # the next request is already here: its bytes would wake us for ever
                continue
            with self._lock:
                if bell in self._waiting:
                    self._waiting.remove(bell)
                    raise ClientGone
            self._give_back()  # the place came in the same moment
            raise ClientGone

    def _give_back(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().send(b"!")
            else:
                self._free += 1
