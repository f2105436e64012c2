"""`fleetctl lab`: stand-in units on this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.frame import Frame, colour, frame_of, print_json
from fleetctl.cli.lab_bundle import bundle
from fleetctl.cli.lab_fault import fault, job
from fleetctl.cli.lab_frame import (
    SAMPLE,
    PlatformKind,
    PlatformOption,
    Source,
    Tier,
    TierOption,
    frame_of_lab,
    has_fleet,
    lab_folder,
)
from fleetctl.cli.lab_heat import ByRoom, OutdoorC, observe, weather, weather_text
from fleetctl.cli.lab_platform import PASSED_ON, kind_of, run_program, wait_for_nodes
from fleetctl.cli.table import print_table
from fleetctl.core.problems import CouldNot, InvalidInput, Problem

if TYPE_CHECKING:
    from fleetctl.core.route import Way
    from fleetctl.lab.lab import Up
    from fleetctl.lab.layout import Level

app = typer.Typer(
    help="Stand-in units on this machine: bring them up, break them, take them down.", no_args_is_help=True
)

_SAMPLE_UNITS = 12

Factor = Annotated[float, typer.Option(min=0.1, max=3600, help="Seconds that pass in rooms and tanks while one does.")]


class LevelOption(StrEnum):
    """How much of a machine a light stand-in is; `auto` takes the most that this machine allows."""

    AUTO = "auto"
    NAMESPACES = "namespaces"
    LOOPBACK = "loopback"
    PROCESSES = "processes"


_COLUMNS = ("UNIT", "KIND", "STATE", "SLOT", "BOOTS", "HEAT", "TEMPERATURE", "FAULTS")


@app.command(epilog="Example: fleetctl -i inventories/les-sables lab up --select building=a,dwelling=A1*")
def up(
    ctx: typer.Context,
    units: Annotated[
        int | None, typer.Option(min=1, help="At most this many units, and their gateways; or make a fleet of so many.")
    ] = None,
    source: Source = None,
    select: Annotated[list[str] | None, typer.Option(help="key=pattern,… or site/unit; all units if left out.")] = None,
    tier: Tier = TierOption.LIGHT,
    platform: PlatformKind = PlatformOption.NONE,
    level: Annotated[LevelOption, typer.Option(help="How much of a machine a light stand-in is.")] = LevelOption.AUTO,
    outdoor_c: OutdoorC = 5.0,
    time_factor: Factor = 1.0,
    rooms: ByRoom = False,
) -> None:
    """Start a stand-in for each unit of a fleet, and pin their host keys; without a fleet, make a small one."""
    from fleetctl.cli import compose
    from fleetctl.lab import lab
    from fleetctl.lab.layout import Weather

    wanted, kind = _level(tier, level), kind_of(platform, tier)
    frame = _frame_to_bring_up(frame_of(ctx), source, units)
    fleet = compose.fleet(frame)
    if frame.inventory == SAMPLE and len(fleet.by_name) < (units or 0):
        message = f"the fleet in {SAMPLE} has {len(fleet.by_name)} units, not {units}"
        raise CouldNot(message, hint=f"remove {SAMPLE}, and a fleet of {units} is made")
    chosen = _chosen(fleet, select, units)
    around, keyring = Weather(outdoor_c, time_factor, by_room=rooms), _keyring(frame)
    with _progress(frame) as progress:
        found = lab.up(
            fleet,
            lab_folder(frame),
            level=wanted,
            selected=chosen,
            weather=around,
            keyring=keyring,
            platform=kind,
            progress=progress,
            say=_say,
        )
    _remember(frame, found)
    if kind:
        wait_for_nodes(frame, fleet, found.pins)
    _print_up(frame, found)


@app.command(epilog="Example: fleetctl lab status")
def status(ctx: typer.Context, source: Source = None) -> None:
    """Show the lab's level, what it cannot show, and its units."""
    from fleetctl.lab import lab

    frame = frame_of_lab(frame_of(ctx), source)
    found = lab.status(lab_folder(frame))
    if frame.is_json:
        print_json({"schema": "fleetctl/lab/v1", **found})
        return
    print_table(frame, _COLUMNS, map(_row, found["units"]))
    sys.stderr.write(weather_text(found["weather"]))
    _say_level(found["level"], found["why"], found["cannot"])


@app.command(epilog="Example: fleetctl lab down")
def down(ctx: typer.Context, source: Source = None) -> None:
    """Take the lab down; nothing of it is left, whatever state it was in."""
    from fleetctl.lab import lab

    frame = frame_of_lab(frame_of(ctx), source)
    was_up = lab.down(lab_folder(frame))
    if was_up:
        _set_ways(frame, {})
    if frame.is_json:
        print_json({"schema": "fleetctl/lab-down/v1", "was_up": was_up})
    else:
        sys.stderr.write("the lab is down\n" if was_up else "no lab was up\n")


def _frame_to_bring_up(frame: Frame, source: Path | None, units: int | None) -> Frame:
    """Return the frame of the fleet to stand in for: the one named, else the nearest, else one made here."""
    from fleetctl.cli import compose
    from fleetctl.lab.sample import sample_files

    if source is not None or frame.inventory is not None:
        return replace(frame, inventory=source or frame.inventory)
    if has_fleet(frame) and units is None:
        return frame
    if not (SAMPLE / "fleet.yaml").is_file():
        compose.write_files(SAMPLE, sample_files(units or _SAMPLE_UNITS), overwrite=False)
        sys.stderr.write(f"made a fleet of {units or _SAMPLE_UNITS} units in {SAMPLE}; name it with -i {SAMPLE}\n")
    return replace(frame, inventory=SAMPLE)


def _level(tier: TierOption, level: LevelOption) -> Level | None:
    """Return the only level to try; None for the best of the first tier."""
    from fleetctl.lab.layout import Level

    if tier is TierOption.LIGHT:
        return None if level is LevelOption.AUTO else Level(level.value)
    if level is not LevelOption.AUTO:
        message = f"--level says how much of a machine a light stand-in is, and tier '{tier.value}' has none"
        raise InvalidInput([Problem("misplaced-option", message, hint="leave --level out, or say --tier light")])
    return Level.SYSTEM


def _keyring(frame: Frame) -> str:
    """Return the certificates of those whose bundles the fleet's units believe; empty if none are declared."""
    from fleetctl.cli.depot import KEYRING
    from fleetctl.core.releases.declaring import FOLDER

    file = frame.folder / FOLDER / KEYRING
    return file.read_text() if file.exists() else ""


def _chosen(fleet: Any, selection: list[str] | None, units: int | None) -> list[str] | None:
    from fleetctl.core.selectors import select

    if selection is None and units is None:
        return None
    return [unit.name for unit in select(fleet, selection or ())][:units]


@contextmanager
def _progress(frame: Frame) -> Iterator[Callable[[int, int], None]]:
    """Show how many units answer: a bar in a terminal, one line at the end elsewhere."""
    if not colour():
        yield _say_all_answer
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(TextColumn("booting"), BarColumn(), MofNCompleteColumn(), console=frame.notes()) as progress:
        task = progress.add_task("booting", total=None)
        yield lambda answer, of: progress.update(task, completed=answer, total=of)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _say_all_answer(answer: int, of: int) -> None:
    if answer == of:
        sys.stderr.write(f"{answer} of {of} units answer\n")


def _remember(frame: Frame, found: Up) -> None:
    """Pin the host keys and note the ways, as they would be if the units had been imaged here."""
    from fleetctl.cli import compose

    with compose.state(frame) as state:
        pins = {unit: (pin,) for unit, pin in found.pins.items()}
        state.units.pin(pins, actor=frame.actor, at=datetime.now(UTC), why="lab up")
        state.units.set_ways(found.ways)


def _set_ways(frame: Frame, ways: Mapping[str, Way]) -> None:
    from fleetctl.cli import compose

    with compose.state(frame) as state:
        state.units.set_ways(ways)


def _print_up(frame: Frame, found: Up) -> None:
    if frame.is_json:
        document = {"level": found.level.value, "why": found.why, "cannot": list(found.cannot)}
        print_json({"schema": "fleetctl/lab-up/v1", **document, "units": sorted(found.pins)})
    else:
        _say_level(found.level.value, found.why, found.cannot)


def _say_level(level: str, why: str, cannot: Any) -> None:
    sys.stderr.write(f"level: {level}\n")
    if why:
        sys.stderr.write(f"  not more, because: {why}\n")
    sys.stderr.writelines(f"  cannot show {what}\n" for what in cannot)


def _row(unit: dict[str, Any]) -> tuple[str, ...]:
    state = unit["phase"] if unit["phase"] != "off" else f"off ({unit['ended'] or 'never started'})"
    heat = unit["heat"]
    warmth = (f"{heat['power_w']:.0f} W", f"{heat['temperature_c']:.1f} °C") if heat else ("", "")
    return (unit["unit"], unit["kind"], state, unit["slot"], str(unit["boots"]), *warmth, ", ".join(unit["faults"]))


app.command(epilog="Example: fleetctl lab bundle qh-1-2026.12.0 --model qh-1 --fails no-heat")(bundle)
app.command(epilog="Example: fleetctl lab fault site-1/rad-01 cut")(fault)
app.command(epilog="Example: fleetctl lab job site-1/rad-01 600")(job)
app.command(epilog="Example: fleetctl lab weather --outdoor-c 2")(weather)
app.command(epilog="Example: fleetctl -o json lab observe")(observe)
app.command("platform", epilog="Example: fleetctl lab platform squeue", context_settings=PASSED_ON)(run_program)
