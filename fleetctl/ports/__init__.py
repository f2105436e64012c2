"""The ports: what the services need from the outside, in terms of the core alone.

Adapters fill them and are built in `fleetctl.cli.compose`; tests fill them with a fake world. A port knows no playbook,
no SQL, no socket.
"""

from __future__ import annotations

from fleetctl.ports.commissioning import Ledger, Reservations
from fleetctl.ports.fleet import FleetFiles, Forecasts, SiteCache, TemplateFiles
from fleetctl.ports.imaging import Desk, Images, Imagings
from fleetctl.ports.kits import Kits
from fleetctl.ports.machine import Clock, Process, Processes, Secrets
from fleetctl.ports.platform import Platform
from fleetctl.ports.reach import Executor, Prober, Shell, Target
from fleetctl.ports.releases import Bundles, Releases
from fleetctl.ports.state import (
    Controller,
    Controllers,
    Cursors,
    Fenced,
    Journal,
    Led,
    Lost,
    Orders,
    Plans,
    Rollouts,
    State,
)
from fleetctl.ports.telling import Heads, Poster, Signer
from fleetctl.ports.units import Units

__all__ = [
    "Bundles",
    "Clock",
    "Controller",
    "Controllers",
    "Cursors",
    "Desk",
    "Executor",
    "Fenced",
    "FleetFiles",
    "Forecasts",
    "Heads",
    "Images",
    "Imagings",
    "Journal",
    "Kits",
    "Led",
    "Ledger",
    "Lost",
    "Orders",
    "Plans",
    "Platform",
    "Poster",
    "Prober",
    "Process",
    "Processes",
    "Releases",
    "Reservations",
    "Rollouts",
    "Secrets",
    "Shell",
    "Signer",
    "SiteCache",
    "State",
    "Target",
    "TemplateFiles",
    "Units",
]
