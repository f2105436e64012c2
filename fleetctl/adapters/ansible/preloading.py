"""Keeps the process that has Ansible loaded: started with the first run, started anew if it ended, ended by us."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from fleetctl.adapters.process import VARIABLE

PROGRAM = (sys.executable, "-m", "fleetctl.adapters.ansible.loaded")
CONFIG = "[defaults]\ninternal_poll_interval = 0.02\n"
"""Settings that Ansible takes from a file alone. Its main loop looks for results a thousand times a second otherwise,
which costs more than the work when units are slow to answer."""
END_S = 5.0
"""How long the process may take to end by itself; it only waits."""


class Preloading:
    """One loaded process of one executor; may be used from several threads.

    Attributes:
        environment: part of every run's: the files and folders that Ansible reads of while it is loaded, so that they
            are no run's own.
    """

    def __init__(self, folder: Path) -> None:
        """Make a folder in a private one, for what is shared by all runs."""
        self._folder = folder / "loaded"
        self._folder.mkdir(mode=0o700)
        config = self._folder / "ansible.cfg"
        config.write_text(CONFIG, encoding="utf-8")
        self.environment: Mapping[str, str] = {
            "ANSIBLE_CONFIG": str(config),
            "ANSIBLE_HOME": str(self._folder / "home"),
            "ANSIBLE_LOCAL_TEMP": str(self._folder / "tmp"),
        }
        self._path = self._folder / "socket"
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def socket(self, environment: Mapping[str, str]) -> Path:
        """Return the socket of a process that is loaded, or will be in a second: whoever connects waits for that.

        Args:
            environment: of a run; what all runs share is what the process is loaded with.
        """
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._process = self._start(environment)
        return self._path

    def close(self) -> None:
        """End the process; runs that it forked are ended by whoever asked for them."""
        with self._lock:
            if self._process is not None:
                _end(self._process)
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        self._path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(str(self._path))
            self._path.chmod(0o600)
            listener.listen(64)
            return subprocess.Popen(
                [*PROGRAM, str(listener.fileno())],
                pass_fds=[listener.fileno()],
                stdin=subprocess.PIPE,  # its end tells the process that we are gone
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**environment, VARIABLE: _unnamed(environment[VARIABLE])},
                start_new_session=True,
            )


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None  # noqa: S101 - a pipe was asked for
    process.stdin.close()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _unnamed(marker: str) -> str:
    """Return a marker of the same controller and the same length, that is no run's."""
    controller, _, run = marker.rpartition(":")
    return f"{controller}:{'-' * len(run)}"
