"""A stream of real jobs on a lab's Slurm, and what became of each by Slurm's own record."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from fleetctl.lab.folder import LabFolder
from fleetctl.lab.system.slurm import platform

_ENDED = re.compile(r"^JobId=(\d+) .*? JobState=(\w+) ", re.MULTILINE)
_DRAINED = re.compile(r"update_node: node (\S+) reason set to: (.+)$", re.MULTILINE)
_LENGTHS_S = (1, 3, 2, 8, 1, 5)


@dataclass(frozen=True)
class Slurm:
    """The Slurm of a fleet's lab."""

    lab: LabFolder
    submitted: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, fleet: Path) -> Slurm:
        return cls(LabFolder(fleet / ".fleetctl/lab"))

    def run(self, *argv: str) -> str:
        """Run one of its programs; returns what it says."""
        code, out, err = platform.run(self.lab, list(argv))
        assert code == 0, err
        return out

    def submit(self, seconds: float, *options: str) -> str:
        """Hand in a job, which is never started anew when it is lost; returns its id."""
        quiet = ("--parsable", "--no-requeue", "--chdir=/tmp", "--output=/dev/null")
        id = self.run("sbatch", *quiet, *options, f"--wrap=sleep {seconds:g}").strip()
        self.submitted.add(id)
        return id

    def states(self) -> dict[str, str]:
        """Return the state of every node as sinfo has it, with its reason, by name."""
        lines = self.run("sinfo", "-N", "-h", "-o", "%N|%T|%E").splitlines()
        return {name: f"{state} ({reason})" for name, state, reason in (line.split("|") for line in lines)}

    def ended(self) -> dict[str, str]:
        """Return how each job ended that has, as Slurm recorded it."""
        return dict(_ENDED.findall((self.lab.platform / "jobs.log").read_text()))

    def drains(self) -> set[tuple[str, str]]:
        """Return each node with each reason that it was ever drained for."""
        return set(_DRAINED.findall((self.lab.platform / "slurmctld.log").read_text()))

    def running(self) -> set[str]:
        return set(self.run("squeue", "-h", "-o", "%i").split())

    @contextmanager
    def stream(self, every_s: float = 0.7) -> Iterator[None]:
        """Hand in jobs of some seconds, one after another, for the length of a block."""
        over = threading.Event()
        failures: list[BaseException] = []

        def feed() -> None:
            try:
                for seconds in cycle(_LENGTHS_S):
                    if over.wait(every_s):
                        return
                    self.submit(seconds)
            except BaseException as failure:
                failures.append(failure)

        thread = threading.Thread(target=feed)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        assert not failures, failures
