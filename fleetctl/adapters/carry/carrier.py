"""Brings bundles to machines: one copy a machine and bundle, whoever asks for it, some machines at once.

A copy that is cut goes on where it was, for as long as each try moves something; one that was cut for good goes on
with the next step that asks for it, for what arrived is kept.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from fleetctl.adapters.carry.cargo import Cargo, NotBrought
from fleetctl.adapters.carry.depot import CheckedFiles
from fleetctl.adapters.carry.differences import Differences
from fleetctl.adapters.carry.line import Line, Reach, Wanted
from fleetctl.core.facts import Cause
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Ending

AT_ONCE = 8
"""Machines that are sent to at once; each is behind a line of its own, and all behind the controller's."""
TRIES: Mapping[Ending, int] = defaultdict(lambda: 1, {Ending.NO_OUTCOME: 5, Ending.FAILED: 2})
"""Tries in a row of which none moves a byte, by how the last one ended: what was refused once is refused again, and of
what has a wrong digest nothing is kept."""
BACKOFF_S = 1.0
"""Pause before the second try; doubles with each."""

Then = Callable[[NotBrought | None], None]
"""Told that a bundle is there, or why not."""


@dataclass
class _Flight:
    """A copy that waits or is under way, and those who wait for it."""

    cargo: Cargo
    waiting: list[tuple[Wanted, Then]] = field(default_factory=list)

    def is_wanted(self) -> bool:
        return any(wanted() for wanted, _ in self.waiting)


class Carrier:
    """Fills caches. Safe between threads."""

    def __init__(
        self, reach: Reach, check_leading: Callable[[], None], *, at_once: int = AT_ONCE, backoff_s: float = BACKOFF_S
    ) -> None:
        """Begin with nothing under way.

        Args:
            reach: how machines are reached.
            check_leading: raises `Fenced` if another controller has taken over.
            at_once: how many machines are sent to at once.
            backoff_s: see `BACKOFF_S`.
        """
        self._reach, self._check_leading, self._backoff_s = reach, check_leading, backoff_s
        self._files = CheckedFiles()
        self._differences = Differences(self._files)
        self._flights: dict[tuple[str, str], _Flight] = {}
        self._turn, self._closing = threading.Lock(), threading.Event()
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="carry")

    def bring(self, cargo: Cargo, wanted: Wanted, then: Then) -> None:
        """Bring a bundle to its machine; returns at once. Who asks for the same gets the copy that is under way.

        Args:
            cargo: what and where.
            wanted: says whether it is still waited for; a copy that nobody waits for ends.
            then: is called once, in another thread.
        """
        with self._turn:
            flight = self._flights.get(cargo.key)
            if flight is None:
                flight = self._flights[cargo.key] = _Flight(cargo)
                self._pool.submit(self._fly, flight)
            flight.waiting.append((wanted, then))

    def close(self) -> None:
        """End what is under way, and wait for its end; what arrived is kept where it is."""
        self._closing.set()
        self._pool.shutdown()

    def _fly(self, flight: _Flight) -> None:
        failure = self._failure(flight)
        with self._turn:  # whoever comes later starts anew
            del self._flights[flight.cargo.key]
        for _, then in flight.waiting:
            then(failure)

    def _failure(self, flight: _Flight) -> NotBrought | None:
        """Bring it there; return why it did not arrive."""
        try:
            self._check_leading()
            self._files.check(flight.cargo)
            self._copy(Line(flight.cargo, self._reach, lambda: self._is_wanted(flight), self._differences))
        except NotBrought as failure:
            return failure
        except CouldNot as reason:
            return NotBrought(Ending.NO_OUTCOME, str(reason), hint=reason.hint)
        except Exception as fault:  # whatever goes wrong here must leave no step waiting for ever
            return NotBrought(Ending.NO_OUTCOME, f"the copy broke: {type(fault).__name__}: {fault}")
        return None

    def _is_wanted(self, flight: _Flight) -> bool:
        return flight.is_wanted() and not self._closing.is_set()

    def _copy(self, line: Line) -> None:
        """Send the bundle, again and again from where it is, until it is there."""
        before, idle = 0, 0
        while True:
            try:
                return line.complete()
            except NotBrought as failure:
                idle = 1 if line.arrived > before else idle + 1
                before = line.arrived
                if idle >= TRIES[failure.ending] or failure.cause is Cause.CANCELLED:
                    raise
            self._closing.wait(self._backoff_s * 2 ** (idle - 1))
