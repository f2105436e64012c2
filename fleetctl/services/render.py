"""Rendering a fleet: desired states for a plan, whole configs for the units that need them.

What a plan needs is remembered for each site, so that a change of one site costs one site. It writes no files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fleetctl import __version__
from fleetctl.core.config import Config
from fleetctl.core.desired import Summary, desired, pack, summary, unpack
from fleetctl.core.digest import digest_of
from fleetctl.core.inventory.fleet import Fleet, Site, Unit
from fleetctl.core.names import split_unit_name
from fleetctl.core.plan import Desired
from fleetctl.ports import SiteCache, TemplateFiles

CACHE = "configs"
"""The purpose of the blobs in the site cache."""


def summaries(
    fleet: Fleet, units: Sequence[Unit], templates: TemplateFiles, cache: SiteCache
) -> list[tuple[Unit, Summary]]:
    """Return units, in their order, with their configs in digests.

    Raises:
        InvalidInput: with every template that fails, for whichever unit of the units' sites.
    """
    sites = [fleet.sites[id] for id in dict.fromkeys(unit.site for unit in units)]
    keys = {site.id: rendered_from(fleet, site, templates) for site in sites}
    known = {site.id: found for site in sites if (found := _remembered(cache, site.id, keys[site.id])) is not None}
    fresh = _rendered(fleet, [site for site in sites if site.id not in known], templates)
    for site_id, of_units in fresh.items():
        cache.put(site_id, CACHE, keys[site_id], pack(of_units))
    known |= fresh
    return [(unit, known[unit.site][unit.id]) for unit in units]


def desired_states(
    fleet: Fleet, units: Sequence[Unit], templates: TemplateFiles, cache: SiteCache
) -> tuple[Desired, ...]:
    """Return the desired state of units, in their order; raises as `summaries`."""
    return tuple(
        desired(unit, of, fleet.models.get(unit.model)) for unit, of in summaries(fleet, units, templates, cache)
    )


def configs(fleet: Fleet, units: Iterable[Unit], templates: TemplateFiles) -> Iterator[Config]:
    """Yield the configs of units, in their order, with secret marks in the place of secrets.

    Raises:
        InvalidInput: after the last config, with every template that failed.
    """
    from fleetctl.core.render import Renderer  # Jinja2 and pydantic are not needed when everything is remembered

    yield from Renderer(templates.read(), fleet).configs(units)


def rendered_from(fleet: Fleet, site: Site, templates: TemplateFiles) -> str:
    """Return the digest of everything that a site's configs, and so its desired states, are made from."""
    return digest_of([__version__, templates.digest, fleet.digest, site.digest])


def _remembered(cache: SiteCache, site: str, key: str) -> Mapping[str, Summary] | None:
    content = cache.get(site, CACHE, key)
    if content is None:
        return None
    try:
        return unpack(content)
    except ValueError:  # written by a fleetctl that is being worked on
        return None


def _rendered(fleet: Fleet, sites: Sequence[Site], templates: TemplateFiles) -> dict[str, dict[str, Summary]]:
    """Render sites; nothing is returned, and so nothing remembered, if a template fails."""
    rendered: dict[str, dict[str, Summary]] = {site.id: {} for site in sites}
    if sites:
        units = [unit for site in sites for unit in site.units.values()]
        for config in configs(fleet, units, templates):
            site, unit = split_unit_name(config.unit)
            rendered[site][unit] = summary(config)
    return rendered
