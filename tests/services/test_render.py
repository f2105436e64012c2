"""Rendering a fleet: what is remembered, and what a change costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetctl.core.inventory.fleet import Fleet, Site
from fleetctl.core.plan import Desired
from fleetctl.core.problems import InvalidInput
from fleetctl.services.render import configs, desired_states
from tests.builders.fleets import a_building, a_fleet, a_plant, a_radiator, a_site
from tests.builders.templates import CacheInMemory, TemplatesInMemory, some_templates

TEMPLATES = some_templates(own="{{ unit.id }}", site="{{ site.title }}", token="{{ secret('compute-token') }}")


def states(fleet: Fleet, cache: CacheInMemory, templates: TemplatesInMemory, *names: str) -> tuple[Desired, ...]:
    units = [fleet.by_name[name] for name in names] or list(fleet.units())
    return desired_states(fleet, units, templates, cache)


def changed(fleet: Fleet, site: Site) -> Fleet:
    return replace(fleet, sites={**fleet.sites, site.id: site})


def test_desired_states_come_in_the_order_of_the_units() -> None:
    fleet = a_fleet()
    names = ["hot-water/boiler-2", "les-sables/a101-2", "hot-water/gw-1"]

    found = states(fleet, CacheInMemory(), TemplatesInMemory(TEMPLATES), *names)

    assert [want.unit for want in found] == names
    assert found == tuple(
        want for name in names for want in states(fleet, CacheInMemory(), TemplatesInMemory(TEMPLATES), name)
    )


def test_desired_states_and_configs_agree() -> None:
    fleet, templates = a_fleet(), TemplatesInMemory(TEMPLATES)

    found = {want.unit: want for want in states(fleet, CacheInMemory(), templates)}

    for config in configs(fleet, fleet.units(), templates):
        assert found[config.unit].config_digest == config.digest
        assert found[config.unit].files == config.file_digests


def test_nothing_is_rendered_twice() -> None:
    fleet, cache, templates = a_fleet(), CacheInMemory(), TemplatesInMemory(TEMPLATES)
    first = states(fleet, cache, templates)

    assert states(fleet, cache, templates) == first
    assert templates.reads == 1


def test_one_site_changed_costs_one_site() -> None:
    sites = [a_building(f"site-{n}", n, 3) for n in range(20)]
    fleet, cache, templates = a_fleet(*sites), CacheInMemory(), TemplatesInMemory(TEMPLATES)
    before = states(fleet, cache, templates)
    cache.written.clear()

    after = states(changed(fleet, a_site("site-7", 7, tuple(sites[7].units.values()), title="new")), cache, templates)

    assert cache.written == ["site-7"]
    differing = {new.unit for old, new in zip(before, after, strict=True) if old != new}
    assert differing == {unit.name for unit in sites[7].units.values()}


def test_only_the_sites_of_the_units_asked_for_are_rendered() -> None:
    cache = CacheInMemory()

    states(a_fleet(a_building("one", 1), a_plant("two", 2)), cache, TemplatesInMemory(TEMPLATES), "two/boiler-1")

    assert cache.written == ["two"]


@pytest.mark.parametrize("what", ["templates", "fleet"])
def test_what_all_sites_share_costs_all_sites(what: str) -> None:
    fleet, cache = a_fleet(), CacheInMemory()
    states(fleet, cache, TemplatesInMemory(TEMPLATES))
    cache.written.clear()

    templates = some_templates(own="new") if what == "templates" else TEMPLATES
    states(replace(fleet, digest="new") if what == "fleet" else fleet, cache, TemplatesInMemory(templates))

    assert cache.written == list(fleet.sites)


def test_a_damaged_blob_is_rendered_again() -> None:
    fleet, cache, templates = a_fleet(), CacheInMemory(), TemplatesInMemory(TEMPLATES)
    first = states(fleet, cache, templates)
    cache.blobs = {place: (key, blob[: len(blob) // 2]) for place, (key, blob) in cache.blobs.items()}

    assert states(fleet, cache, templates) == first


def test_nothing_is_remembered_when_a_template_fails() -> None:
    bad = a_radiator("bad", 3, 0, labels={})
    fleet = a_fleet(a_building("good", 1), a_site("bad", 3, (*a_building("bad", 3, 0).units.values(), bad)))
    cache = CacheInMemory()

    with pytest.raises(InvalidInput, match="nope"):
        states(fleet, cache, TemplatesInMemory(some_templates(file="{{ nope if site.id == 'bad' }}")))

    assert not cache.written
