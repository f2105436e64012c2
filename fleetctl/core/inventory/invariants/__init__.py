"""The invariants of an inventory: small pure functions over resolved values that yield flaws.

Each module holds one subject. An invariant names a path and knows nothing of files and lines; it must bear references
that lead nowhere, because those are flaws too and all are shown at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from fleetctl.core.inventory.flaws import Flaw
from fleetctl.core.inventory.fleet import Fleet, Site
from fleetctl.core.inventory.invariants import (
    addresses,
    authority,
    caps,
    climate,
    disinfection,
    identity,
    loops,
    places,
    policies,
    power,
    releases,
    secrets,
    waves,
    webhooks,
    windows,
)
from fleetctl.core.inventory.invariants.context import Context

__all__ = ["Context", "claims_of", "in_fleet", "of_policies", "of_shared", "of_site", "of_sites", "of_whole"]

_OF_POLICIES = (
    policies.thresholds,
    policies.limits,
    policies.deadlines,
    waves.sizes,
    waves.names,
    waves.order,
    waves.selectors,
    windows.open_at_all,
    windows.freezes,
)
"""What can be said of a policy even where other parts of `fleet.yaml` are malformed and left out."""
_OF_SHARED = (
    power.power_in_watts,
    power.modules_within_model,
    power.burn_in_bands,
    releases.channels_lead_to_releases,
    releases.components_fit_models,
    secrets.locators,
    secrets.platforms,
    webhooks.secrets,
    authority.renewed_before_the_end,
    policies.deadlines_of_models,
    policies.staging,
    windows.fit_models,
)
_OF_SITE = (
    identity.usable_macs,
    addresses.in_network,
    addresses.unique_in_site,
    addresses.ways_in,
    addresses.switch_ports,
    places.units_have_one_place,
    places.gateways_serve_buildings,
    places.zones,
    places.radiators_in_zones,
    places.sensors,
    places.rooms_fit,
    climate.time_constants,
    climate.setpoints,
    climate.forecast,
    loops.stored_water,
)
_IN_FLEET = (
    places.time_zone,
    releases.models_fit_kinds,
    releases.releases_fit_models,
    power.subscribed,
    power.dwellings_stay_warm,
    caps.of_dwellings,
    loops.demand,
    loops.hottest_water,
    secrets.compute,
    windows.outside_quiet_hours,
    disinfection.outside_disinfection,
)


def of_policies(fleet: Fleet) -> Iterator[Flaw]:
    """Yield what is wrong with policies by themselves."""
    for invariant in _OF_POLICIES:
        yield from invariant(fleet)


def of_shared(fleet: Fleet) -> Iterator[Flaw]:
    """Yield what is wrong between the parts of `fleet.yaml`."""
    for invariant in _OF_SHARED:
        yield from invariant(fleet)


def of_site(site: Site) -> Iterator[Flaw]:
    """Yield what is wrong with a site by itself."""
    for invariant in _OF_SITE:
        yield from invariant(site)


def in_fleet(site: Site, context: Context) -> Iterator[Flaw]:
    """Yield what is wrong with a site in the light of what all sites share."""
    for invariant in _IN_FLEET:
        yield from invariant(site, context)


def claims_of(site: Site) -> list[str]:
    """Return what `of_sites` must know of a site."""
    return identity.claims_of(site)


def of_sites(sites: Iterable[Site], claims: Collection[Collection[str]]) -> Iterator[Flaw]:
    """Yield what is wrong between sites: what must be unique in the whole fleet.

    Args:
        sites: all sites.
        claims: `claims_of` each of them, which may be kept with a site that did not change.
    """
    yield from identity.unique_in_fleet(sites, claims)


def of_whole(fleet: Fleet) -> Iterator[Flaw]:
    """Yield what can only be said of a fleet with all its sites."""
    yield from waves.selectors_name_units(fleet)
    yield from caps.of_policies(fleet)
