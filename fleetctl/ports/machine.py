"""This machine: its clocks, its processes, its secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fleetctl.core.clock import Now


class Clock(Protocol):
    """Reads the clocks of this machine."""

    def now(self) -> Now:
        """Return wall clock and monotonic clock together."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        ...


@dataclass(frozen=True, slots=True)
class Process:
    """A process of this machine; the mark tells it from a later one with the same number."""

    pid: int
    mark: str


class Processes(Protocol):
    """Looks at processes of this machine, and ends what a controller that is gone left running."""

    def me(self) -> Process:
        """Return this process."""
        ...

    def is_alive(self, process: Process) -> bool:
        """Say whether that very process still exists, running or stopped."""
        ...

    def end_marked(self, marker: str) -> int:
        """End every process whose environment has `FLEETCTL_RUN=marker` or `marker:PART`; returns how many."""
        ...


class Secrets(Protocol):
    """Resolves secrets by name, at the edge."""

    def resolve(self, name: str) -> str:
        """Return the value of a secret.

        Raises:
            CouldNot: if the secret cannot be had; the message names the secret, never a value.
        """
        ...
