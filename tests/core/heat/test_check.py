"""The guard's answers, one for each heated space."""

from __future__ import annotations

from dataclasses import replace

from fleetctl.core.heat.check import checked, counts, document, largest, row, spaces_of
from fleetctl.core.heat.premises import SitePremises
from tests.builders.heat import UNIT, building, plant, question


def test_spaces_of_some_units_have_all_their_units() -> None:
    assert spaces_of(building(), ["les-sables/a102-2", "les-sables/gw-1"]) == {
        "A102": ("les-sables/a102-1", "les-sables/a102-2", "les-sables/a102-3")
    }
    assert list(spaces_of(plant(), ["hot-water/boiler-3"])) == ["hot-water"]


def test_largest_unit_is_asked_about() -> None:
    where: SitePremises = building()
    strong = replace(where.heaters["les-sables/a101-2"], power_w=900.0)
    stronger = replace(where, heaters=dict(where.heaters) | {strong.unit: strong})
    assert largest(where, where.zones["A101"].heaters) == UNIT
    assert largest(stronger, stronger.zones["A101"].heaters) == strong.unit


def test_row_shows_the_refusal_or_the_first_rule() -> None:
    well = checked("A101", question())
    assert row(well)[:3] == ("A101", UNIT, "yes")
    assert row(well)[3].startswith("G1 A101: ")
    stopped = checked("A101", question(incidents=frozenset({"a"})))
    assert row(stopped)[2:] == ("no", "G9 building a: it has an open heat incident")
    assert row(checked("A101", question(incidents=frozenset({"a"})), frozenset({"G9"})))[2] == "yes"


def test_document_has_every_rule() -> None:
    (space,) = document([checked("A101", question())])["spaces"]
    assert space["admitted"] is True
    assert [each["rule"] for each in space["verdicts"]] == ["G1", "G2", "G6", "G7", "G8", "G9"]


def test_counts_sum_up() -> None:
    found = [checked("A101", question()), checked("A101", question(facts={}))]
    assert counts(found) == "2 spaces: 1 admit their largest unit now, 1 do not"
    assert counts(found[:1]) == "1 space: 1 admit their largest unit now, 0 do not"
