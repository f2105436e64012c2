"""Thermal slack, and the order that it gives."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from fleetctl.core.facts import Facts, Heat
from fleetctl.core.heat.slack import by_slack
from fleetctl.core.policy import Policy
from tests.builders.premises import premises

AT = datetime(2026, 1, 15, 18, 0, tzinfo=UTC)


def facts(unit: str, temperature_c: float) -> Facts:
    heat = Heat(1.0, 600.0, 600.0, 20.0, temperature_c)
    return Facts(unit, AT, "b", "s", "m", "radiator", "1", "A", "A", "", heat=heat)


def test_the_warmer_room_has_more_slack_and_an_unknown_one_none() -> None:
    site = premises("s", {"s/r1": "one", "s/r2": "two", "s/r3": "three"})
    known = {"s/r1": facts("s/r1", 19.5), "s/r2": facts("s/r2", 21.0)}
    slack = by_slack(site, ["s/r1", "s/r2", "s/r3"], known, Policy("p"), AT, UTC)
    assert slack["s/r3"] == 0.0
    assert 0.0 < slack["s/r1"] < slack["s/r2"] < math.inf


def test_a_room_with_power_left_has_more_slack() -> None:
    alone = premises("s", {"s/r1": "one"})
    shared = premises("s", {"s/r1": "one", "s/r2": "one"})
    known = {unit: facts(unit, 20.0) for unit in ("s/r1", "s/r2")}
    first, second = (by_slack(site, ["s/r1"], known, Policy("p"), AT, UTC)["s/r1"] for site in (alone, shared))
    assert second > first


def test_what_heats_no_room_has_all_the_slack_in_the_world() -> None:
    site = premises("s", {"s/r1": "one"}, ["s/gw"])
    assert by_slack(site, ["s/gw"], {}, Policy("p"), AT, UTC) == {"s/gw": math.inf}
