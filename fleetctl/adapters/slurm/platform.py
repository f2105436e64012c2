"""Slurm as a `Platform`: decisions are the core's, requests are `rest`'s and `control`'s; this puts them together."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from fleetctl.adapters.slurm.control import Control, Programs, RestControl
from fleetctl.adapters.slurm.reading import HIDDEN, jobs_of, nodes_of
from fleetctl.adapters.slurm.rest import UPDATES_NODES, Rest
from fleetctl.core.platform.drains import Deed, Did, to_drain, to_undrain
from fleetctl.core.platform.losses import lost
from fleetctl.core.platform.node import Health, Job, JobState, Node
from fleetctl.core.problems import CouldNot

Found = TypeVar("Found")
_LOOK_EVERY_S = 0.5
_END_S = 90.0
"""How long cancelled jobs may take: Slurm's own KillWait is 30 s, and what they leave is cleaned up after."""


class SlurmPlatform:
    """Fills the port `Platform`; see there.

    Args:
        rest: its REST interface.
        command: runs Slurm's own programs, for a slurmrestd that cannot change nodes; empty if there is none.
        title: what messages call the platform.
        pause: waits so many seconds.
    """

    def __init__(
        self, rest: Rest, command: Sequence[str] = (), *, title: str, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._rest, self._command, self._title, self._pause = rest, tuple(command), title, pause

    def nodes(self, names: Collection[str]) -> Mapping[str, Node]:
        """Return the nodes by name, each with the jobs that run on it.

        Nodes are asked for first: a job that starts in between is seen on a node that is not drained, where it does not
        matter, while the other way round a node drained in between would be thought free of it.
        """
        if not names:
            return {}
        nodes = self._rest.get("nodes")
        known = self._read(lambda: nodes_of(nodes, jobs_of(self._rest.get("jobs"))))
        return {name: known.get(name, Node(name, Health.ABSENT)) for name in names}

    def drain(self, names: Collection[str], reason: str) -> Mapping[str, Deed]:
        """Let no new job start on these nodes; a drain that stands is left as it is."""
        return self._change(names, reason, to_drain, Did.DRAINED, "DRAIN")

    def undrain(self, names: Collection[str], reason: str) -> Mapping[str, Deed]:
        """End the drains with this very reason.

        Slurm cannot be told to end a drain only if it has this reason, so it is read right before.
        """
        return self._change(names, reason, to_undrain, Did.UNDRAINED, "RESUME")

    def cancel(self, names: Collection[str]) -> Mapping[str, tuple[Job, ...]]:
        """End the jobs that run on these nodes; return which were lost by it."""
        before = self.nodes(names)
        ids = {job.id for node in before.values() for job in node.jobs}
        if HIDDEN in ids:
            raise CouldNot(
                f"{self._title}: jobs run that this token's user is not shown, so they cannot be ended",
                hint="take a token of an operator",
            )
        for id in sorted(ids):
            self._rest.delete("job", id)
        after: dict[str, Job] = {}

        def ended() -> bool:
            after.update((id, self._job(id)) for id in ids if id not in after or after[id].state is JobState.RUNNING)
            return all(job.state is not JobState.RUNNING for job in after.values())

        if not self._wait(ended, _END_S):
            left = ", ".join(id for id, job in after.items() if job.state is JobState.RUNNING)
            raise CouldNot(f"{self._title}: jobs did not end within {_END_S:.0f} s: {left}")
        return lost(before, after)

    def register(self, name: str, *, within_s: float) -> Node:
        """Wait until a node's own daemon has joined, and it is up; returns it."""
        found: list[Node] = []

        def is_up() -> bool:
            found[:] = [self.nodes([name])[name]]
            return found[0].health is Health.UP

        if not self._wait(is_up, within_s):
            raise CouldNot(
                f"{name} is {found[0].health} on {self._title} after {within_s:.0f} s",
                hint="does its daemon run, and reach the controller? journalctl -u slurmd",
            )
        return found[0]

    def remove(self, name: str) -> None:
        """Forget a node for good. Its daemon has to be stopped before, or it joins again when it next starts."""
        node = self.nodes([name])[name]
        if node.health is Health.ABSENT:
            return
        if node.jobs:
            jobs = ", ".join(job.id for job in node.jobs)
            raise CouldNot(f"{name} still runs jobs: {jobs}", hint="drain it, and wait until they have ended")
        self._control().delete(name)

    def prove(self, name: str, *, within_s: float) -> Job:
        """Run a real job on this very node and wait for its end."""
        node = self.nodes([name])[name]
        if not node.takes_jobs:
            drained = f", drained ({node.reason})" if node.drained else ""
            raise CouldNot(f"{name} takes no jobs: it is {node.health} on {self._title}{drained}")
        job = self._control().prove(name, within_s)
        if job.state is not JobState.DONE or job.exit_code:
            raise CouldNot(f"job {job.id} on {name} ended {job.state} with exit code {job.exit_code}")
        return job

    def close(self) -> None:
        """Do nothing: each request has a connection of its own."""

    def _change(
        self, names: Collection[str], reason: str, rule: Callable[[Node, str], Did], doing: Did, state: str
    ) -> Mapping[str, Deed]:
        """Set a state where the rule says so, and read back what came of it."""
        deeds = {name: Deed(name, rule(node, reason), node.reason) for name, node in self.nodes(names).items()}
        due = [name for name, deed in deeds.items() if deed.did is doing]
        if due:
            self._control().set_state(due, state, reason if doing is Did.DRAINED else "")
            for name, node in self.nodes(due).items():
                deeds[name] = self._done(deeds[name], node, reason)
        return deeds

    def _done(self, deed: Deed, node: Node, reason: str) -> Deed:
        """Return what was done, as it is seen afterwards: somebody else may have been at it at the same time."""
        if deed.did is Did.UNDRAINED:
            return deed if not node.drained or node.reason != reason else self._not_done(node)
        if not node.drained:
            return self._not_done(node)
        return Deed(node.name, Did.DRAINED if node.reason == reason else Did.LEFT, node.reason)

    def _not_done(self, node: Node) -> Deed:
        raise CouldNot(f"{self._title} said yes, and {node.name} is as it was", hint=f"scontrol show node {node.name}")

    def _control(self) -> Control:
        """Return what can change nodes.

        Raises:
            CouldNot: if nothing can.
        """
        if self._command:
            return Programs(self._command, self._rest.token, self._title)
        if self._rest.version < UPDATES_NODES:
            raise CouldNot(
                f"{self._title}: slurmrestd v0.0.{self._rest.version} cannot change nodes",
                hint="declare 'command' for the platform, such as [ssh, slurm.example], or take Slurm 23.02 or later",
            )
        return RestControl(self._rest, self._wait)

    def _job(self, id: str) -> Job:
        document = self._rest.find("job", id)
        found = self._read(lambda: jobs_of(document)) if document else ()
        return found[0] if found else Job(id, JobState.UNKNOWN)

    def _wait(self, is_so: Callable[[], bool], within_s: float) -> bool:
        deadline = time.monotonic() + within_s
        while not is_so():
            if time.monotonic() > deadline:
                return False
            self._pause(_LOOK_EVERY_S)
        return True

    def _read(self, read: Callable[[], Found]) -> Found:
        try:
            return read()
        except ValueError as error:
            raise CouldNot(f"{self._title}: {error}", hint="is it slurmrestd that answers there?") from error
