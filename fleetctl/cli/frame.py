"""What every command shares: the global options, and how output is printed.

Data goes to standard output, everything else to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from fleetctl.core.problems import InvalidInput, Problem

if TYPE_CHECKING:
    import typer
    from rich.console import Console


class Output(StrEnum):
    """Form of what is printed on standard output."""

    TEXT = "text"
    JSON = "json"


class Exit:
    """Exit codes of every command."""

    DONE = 0
    FAILED = 1
    INVALID = 2
    CHANGES = 3
    HALTED = 4
    INTERRUPTED = 130


@dataclass(frozen=True)
class Frame:
    """The global options of one call."""

    inventory: Path | None = None
    state: str | None = None
    output: Output = Output.TEXT

    @property
    def is_json(self) -> bool:
        """Say whether standard output is for a machine."""
        return self.output is Output.JSON

    @property
    def folder(self) -> Path:
        """Return the fleet's folder: the one given, or the nearest upward with a `fleet.yaml`.

        Raises:
            InvalidInput: if there is none.
        """
        if self.inventory is not None:
            folder = self.inventory.parent if self.inventory.name == "fleet.yaml" else self.inventory
            if (folder / "fleet.yaml").is_file():
                return folder
            raise _no_fleet(f"{folder} has no fleet.yaml")
        here = Path.cwd()
        for folder in (here, *here.parents):
            if (folder / "fleet.yaml").is_file():
                return folder
        raise _no_fleet("no fleet.yaml here or in a folder above")

    @property
    def state_folder(self) -> Path:
        """Return the folder for what fleetctl keeps beside the inventory (not created here)."""
        return self.folder / ".fleetctl"

    @property
    def state_url(self) -> str:
        """Return the SQLAlchemy URL of the state."""
        return self.state or f"sqlite:///{self.state_folder.resolve() / 'state.db'}"

    @property
    def actor(self) -> str:
        """Return who acts: the authenticated OS user."""
        from fleetctl.cli import person

        return person.actor()

    def console(self) -> Console:
        """Return the console for data."""
        from rich.console import Console

        return Console(highlight=False, soft_wrap=True, markup=False, emoji=False)

    def notes(self) -> Console:
        """Return the console for everything that is not data."""
        from rich.console import Console

        return Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


def frame_of(ctx: typer.Context) -> Frame:
    """Return the global options of the call."""
    frame = ctx.find_root().obj
    assert isinstance(frame, Frame)  # noqa: S101 - set by the root callback before any command runs
    return frame


def print_json(document: Any) -> None:
    """Print one JSON document on standard output."""
    json.dump(document, sys.stdout, indent=2 if sys.stdout.isatty() else None, ensure_ascii=False, default=str)
    sys.stdout.write("\n")


def colour(stream: TextIO | None = None) -> bool:
    """Say whether a stream, standard error if none is given, is a terminal that wants colour."""
    return (stream or sys.stderr).isatty() and "NO_COLOR" not in os.environ


def _no_fleet(message: str) -> InvalidInput:
    hint = "name the fleet's folder with -i or FLEETCTL_INVENTORY, or start one with 'fleetctl init DIR'"
    return InvalidInput([Problem("no-fleet", message, hint=hint)])
