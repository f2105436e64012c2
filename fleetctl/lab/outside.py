"""What a lab has outside of its namespaces, so that it is not made with its supervisor and does not end with it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Protocol

from fleetctl.lab.folder import LabFolder, Record
from fleetctl.lab.layout import Blueprint
from fleetctl.lab.unit.processes import holding, signal_all

Say = Callable[[str], None]
"""Tells a person what takes long."""
GONE_S = 15.0
"""How long whatever is left of a lab may take to end."""


class Outside(Protocol):
    """What differs between levels."""

    def prepare(self, folder: LabFolder, record: Record, blueprint: Blueprint, say: Say) -> None:
        """Make it, before the supervisor starts.

        Args:
            folder: of the lab.
            record: of the lab, whose supervisor does not run yet.
            blueprint: what the supervisor will build.
            say: tells a person what takes long.

        Raises:
            CouldNot: if it cannot be made. What was made is left to `remove`.
        """
        ...

    def remove(self, folder: LabFolder, record: Record, /) -> None:
        """Remove it, after the supervisor ended, in whatever state that left it."""
        ...


class Nothing:
    """Namespaces hold the whole lab."""

    def prepare(self, folder: LabFolder, record: Record, blueprint: Blueprint, say: Say) -> None:
        """Do nothing."""

    def remove(self, folder: LabFolder, record: Record) -> None:
        """Do nothing."""


class Processes:
    """There are no namespaces, so that a supervisor that was killed leaves processes behind."""

    def prepare(self, folder: LabFolder, record: Record, blueprint: Blueprint, say: Say) -> None:
        """Do nothing: the supervisor starts them."""

    def remove(self, folder: LabFolder, _: Record, /) -> None:
        """End what is left running."""
        deadline = time.monotonic() + GONE_S
        while (found := holding(folder.path)) and time.monotonic() < deadline:
            signal_all(found, signal.SIGKILL)
            time.sleep(0.02)
