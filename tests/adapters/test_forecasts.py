"""Forecasts from files and from a real server on loopback: read, kept, and done without where they fail."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fleetctl.adapters.forecast_answers import AGAIN_S, Answers
from fleetctl.adapters.forecasts import DeclaredForecasts
from fleetctl.core.inventory.fleet import ForecastSource, Site
from fleetctl.core.problems import InvalidInput
from tests.builders.fleets import a_building
from tests.builders.world import START, FakeClock

HOUR_S = 3600.0


def csv(temperature_c: float, hours: int = 48) -> str:
    rows = (f"{START + timedelta(hours=hour):%Y-%m-%dT%H:%MZ},{temperature_c}" for hour in range(-1, hours))
    return "\n".join(["time,temperature_c", *rows])


def site(**source: str) -> Site:
    return replace(a_building(), forecast=ForecastSource(**source))


@dataclass
class World:
    """The adapter over a folder, a clock that is told the time, and what was noted."""

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    notes: list[str] = field(default_factory=list)

    def forecasts(self) -> DeclaredForecasts:
        """Return the adapter as a new process builds it."""
        answers = Answers(self.folder / ".fleetctl" / "forecasts", timeout_s=2.0)
        return DeclaredForecasts(self.folder, answers, self.clock, self.notes.append)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def now_c(forecasts: DeclaredForecasts, of: Site) -> float | None:
    """Return the temperature of the first hour from the world's start on."""
    forecast = forecasts.of(of)
    return forecast.lowest_c(START, START + timedelta(hours=1)) if forecast else None


def test_site_that_declares_none_has_none_and_nothing_is_noted(world: World) -> None:
    assert world.forecasts().of(a_building()) is None
    assert world.notes == []


# --- files ----------------------------------------------------------------------------------------------------------


def test_file_is_read_from_the_fleets_folder_and_read_again_when_it_changes(world: World) -> None:
    file, forecasts = world.folder / "weather.csv", world.forecasts()
    file.write_text(csv(5.0))
    first = forecasts.of(site(file="weather.csv"))
    assert first is forecasts.of(site(file="weather.csv"))
    file.write_text(csv(-1.25))
    assert now_c(forecasts, site(file="weather.csv")) == -1.25


def test_bad_file_is_invalid_input_with_every_problem(world: World) -> None:
    (world.folder / "weather.csv").write_text("time,temperature_c\n2026-01-15T18:00Z,x\n2026-01-15T19:00,1\n")
    with pytest.raises(InvalidInput) as raised:
        world.forecasts().check(site(file="weather.csv"))
    assert [(Path(p.file).name, p.line) for p in raised.value.problems] == [("weather.csv", 2), ("weather.csv", 3)]


def test_missing_file_is_invalid_input(world: World) -> None:
    with pytest.raises(InvalidInput) as raised:
        world.forecasts().check(site(file="none.csv"))
    assert raised.value.problems[0].code == "forecast-missing"


def test_file_that_turns_bad_while_rollouts_run_is_noted_once_and_done_without(world: World) -> None:
    file, forecasts = world.folder / "weather.csv", world.forecasts()
    file.write_text(csv(5.0))
    assert forecasts.of(site(file="weather.csv")) is not None
    file.unlink()
    assert [forecasts.of(site(file="weather.csv")) for _ in range(3)] == [None] * 3
    assert world.notes == [
        "les-sables: no forecast, the design temperature is taken: the forecast cannot be read: "
        "No such file or directory"
    ]


def test_forecast_that_has_ended_is_none(world: World) -> None:
    (world.folder / "weather.csv").write_text(csv(5.0, hours=2))
    world.clock.advance(3 * HOUR_S)
    assert world.forecasts().of(site(file="weather.csv")) is None
    assert "ended at 2026-01-15 19:00Z" in world.notes[0]


# --- addresses ------------------------------------------------------------------------------------------------------


@dataclass
class Service:
    """A weather service that answers as it is told."""

    url: str = ""
    body: str = ""
    status: int = 200
    asked: list[str] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Service]:
    """Run a service on loopback for the length of a block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            weather.asked.append(self.path)
            self.send_response(weather.status)
            self.end_headers()
            self.wfile.write(weather.body.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    weather = Service(f"http://127.0.0.1:{server.server_address[1]}/v1?key=secret", csv(4.0))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield weather
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as running:
        yield running


def test_answer_is_asked_for_once_an_hour(world: World, service: Service) -> None:
    forecasts = world.forecasts()
    assert now_c(forecasts, site(url=service.url)) == 4.0
    service.body = csv(3.0)
    world.clock.advance(HOUR_S - 1)
    assert now_c(forecasts, site(url=service.url)) == 4.0
    assert now_c(world.forecasts(), site(url=service.url)) == 4.0
    world.clock.advance(1)
    assert now_c(forecasts, site(url=service.url)) == 3.0
    assert len(service.asked) == 2


def test_open_meteo_is_understood(world: World, service: Service) -> None:
    times = [f"{START + timedelta(hours=hour):%Y-%m-%dT%H:%M}" for hour in range(48)]
    hourly = {"time": times, "temperature_2m": [-3.0] * 48}
    service.body = json.dumps({"hourly_units": {"temperature_2m": "°C"}, "hourly": hourly})
    assert now_c(world.forecasts(), site(url=service.url)) == -3.0


@pytest.mark.parametrize("status", [500, 404])
def test_last_answer_serves_for_six_hours_while_the_service_fails(world: World, service: Service, status: int) -> None:
    assert now_c(world.forecasts(), site(url=service.url)) == 4.0
    service.status = status
    world.clock.advance(6 * HOUR_S - 1)
    assert now_c(world.forecasts(), site(url=service.url)) == 4.0
    world.clock.advance(1)
    assert now_c(world.forecasts(), site(url=service.url)) is None
    assert len(world.notes) == 1


def test_service_that_fails_is_left_alone_for_a_while_by_all_sites(world: World, service: Service) -> None:
    service.status = 503
    forecasts = world.forecasts()
    other = replace(site(url=service.url + "&other"), id="other")
    assert [forecasts.of(each) for each in (site(url=service.url), other, other)] == [None] * 3
    assert len(service.asked) == 1
    service.status = 200
    world.clock.advance(AGAIN_S)
    assert now_c(forecasts, other) == 4.0


@pytest.mark.parametrize("body", ["<html>come back later</html>", "", '{"error": true, "reason": "no"}', csv(300.0)])
def test_answer_that_is_no_forecast_is_none(world: World, service: Service, body: str) -> None:
    service.body = body
    assert world.forecasts().of(site(url=service.url)) is None
    assert "what 127.0.0.1 answers cannot be used" in world.notes[0]


def test_dead_service_is_none_and_its_address_is_not_told(world: World) -> None:
    with serving() as gone:
        url = gone.url
    assert world.forecasts().of(site(url=url)) is None
    assert world.notes[0].startswith(
        "les-sables: no forecast, the design temperature is taken: 127.0.0.1 does not answer"
    )
    assert "secret" not in world.notes[0]


def test_damaged_keepsake_is_asked_for_again(world: World, service: Service) -> None:
    assert now_c(world.forecasts(), site(url=service.url)) == 4.0
    (kept,) = (world.folder / ".fleetctl" / "forecasts").iterdir()
    kept.write_text("{")
    assert now_c(world.forecasts(), site(url=service.url)) == 4.0
    assert len(service.asked) == 2


def test_address_needs_no_check_before_a_rollout(world: World, service: Service) -> None:
    world.forecasts().check(site(url=service.url))
    assert service.asked == []
