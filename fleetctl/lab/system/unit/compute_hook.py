"""The hook of the service `compute`, where the node's daemon of the platform reads its options as it starts."""

from __future__ import annotations

import subprocess

from fleetctl.lab.unit.file_checks import CHECKS, run


def main() -> int:
    """Run the hook."""
    return run({"compute": CHECKS["compute"]}, {"compute": reload})


def reload() -> None:
    """Start the daemon anew, where it runs; jobs go on meanwhile.

    Raises:
        OSError: if it does not start.
    """
    result = subprocess.run(["systemctl", "try-restart", "slurmd.service"], capture_output=True, text=True)
    if result.returncode:
        raise OSError(f"slurmd: {result.stderr.strip()}")
