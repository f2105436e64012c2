"""The stage `identified`, as far as an instrument can help: the machine before which a person stands blinks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fleetctl.core.commissioning.stages import Stage
from fleetctl.core.inventory.fleet import Unit
from fleetctl.ports.instruments import Round
from fleetctl.services.commissioning.loads import Refused

BLINK_S = 60
AGAIN_S = 45.0


@dataclass(frozen=True)
class Blinker:
    """Lets machines blink as long as somebody is asked about them; whether they were seen, only a person can say.

    Attributes:
        blink: lets a unit blink for some seconds; raises CouldNot if it cannot.
        refused: returns why nothing may be done to units.
    """

    blink: Callable[[Unit, int], None]
    refused: Refused
    stage: Stage = Stage.IDENTIFIED

    def round(self, units: Sequence[Unit]) -> Round:
        """Let them blink for a while longer."""
        refused = self.refused([unit.name for unit in units])
        for unit in units:
            if unit.name not in refused:
                self.blink(unit, BLINK_S)
        return Round(waits=refused, again_s=AGAIN_S)
