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

from fleetctl.cli.arguments import UnitName
from fleetctl.cli.frame import Frame, colour, frame_of, print_json
from fleetctl.cli.lab_bundle import bundle
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
    from fleetctl.lab.faults import Detail
    from fleetctl.lab.lab import Up
    from fleetctl.lab.layout import Level

app = typer.Typer(
    help="Stand-in units on this machine: bring them up, break them, take them down.", no_args_is_help=True
)

_SAMPLE_UNITS = 12

Delay = Annotated[float | None, typer.Option(min=0, max=10_000, help="lossy: how late each way; 40 if left out.")]
Jitter = Annotated[float | None, typer.Option(min=0, max=10_000, help="lossy: later or earlier by so much; 0.")]
Loss = Annotated[float | None, typer.Option(min=0, max=100, help="lossy: packets lost of a hundred each way; 2.")]
Offset = Annotated[
    float | None, typer.Option(min=-50, max=50, help="lying-sensor: off by so much; frozen if left out.")
]
Factor = Annotated[float, typer.Option(min=0.1, max=3600, help="Seconds that pass in rooms and tanks while one does.")]


class LevelOption(StrEnum):
    """How much of a machine a light stand-in is; `auto` takes the most that this machine allows."""

    AUTO = "auto"
    NAMESPACES = "namespaces"
    LOOPBACK = "loopback"
    PROCESSES = "processes"


class FaultOption(StrEnum):
    """What can be done to a stand-in."""

    CUT = "cut"
    ON = "on"
    UNPLUG = "unplug"
    PLUG = "plug"
    HANG = "hang"
    UNHANG = "unhang"
    SLOW = "slow"
    LOSSY = "lossy"
    FAST = "fast"
    CLEAR = "clear"
    FILL_DISK = "fill-disk"
    FREE_DISK = "free-disk"
    CORRUPT = "corrupt"
    DEAD_HEATER = "dead-heater"
    LYING_SENSOR = "lying-sensor"
    WEAK_SUPPLY = "weak-supply"
    STUCK_VALVE = "stuck-valve"
    DEAD_FAN = "dead-fan"
    NIC_ERRORS = "nic-errors"
    SWAP = "swap"
    SWAP_ROOMS = "swap-rooms"
    FOREIGN = "foreign"
    EXPEL = "expel"
    REPLACE = "replace"
    MEND = "mend"


_ABOUT_LINES = (FaultOption.LOSSY, "what a lossy line is like")
_ABOUT_SENSORS = (FaultOption.LYING_SENSOR, "how far a lying sensor is off")
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


@app.command(epilog="Example: fleetctl lab fault site-1/rad-01 cut")
def fault(
    ctx: typer.Context,
    unit: UnitName,
    what: Annotated[FaultOption, typer.Argument(metavar="FAULT", help=", ".join(f.value for f in FaultOption))],
    delay_ms: Delay = None,
    jitter_ms: Jitter = None,
    loss_percent: Loss = None,
    offset_k: Offset = None,
    other: Annotated[
        str | None,
        typer.Option("--with", metavar="UNIT", help="swap, swap-rooms: the unit whose machine it is swapped with."),
    ] = None,
    source: Source = None,
) -> None:
    """Break a stand-in, or repair it: power, network, disk, processes, files, heater, sensors."""
    from fleetctl.lab import lab

    detail = _detail(what, delay_ms=delay_ms, jitter_ms=jitter_ms, loss_percent=loss_percent, offset_k=offset_k)
    detail = replace(detail, other=_other(what, other))
    frame = frame_of_lab(frame_of(ctx), source)
    done = lab.fault(lab_folder(frame), unit, what.value, detail)
    if frame.is_json:
        print_json({"schema": "fleetctl/lab-fault/v1", "unit": unit, "fault": what.value, "done": done})
    else:
        sys.stderr.write(f"{unit}: {done}\n")


@app.command(epilog="Example: fleetctl lab job site-1/rad-01 600")
def job(
    ctx: typer.Context,
    unit: UnitName,
    seconds: Annotated[
        float | None, typer.Argument(min=0.1, help="How long the job runs; left out, the unit's jobs are shown.")
    ] = None,
    source: Source = None,
) -> None:
    """Hand a job in to a stand-in's compute daemon, or show what became of its jobs."""
    from fleetctl.lab import lab

    frame = frame_of_lab(frame_of(ctx), source)
    handed_in, jobs = lab.job(lab_folder(frame), unit, seconds or 0.0)
    if frame.is_json:
        print_json({"schema": "fleetctl/lab-job/v1", "unit": unit, "job": handed_in, "jobs": jobs})
    elif handed_in:
        sys.stderr.write(f"{unit}: {handed_in} runs for {seconds:g} s once it has started\n")
    else:
        print_table(frame, ("JOB", "STATE"), jobs.items())


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


def _detail(what: FaultOption, **numbers: float | None) -> Detail:
    """Return how bad a fault shall be; a number that says nothing about it is an error."""
    from fleetctl.lab.faults import Detail
    from fleetctl.lab.line import USUAL

    given = {name: number for name, number in numbers.items() if number is not None}
    for name in given:
        about, says = _ABOUT_SENSORS if name == "offset_k" else _ABOUT_LINES
        if what is not about:
            option = f"--{name.replace('_', '-')}"
            message = f"{option} says {says}, and '{what.value}' makes none"
            raise InvalidInput([Problem("misplaced-option", message, hint=f"leave {option} out, or say '{about}'")])
    offset_k = given.pop("offset_k", None)
    return Detail(replace(USUAL, **given), offset_k)


def _other(what: FaultOption, other: str | None) -> str:
    """Return the other unit of a fault that has two; it is an error to name one where there is none, or none."""
    if (other is not None) is not (what in (FaultOption.SWAP, FaultOption.SWAP_ROOMS)):
        message = "--with names the unit that a machine is swapped with, and goes with 'swap' and 'swap-rooms' alone"
        raise InvalidInput([Problem("misplaced-option", message, hint="fleetctl lab fault UNIT swap --with UNIT")])
    return other or ""


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
app.command(epilog="Example: fleetctl lab weather --outdoor-c 2")(weather)
app.command(epilog="Example: fleetctl -o json lab observe")(observe)
app.command("platform", epilog="Example: fleetctl lab platform squeue", context_settings=PASSED_ON)(run_program)
