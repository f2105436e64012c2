"""Where a site's forecast comes from: declared for a site or for all, from one place, kept in the cache."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetctl.core.inventory.fleet import ForecastSource, Site
from fleetctl.core.inventory.stored import CheckedSite, site_from_bytes, site_to_bytes
from tests.builders.inventories import a_folder, examined, said_of, unmarked

URL = "https://api.open-meteo.com/v1/forecast?latitude=43.7&longitude=1.5&hourly=temperature_2m"
FOR_ALL = ("site: {time_zone: Europe/Paris}", "site: {time_zone: Europe/Paris, forecast: {file: weather/all.csv}}")


def site_of(*edits: tuple[str, str]) -> Site:
    fleet = examined(a_folder(*edits)).fleet
    assert fleet is not None
    return fleet.sites["here"]


def declared(forecast: str) -> tuple[str, str]:
    return "title: A test site\n", f"title: A test site\nforecast: {forecast}\n"


def test_site_without_a_forecast_has_none() -> None:
    assert site_of().forecast is None


def test_forecast_of_a_site_and_of_all_sites() -> None:
    assert site_of(declared("{file: here.epw}")).forecast == ForecastSource(file="here.epw")
    assert site_of(FOR_ALL).forecast == ForecastSource(file="weather/all.csv")


def test_address_of_a_site_takes_the_place_of_the_file_for_all() -> None:
    assert site_of(FOR_ALL, declared(f"{{url: '{URL}'}}")).forecast == ForecastSource(url=URL)


@pytest.mark.parametrize(
    ("forecast", "code"),
    [
        (f"{{file: a.csv, url: '{URL}'}}", "forecast-source"),
        ("{}", "forecast-source"),
        ("{url: ▸ftp://example.net/a.csv}", "bad-url"),
        ("{url: '▸https://user:password@example.net/a'}", "bad-url"),
        ("{▸path: a.csv}", "unknown-key"),
    ],
)
def test_forecast_comes_from_one_place_that_can_be_read(forecast: str, code: str) -> None:
    texts, _ = unmarked(a_folder(declared(forecast)))
    (problem,) = said_of(texts)
    assert (problem.code, problem.file, problem.line) == (code, "sites/here.yaml", 2)


def test_forecast_is_kept_in_the_cache() -> None:
    for source in (None, ForecastSource(file="a.csv"), ForecastSource(url=URL)):
        site = replace(site_of(), forecast=source)
        assert site_from_bytes(site_to_bytes(CheckedSite(site, ()))).site == site
