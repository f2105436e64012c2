"""Discover a site: let a scout look at its wire, and hold what it saw against what is declared and pinned.

It changes nothing. What comes of it (entries of a commissioning's ledger, a quarantine) is for whoever asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from fleetctl.core.discovery.finding import Discovery
from fleetctl.core.discovery.ground import ground_of
from fleetctl.core.discovery.matching import match
from fleetctl.core.discovery.roster import Roster
from fleetctl.core.inventory.fleet import Fleet
from fleetctl.core.names import did_you_mean
from fleetctl.core.problems import CouldNot, InvalidInput, Problem
from fleetctl.core.route import Pin, Route, Way
from fleetctl.ports.discovery import Scout


def discover(
    fleet: Fleet,
    site: str,
    scout: Scout,
    routes: Mapping[str, Route],
    ways: Mapping[str, Way],
    *,
    at: datetime,
    by: str,
) -> Discovery:
    """Return what is on the wire of a site.

    Args:
        fleet: what is declared.
        site: id of the site.
        scout: who looks.
        routes: the way to each unit of the site, with its pinned host keys.
        ways: the ways that the state knows and the inventory does not.
        at: now.
        by: from where is looked: `gateway` or `here`.

    Raises:
        InvalidInput: if there is no such site, or it has no units.
        CouldNot: if nothing could be looked at.
    """
    refuse_unknown(fleet, site)
    displaced = [name for name, way in ways.items() if way.host]
    survey = scout.survey(ground_of(fleet, site, routes, displaced))
    if not survey.sightings and survey.gaps:
        raise CouldNot(f"{site}: nothing could be looked at: {'; '.join(survey.gaps)}", hint=_HINT)
    roster = Roster(fleet, site, {name: _fingerprints(route.target.pins) for name, route in routes.items()})
    return match(site, roster, survey, at=at, by=by)


_HINT = "plugged in at the site, '--from here' looks without a gateway"


def refuse_unknown(fleet: Fleet, site: str) -> None:
    """Refuse a site that is not declared, or has no units.

    Raises:
        InvalidInput: says which.
    """
    if site not in fleet.sites:
        hint = did_you_mean(site, fleet.sites)
        raise InvalidInput([Problem("unknown-site", f"the fleet has no site '{site}'", hint=hint)])
    if not fleet.sites[site].units:
        raise InvalidInput([Problem("empty-site", f"site '{site}' has no units", hint="declare them first")])


def _fingerprints(pins: tuple[Pin, ...]) -> frozenset[str]:
    return frozenset(pin.fingerprint for pin in pins)
