"""Forecast files are held to what the guard needs before anything relies on them; what sites share is said once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from fleetctl.core.heat.forecast import Forecast
from fleetctl.core.inventory.fleet import Site
from fleetctl.core.problems import InvalidInput, Problem
from fleetctl.services.forecasts import check_forecasts, with_forecasts
from tests.builders.fleets import a_building
from tests.builders.inventories import a_folder, examined

ONE = Problem("forecast-hole", "a hole", "one.csv", 3)
TWO = Problem("forecast-unit", "kelvin", "two.csv", 2)


@dataclass
class Files:
    """Forecast files of which some are wrong, by the site."""

    wrong: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)

    def of(self, site: Site) -> Forecast | None:
        return None

    def check(self, site: Site) -> None:
        if site.id in self.wrong:
            raise InvalidInput(self.wrong[site.id])


def test_problems_of_all_sites_are_said_at_once_and_those_of_a_shared_file_once() -> None:
    sites = [replace(a_building(), id=id) for id in "abc"]
    with pytest.raises(InvalidInput) as raised:
        check_forecasts(Files({"a": (ONE,), "b": (ONE, TWO)}), sites)
    assert raised.value.problems == (ONE, TWO)


def test_good_files_are_no_problem() -> None:
    check_forecasts(Files(), [a_building()])


def test_fleet_with_a_bad_forecast_is_not_valid() -> None:
    good = examined(a_folder())
    assert with_forecasts(good, Files()) is good
    bad = with_forecasts(good, Files({"here": (ONE,)}))
    assert not bad.valid
    assert bad.problems == (ONE,)
