"""A prober that asks platforms what units themselves cannot tell: whether they are drained, and what runs."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from fleetctl.adapters.platform.memory import Memory
from fleetctl.core.facts import Cause, Facts, Observation, Unobserved
from fleetctl.core.platform.observed import believed, compute_of
from fleetctl.core.problems import CouldNot
from fleetctl.ports.platform import PlatformNode, by_platform
from fleetctl.ports.reach import Prober, Target

_AT_ONCE = 4
_SLICE_S = 0.05

Seen = Mapping[str, tuple[Facts, PlatformNode]]


class PlatformProber:
    """Fills the port `Prober`; see there.

    The unit is observed first and its platform is asked then: a job that started in between is seen.

    Args:
        inner: observes units themselves.
        standing: returns where a unit is a node; None if it is none.
        memory: remembers nodes, for when a platform does not answer.
    """

    def __init__(self, inner: Prober, standing: Callable[[str], PlatformNode | None], memory: Memory) -> None:
        self._inner, self._standing, self._memory = inner, standing, memory
        self._answers: queue.SimpleQueue[Sequence[Observation]] = queue.SimpleQueue()
        self._asked = 0
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="platform-probe")

    def submit(self, targets: Iterable[Target]) -> None:
        """Start observing; returns at once."""
        self._inner.submit(targets)

    def poll(self, timeout_s: float) -> Sequence[Observation]:
        """Return what became known; waits up to `timeout_s` for the first."""
        until_s = time.monotonic() + timeout_s
        while True:
            known = self._answered()
            wait_s = 0.0 if known else max(0.0, min(until_s - time.monotonic(), _SLICE_S if self._asked else timeout_s))
            known += self._told(self._inner.poll(wait_s))
            known += self._answered()
            if known or time.monotonic() >= until_s:
                return known

    def close(self) -> None:
        """End every connection."""
        self._inner.close()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _told(self, observations: Sequence[Observation]) -> list[Observation]:
        """Return what is complete, and ask the platforms for the rest."""
        seen: dict[str, tuple[Facts, PlatformNode]] = {}
        complete: list[Observation] = []
        for each in observations:
            standing = self._standing(each.unit) if isinstance(each, Facts) else None
            if isinstance(each, Facts) and standing is not None:
                seen[each.unit] = (each, standing)
            else:
                complete.append(each)
        for units in by_platform({unit: standing for unit, (_, standing) in seen.items()}).values():
            self._asked += 1
            self._pool.submit(self._ask, {unit: seen[unit] for unit in units})
        return complete

    def _answered(self) -> list[Observation]:
        known: list[Observation] = []
        try:
            while True:
                known.extend(self._answers.get_nowait())
                self._asked -= 1
        except queue.Empty:
            return known

    # --- in the pool's threads ------------------------------------------------------------------------------------

    def _ask(self, seen: Seen) -> None:
        """Ask one platform for its nodes; every unit gets its one answer, whatever breaks."""
        try:
            self._answers.put(list(self._completed(seen)))
        except Exception as fault:
            why = str(fault) if isinstance(fault, CouldNot) else f"{type(fault).__name__}: {fault}"
            self._answers.put([self._without(facts, standing, why) for facts, standing in seen.values()])

    def _completed(self, seen: Seen) -> Iterator[Observation]:
        _, first = next(iter(seen.values()))
        nodes = first.platform.nodes([standing.node for _, standing in seen.values()])
        self._memory.keep(first.title, nodes.values())
        for facts, standing in seen.values():
            yield replace(facts, compute=compute_of(nodes[standing.node]))

    def _without(self, facts: Facts, standing: PlatformNode, why: str) -> Observation:
        """Return what is believed of a unit whose platform does not answer; if nothing is, it is not observed."""
        last = self._memory.recall(standing.title, standing.node)
        if last is None:
            return Unobserved(facts.unit, facts.at, Cause.TIMED_OUT, why, f"{standing.title} says what runs on it")
        return replace(facts, compute=believed(last, why))
