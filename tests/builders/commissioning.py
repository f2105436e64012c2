"""Ledgers of commissionings, written in a line each: what was said of which place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from fleetctl.core.commissioning.ledger import Draft, Entry, dwelling_subject, written
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.inventory.fleet import Dwelling, Kind, Site, SiteNetwork, Unit

SITE = "s"
START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PASSED: Mapping[str, Any] = {"verdict": "passed"}


def site() -> Site:
    """Return a site of a gateway, a boiler, and two dwellings with two radiators and one."""
    units = [
        Unit(SITE, "gw", Kind.GATEWAY, "gw", "10.0.0.1"),
        Unit(SITE, "boiler", Kind.BOILER, "qb", "10.0.0.2", gateway="gw", loop="dhw"),
        *(
            Unit(SITE, id, Kind.RADIATOR, "qh", "", gateway="gw", dwelling=id[:2].upper())
            for id in ("a1-1", "a1-2", "a2-1")
        ),
    ]
    dwellings = {id: Dwelling(id, "a", 0, 60.0, 50.0, 9900.0) for id in ("A1", "A2")}
    network = SiteNetwork("10.0.0.0/24")
    return Site(
        SITE, "", "Europe/Paris", -5.0, 20_000.0, 0.0, network, dwellings, units={unit.id: unit for unit in units}
    )


def subject(place: str) -> str:
    """Return the subject of a unit (`a1-1`), a dwelling (`A1`) or the site (empty)."""
    if not place:
        return SITE
    return dwelling_subject(SITE, place) if place.isupper() else f"{SITE}/{place}"


def draft(place: str, stage: Stage, outcome: Outcome = Outcome.DONE, *, minute: float = 0.0, **detail: Any) -> Draft:
    """Return what is said of a place so many minutes after the start; a measured stage that is done was passed."""
    at = START + timedelta(minutes=minute)
    measured = stage in (Stage.BURN_IN, Stage.ROOM_PROOF) and outcome is Outcome.DONE
    return Draft(SITE, subject(place), stage, outcome, "alix", at, {**(PASSED if measured else {}), **detail})


def ledger(drafts: Iterable[Draft], writer: str = "w") -> list[Entry]:
    """Return entries of one writer."""
    return written(writer, None, drafts)


def through(place: str, stages: Sequence[Stage], **detail: Any) -> list[Draft]:
    """Return what is said of a place that passes some stages, a minute each."""
    return [draft(place, stage, minute=at, **detail) for at, stage in enumerate(stages)]
