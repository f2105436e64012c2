"""Effects on units, and looks at them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fleetctl.core.facts import Observation
    from fleetctl.core.rollout.state import Step, StepResult
    from fleetctl.core.route import Pin, Route


@dataclass(frozen=True, slots=True)
class Target:
    """A unit to observe, and the way to it."""

    unit: str
    route: Route


class Prober(Protocol):
    """Observes units, one exec each, over one connection a gateway."""

    def submit(self, targets: Iterable[Target]) -> None:
        """Start observing; returns at once. A unit that is already being observed is not started twice."""
        ...

    def poll(self, timeout_s: float) -> Sequence[Observation]:
        """Return what became known; waits up to `timeout_s` for the first. Every target gets exactly one answer."""
        ...

    def close(self) -> None:
        """End every connection."""
        ...


class Shell(Protocol):
    """Runs single commands on units, and tells which host keys a unit has."""

    def execute(self, route: Route, argv: Sequence[str], stdin: bytes = b"") -> tuple[int, bytes, bytes]:
        """Run a command on a unit; return its exit code, standard output and standard error.

        Raises:
            CouldNot: if the unit cannot be reached, or is not the one that it should be.
        """
        ...

    def offered_keys(self, route: Route) -> Sequence[Pin]:
        """Return the host keys that a unit proves to have, whatever is pinned for it; its gateway has to be known.

        Raises:
            CouldNot: if the unit cannot be reached.
        """
        ...


class Executor(Protocol):
    """Does steps on units. It starts them and never waits for one."""

    def submit(self, steps: Sequence[Step]) -> None:
        """Start steps whose intents are journalled; returns at once."""
        ...

    def poll(self, timeout_s: float) -> Sequence[StepResult]:
        """Return what ended; waits up to `timeout_s` for the first. Every step gets exactly one result."""
        ...

    def cancel(self, step: Step) -> None:
        """Give up waiting for a step; its result will be `no_outcome`."""
        ...

    def close(self) -> None:
        """End whatever runs, and wait for its end."""
        ...
