"""What a running lab leaves on disk, and how to find it again: one folder, and one short folder of sockets.

.fleetctl/lab/lab.json          the record: level, supervisor, sockets
              blueprint.json    what the supervisor builds
              id_ed25519[.pub]  the key that every stand-in knows
              keyring.pem       certificates of those whose bundles units believe, if the fleet has any
              supervisor.log
              heat.jsonl        the lab's own record of heat
              console/          what each unit prints
              world/            mount point of everything else, seen only inside
              platform/         of the compute platform, if the lab has one: keys, token, logs, the record of its jobs
              base, disks/      of units with a system of their own: what they share, and the images of their disks
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

    def hardware(self, number: int) -> Path:
        """Return the socket at which the programs of the unit with this number ask for its hardware."""
        return Path(self.sockets) / f"h{number}"

    @property
    def platform(self) -> Path:
        """Return the folder of the sockets at which the lab's compute platform is reached."""
        return Path(self.sockets) / "platform"


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

    @property
    def keyring(self) -> Path:
        """Return the file with the certificates of those whose bundles units believe; there may be none."""
        return self.path / "keyring.pem"

    @property
    def base(self) -> Path:
        """Return the link to the base of units with a system of their own."""
        return self.path / "base"

    @property
    def disks(self) -> Path:
        """Return the folder with the images of their disks."""
        return self.path / "disks"

    @property
    def platform(self) -> Path:
        """Return the folder of the compute platform: keys, token, logs, the record of its jobs."""
        return self.path / "platform"

    @property
    def usual_limit(self) -> Path:
        """Return the file that remembers a limit of the kernel's that was raised for the lab."""
        return self.path / "usual-limit"

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

    def known_record(self) -> Record:
        """Return the record of the lab that was started here.

        Raises:
            CouldNot: if none was.
        """
        record = self.record()
        if record is None:
            raise CouldNot("no lab is up", hint="start one: fleetctl lab up")
        return record

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
