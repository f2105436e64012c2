"""What a probe saw, held against what is declared: one report a unit, for people and for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fleetctl.core.clock import to_text
from fleetctl.core.drift import SHORT, Drift, drift
from fleetctl.core.facts import Facts, Heat, Observation, Unobserved
from fleetctl.core.plan import Desired

SCHEMA = "fleetctl/probe/v1"
COLUMNS = ("UNIT", "SLOT", "VERSION", "CONFIG", "HEAT", "DRIFT")


@dataclass(frozen=True, slots=True)
class Report:
    """One unit: what was observed, and how it differs."""

    observation: Observation
    drift: tuple[Drift, ...] = ()

    @property
    def unit(self) -> str:
        """Return the unit's name."""
        return self.observation.unit

    @property
    def facts(self) -> Facts | None:
        """Return the facts, or None if the unit could not be observed."""
        return self.observation if isinstance(self.observation, Facts) else None


def reports(desired: Iterable[Desired], observed: Mapping[str, Observation]) -> list[Report]:
    """Return a report of each desired unit that was asked, in the given order."""
    return [report(want, observed[want.unit]) for want in desired if want.unit in observed]


def report(want: Desired, seen: Observation) -> Report:
    """Hold one observation against what is declared."""
    return Report(seen, drift(want, seen) if isinstance(seen, Facts) else ())


def counts(found: Sequence[Report]) -> str:
    """Return one line that sums up: `24 units: 20 as declared, 3 drifted, 1 not observed`."""
    kinds = Counter("not observed" if r.facts is None else "drifted" if r.drift else "as declared" for r in found)
    parts = [f"{kinds[kind]} {kind}" for kind in ("as declared", "drifted", "not observed") if kinds[kind]]
    return f"{len(found)} unit{'s' * (len(found) != 1)}: {', '.join(parts)}"


def row(of: Report) -> tuple[str, ...]:
    """Return a unit's row of the table, under `COLUMNS`."""
    seen = of.observation
    if isinstance(seen, Unobserved):
        return (of.unit, "-", "-", "-", "-", f"not observed ({seen.cause.value.replace('_', ' ')})")
    config = seen.config_digest[:SHORT] or "none"
    return (of.unit, seen.booted, seen.version, config, _heat(seen.heat), "; ".join(d.message for d in of.drift))


def document(found: Sequence[Report]) -> dict[str, Any]:
    """Return all reports as a document of schema `fleetctl/probe/v1`."""
    return {"schema": SCHEMA, "units": [describe(each) for each in found]}


def describe(of: Report) -> dict[str, Any]:
    """Return one report as plain data."""
    seen = of.observation
    common = {"unit": of.unit, "at": to_text(seen.at), "observed": of.facts is not None}
    if isinstance(seen, Unobserved):
        return {**common, "cause": seen.cause.value, "message": seen.message, "hint": seen.hint}
    facts = {key: value for key, value in asdict(seen).items() if key not in {"unit", "at"}}
    return {**common, "facts": facts, "drift": [asdict(each) for each in of.drift]}


def _heat(heat: Heat | None) -> str:
    if heat is None:
        return "unknown"
    place = heat.zone_temperature_c if heat.zone_temperature_c is not None else heat.water_out_c
    temperature = f" {place:.1f} °C" if place is not None else ""
    return f"{heat.power_w:.0f} of {heat.commanded_w:.0f} W{temperature}"
