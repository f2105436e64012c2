"""What the guard would say now of each heated space: one answer a space, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fleetctl.core.heat.guard import Question, Verdict, refusal, verdicts
from fleetctl.core.heat.premises import SitePremises

SCHEMA = "fleetctl/heat-check/v1"
COLUMNS = ("SPACE", "UNIT", "NOW", "WHY")


@dataclass(frozen=True, slots=True)
class Checked:
    """A zone or a loop, asked for its largest unit.

    Attributes:
        space: id of the zone or of the loop.
        unit: the unit that was asked about.
        refusal: why it may not be taken down now; None if it may.
    """

    space: str
    unit: str
    verdicts: tuple[Verdict, ...]
    refusal: str | None


def spaces_of(premises: SitePremises, units: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """Return the zones and loops that some units heat, each with all its units, in the order of the site."""
    asked = {_space(premises, unit) for unit in units if unit in premises.heaters}
    zones = {zone.id: zone.heaters for zone in premises.zones.values()}
    loops = {loop.id: loop.heaters for loop in premises.loops.values()}
    return {space: heaters for space, heaters in (zones | loops).items() if space in asked}


def largest(premises: SitePremises, units: Sequence[str]) -> str:
    """Return the unit of the most power, the first of several."""
    return max(units, key=lambda unit: premises.heaters[unit].power_w)


def checked(space: str, question: Question, overridden: frozenset[str] = frozenset()) -> Checked:
    """Ask the guard about a space's largest unit."""
    said = verdicts(question)
    return Checked(space, question.unit, said, refusal(said, overridden))


def row(of: Checked) -> tuple[str, ...]:
    """Return a row of the table under `COLUMNS`: the refusal, or the rule that would be the first to refuse."""
    why = of.verdicts[0].text if of.refusal is None else of.refusal
    return (of.space, of.unit, "no" if of.refusal else "yes", why)


def counts(found: Sequence[Checked]) -> str:
    """Return one line that sums up: `59 spaces: 57 admit their largest unit now, 2 do not`."""
    refused = sum(each.refusal is not None for each in found)
    spaces = f"{len(found)} space{'s' * (len(found) != 1)}"
    return f"{spaces}: {len(found) - refused} admit their largest unit now, {refused} do not"


def document(found: Sequence[Checked]) -> dict[str, Any]:
    """Return all answers as a document of schema `fleetctl/heat-check/v1`."""
    return {"schema": SCHEMA, "spaces": [asdict(each) | {"admitted": each.refusal is None} for each in found]}


def _space(premises: SitePremises, unit: str) -> str:
    heater = premises.heaters[unit]
    return heater.zone or heater.loop
