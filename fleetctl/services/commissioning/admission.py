"""Who of a site may be given a load now, beside what runs there and what is reserved by whatever process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from fleetctl.core.commissioning.envelope import Envelope
from fleetctl.core.commissioning.load import LoadState
from fleetctl.core.commissioning.reservation import Reserved, left, reserved
from fleetctl.core.facts import Facts, Observation
from fleetctl.core.heat.premises import SitePremises
from fleetctl.core.heat.readings import told
from fleetctl.core.inventory.fleet import Unit
from fleetctl.core.policy import Guard

Commands = Sequence[tuple[Unit, tuple[str, ...]]]
"""Of units, each without the program and what tells attempts apart."""
Bound = Callable[[float, float], Envelope]
"""Returns what bounds loads of so many seconds in the time of rooms, which heat for such a share of it."""


@dataclass(frozen=True)
class Chosen:
    """Who is given a load now, as an instrument decides within what bounds it.

    Attributes:
        seconds: until the last of the loads is over at the latest, from now.
        refused: why others are given none, by their names.
    """

    commands: Commands = ()
    seconds: float = 0.0
    refused: Mapping[str, str] = field(default_factory=dict)


Choose = Callable[[Sequence[Unit], Bound], Chosen]
"""Chooses among units that are free; it is quick, for whoever else wants to begin at the site waits for it."""


@dataclass(frozen=True)
class Admission:
    """What one process knows of a site, and who it is.

    Attributes:
        facts: what was observed last of every heater.
        looked_at: names of those that were observed just now; of the others their time tells how long a load lasts.
        attempt: id of what is going to be begun.
        actor: who begins it.
    """

    premises: SitePremises
    guard: Guard
    facts: Mapping[str, Observation]
    looked_at: Set[str]
    attempt: str
    actor: str
    now: datetime

    def decide(self, free: Sequence[Unit], choose: Choose, standing: Reserved) -> tuple[Reserved, Chosen]:
        """Choose who begins, beside what is reserved; returns the reservations with theirs among them."""
        kept = left(standing, self.facts, self.now)
        taken = {u.name: f"{kept[u.name].actor} has just begun with it" for u in free if u.name in kept}
        loaded = self._running() | (kept.keys() & self.premises.heaters.keys())
        chosen = choose([unit for unit in free if unit.name not in taken], partial(self._envelope, loaded))
        names = [unit.name for unit, _ in chosen.commands]
        new = reserved(names, self.attempt, self.actor, self.now, chosen.seconds)
        return {**kept, **new}, replace(chosen, refused={**taken, **chosen.refused})

    def forgotten(self) -> frozenset[str]:
        """Return the heaters that told something once, and so long ago that they count as drawing all they may.

        Where nobody can begin, it is worth looking at them: what is commissioned nobody looks at any more.
        """
        heaters = self.premises.heaters.values()
        told_once = [each for each in heaters if isinstance(self.facts.get(each.unit), Facts)]
        unknown = [e for e in told_once if isinstance(told(self.facts[e.unit], e.kind, self.guard, self.now), str)]
        return frozenset(each.unit for each in unknown) - self.looked_at

    def _running(self) -> frozenset[str]:
        return frozenset(name for name, of in self.facts.items() if self._runs(of))

    def _runs(self, of: Observation) -> bool:
        """Say whether a load runs; one that was seen before is taken to run as long as it may."""
        load = of.load if isinstance(of, Facts) else None
        if load is None or load.state is not LoadState.RUNNING:
            return False
        return of.unit in self.looked_at or load.ends_at > self.now.timestamp()

    def _envelope(self, loaded: frozenset[str], seconds: float, share: float) -> Envelope:
        return Envelope(self.premises, self.facts, self.guard, self.now, seconds, share, loaded)
