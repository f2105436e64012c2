"""Divides what an imaging server sends fairly among the machines that ask for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from time import monotonic

CREDIT = 1 << 20
"""A machine that did not ask for a while may catch up by so many bytes."""


class FairShare:
    """Lets whoever had least send next, at a rate that all share.

    A machine that does not ask holds nobody up. Without a rate nobody waits here: TCP divides the line.
    """

    def __init__(self, rate: float = 0.0, clock: Callable[[], float] = monotonic) -> None:
        """Take the rate in bytes per second, 0 for none, and a clock that never goes back."""
        self._rate, self._clock = rate, clock
        self._turn = threading.Condition()
        self._waiting: dict[str, int] = {}
        self._had: dict[str, float] = {}
        self._sent: dict[str, int] = {}
        self._free_s = clock()
        """When what was let through so far has been sent, at the rate."""

    def take(self, client: str, size: int) -> None:
        """Wait until a client may send so many bytes, and count them."""
        with self._turn:
            self._sent[client] = self._sent.get(client, 0) + size
            if self._rate <= 0:
                return
            self._join(client)
            while not self._is_next(client) or self._free_s > self._clock():
                self._turn.wait(max(self._free_s - self._clock(), 0.001) if self._is_next(client) else None)
            self._leave(client)
            self._had[client] += size
            self._free_s = max(self._free_s, self._clock()) + size / self._rate
            self._turn.notify_all()

    def sent(self) -> Mapping[str, int]:
        """Return how many bytes each client was let send, all in all."""
        with self._turn:
            return dict(self._sent)

    def _join(self, client: str) -> None:
        least = min((self._had[other] for other in self._waiting), default=self._had.get(client, 0.0))
        self._had[client] = max(self._had.get(client, 0.0), least - CREDIT)
        self._waiting[client] = self._waiting.get(client, 0) + 1
        self._turn.notify_all()

    def _leave(self, client: str) -> None:
        self._waiting[client] -= 1
        if not self._waiting[client]:
            del self._waiting[client]

    def _is_next(self, client: str) -> bool:
        return client == min(self._waiting, key=lambda other: (self._had[other], other))
