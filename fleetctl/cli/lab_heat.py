"""`fleetctl lab weather` and `fleetctl lab observe`: the physical side of a lab."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.frame import frame_of, print_json
from fleetctl.cli.lab_frame import Source, frame_of_lab, lab_folder
from fleetctl.cli.table import print_table

if TYPE_CHECKING:
    from fleetctl.lab.observed import Observed, Peaks

OutdoorC = Annotated[float, typer.Option(min=-40, max=50, help="Outdoor temperature.")]

ByRoom = Annotated[
    bool, typer.Option("--rooms", help="Let each heated room be a space of its own, not a whole dwelling.")
]


def weather(
    ctx: typer.Context,
    outdoor_c: Annotated[float, typer.Option(min=-40, max=50, help="Outdoor temperature from now on.")],
    source: Source = None,
) -> None:
    """Change the outdoor temperature while the lab runs."""
    from fleetctl.lab import lab

    frame = frame_of_lab(frame_of(ctx), source)
    found = lab.weather(lab_folder(frame), outdoor_c)
    if frame.is_json:
        print_json({"schema": "fleetctl/lab-weather/v1", **found})
    else:
        sys.stderr.write(weather_text(found))


def observe(ctx: typer.Context, source: Source = None) -> None:
    """Show what the lab itself has recorded: lowest temperatures, what was down at once, heat not delivered.

    Nothing of fleetctl's own records is used. Durations are of the model's time.
    """
    from fleetctl.lab import lab

    frame = frame_of_lab(frame_of(ctx), source)
    found = lab.observe(lab_folder(frame))
    if frame.is_json:
        print_json({"schema": "fleetctl/lab-observed/v1", **found.document()})
        return
    spaces = [(id, f"{t.now_c:.1f} °C", f"{t.lowest_c:.1f} °C") for id, t in {**found.zones, **found.loops}.items()]
    print_table(frame, ("SPACE", "NOW", "LOWEST"), spaces)
    print_table(frame, ("DOWN AT ONCE, IN", "UNITS", "WATTS", "WHICH"), _peaks(found.down_at_once))
    print_table(frame, ("UNIT", "DOWN", "WITHOUT HEAT", "NOT DELIVERED"), _accounts(found))
    sys.stderr.write(_total(found))


def weather_text(found: Mapping[str, Any]) -> str:
    """Return the weather in one line for people."""
    faster = "" if found["time_factor"] == 1 else f", time runs {found['time_factor']:g} times as fast"
    return f"outdoors: {found['outdoor_c']:g} °C{faster}\n"


def _peaks(peaks: Peaks) -> Iterator[tuple[str, ...]]:
    for scope, peak in {"fleet": peaks.fleet, **peaks.sites, **peaks.dwellings, **peaks.loops}.items():
        yield (scope, str(peak.units), f"{peak.watts:.0f}", ", ".join(peak.names[:3]) + (", …" * (peak.units > 3)))


def _accounts(found: Observed) -> Iterator[tuple[str, ...]]:
    for unit, account in found.units.items():
        if account.downs or account.without_heat_s:
            kwh = f"{account.not_delivered_kwh:.2f} kWh"
            yield (unit, str(account.downs), f"{account.without_heat_s / 60:.1f} min", kwh)


def _total(found: Observed) -> str:
    hours = found.model_s / 3600
    return f"{found.not_delivered_kwh:.2f} kWh were not delivered in {hours:.1f} h, from {found.since} on\n"
