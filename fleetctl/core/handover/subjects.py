"""What a person means by the name of a place: a site, a unit, or a dwelling."""

from __future__ import annotations

from collections.abc import Iterable

from fleetctl.core.commissioning.ledger import DWELLING, dwelling_subject
from fleetctl.core.inventory.fleet import Fleet, Site
from fleetctl.core.names import did_you_mean
from fleetctl.core.problems import InvalidInput, Problem


def site_of(fleet: Fleet, name: str) -> Site:
    """Return a site by its id.

    Raises:
        InvalidInput: if there is none.
    """
    if name not in fleet.sites:
        raise _unknown("unknown-site", f"there is no site '{name}'", name, fleet.sites)
    return fleet.sites[name]


def dwelling_of(site: Site, id: str) -> str:
    """Return what the ledger calls a dwelling of a site.

    Raises:
        InvalidInput: if there is none.
    """
    if id not in site.dwellings:
        raise _unknown("unknown-dwelling", f"{site.id} has no dwelling '{id}'", id, site.dwellings)
    return dwelling_subject(site.id, id)


def subject_of(fleet: Fleet, name: str) -> tuple[Site, str]:
    """Return the site, and what the ledger calls the place: `site`, `site/unit`, `site/A101`, `site/dwelling:A101`.

    A unit goes before a dwelling of the same id.

    Raises:
        InvalidInput: if there is no such place.
    """
    first, _, place = name.partition("/")
    site = site_of(fleet, first)
    if not place:
        return site, site.id
    if place in site.units:
        return site, site.units[place].name
    id = place.removeprefix(DWELLING)
    if id in site.dwellings:
        return site, dwelling_subject(site.id, id)
    raise _unknown("unknown-place", f"{site.id} has no unit or dwelling '{place}'", id, (*site.units, *site.dwellings))


def _unknown(code: str, message: str, name: str, known: Iterable[str]) -> InvalidInput:
    return InvalidInput([Problem(code, message, hint=did_you_mean(name, known))])
