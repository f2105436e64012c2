"""The line to the machine that keeps a bundle: `fleet-unit receive` there, over OpenSSH."""

from __future__ import annotations

import json
import os
import select
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from fleetctl.adapters.ansible.options import which
from fleetctl.adapters.ansible.outcomes import OUTCOME_SCHEMA
from fleetctl.adapters.carry.cargo import Cargo, LineBroke, NotBrought
from fleetctl.adapters.carry.differences import Differences
from fleetctl.adapters.carry.feed import Feed, feed
from fleetctl.core.facts import Cause
from fleetctl.core.rollout.state import Ending
from fleetctl.core.route import Route

STALL_S = 120.0
"""An exec of which nothing moves for so long is ended; the copy goes on where it was."""
UNREACHABLE = 255
"""OpenSSH's own failures; `fleet-unit` never ends with this code."""

Wanted = Callable[[], bool]


@dataclass(frozen=True)
class Reach:
    """How machines are reached.

    Attributes:
        client: the SSH client's command line to the last hop of a route, but for the command to be run there.
        environment: of the client, so that a successor finds what a killed controller left running.
        stall_s: see `STALL_S`.
    """

    client: Callable[[Route], Sequence[str]]
    environment: Mapping[str, str]
    stall_s: float = STALL_S


class Line:
    """The line for one cargo.

    Attributes:
        arrived: how many bytes are at its end, as far as is known.
    """

    def __init__(self, cargo: Cargo, reach: Reach, wanted: Wanted, differences: Differences) -> None:
        self._cargo, self._reach, self._wanted, self._differences = cargo, reach, wanted, differences
        self._there: tuple[str, ...] = ()
        self._in_full = False
        self.arrived = 0

    def complete(self) -> None:
        """Ask what is there, and send the rest: what is new in it, if the machine has bundles that it is like.

        Raises:
            NotBrought: if the line broke, the digest is wrong, or the machine refuses the controller or the bundle.
        """
        size = self._cargo.step.bundle_bytes
        self._ask()
        if self.arrived < size and not self._sent_as_difference():
            with feed(self._cargo.file, self.arrived, self._cargo.step.rate_bytes_per_s) as content:
                self._receive(self.arrived, content)
        if self.arrived < size:
            raise self._broke(f"only {self.arrived} of {size} bytes came through")

    def _ask(self) -> None:
        with tempfile.TemporaryFile() as nothing:
            self._receive(0, _Nothing(nothing.fileno()))

    def _sent_as_difference(self) -> bool:
        """Send what is new, if that is less; whatever speaks against it, from then on the bundle goes in full."""
        try:
            return not self._in_full and self._send_difference()
        except OSError:
            self._in_full = True
        except NotBrought as failure:
            if failure.ending is Ending.NO_OUTCOME:
                raise
            self._in_full = True
            self._ask()
        return False

    def _send_difference(self) -> bool:
        with self._differences.since(self._cargo, self._there, self.arrived) as made:
            if made is None:
                return False
            with feed(made.file, 0, self._cargo.step.rate_bytes_per_s) as content:
                self._receive(self.arrived, content, made.bases)
            return True

    def _receive(self, offset: int, content: Feed, bases: Sequence[str] = ()) -> None:
        """Let `fleet-unit receive` take what the feed gives, and note what is there then."""
        command = [*self._become(), "fleet-unit", "receive", *which(self._cargo.step)]
        command += ["--bundle", self._cargo.step.bundle, "--size", str(self._cargo.step.bundle_bytes)]
        command += ["--bases", ",".join(bases)] if bases else []
        argv = [*self._reach.client(self._cargo.route), shlex.join([*command, "--offset", str(offset)])]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            code = self._run(argv, content, out, err)
            self._answered(offset, code, _text(out), _text(err))

    def _become(self) -> Sequence[str]:
        return ["sudo", "-n"] if self._cargo.route.become else []

    def _run(self, argv: Sequence[str], content: Feed, out: IO[bytes], err: IO[bytes]) -> int:
        """Run the client to its end. Files take its output: a master connection may keep a pipe open for longer."""
        with subprocess.Popen(
            argv, stdin=content.source, stdout=out, stderr=err, env={**os.environ, **self._reach.environment}
        ) as process:
            content.started()
            try:
                self._watch(process, content)
            finally:
                process.kill()
        return process.returncode

    def _watch(self, process: subprocess.Popen[bytes], content: Feed) -> None:
        """Let the process run for as long as it is wanted and something moves."""
        sent, moved_s = 0, time.monotonic()
        with _ended(process) as has_ended:
            while not has_ended(content.tick_s):
                content.go_on()
                if content.sent > sent:
                    sent, moved_s = content.sent, time.monotonic()
                if not self._wanted():
                    raise NotBrought(Ending.NO_OUTCOME, "given up", cause=Cause.CANCELLED)
                if time.monotonic() - moved_s > self._reach.stall_s:
                    raise self._broke(f"nothing went through for {self._reach.stall_s:.0f} s")

    def _answered(self, offset: int, code: int, out: str, err: str) -> None:
        """Read what the machine said: how much is there, or why it takes no more."""
        document = _outcome(out)
        if document is None:
            said = (err.strip().splitlines() or [f"fleet-unit gave no outcome (exit {code})"])[-1]
            raise self._broke(said)
        ending, there = Ending(document["ending"]), int(document.get("received_bytes", 0))
        elsewhere = ending is Ending.REFUSED and there != offset  # it goes on at another byte, and says at which
        if ending is not Ending.OK and not elsewhere:
            machine = self._cargo.route.target.unit
            raise NotBrought(ending, f"{machine}: {document.get('message', '')}")
        self.arrived, self._there = there, tuple(document.get("bases", ()))

    def _broke(self, said: str) -> LineBroke:
        cause = Cause.GATEWAY_DOWN if self._cargo.url else Cause.UNREACHABLE
        return LineBroke(self._cargo.route.target.unit, said, cause)


class _Nothing:
    """An empty input."""

    tick_s, sent = 0.5, 0

    def __init__(self, source: int) -> None:
        self.source = source

    def go_on(self) -> None:
        """Do nothing."""

    def started(self) -> None:
        """Do nothing."""


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[Callable[[float], bool]]:
    """Give a question that waits so many seconds for the end of a process, without looking all the time."""
    handle = os.pidfd_open(process.pid)
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        yield lambda seconds: bool(poll.poll(seconds * 1000)) and process.poll() is not None
    finally:
        os.close(handle)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(1 << 16).decode(errors="replace")


def _outcome(out: str) -> dict[str, Any] | None:
    try:
        document = json.loads(out)
    except ValueError:
        return None
    known = isinstance(document, dict) and document.get("schema") == OUTCOME_SCHEMA
    return document if known and document.get("ending") in set(Ending) else None
