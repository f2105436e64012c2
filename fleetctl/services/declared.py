"""What is declared, with the ways to render it: what plans and rollouts are made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from fleetctl.core.config import Config
from fleetctl.core.inventory.fleet import Fleet, Unit
from fleetctl.core.plan import Desired


@dataclass(frozen=True)
class Declared:
    """What is declared, and how it is rendered.

    Attributes:
        desired: returns the desired states of units.
        configs: returns the whole configs of units.
    """

    fleet: Fleet
    desired: Callable[[Sequence[Unit]], Iterable[Desired]]
    configs: Callable[[Sequence[Unit]], Iterable[Config]]

    @property
    def site_digests(self) -> Mapping[str, str]:
        """Return the digest of each site."""
        return {site.id: site.digest for site in self.fleet.sites.values()}
