"""What an invariant of a site may look at beside the site."""

from __future__ import annotations

from dataclasses import dataclass

from fleetctl.core.inventory.fleet import Fleet, Model, Unit


@dataclass(frozen=True, slots=True)
class Context:
    """What all sites share.

    Attributes:
        fleet: models, releases, channels, policies and secrets; its `sites` are not looked at.
        zones: time zones that are known; empty to accept any.
    """

    fleet: Fleet
    zones: frozenset[str] = frozenset()

    def model(self, unit: Unit) -> Model | None:
        """Return a unit's model if it is declared."""
        return self.fleet.models.get(unit.model)

    def power_w(self, unit: Unit) -> float:
        """Return the electrical power that a unit may draw, auxiliary heater included; 0 if its model is unknown."""
        model = self.model(unit)
        return 0.0 if model is None else model.power_w + model.aux_heater_w
