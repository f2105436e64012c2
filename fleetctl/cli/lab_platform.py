"""The compute platform of a lab: whether it has one, when its nodes have joined, its own programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.frame import Frame, frame_of
from fleetctl.cli.lab_frame import PlatformOption, TierOption, frame_of_lab, lab_folder
from fleetctl.core.problems import InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fleetctl.core.inventory.fleet import Fleet

PASSED_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}
"""Options of the program are the program's."""
_JOIN_S = 60.0


def kind_of(platform: PlatformOption, tier: TierOption) -> str:
    """Return the kind of platform that is asked for; empty for none.

    Raises:
        InvalidInput: if the tier's units cannot be its nodes.
    """
    if platform is PlatformOption.NONE:
        return ""
    if tier is not TierOption.SYSTEM:
        message = f"--platform {platform.value} needs units with a system of their own"
        raise InvalidInput([Problem("misplaced-option", message, hint="say --tier system as well")])
    return platform.value


def wait_for_nodes(frame: Frame, fleet: Fleet, units: Iterable[str]) -> None:
    """Wait until every unit of the lab that is a node has joined its platform.

    Raises:
        CouldNot: if one does not.
    """
    from fleetctl.cli.platforms import platforms

    with platforms(frame, fleet) as known:
        for unit in units:
            if (standing := known.of(unit)) is not None:
                standing.platform.register(standing.node, within_s=_JOIN_S)


def run_program(
    ctx: typer.Context,
    program: Annotated[list[str], typer.Argument(metavar="PROGRAM [ARGUMENTS...]", help="squeue, sinfo, sbatch, …")],
) -> None:
    """Run one of the platform's own programs where the lab's platform is led from."""
    from fleetctl.lab.folder import LabFolder
    from fleetctl.lab.system.slurm.platform import run

    frame = frame_of_lab(frame_of(ctx), None)
    code, out, err = run(LabFolder(lab_folder(frame).absolute()), program)
    sys.stdout.write(out)
    sys.stderr.write(err)
    raise typer.Exit(code)
