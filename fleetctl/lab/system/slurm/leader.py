"""Where a lab's platform is led from: a machine of its own that runs munged, slurmctld and slurmrestd.

    leader FOLDER ROOT SOCKETS

FOLDER has what `prepare` left, ROOT is the mount point of the machine's root, SOCKETS is the folder in which it is
reached from outside: at `api` slurmrestd itself, at `ask` whoever wants to run one of Slurm's programs. It runs as the
first process of fresh namespaces, in the platform's network; when a daemon ends it ends, and with it the rest.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fleetctl.lab.system.slurm import keys, settings
from fleetctl.lab.unit import system

ASK = "ask"
PROGRAMS = frozenset(("sbatch", "scancel", "scontrol", "sdiag", "sinfo", "sprio", "squeue", "srun"))
"""Which of Slurm's programs may be asked for."""
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_MUNGE_RUNS = Path("/run/munge/munge.socket.2")
_WAIT_S = 10.0
_LOOK_EVERY_S = 0.5
_DAEMONS: Mapping[str, tuple[str, ...]] = {
    "munge": ("munged", "--foreground", "--syslog"),
    "root": ("slurmctld", "-D"),
    "nobody": ("slurmrestd", "-s", settings.API, "-a", "rest_auth/jwt", f"unix:{settings.SOCKET}"),
}
"""By the user that each runs as; slurmrestd refuses to be root, or Slurm's own."""


def main() -> int:
    """Lead until a daemon ends."""
    folder, root, sockets = map(Path, sys.argv[1:])
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(sockets / ASK))
        server.listen(16)
        _enter(folder, root, sockets)
        daemons = {argv[0]: _start(user, argv) for user, argv in _DAEMONS.items()}
        threading.Thread(target=_serve, args=(server,), daemon=True).start()
        while not (ended := [f"{name} ended: {d.returncode}" for name, d in daemons.items() if d.poll() is not None]):
            time.sleep(_LOOK_EVERY_S)
        sys.stderr.write("\n".join(ended) + "\n")
    return 1


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Run one of Slurm's programs; return its exit code, and what it said."""
    argv = [str(word) for word in request["argv"]]
    if not argv or argv[0] not in PROGRAMS:
        return {"code": 2, "out": "", "err": f"expected one of {', '.join(sorted(PROGRAMS))}\n"}
    done = subprocess.run(argv, input=request.get("in", ""), capture_output=True, text=True, cwd="/tmp")  # noqa: S108
    return {"code": done.returncode, "out": done.stdout, "err": done.stderr}


def _enter(folder: Path, root: Path, sockets: Path) -> None:
    """Become a machine: a root over the base, with the lab's folder in it, and Slurm's settings in their place."""
    system.make_private()
    socket.sethostname(settings.HOST_NAME)
    system.mount("proc", root / "proc", "proc")
    system.bind("/dev", root / "dev", recursive=True)
    system.mount("run", root / "run", "tmpfs", system.MS_NOSUID, "mode=755,size=16m")
    here = root / settings.FOLDER[1:]
    here.mkdir()
    system.bind(folder, here)
    system.bind(sockets, here / Path(settings.SOCKET).parent.name)
    system.enter_root(root)
    os.environ.clear()
    os.environ.update(PATH=_PATH, LANG="C.UTF-8")
    _furnish()


def _furnish() -> None:
    """Put files where Slurm and munge look for them, owned by whom they insist on."""
    here, slurm, munge = Path(settings.FOLDER), Path("/etc/slurm"), Path("/etc/munge")
    for name in settings.FILES:
        shutil.copyfile(here / name, slurm / name)
    shutil.copyfile(here / keys.MUNGE, munge / keys.MUNGE)
    Path("/etc/hosts").write_text(f"127.0.0.1 localhost\n{settings.LEADER} {settings.HOST_NAME}\n")
    _give("munge", 0o755, munge, _MUNGE_RUNS.parent, Path("/var/log/munge"), Path("/var/lib/munge"))
    _give("munge", 0o400, munge / keys.MUNGE)
    _give(settings.USER, 0o755, here, here / "state")
    _give(settings.USER, 0o600, here / keys.JWT)
    _give("nobody", 0o755, Path(settings.SOCKET).parent)


def _give(user: str, mode: int, *paths: Path) -> None:
    """Let paths be a user's; what is not there is a folder that is made."""
    of = pwd.getpwnam(user)
    for path in paths:
        if not path.exists():
            path.mkdir()
        os.chown(path, of.pw_uid, of.pw_gid)
        path.chmod(mode)


def _start(user: str, argv: Sequence[str]) -> subprocess.Popen[bytes]:
    of = pwd.getpwnam(user)
    environment = {**os.environ, "SLURM_JWT": "daemon"} if argv[0] == "slurmrestd" else dict(os.environ)
    daemon = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, env=environment, user=of.pw_uid, group=of.pw_gid, extra_groups=()
    )
    deadline = time.monotonic() + _WAIT_S
    while user == "munge" and not _MUNGE_RUNS.exists() and time.monotonic() < deadline:
        time.sleep(0.02)  # the others ask it at once
    return daemon


def _serve(server: socket.socket) -> None:
    while True:
        peer, _ = server.accept()
        threading.Thread(target=hear, args=(peer,), daemon=True).start()


def hear(peer: socket.socket) -> None:
    """Answer one request, a JSON document on a line."""
    with peer, peer.makefile("rw") as lines:
        try:
            lines.write(json.dumps(answer(json.loads(lines.readline()))) + "\n")
        except (OSError, ValueError, KeyError) as error:
            sys.stderr.write(f"{ASK}: {error!r}\n")


if __name__ == "__main__":
    sys.exit(main())
