"""Which node a unit is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetctl.core.inventory.fleet import ComputeSettings
from fleetctl.core.platform.places import Place, places
from fleetctl.core.problems import InvalidInput
from tests.builders.fleets import a_building, a_fleet

MAIN = ComputeSettings("main", kind="slurm")


def test_units_that_name_a_platform_are_nodes_and_gateways_never_are() -> None:
    fleet = a_fleet(a_building("s", 1, 2))
    site = fleet.sites["s"]
    units = {id: replace(unit, compute=MAIN) for id, unit in site.units.items()}
    fleet = replace(fleet, sites={"s": replace(site, units=units)})
    found = places(fleet, {"main"})
    assert len(found) == 2
    assert all(place == Place("main", unit.replace("/", "-")) for unit, place in found.items())
    assert places(fleet, set()) == {}


def test_two_units_that_would_be_one_node_are_refused() -> None:
    one = a_building("s", 1, 1)
    (unit,) = (u for u in one.units.values() if u.gateway)
    first = replace(unit, site="s", id="a-b", compute=MAIN)
    second = replace(unit, site="s-a", id="b", compute=MAIN)
    sites = {
        "s": replace(one, units={first.id: first}),
        "s-a": replace(one, id="s-a", units={second.id: second}),
    }
    with pytest.raises(InvalidInput, match=r"'s/a-b' and 's-a/b' would both be node 's-a-b'"):
        places(replace(a_fleet(), sites=sites), {"main"})
