"""The hub of the first tier, started as a service."""

from __future__ import annotations

from fleetctl.lab.system.unit import hardware
from fleetctl.lab.unit.hub import keep_hearing


def main() -> int:
    """Run until it is ended."""
    return keep_hearing(hardware.ask().room)
