"""An executor that drains and undrains nodes on their platform, and leaves every other step to another executor."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from fleetctl.adapters.platform.memory import Memory
from fleetctl.core.facts import Cause, drain_reason
from fleetctl.core.platform.drains import Deed, Did, may_cancel
from fleetctl.core.platform.losses import listed
from fleetctl.core.platform.node import Health, Job, Node
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Ending, Step, StepKind, StepResult
from fleetctl.ports.platform import PlatformNode
from fleetctl.ports.reach import Executor

_AT_ONCE = 4
"""Requests at one time; one that ends jobs may take a minute, and holds nobody else back."""
_OURS = frozenset((StepKind.DRAIN, StepKind.UNDRAIN))

Batch = Mapping[str, tuple[Step, PlatformNode]]
"""Steps by their node, all of one kind, rollout and platform."""


class PlatformExecutor:
    """Fills the port `Executor`; see there.

    Args:
        inner: does what is done on units themselves.
        standing: returns where a step's unit is a node; None if it is none.
        check_leading: raises `Fenced` if another controller has taken over.
        memory: is told what nodes were asked to be.
        redact: takes secrets out of what platforms say.
    """

    def __init__(
        self,
        inner: Executor,
        standing: Callable[[Step], PlatformNode | None],
        check_leading: Callable[[], None],
        memory: Memory,
        redact: Callable[[str], str] = str,
    ) -> None:
        self._inner, self._standing, self._check_leading, self._memory = inner, standing, check_leading, memory
        self._redact = redact
        self._open: set[str] = set()
        self._lock = threading.Lock()
        self._results: queue.SimpleQueue[StepResult] = queue.SimpleQueue()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="platform")

    def submit(self, steps: Sequence[Step]) -> None:
        """Start steps whose intents are journalled; returns at once."""
        others: list[Step] = []
        batches: dict[tuple[object, ...], dict[str, tuple[Step, PlatformNode]]] = {}
        for step in steps:
            standing = self._standing(step) if step.kind in _OURS else None
            if standing is None:
                others.append(step)
                continue
            key = (standing.title, step.kind, step.rollout, step.cancel_jobs)
            batches.setdefault(key, {})[standing.node] = (step, standing)
        with self._lock:
            self._open.update(step.id for batch in batches.values() for step, _ in batch.values())
        for batch in batches.values():
            self._pool.submit(self._run, batch)
        if others:
            self._inner.submit(others)

    def poll(self, timeout_s: float) -> Sequence[StepResult]:
        """Return what ended; waits up to `timeout_s` for the first."""
        ours = self._taken()
        return [*ours, *self._inner.poll(0.0 if ours else timeout_s), *self._taken()]

    def cancel(self, step: Step) -> None:
        """Give up waiting for a step."""
        with self._lock:
            ours = step.id in self._open
        if ours:
            self._end(StepResult(step, Ending.NO_OUTCOME, "given up", cause=Cause.CANCELLED))
        else:
            self._inner.cancel(step)

    def close(self) -> None:
        """End whatever runs, and wait for its end."""
        self._inner.close()
        self._pool.shutdown(wait=True, cancel_futures=True)

    # --- in the pool's threads ------------------------------------------------------------------------------------

    def _run(self, batch: Batch) -> None:
        try:
            self._check_leading()
            said = self._done(batch)
        except Exception as fault:  # a step without a result would be waited for until its deadline
            text = str(fault) if isinstance(fault, CouldNot) else f"the request broke: {type(fault).__name__}: {fault}"
            self._in_doubt(batch)
            for step, _ in batch.values():
                self._end(StepResult(step, Ending.NO_OUTCOME, text))
            return
        for node, (step, _) in batch.items():
            self._end(StepResult(step, Ending.OK, said[node]))

    def _done(self, batch: Batch) -> Mapping[str, str]:
        """Do a batch; returns what is to be said of each node."""
        step, standing = next(iter(batch.values()))
        platform, reason = standing.platform, drain_reason(step.rollout)
        if step.kind is StepKind.UNDRAIN:
            deeds = platform.undrain(batch.keys(), reason)
            self._memory.keep(standing.title, (_after(deed) for deed in deeds.values()))
            return {name: _undrained(deed) for name, deed in deeds.items()}
        deeds = platform.drain(batch.keys(), reason)
        self._memory.keep(standing.title, (_after(deed) for deed in deeds.values()))
        ours = [name for name, deed in deeds.items() if may_cancel(_after(deed), reason)]
        lost = platform.cancel(ours) if step.cancel_jobs and ours else {}
        return {name: _drained(deed, lost.get(name)) for name, deed in deeds.items()}

    def _in_doubt(self, batch: Batch) -> None:
        """Believe that a drain was done of which nobody knows: it is undone later then, if it was."""
        for step, standing in batch.values():
            last = self._memory.recall(standing.title, standing.node) or Node(standing.node, Health.UP)
            if step.kind is StepKind.DRAIN and not last.drained:
                drained = replace(last, drained=True, reason=drain_reason(step.rollout))
                self._memory.keep(standing.title, [drained])

    def _end(self, result: StepResult) -> None:
        """Report a step's first result; whatever comes later says nothing any more."""
        with self._lock:
            if result.step.id not in self._open:
                return
            self._open.remove(result.step.id)
        self._results.put(replace(result, message=self._redact(result.message)))

    def _taken(self) -> list[StepResult]:
        taken: list[StepResult] = []
        try:
            while True:
                taken.append(self._results.get_nowait())
        except queue.Empty:
            return taken


def _after(deed: Deed) -> Node:
    drained = deed.did in {Did.DRAINED, Did.LEFT} or (deed.did is Did.ALREADY and bool(deed.reason))
    health = Health.ABSENT if deed.did is Did.ABSENT else Health.UP
    return Node(deed.node, health, drained, deed.reason if drained else "")


def _drained(deed: Deed, lost: Sequence[Job] | None) -> str:
    said = {Did.LEFT: f"drained by others: {deed.reason}", Did.ABSENT: "its platform does not know it"}
    return said.get(deed.did, "drained") + (f"; {listed(lost)}" if lost is not None else "")


def _undrained(deed: Deed) -> str:
    said = {
        Did.UNDRAINED: "takes jobs again",
        Did.ALREADY: "was not drained",
        Did.LEFT: f"left drained by others: {deed.reason}",
    }
    return said.get(deed.did, "its platform does not know it")
