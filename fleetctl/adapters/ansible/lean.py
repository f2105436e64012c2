"""`ansible-playbook`, started for less: the program of every run (`python -m fleetctl.adapters.ansible.lean ...`).

It has the process that has Ansible loaded (`loaded`) do the run, waits, and ends as that ended. If there is no such
process, or it does not begin, Ansible is run here. What Ansible does is not changed either way.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

SOCKET = "FLEETCTL_LOADED"
"""Environment variable with the path of the loaded process's socket."""


def main() -> int:
    """Run Ansible's own program with this process's arguments."""
    code = _elsewhere(os.environ.get(SOCKET, ""))
    return _here() if code is None else code


def _elsewhere(path: str) -> int | None:
    """Have the loaded process do the run; return the run's code, or None if it did not begin."""
    request = {"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": str(Path.cwd())}
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        try:
            connection.connect(path)
            socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
            begun = connection.recv(1)
        except OSError:
            return None
        return _end(connection) if begun else None


def _end(connection: socket.socket) -> int:
    try:
        said = connection.recv(1)
    except OSError:
        said = b""
    return said[0] if said else 1  # it was killed


def _here() -> int:
    from fleetctl.adapters.ansible.loaded import ansible_playbook, load

    load()
    return ansible_playbook()


if __name__ == "__main__":
    sys.exit(main())
