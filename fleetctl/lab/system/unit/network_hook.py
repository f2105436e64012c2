"""The hook of the service `network`, where systemd-networkd applies the files itself."""

from __future__ import annotations

import subprocess

from fleetctl.lab.unit.file_checks import run
from fleetctl.lab.unit.hooks import check_network
from fleetctl.lab.unit.settings import on_unit


def main() -> int:
    """Run the hook."""
    return run({"network": check_network}, {"network": reload})


def reload() -> None:
    """Let networkd read its files again and configure every interface by them.

    Raises:
        OSError: if it refuses.
    """
    names = [name for name, _ in on_unit().interfaces]
    for command in (["reload"], ["reconfigure", *names]):
        result = subprocess.run(["networkctl", *command], capture_output=True, text=True)
        if result.returncode:
            raise OSError(f"networkctl {command[0]}: {result.stderr.strip()}")
