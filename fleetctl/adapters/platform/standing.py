"""A unit on its platform, and the memory of what its node was last."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fleetctl.core.platform.node import Node
from fleetctl.ports.platform import Platform


@dataclass(frozen=True)
class Standing:
    """A unit that is a node.

    Attributes:
        title: what messages call the platform.
        node: the unit's name there.
    """

    title: str
    platform: Platform
    node: str


@dataclass(frozen=True)
class Memory:
    """What nodes were when they were last seen, or asked to be; by platform and name. Threads share it."""

    _nodes: dict[tuple[str, str], Node] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, title: str, nodes: Iterable[Node]) -> None:
        """Take in what nodes of a platform are."""
        with self._lock:
            self._nodes.update({(title, node.name): node for node in nodes})

    def recall(self, title: str, name: str) -> Node | None:
        """Return what a node was last; None if nothing is known."""
        with self._lock:
            return self._nodes.get((title, name))


def by_platform(standings: Mapping[str, Standing]) -> Mapping[str, Mapping[str, Standing]]:
    """Return units in groups, one for each platform, by its title."""
    groups: dict[str, dict[str, Standing]] = {}
    for unit, standing in standings.items():
        groups.setdefault(standing.title, {})[unit] = standing
    return groups
