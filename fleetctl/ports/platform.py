"""The compute platform, as far as fleetctl has to do with it: nodes, drains, jobs.

Names are nodes' names on the platform (`fleetctl.core.platform.node.node_name`). Every method takes many names where a
platform answers many at the price of one, and raises `CouldNot` if the platform cannot be asked or refuses.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fleetctl.core.platform.drains import Deed
    from fleetctl.core.platform.node import Job, Node


class Platform(Protocol):
    """Gives jobs to nodes."""

    def nodes(self, names: Collection[str]) -> Mapping[str, Node]:
        """Return the nodes by name, each with the jobs that run on it; one that is not known is `ABSENT`."""
        ...

    def drain(self, names: Collection[str], reason: str) -> Mapping[str, Deed]:
        """Let no new job start on these nodes; jobs that run go on. A drain that stands is left as it is.

        When this returns no new job starts: what `nodes` says from then on is all that is waited for.
        """
        ...

    def undrain(self, names: Collection[str], reason: str) -> Mapping[str, Deed]:
        """End the drains with this very reason; every other one is left."""
        ...

    def cancel(self, names: Collection[str]) -> Mapping[str, tuple[Job, ...]]:
        """End the jobs that run on these nodes; return which were lost by it, by the node's name.

        A job that ended by itself meanwhile is not lost. A job of several nodes is named at each.
        """
        ...

    def register(self, name: str, *, within_s: float) -> Node:
        """Take a node in; returns it as the platform has it.

        Where nodes join by their own daemon, this waits until it has done so and is `UP`.
        """
        ...

    def remove(self, name: str) -> None:
        """Forget a node for good; one that is not known is forgotten already.

        Raises:
            CouldNot: if jobs run on it, or the platform refuses.
        """
        ...

    def prove(self, name: str, *, within_s: float) -> Job:
        """Run a real job on this very node and wait for its end; returns it, done with exit code 0.

        Raises:
            CouldNot: if the node takes no jobs, or the job does not end well in time; nothing is left waiting.
        """
        ...

    def close(self) -> None:
        """End every connection."""
        ...


@dataclass(frozen=True)
class PlatformNode:
    """A unit that is a node.

    Attributes:
        title: what messages call the platform.
        node: the unit's name there.
    """

    title: str
    platform: Platform
    node: str


def by_platform(standings: Mapping[str, PlatformNode]) -> Mapping[str, Mapping[str, PlatformNode]]:
    """Return units in groups, one for each platform, by its title."""
    groups: dict[str, dict[str, PlatformNode]] = {}
    for unit, standing in standings.items():
        groups.setdefault(standing.title, {})[unit] = standing
    return groups
