"""The stage `registered`: certificate, registry and platform, in one round that may be repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.standing import REASON
from fleetctl.core.identity.result import Result, detail_of, outcome_of
from fleetctl.core.inventory.fleet import Unit
from fleetctl.core.problems import InvalidInput
from fleetctl.ports.instruments import Round, StageNews


@dataclass(frozen=True)
class RegisteredInstrument:
    """A unit is registered when everybody who has to know it does; who is away is asked again in a later sitting.

    Attributes:
        register: registers units and yields what came of each.
    """

    register: Callable[[Sequence[Unit]], Iterable[Result]]
    stage: Stage = Stage.REGISTERED

    def round(self, units: Sequence[Unit]) -> Round:
        """Register all units at once; a fleet that declares no CA yet lets them wait for one."""
        try:
            results = list(self.register(units))
        except InvalidInput as lacking:
            detail = {REASON: str(lacking)}
            return Round(tuple(StageNews(unit.name, self.stage, Outcome.PENDING, detail) for unit in units))
        return Round(tuple(StageNews(r.unit, self.stage, outcome_of(r), detail_of(r).to_detail()) for r in results))
