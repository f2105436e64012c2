"""A task beside the main one, in a thread of its own: it is never waited for, and its failure stops nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

from fleetctl.core.problems import CouldNot, InvalidInput

RETRY_S = 30.0
"""Pause after a round that failed, unless a task knows better."""


class Background:
    """Does rounds of a task, each when the one before asked for it, or when woken."""

    def __init__(
        self,
        name: str,
        task: Callable[[], float | None],
        say: Callable[[str], None],
        *,
        retry_s: float = RETRY_S,
    ) -> None:
        """Take the task.

        Args:
            name: for people.
            task: does one round; returns the seconds until the next, None if only a wake-up asks for one.
            say: tells the operator what went wrong, once until a round goes well again.
            retry_s: pause after a round that failed.
        """
        self._name, self._task, self._say, self._retry_s = name, task, say, retry_s
        self._woken, self._closing = threading.Event(), threading.Event()
        self._troubled = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin with a first round."""
        self._thread.start()

    def wake(self) -> None:
        """Ask for a round now; returns at once."""
        self._woken.set()

    def close(self, grace_s: float) -> bool:
        """Let what waits be done for so long, then end; says whether nothing was left to do."""
        self._deadline_s = monotonic() + grace_s
        self._closing.set()
        self._woken.set()
        self._thread.join(grace_s)
        return not self._thread.is_alive() and self._left is None

    _deadline_s = 0.0
    _left: float | None = None

    def _run(self) -> None:
        while True:
            closing = self._closing.is_set()  # before the round: what it was woken for last needs one more
            self._woken.clear()
            self._left = self._round()
            if closing and (self._left is None or monotonic() + self._left >= self._deadline_s):
                return
            self._woken.wait(self._left)

    def _round(self) -> float | None:
        try:
            due_s = self._task()
        except (CouldNot, InvalidInput) as reason:
            self._trouble(str(reason))
        except Exception as unexpected:  # whatever goes wrong here must not end a rollout
            self._trouble(f"unexpected {type(unexpected).__name__}: {unexpected}")
        else:
            self._troubled = False
            return due_s
        return self._retry_s

    def _trouble(self, said: str) -> None:
        if not self._troubled and not self._closing.is_set():
            self._say(f"{self._name}: {said}")
        self._troubled = True
