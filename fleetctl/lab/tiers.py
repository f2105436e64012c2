"""Which code each level of the lab runs on: its world, as the supervisor sees it, and what it has outside of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fleetctl.lab import worlds
from fleetctl.lab.folder import LabFolder
from fleetctl.lab.layout import Blueprint, Level
from fleetctl.lab.outside import Nothing, Outside, Processes
from fleetctl.lab.system.outside import System as SystemOutside
from fleetctl.lab.system.world import System as SystemWorld

_WORLDS: Mapping[Level, Callable[[Blueprint, LabFolder], worlds.World]] = {
    Level.SYSTEM: SystemWorld,
    Level.NAMESPACES: worlds.Namespaces,
    Level.LOOPBACK: worlds.Mounts,
    Level.PROCESSES: worlds.Folders,
}
_OUTSIDES: Mapping[Level, Outside] = {
    Level.SYSTEM: SystemOutside(),
    Level.NAMESPACES: Nothing(),
    Level.LOOPBACK: Nothing(),
    Level.PROCESSES: Processes(),
}


def world_of(blueprint: Blueprint, folder: LabFolder) -> worlds.World:
    """Return the world of a blueprint's level."""
    return _WORLDS[blueprint.level](blueprint, folder)


def outside_of(level: Level) -> Outside:
    """Return what labs of a level have outside of their namespaces."""
    return _OUTSIDES[level]
