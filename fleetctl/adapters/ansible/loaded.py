"""A process that has Ansible loaded and forks for each run (`python -m fleetctl.adapters.ansible.loaded FD`).

Loading Ansible costs more than configuring a dozen units. What a run is told (arguments, environment, folder, streams)
comes from `lean`, which stands in the run's place and ends with its code. All runs share what Ansible reads while it is
loaded, so whatever differs between them must be read later: an environment variable that is a plugin's option is, a
setting of Ansible's own is not.

Every process of a run shows the run's marker in `/proc/PID/environ`, forked ones too: see `_Marker`.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import select
import socket
import sys
from pathlib import Path
from types import ModuleType
from typing import cast

from fleetctl.adapters.process import VARIABLE

MOST_BYTES = 1 << 17
"""Of a request: arguments and environment."""
STARTED = b"+"
"""Sent when a run begins; whoever hears an end before that runs Ansible by itself."""
SOON = (
    "ansible.cli.playbook",
    "ansible.plugins.action",
    "ansible.plugins.cache.memory",
    "ansible.plugins.callback.default",
    "ansible.plugins.connection",
    "ansible.plugins.inventory.yaml",
    "ansible.plugins.shell.sh",
    "ansible.plugins.strategy.linear",
    "ansible.executor.playbook_executor",
    "multiprocessing.popen_fork",
    "multiprocessing.queues",
)
"""Modules that every run of ours imports; Ansible's loader of plugins takes what is imported already."""


def load() -> None:
    """Import Ansible, and keep what was imported out of the collector's way."""
    # What the start makes lives to the end of a short run, and so does what a worker makes for its one task. Collecting
    # it took a tenth of the time, and in a worker it also copies memory that is shared with the parent until then.
    gc.disable()
    # Ansible imports it only to know whether it is there; our connections are OpenSSH's.
    cast("dict[str, ModuleType | None]", sys.modules)["paramiko"] = None
    for name in SOON:
        importlib.import_module(name)
    gc.freeze()


def ansible_playbook() -> int:
    """Run Ansible's own program with this process's arguments; return its exit code."""
    from ansible.cli.playbook import main as program

    try:
        program()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def main() -> int:
    """Fork for each run until standard input ends: whoever started this process is gone then."""
    listener, marker = socket.socket(fileno=int(sys.argv[1])), _Marker()
    load()
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        _reap(os.WNOHANG)
        with connection:
            content, streams, _, _ = socket.recv_fds(connection, MOST_BYTES, 3)
            if len(streams) == 3 and os.fork() == 0:
                listener.close()
                _be(marker, connection, content, streams)
            for stream in streams:
                os.close(stream)
    _reap(0)
    return 0


def _reap(how: int) -> None:
    """Take note of runs that ended: what they used counts as ours only so."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, how)[0]:
            pass


def _be(marker: _Marker, connection: socket.socket, content: bytes, streams: list[int]) -> None:
    """Become a run, to its end; what is never said aloud makes `lean` run Ansible by itself."""
    code = 1
    try:
        os.setsid()
        request = json.loads(content)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        marker.show(request["environment"][VARIABLE])
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        sys.argv = ["ansible-playbook", *request["arguments"]]
        connection.send(STARTED)
        code = ansible_playbook()
        sys.stdout.flush()
        sys.stderr.flush()
        connection.send(bytes([code & 0xFF]))
    finally:
        os._exit(code)  # nothing of the loaded process may run a second time: it has its own end


class _Marker:
    """The marker in what `/proc/PID/environ` shows of this process: the memory in which its environment began.

    A fork has a copy of that memory, and changing the environment leaves it alone; so it is written over in place. For
    that a loaded process begins with a marker that is as long as every run's.
    """

    def __init__(self) -> None:
        """Find the place; to be called before the variable is changed."""
        getenv = ctypes.CDLL(None).getenv
        getenv.argtypes, getenv.restype = [ctypes.c_char_p], ctypes.c_void_p
        self._place = getenv(VARIABLE.encode())
        self._room = len(os.environb[VARIABLE.encode()])

    def show(self, marker: str) -> None:
        """Show another marker.

        Raises:
            ValueError: if it has another length, or is not seen afterwards.
        """
        content = marker.encode()
        if len(content) != self._room:
            raise ValueError(f"a marker of {self._room} bytes cannot become {marker}")
        ctypes.memmove(self._place, content, self._room)
        if f"{VARIABLE}={marker}".encode() not in Path("/proc/self/environ").read_bytes().split(b"\0"):
            raise ValueError(f"{marker} is not seen")


if __name__ == "__main__":
    sys.exit(main())
