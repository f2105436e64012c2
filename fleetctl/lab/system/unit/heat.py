"""The heat agent of the first tier, started as a service."""

from __future__ import annotations

from fleetctl.lab.system.unit import hardware
from fleetctl.lab.unit.heat import Agent, keep_heating
from fleetctl.lab.unit.place import root
from fleetctl.lab.unit.room import Wire
from fleetctl.lab.unit.settings import on_unit


def main() -> int:
    """Run until SIGTERM."""
    return keep_heating(Agent(on_unit(), root(), Wire(hardware.ask().room)), root())
