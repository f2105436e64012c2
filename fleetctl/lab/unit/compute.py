"""The compute daemon: runs jobs as processes, obeys the drain, and says what it does in `/run/fleet/compute.json`.

Jobs come as files in `/data/compute/queue`, and wait there while the unit is drained. What became of each stands in
`/data/compute/jobs.jsonl`, which outlives reboots: a job that was running when the unit went down is lost.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleetctl.lab.unit.place import root

QUEUE, LOG = "data/compute/queue", "data/compute/jobs.jsonl"
DRAIN = "data/fleet/drain.json"
CANCEL = "run/fleet/cancel-jobs.json"
STATE = "run/fleet/compute.json"
_PAUSE_S = 0.5
_TELL_EVERY_S = 5.0
# A job ends with the daemon that watches it: on a machine without namespaces nothing else would end it.
_JOB = ("setpriv", "--pdeathsig", "KILL", "sleep")

Document = dict[str, Any]


def read(path: Path) -> Document:
    """Return a JSON object from a file, or an empty one."""
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def became(log: str) -> dict[str, str]:
    """Return what became of each job by the daemon's log: `running`, `done`, `cancelled` or `lost`."""
    records = [json.loads(line) for line in log.splitlines() if line.endswith("}")]
    return {record["job"]: record["is"] for record in records}


@dataclass
class Daemon:
    """The running daemon.

    Attributes:
        jobs: process by the job's name.
        cancelled: the last request to end jobs that was done, and which jobs were lost by it.
    """

    folder: Path
    jobs: dict[str, int] = field(default_factory=dict)
    cancelled: tuple[str, Sequence[str]] = ("", ())
    _told: Document = field(default_factory=dict)
    _told_at: float = 0.0

    def start(self) -> None:
        """Remember as lost what the last boot left running."""
        for path in (self.folder / QUEUE, (self.folder / STATE).parent):
            path.mkdir(parents=True, exist_ok=True)
        log = self.folder / LOG
        for job, state in became(log.read_text() if log.exists() else "").items():
            if state == "running":
                self._note(job, "lost")

    def tick(self) -> None:
        """Look at everything once. The drain is read before jobs are started, and told after."""
        self._reap()
        drain = self._drain()
        if not drain:
            self._start_waiting()
        self._cancel_if_asked()
        self._tell(drain)

    def _drain(self) -> str:
        path = self.folder / DRAIN
        return str(read(path).get("reason") or "no reason given") if path.exists() else ""

    def _reap(self) -> None:
        for job, pid in list(self.jobs.items()):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self._note(job, "done")
                del self.jobs[job]

    def _start_waiting(self) -> None:
        for path in sorted((self.folder / QUEUE).glob("*.json")):
            seconds = float(read(path).get("seconds", 0.0))
            if not self._note(path.stem, "running"):
                return  # what cannot be remembered would be forgotten, so it goes on waiting
            path.unlink()
            self.jobs[path.stem] = os.posix_spawnp(_JOB[0], [*_JOB, f"{seconds:g}"], os.environ)

    def _cancel_if_asked(self) -> None:
        asked = str(read(self.folder / CANCEL).get("id", ""))
        if asked in ("", self.cancelled[0]):
            return
        lost = sorted(self.jobs)
        for job in lost:
            os.kill(self.jobs[job], signal.SIGKILL)
            os.waitpid(self.jobs.pop(job), 0)
            self._note(job, "cancelled")
        self.cancelled = (asked, lost)

    def _tell(self, drain: str) -> None:
        request, lost = self.cancelled
        told = {"drain": drain, "jobs": sorted(self.jobs), "cancelled": request, "lost": list(lost)}
        if told == self._told and time.monotonic() - self._told_at < _TELL_EVERY_S:
            return
        draft = self.folder / f"{STATE}.new"
        draft.write_text(json.dumps({"at": round(time.time(), 3), **told}))
        draft.replace(self.folder / STATE)
        self._told, self._told_at = told, time.monotonic()

    def _note(self, job: str, state: str) -> bool:
        """Remember what became of a job; a full disk is no reason to end."""
        record = json.dumps({"at": round(time.time(), 3), "job": job, "is": state}).encode() + b"\n"
        try:
            fd = os.open(self.folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError:
            return False
        try:
            written = os.write(fd, record)
            os.fsync(fd)
            return written == len(record)
        except OSError:
            return False
        finally:
            os.close(fd)


def main() -> int:
    """Run until the unit goes down."""
    daemon = Daemon(root())
    daemon.start()
    while True:
        daemon.tick()
        time.sleep(_PAUSE_S)
