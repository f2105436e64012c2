"""Builds what looks at a site's wire. Part of `compose`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetctl.adapters.discovery.scouts import GatewayScout, LocalScout
from fleetctl.adapters.share import playbooks_folder

if TYPE_CHECKING:
    from fleetctl.cli.frame import Frame
    from fleetctl.ports.discovery import Scout


def from_gateways() -> Scout:
    """Return what looks from a site's gateways."""
    return GatewayScout()


def from_here(frame: Frame) -> Scout:
    """Return what looks from this machine."""
    return LocalScout(playbooks_folder(frame.folder) / "fleet-unit")
