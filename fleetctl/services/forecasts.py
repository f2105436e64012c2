"""Holds the forecast files that sites declare to what the heat guard needs, before anything relies on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fleetctl.core.inventory.fleet import Site
from fleetctl.core.problems import InvalidInput, Problem, in_order, refuse
from fleetctl.ports import Forecasts
from fleetctl.services.load import Examined


def check_forecasts(forecasts: Forecasts, sites: Iterable[Site]) -> None:
    """Read the forecast file of each site; what many sites share is said once.

    Raises:
        InvalidInput: with everything that is wrong with any of them.
    """
    problems = forecast_problems(forecasts, sites)
    refuse(problems)


def forecast_problems(forecasts: Forecasts, sites: Iterable[Site]) -> tuple[Problem, ...]:
    """Return what is wrong with the forecast files of sites."""
    problems: list[Problem] = []
    for site in sites:
        try:
            forecasts.check(site)
        except InvalidInput as error:
            problems += error.problems
    return in_order(problems)


def with_forecasts(examined: Examined, forecasts: Forecasts) -> Examined:
    """Return what a fleet's folder holds, its forecast files too; with a bad one it is not valid."""
    problems = forecast_problems(forecasts, examined.sites.values())
    if not problems:
        return examined
    return replace(examined, fleet=None, problems=in_order([*examined.problems, *problems]))
