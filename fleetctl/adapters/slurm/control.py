"""What is done to nodes: changed, deleted, proved by a job. slurmrestd can do it since Slurm 23.02 (v0.0.39).

Before that Slurm's own programs have to, run by a command that the fleet declares: alone where fleetctl's machine has
them, or `ssh LEADER` and the like. Nothing that a shell would read differently is an argument, and the token is in the
environment: the programs of this machine take it from there.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from fleetctl.adapters.slurm.reading import jobs_of
from fleetctl.adapters.slurm.rest import Rest
from fleetctl.core.platform.node import Job, JobState
from fleetctl.core.problems import CouldNot

PROOF = "fleetctl-proof"
"""Name of the job that proves a node."""
_PROGRAM_S = 30.0
_AT_ONCE = 200
"""Nodes in one request, which are named in an address or on a line."""

Wait = Callable[[Callable[[], bool], float], bool]
"""Waits until a thing is so, for so many seconds at most; says whether it is."""


class Control(Protocol):
    """What differs between slurmrestd and Slurm's own programs."""

    def set_state(self, names: Collection[str], state: str, reason: str = "") -> None:
        """Set the state of nodes: `DRAIN` with a reason, or `RESUME`."""
        ...

    def delete(self, name: str) -> None:
        """Delete a dynamic node."""
        ...

    def prove(self, name: str, within_s: float) -> Job:
        """Run a job on a node, and wait for its end."""
        ...


class RestControl:
    """By slurmrestd."""

    def __init__(self, rest: Rest, wait: Wait) -> None:
        self._rest, self._wait = rest, wait

    def set_state(self, names: Collection[str], state: str, reason: str = "") -> None:
        """Set the state of nodes."""
        body: dict[str, object] = {"state": [state], **({"reason": reason} if reason else {})}
        for some in batches(names):
            self._rest.post("node", ",".join(some), body=body)

    def delete(self, name: str) -> None:
        """Delete a dynamic node."""
        self._rest.delete("node", name)

    def prove(self, name: str, within_s: float) -> Job:
        """Submit a job that is for this node alone; it is cancelled if it does not end in time."""
        job = {
            "name": PROOF,
            "required_nodes": [name],
            "nodes": "1",
            "environment": ["PATH=/usr/bin:/bin"],
            "current_working_directory": "/tmp",  # noqa: S108 - of the node, where nothing is written
            "standard_output": "/dev/null",
            "standard_error": "/dev/null",
        }
        script = f'#!/bin/sh\ntest "$SLURMD_NODENAME" = {name}\n'
        id = str(self._rest.post("job", "submit", body={"script": script, "job": job})["job_id"])
        found: list[Job] = []

        def ended() -> bool:
            document = self._rest.find("job", id)
            found[:] = jobs_of(document) if document else [Job(id, JobState.UNKNOWN)]
            return found[0].state not in {JobState.WAITING, JobState.RUNNING}

        if not self._wait(ended, within_s):
            self._rest.delete("job", id)
            raise CouldNot(f"job {id} on {name} did not end within {within_s:.0f} s", hint=_seek(name))
        return found[0]


class Programs:
    """By Slurm's own programs.

    Args:
        command: what stands before a program's name.
        token: returns the JSON Web Token.
        title: what messages call the platform.
    """

    def __init__(self, command: Sequence[str], token: Callable[[], str], title: str) -> None:
        self._command, self._token, self._title = tuple(command), token, title

    def set_state(self, names: Collection[str], state: str, reason: str = "") -> None:
        """Set the state of nodes."""
        because = f' Reason="{reason}"' if reason else ""
        for some in batches(names):
            self._scontrol(f"update NodeName={','.join(some)} State={state}{because}")

    def delete(self, name: str) -> None:
        """Delete a dynamic node."""
        self._scontrol(f"delete NodeName={name}")

    def prove(self, name: str, within_s: float) -> Job:
        """Run two words on the node, which say what job they are of and where they run."""
        options = ("--ntasks=1", f"--immediate={max(1, round(within_s))}", "--chdir=/tmp", f"--job-name={PROOF}")
        said = self._run(["srun", f"--nodelist={name}", *options, "printenv", "SLURM_JOB_ID", "SLURMD_NODENAME"])
        job, _, where = said.strip().partition("\n")
        if where.strip() != name:
            raise CouldNot(f"the job for {name} ran on '{where.strip()}'", hint=_seek(name))
        return Job(job.strip(), JobState.DONE, PROOF, (name,))

    def _scontrol(self, line: str) -> None:
        """Let scontrol read a line: its arguments would be read by a shell where it is reached by ssh."""
        if not line.isprintable():
            raise CouldNot(f"{self._title}: a reason is one line")
        self._run(["scontrol"], f"{line}\n", 0.0)

    def _run(self, argv: Sequence[str], text: str = "", longer_s: float = 120.0) -> str:
        environment = {**os.environ, "SLURM_JWT": self._token().strip(), "LC_ALL": "C"}
        try:
            done = subprocess.run(
                [*self._command, *argv],
                input=text,
                capture_output=True,
                text=True,
                env=environment,
                timeout=_PROGRAM_S + longer_s,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            said = "gave no answer" if isinstance(error, subprocess.TimeoutExpired) else f"cannot be run: {error}"
            raise CouldNot(f"{self._title}: {argv[0]} {said}", hint="see 'command' of the platform") from None
        if done.returncode:
            raise CouldNot(f"{self._title}: {argv[0]} said: {' '.join(done.stderr.split()) or done.returncode}")
        return done.stdout


def batches(names: Collection[str]) -> list[list[str]]:
    """Return names in an order, as many at once as one request takes."""
    ordered = sorted(names)
    return [ordered[start : start + _AT_ONCE] for start in range(0, len(ordered), _AT_ONCE)]


def _seek(name: str) -> str:
    return f"see the node's daemon: journalctl -u slurmd on {name}"
