from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.inventory.fleet import Unit
from fleetctl.core.inventory.invariants import claims_of
from fleetctl.core.inventory.stored import (
    CheckedFleet,
    CheckedSite,
    fleet_from_bytes,
    fleet_to_bytes,
    site_from_bytes,
    site_to_bytes,
)
from fleetctl.core.policy import AtMost, Drain, Freeze, Guard, Policy, Wave, Window
from fleetctl.core.problems import Problem, Severity
from tests.builders.fleets import a_fleet
from tests.builders.inventories import a_folder, examined

FULL = Policy(
    "full",
    waves=(Wave("canary", units=2, soak_s=60, approval=True), Wave("rest")),
    windows=(Window(("mon", "tue"), 1320, 300),),
    freeze=(Freeze("2026-12-20", "2027-01-03", "holidays"),),
    max_unavailable=AtMost(site=4),
    drain=Drain(600, "cancel"),
    guard=Guard(floor_c=17),
)
WARNING = Problem("x", "y", "f", 1, 2, "h", Severity.WARNING)


def test_a_site_with_everything_in_it_comes_back_equal() -> None:
    site = examined(a_folder()).sites["here"]
    kept = CheckedSite(site, (WARNING,), claims_of(site))
    assert site_from_bytes(site_to_bytes(kept)) == kept


FREE = [f.name for f in fields(Unit) if f.type == "str" and f.name not in ("site", "id")]


@given(st.fixed_dictionaries({**dict.fromkeys(FREE, st.text()), "labels": st.dictionaries(st.text(), st.text())}))
def test_no_field_of_a_unit_is_lost_or_exchanged(values: dict[str, Any]) -> None:
    site = next(iter(a_fleet().sites.values()))
    units = {id: replace(unit, **values) for id, unit in list(site.units.items())[:2]}
    kept = CheckedSite(replace(site, units=units), ())
    assert site_from_bytes(site_to_bytes(kept)).site == kept.site


def test_what_sites_share_comes_back_equal() -> None:
    fleet = examined(a_folder()).fleet
    assert fleet is not None
    kept = CheckedFleet(replace(fleet, sites={}, policies={"full": FULL}), (WARNING,))
    assert fleet_from_bytes(fleet_to_bytes(kept)) == kept


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"site": {"id": "x"}, "common": [], "units": [[0]]}'])
def test_what_is_not_a_stored_site_is_refused(content: bytes) -> None:
    with pytest.raises((IndexError, KeyError, TypeError, ValueError)):
        site_from_bytes(content)
    with pytest.raises((IndexError, KeyError, TypeError, ValueError)):
        fleet_from_bytes(content)


def test_what_could_not_be_resolved_is_not_kept() -> None:
    with pytest.raises(ValueError, match="no site"):
        site_to_bytes(CheckedSite(None, ()))
    with pytest.raises(ValueError, match="no fleet"):
        fleet_to_bytes(CheckedFleet(None, ()))
