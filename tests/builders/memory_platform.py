"""A compute platform in memory, that can be told to be silent: jobs run until somebody ends them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from fleetctl.core.platform.drains import Deed, Did, to_drain, to_undrain
from fleetctl.core.platform.node import Health, Job, JobState, Node
from fleetctl.core.problems import CouldNot


@dataclass
class MemoryPlatform:
    """Fills the port `Platform`.

    Attributes:
        silent: it does not answer; says why.
        asked: every request, in order.
    """

    known: dict[str, Node] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    silent: str = ""
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    @classmethod
    def of(cls, *names: str) -> MemoryPlatform:
        return cls({name: Node(name, Health.UP) for name in names})

    # --- what happens on it -------------------------------------------------------------------------------------------

    def runs(self, *names: str) -> str:
        """Run a job on nodes that take one; returns its id."""
        id = str(len(self.jobs) + 1)
        able = all(self.known[name].takes_jobs for name in names)
        self.jobs[id] = Job(id, JobState.RUNNING if able else JobState.WAITING, nodes=names if able else ())
        return id

    def ends(self, id: str) -> None:
        self.jobs[id] = replace(self.jobs[id], state=JobState.DONE)

    def drained_by(self, name: str, reason: str) -> None:
        """Let a person on the platform drain a node."""
        self.known[name] = replace(self.known[name], drained=True, reason=reason)

    # --- the port -----------------------------------------------------------------------------------------------------

    def nodes(self, names: Collection[str]) -> Mapping[str, Node]:
        self._hear("nodes", names)
        running = [job for job in self.jobs.values() if job.state is JobState.RUNNING]
        on = {name: tuple(job for job in running if name in job.nodes) for name in names}
        return {name: replace(self.known.get(name, Node(name, Health.ABSENT)), jobs=on[name]) for name in names}

    def drain(self, names: Collection[str], reason: str) -> Mapping[str, Deed]:
        self._hear("drain", names)
        deeds = {}
        for name, node in self.nodes(names).items():
            deeds[name] = Deed(name, did := to_drain(node, reason), reason if did is Did.DRAINED else node.reason)
            if did is Did.DRAINED:
                self.drained_by(name, reason)
        return deeds

    def undrain(self, names: Collection[str], reason: str) -> Mapping[str, Deed]:
        self._hear("undrain", names)
        deeds = {}
        for name, node in self.nodes(names).items():
            deeds[name] = Deed(name, did := to_undrain(node, reason), node.reason)
            if did is Did.UNDRAINED:
                self.known[name] = replace(self.known[name], drained=False, reason="")
        return deeds

    def cancel(self, names: Collection[str]) -> Mapping[str, tuple[Job, ...]]:
        self._hear("cancel", names)
        lost = {name: node.jobs for name, node in self.nodes(names).items()}
        for jobs in lost.values():
            self.jobs.update((job.id, replace(job, state=JobState.LOST)) for job in jobs)
        return lost

    def register(self, name: str, *, within_s: float) -> Node:
        node = self.nodes([name])[name]
        if node.health is not Health.UP:
            raise CouldNot(f"{name} is {node.health} after {within_s:.0f} s")
        return node

    def remove(self, name: str) -> None:
        if self.nodes([name])[name].jobs:
            raise CouldNot(f"{name} still runs jobs")
        self.known.pop(name, None)

    def prove(self, name: str, *, within_s: float) -> Job:
        if not self.nodes([name])[name].takes_jobs:
            raise CouldNot(f"{name} takes no jobs")
        self.ends(id := self.runs(name))
        return self.jobs[id]

    def close(self) -> None:
        pass

    def _hear(self, what: str, names: Iterable[str]) -> None:
        if self.silent:
            raise CouldNot(self.silent)
        self.asked.append((what, tuple(sorted(names))))
