"""Which lab a command means: the one of the fleet that is named, or near, or was made here."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fleetctl.cli.frame import Frame
from fleetctl.core.problems import InvalidInput

SAMPLE = Path("lab-fleet")
"""Folder of the fleet that is made where there is none."""


class TierOption(StrEnum):
    """What a stand-in runs: programs that stand in for a system, or systemd and the real RAUC."""

    LIGHT = "light"
    SYSTEM = "system"


class PlatformOption(StrEnum):
    """Which compute platform the lab has; `none` lets a program on each unit stand in for one."""

    NONE = "none"
    SLURM = "slurm"


Tier = Annotated[
    TierOption, typer.Option(help="What a stand-in runs; 'system' is systemd and the real RAUC, and needs root.")
]
PlatformKind = Annotated[
    PlatformOption, typer.Option("--platform", help="Compute platform of the lab; 'slurm' needs '--tier system'.")
]
Source = Annotated[
    Path | None, typer.Option("--from", metavar="INVENTORY", help="Folder with the fleet.yaml to stand in for.")
]


def lab_folder(frame: Frame) -> Path:
    """Return the folder of a fleet's lab."""
    return frame.state_folder / "lab"


def frame_of_lab(frame: Frame, source: Path | None) -> Frame:
    """Return the frame of the fleet whose lab is meant; where none is named or near, the one that was made here."""
    if source is not None or frame.inventory is not None:
        return replace(frame, inventory=source or frame.inventory)
    if not has_fleet(frame) and (SAMPLE / "fleet.yaml").is_file():
        return replace(frame, inventory=SAMPLE)
    return frame


def has_fleet(frame: Frame) -> bool:
    """Say whether a fleet is named or near."""
    try:
        return bool(frame.folder)
    except InvalidInput:
        return False
