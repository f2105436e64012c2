"""The connection plugin `fleet_ssh`: one exec on a unit by OpenSSH's client, for tasks that are one exec.

Everything about the way stands in the generated configuration. Ansible's own `ssh` reads thirty options for each host,
which costs the controller more than the exec itself, and copies files, asks for passwords and tries again: none of it
is wanted here. A play that does more than call `fleet_unit` wants `ssh`, which reads the same configuration.
"""

from __future__ import annotations

import shlex
import subprocess
from typing import NoReturn

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: fleet_ssh
short_description: One exec on a unit by OpenSSH's client
description: Runs a command with what it reads on its standard input, over the way that a generated configuration names.
author: fleetctl
options:
  ssh_args:
    description: Arguments of the SSH client, with the configuration among them.
    env: [{name: ANSIBLE_SSH_ARGS}]
    default: ""
"""

UNREACHABLE = 255
"""OpenSSH's own failures; `fleet-unit` never ends with this code."""
NO_FILES = "fleet_ssh copies no files; a play that does wants 'connection: ssh'"


class Connection(ConnectionBase):  # type: ignore[misc]  # Ansible's own classes are untyped
    """Runs commands on one unit, each over a connection of its own."""

    transport = "fleet_ssh"
    has_pipelining = True

    def _connect(self) -> Connection:
        """Do nothing: a command makes its connection."""
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command and return its code, output and errors.

        Raises:
            AnsibleConnectionFailure: if the unit is out of reach, or the connection broke.
        """
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        host = self._play_context.remote_addr
        argv = ["ssh", *shlex.split(self.get_option("ssh_args")), host, cmd]
        done = subprocess.run(argv, input=in_data or b"", capture_output=True, check=False)
        if done.returncode == UNREACHABLE:
            said = done.stderr.decode(errors="replace").strip()
            raise AnsibleConnectionFailure(f"Failed to connect to the host via ssh: {said}")
        return done.returncode, done.stdout, done.stderr

    def put_file(self, in_path: str, out_path: str) -> NoReturn:
        """Refuse: what a unit gets comes on a command's standard input."""
        raise AnsibleError(f"{in_path} is not copied to {out_path}: {NO_FILES}")

    def fetch_file(self, in_path: str, out_path: str) -> NoReturn:
        """Refuse: what a unit says stands on a command's output."""
        raise AnsibleError(f"{in_path} is not copied to {out_path}: {NO_FILES}")

    def close(self) -> None:
        """Do nothing: a command has ended its connection."""
