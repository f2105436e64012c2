"""`fleetctl lab fault` and `lab job`: break a stand-in, repair it, give it work. Parts of `cli.lab`."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.arguments import UnitName
from fleetctl.cli.frame import frame_of, print_json
from fleetctl.cli.lab_frame import Source, frame_of_lab, lab_folder
from fleetctl.cli.table import print_table
from fleetctl.core.problems import InvalidInput, Problem

if TYPE_CHECKING:
    from fleetctl.lab.faults import Detail

Delay = Annotated[float | None, typer.Option(min=0, max=10_000, help="lossy: how late each way; 40 if left out.")]
Jitter = Annotated[float | None, typer.Option(min=0, max=10_000, help="lossy: later or earlier by so much; 0.")]
Loss = Annotated[float | None, typer.Option(min=0, max=100, help="lossy: packets lost of a hundred each way; 2.")]
Offset = Annotated[
    float | None, typer.Option(min=-50, max=50, help="lying-sensor: off by so much; frozen if left out.")
]


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
