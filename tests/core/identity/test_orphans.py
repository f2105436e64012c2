"""Units that are in the inventory no more: whose machine may be touched, and how it is reached."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleetctl.core.identity.orphans import (
    Trace,
    as_it_was,
    declared_by,
    only_named,
    untouchable,
    with_units,
    without_declared_node,
)
from fleetctl.core.inventory.fleet import ComputeSettings
from fleetctl.core.platform.places import Place
from tests.builders.fleets import a_building, a_fleet, a_radiator, a_site

GONE = Trace("les-sables/a199-1", "QR-GONE", "10.77.1.199", None, frozenset({"SHA256:gone"}))
FLEET = a_fleet()
DECLARED = declared_by(FLEET, {"les-sables/a101-1": ["SHA256:one"], "elsewhere/x": ["SHA256:gone"]})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"serial": ""}, "never had a certificate"),
        ({"serial": "qr 00100000"}, "belongs to les-sables/a101-1 now"),
        ({"address": "10.77.1.12"}, "is that of les-sables/a101-2 now"),
        ({"unit": "hot-water/a199-1", "address": "10.77.1.12"}, None),
        ({"host_keys": frozenset({"SHA256:gone", "SHA256:one"})}, "pinned for les-sables/a101-1"),
        ({"host_keys": frozenset()}, "no host key is pinned"),
        ({"address": ""}, "nobody knows its address"),
    ],
)
def test_a_machine_that_anything_declared_may_mean_is_not_touched(change: dict[str, Any], reason: str | None) -> None:
    said = untouchable(replace(GONE, **change), DECLARED)
    assert (said is None) == (reason is None)
    assert (reason or "") in (said or "")


def test_it_is_reached_like_the_others_of_its_site_and_is_nothing_else() -> None:
    unit = as_it_was(FLEET, GONE)
    assert unit is not None
    assert (unit.name, unit.serial, unit.address, unit.gateway) == (GONE.unit, GONE.serial, GONE.address, "gw-1")
    assert (unit.mac, unit.dwelling, unit.port, unit.compute) == ("", "", "", ComputeSettings())
    whole = with_units(FLEET, [unit])
    assert whole.by_name[GONE.unit] == unit
    assert whole.gateway_of(unit) == FLEET.by_name["les-sables/gw-1"]
    assert GONE.unit not in FLEET.by_name


def test_where_no_unit_of_its_site_is_left_nobody_knows_the_way() -> None:
    emptied = a_fleet(a_building(radiators=0))
    assert as_it_was(emptied, GONE) is None
    assert as_it_was(FLEET, replace(GONE, unit="sold/a101-1")) is None
    assert only_named("sold/a101-1", "QR-1").name == "sold/a101-1"


def test_a_node_that_a_declared_unit_is_now_is_not_an_orphans_any_more() -> None:
    fleet = a_fleet(a_site("s", 1, (a_radiator("s", 1, 0),)))
    for node, left in (("s-a101-1", None), ("s-a199-1", Place("slurm", "s-a199-1"))):
        trace = Trace("s/a199-1", place=Place("slurm", node))
        assert without_declared_node(fleet, trace).place == left
