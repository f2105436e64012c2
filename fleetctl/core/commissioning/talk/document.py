"""A commissioning as documents for machines: how all stands, and what is said while it goes on. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from fleetctl.core.clock import to_text
from fleetctl.core.commissioning.budget import Budget, left
from fleetctl.core.commissioning.checklist import Checklist, DwellingList, UnitList
from fleetctl.core.commissioning.standing import Standing, State
from fleetctl.core.commissioning.talk.sayings import Saying
from fleetctl.core.commissioning.talk.walk import first_open, hindrance

SCHEMA = "fleetctl/commissioning/v1"
EVENT_SCHEMA = "fleetctl/commissioning-event/v1"


def document(checklist: Checklist, names: Collection[str], whole: Budget) -> dict[str, Any]:
    """Return how units and their dwellings stand.

    Args:
        checklist: of the site.
        names: of the units that are wanted.
        whole: people's time for the whole site.
    """
    units = {name: checklist.units[name] for name in names}
    dwellings = [each for each in checklist.dwellings.values() if units.keys() & set(each.units)]
    return {
        "schema": SCHEMA,
        "site": checklist.site,
        "accepted": all(unit.accepted for unit in units.values()) and all(each.accepted for each in dwellings),
        "units": [_unit(unit) for unit in units.values()],
        "dwellings": [_dwelling(each) for each in dwellings],
        "strangers": [entry.draft.subject for entry in checklist.strangers],
        "budget": _budget(checklist, whole),
    }


def event(site: str, at: datetime, saying: Saying, text: str) -> dict[str, Any]:
    """Return something that was said; `code` and `values` tell all that `text` does."""
    return {
        "schema": EVENT_SCHEMA,
        "at": to_text(at),
        "site": site,
        "subject": saying.subject,
        "code": saying.code.value,
        "tone": saying.tone.value,
        "values": dict(saying.values),
        "text": text,
    }


def _budget(checklist: Checklist, whole: Budget) -> dict[str, Any]:
    ahead = left(checklist, whole)
    minutes = {"needed_min": whole.needed_min, "left_min": ahead.needed_min, "left_each_min": ahead.each_min}
    return {**minutes, "fits": whole.fits, "text": whole.text}


def _unit(unit: UnitList) -> dict[str, Any]:
    stage = first_open(unit)
    return {
        "unit": unit.unit.name,
        "dwelling": unit.unit.dwelling,
        "room": unit.unit.room,
        "lifecycle": unit.lifecycle.value,
        "next": stage.value if stage is not None else None,
        "waits": hindrance(unit),
        "stages": {each.value: _standing(unit.of(each)) for each in unit.stages},
    }


def _dwelling(dwelling: DwellingList) -> dict[str, Any]:
    skip = dwelling.skip
    return {
        "dwelling": dwelling.id,
        "accepted": dwelling.accepted,
        "blocked": dwelling.blocked.text if dwelling.blocked is not None else "",
        "skipped": {"from": skip.stage.value, "reason": skip.reason} if skip is not None else None,
    }


def _standing(standing: Standing) -> dict[str, Any]:
    if standing.entry is None:
        return {"state": State.OPEN.value}
    draft = standing.entry.draft
    told = {"state": standing.state.value, "at": to_text(draft.at), "by": draft.actor, "tries": standing.tries}
    return {**told, **({"reason": standing.reason} if standing.reason else {})}
