"""What a running lab leaves on disk, and how to find it again: one folder, and one short folder of sockets.

.fleetctl/lab/lab.json          the record: level, supervisor, sockets
              blueprint.json    what the supervisor builds
              id_ed25519[.pub]  the key that every stand-in knows
              supervisor.log
              heat.jsonl        the lab's own record of heat
              console/          what each unit prints
              world/            mount point of everything else, seen only inside
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from fleetctl.core.problems import CouldNot
from fleetctl.lab.layout import Level
from fleetctl.lab.unit.processes import started


@dataclass(frozen=True)
class Record:
    """How to find a lab that was started.

    Attributes:
        mark: start mark of the process `pid`, which no later process with its id has.
        why: why this level and not a higher one; empty for the highest.
    """

    level: Level
    why: str
    sockets: str
    pid: int = 0
    mark: str = ""

    @property
    def is_alive(self) -> bool:
        """Say whether the lab's outermost process runs."""
        return self.pid > 0 and started(self.pid) == self.mark

    @property
    def control(self) -> Path:
        """Return the supervisor's socket."""
        return Path(self.sockets) / "control"

    def gateway(self, number: int) -> Path:
        """Return the socket of the gateway with this number."""
        return Path(self.sockets) / f"g{number}"


@dataclass(frozen=True)
class LabFolder:
    """The folder of one lab."""

    path: Path

    @property
    def key(self) -> Path:
        """Return the private key that every stand-in knows."""
        return self.path / "id_ed25519"

    @property
    def blueprint(self) -> Path:
        """Return the file with the blueprint."""
        return self.path / "blueprint.json"

    @property
    def log(self) -> Path:
        """Return the supervisor's log."""
        return self.path / "supervisor.log"

    @property
    def heat(self) -> Path:
        """Return the lab's own record of heat."""
        return self.path / "heat.jsonl"

    @property
    def world(self) -> Path:
        """Return the folder that the lab's file systems are mounted on, or lie in."""
        return self.path / "world"

    def console(self, alias: str) -> Path:
        """Return the file that holds what a unit printed."""
        return self.path / "console" / alias

    def record(self) -> Record | None:
        """Return the record of the lab that was started here, or None."""
        try:
            document = json.loads((self.path / "lab.json").read_text())
        except FileNotFoundError:
            return None
        return Record(**{**document, "level": Level(document["level"])})

    def write_record(self, record: Record) -> None:
        """Replace the record."""
        draft = self.path / "lab.json.new"
        draft.write_text(json.dumps(asdict(record)))
        draft.replace(self.path / "lab.json")

    def create(self) -> None:
        """Make the folder, empty.

        Raises:
            CouldNot: if it cannot be made.
        """
        try:
            shutil.rmtree(self.path, ignore_errors=True)
            for name in ("console", "world"):
                (self.path / name).mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise CouldNot(f"{self.path}: {error.strerror}", hint="the lab needs a folder that it may write") from error

    def remove(self) -> None:
        """Remove the folder, and the one above it if that is empty now."""
        shutil.rmtree(self.path, ignore_errors=True)


def make_sockets() -> Path:
    """Make a private folder whose path is short: a Unix socket's may have 107 bytes."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    parent = runtime if runtime and len(runtime) < 64 and os.access(runtime, os.W_OK) else "/tmp"  # noqa: S108
    return Path(tempfile.mkdtemp(prefix="fleetctl-lab-", dir=parent))
