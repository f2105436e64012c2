"""`fleetctl doctor`: what is missing on this machine and how to get it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from fleetctl.cli.frame import Exit, Frame, frame_of, print_json
from fleetctl.cli.table import print_table

if TYPE_CHECKING:
    from fleetctl.core.doctor import Check


def doctor(ctx: typer.Context) -> None:
    """Look for what fleetctl needs on this machine; exits with 1 if something is missing that it cannot do without."""
    from fleetctl.core.doctor import cure_lines, healthy, to_document

    frame = frame_of(ctx)
    found = list(_checks(frame))
    if frame.is_json:
        print_json(to_document(found))
    else:
        rows = ((c.subject, c.finding.value, c.found, c.purpose) for c in found)
        print_table(frame, ("WHAT", "FINDING", "FOUND", "FOR"), rows)
        for line in cure_lines(found):
            frame.notes().print(f"get it: {line}")
    raise typer.Exit(Exit.DONE if healthy(found) else Exit.FAILED)


def _checks(frame: Frame) -> Iterator[Check]:
    from fleetctl.cli import compose
    from fleetctl.core.doctor import PROGRAMS, checks

    folders = {"folder of the state": _state_folder(frame), "tmpfs": Path("/dev/shm")}  # noqa: S108 - only looked at
    yield from checks(compose.machine([program.name for program in PROGRAMS], folders))
    yield _lab_level()
    yield _state(frame)


def _lab_level() -> Check:
    """Say which level of the lab works here, by the lab's own trial."""
    from fleetctl.core.doctor import Check, Grade
    from fleetctl.core.problems import CouldNot
    from fleetctl.lab import levels
    from fleetctl.lab.layout import Level

    purpose = "stand-in units (lab)"
    try:
        choice = levels.choose(None, as_root=os.geteuid() == 0)
    except CouldNot as reason:
        return Check("lab", Grade.OPTIONAL, str(reason), purpose, "install what is listed, and ask again")
    whole = choice.level is Level.NAMESPACES
    cure = "" if whole else f"what a higher level lacks here: {choice.why}"
    return Check("lab", Grade.OK if whole else Grade.OPTIONAL, f"level {choice.level.value}", purpose, cure)


def _state(frame: Frame) -> Check:
    """Say whether the state can be read; one that is not there yet is not made for the question."""
    from fleetctl.cli import compose
    from fleetctl.core.doctor import Check, Grade
    from fleetctl.core.problems import CouldNot, InvalidInput

    purpose = "rollouts, facts, host keys"
    try:
        if frame.state is None and not (frame.state_folder / "state.db").exists():
            return Check("state", Grade.OK, f"none yet in {frame.state_folder}; the first command makes it", purpose)
        with compose.state(frame) as state:
            return Check("state", Grade.OK, f"readable, {state.uuid}", purpose)
    except InvalidInput as invalid:
        problem = invalid.problems[0]
        absent = problem.code == "no-fleet"
        return Check("state", Grade.OPTIONAL if absent else Grade.MISSING, problem.message, purpose, problem.hint)
    except CouldNot as reason:
        return Check("state", Grade.MISSING, str(reason), purpose, reason.hint)


def _state_folder(frame: Frame) -> Path:
    from fleetctl.core.problems import InvalidInput

    try:
        return frame.state_folder
    except InvalidInput:
        return Path.cwd()
