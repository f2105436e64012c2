"""Other programs: run to their end, started to outlive this one, found."""

from __future__ import annotations

import errno
import os
import select
import signal
import sys
import time

from fleet_unit.paths import ROOT

HOOK_TIMEOUT_S = 60.0


def run(argv: list[str], timeout_s: float, errors: bool = True, most: int = 65536) -> tuple[int, str]:
    """Run a program without input; return its exit code and the end of what it printed, `most` bytes of it.

    A program that does not end in time is killed with its group (code 124), one that is not there has code 127.
    """
    reader, writer = os.pipe()
    null = (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)
    streams = [(os.POSIX_SPAWN_DUP2, writer, fd) for fd in ((1, 2) if errors else (1,))]
    try:
        pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=[null, *streams], setpgroup=0)
    except OSError as error:
        os.close(reader)
        return 127, f"{argv[0]}: {error.strerror}"
    finally:
        os.close(writer)
    try:
        return _collect(pid, reader, time.monotonic() + timeout_s, most)
    finally:
        os.close(reader)


def _collect(pid: int, reader: int, deadline: float, most: int) -> tuple[int, str]:
    """Wait for the end of the process rather than of its output: a reload may leave a daemon that holds the pipe."""
    output, code = b"", None
    while True:
        if code is None:
            ended, status = os.waitpid(pid, os.WNOHANG)
            code = os.waitstatus_to_exitcode(status) if ended else None
        chunk = os.read(reader, 65536) if select.select([reader], [], [], 0.02)[0] else b""
        output = (output + chunk)[-most:]
        if code is not None and not chunk:
            return code, output.decode(errors="replace").strip()
        if code is None and time.monotonic() > deadline:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return 124, "took too long"
        if code is None and not chunk:
            time.sleep(0.005)


def program(name: str) -> str:
    """Return where a program of the unit is; empty if it has none. A stand-in's are all below its root."""
    places = (f"{folder}/{name}" for folder in os.environ["PATH"].split(":") if folder.startswith(ROOT))
    return next((path for path in places if os.access(path, os.X_OK)), "")


def detach(argv: list[str]) -> None:
    """Start a program that outlives this one and the connection that asked for it."""
    if not ROOT and os.path.isdir("/run/systemd/system"):
        code, said = run(["systemd-run", "--quiet", "--collect", *argv], HOOK_TIMEOUT_S)
        if code != 0:
            raise OSError(errno.EIO, f"systemd-run: {said[-200:]}")
        return
    null = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1, 2)]
    os.posix_spawnp(argv[0], argv, os.environ, file_actions=null, setsid=True)


def myself(*arguments: str) -> list[str]:
    """Return the command line that starts this program again."""
    return [
        sys.executable,
        "-IS",
        os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fleet-unit"),
        *arguments,
    ]
