"""What is known and what is to come: telemetry that can be trusted (G8), and no work before a cold spell (G9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fleetctl.core.heat.premises import Heater
from fleetctl.core.heat.question import Question
from fleetctl.core.heat.readings import silent
from fleetctl.core.heat.verdict import Verdict, celsius, verdict


def known(question: Question, about: str, heaters: Iterable[Heater]) -> Verdict:
    """G8: of each of these units a fresh and plausible temperature is known; units that are down may be silent."""
    asked = [heater for heater in heaters if heater.unit not in question.down]
    found = list(silent(asked, question.facts, question.policy.guard, question.now_utc))
    if not found:
        return verdict("G8", about, True, f"{len(asked)} of {len(asked)} units tell a fresh temperature")
    return verdict("G8", about, False, ", ".join(f"{unit} {reason}" for unit, reason in found))


def cold_freeze(question: Question) -> Verdict | None:
    """G9: with a forecast, no work if it falls near the design temperature. None without one."""
    lowest_c = question.forecast_c
    if lowest_c is None:
        return None
    design_c, margin_k = question.premises.design_temperature_c, question.policy.guard.cold_margin_k
    arithmetic = (
        f"{celsius(lowest_c)} is forecast, limit {celsius(design_c + margin_k)} "
        f"(design {celsius(design_c)} + {margin_k:g} K)"
    )
    return verdict("G9", question.premises.site, lowest_c >= design_c + margin_k, arithmetic)


def no_incident(question: Question, buildings: Iterable[str]) -> Iterator[Verdict]:
    """G9: no voluntary work in a building with an open heat incident."""
    for building in sorted(question.incidents.intersection(buildings)):
        yield verdict("G9", f"building {building}", False, "it has an open heat incident")
