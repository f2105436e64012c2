"""A lab's platform as the lab sees it: what is made before it is led, who leads it, and how it is reached."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from fleetctl.core.problems import CouldNot
from fleetctl.lab import networks
from fleetctl.lab.folder import LabFolder, Record
from fleetctl.lab.system.slurm import ask, keys, settings
from fleetctl.lab.system.slurm.leader import ASK
from fleetctl.lab.unit import system

_TOKEN = "token"  # noqa: S105 - the name of a file
_TOKEN_LASTS_S = 30 * 86400.0
_NEW = ("--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child")


@dataclass(frozen=True)
class Access:
    """How a lab's platform is reached.

    Attributes:
        url: of its REST interface.
        token: lets its bearer act as the platform's own user.
        command: runs Slurm's own programs where it is led from.
    """

    url: str
    token: str
    command: tuple[str, ...]


def prepare(folder: LabFolder, record: Record, nodes: int) -> None:
    """Make keys, a token and Slurm's settings, before anything runs."""
    record.platform.mkdir(mode=0o700)
    folder.platform.mkdir(mode=0o700)
    (folder.platform / "sockets").mkdir()
    keys.make(folder.platform)
    token = keys.token(folder.platform, settings.USER, at=time.time(), lasts_s=_TOKEN_LASTS_S)
    (folder.platform / _TOKEN).touch(0o600)
    (folder.platform / _TOKEN).write_text(token)
    for name, text in zip(settings.FILES, (settings.conf(nodes), settings.CGROUP), strict=True):
        (folder.platform / name).write_text(text)


def access(folder: LabFolder) -> Access | None:
    """Return how the platform of a lab is reached; None if no lab is up here, or it has none."""
    record = folder.record()
    if record is None or not record.is_alive or not (folder.platform / _TOKEN).exists():
        return None
    command = (sys.executable, "-IS", ask.__file__, str(record.platform / ASK))
    token = (folder.platform / _TOKEN).read_text()
    return Access(f"unix:{record.platform / Path(settings.SOCKET).name}", token, command)


def run(folder: LabFolder, argv: list[str]) -> tuple[int, str, str]:
    """Run one of Slurm's programs where the platform is led from; returns its exit code, and what it said.

    Raises:
        CouldNot: if there is no such platform.
    """
    try:
        answer = ask.ask(str(folder.known_record().platform / ASK), argv)
    except OSError as error:
        hint = "bring it up with: fleetctl lab up --tier system --platform slurm"
        raise CouldNot(f"the lab has no platform that answers: {error}", hint=hint) from error
    return int(answer["code"]), answer["out"], answer["err"]


class Leader:
    """Starts what leads the platform, inside the supervisor's namespaces, whose end is its end."""

    def __init__(self, folder: LabFolder, record: Record) -> None:
        self._folder = folder
        # Opened while it can be seen: the lab's networks need a /run of their own, and it may lie in there.
        self._sockets = os.open(record.platform, os.O_PATH | os.O_DIRECTORY)

    def start(self, debian: Path) -> None:
        """Start it, over the base that units have too."""
        home = self._folder.world / networks.PLATFORM
        for name in ("root", "changes", "work", "sockets"):
            (home / name).mkdir(parents=True)
        os.chdir(self._folder.world)  # relative paths, because a colon or a comma in a path would end an option
        here, below = os.path.relpath(home), os.path.relpath(debian)
        options = f"lowerdir={below},upperdir={here}/changes,workdir={here}/work"
        system.mount("platform", home / "root", "overlay", 0, options)
        system.bind(f"/proc/self/fd/{self._sockets}", home / "sockets")
        os.close(self._sockets)
        with self._folder.console(networks.PLATFORM).open("ab") as console:
            subprocess.Popen(
                [
                    *("nsenter", f"--net=/run/netns/{networks.PLATFORM}", "unshare", *_NEW),
                    *(sys.executable, "-m", "fleetctl.lab.system.slurm.leader"),
                    *(str(self._folder.platform), str(home / "root"), str(home / "sockets")),
                ],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
