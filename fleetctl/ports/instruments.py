"""What looks at units while a building is commissioned, and where their rounds are done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from fleetctl.core.commissioning.stages import Outcome, Stage
    from fleetctl.core.inventory.fleet import Unit
    from fleetctl.core.route import Route


@dataclass(frozen=True, slots=True)
class StageNews:
    """What became known of one stage of one place.

    Attributes:
        subject: as the ledger calls it.
        detail: in the shape of its stage.
    """

    subject: str
    stage: Stage
    outcome: Outcome
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of an instrument brought.

    Attributes:
        findings: what is known now for good.
        waits: why the other units have to wait, in words, by their names.
        again_s: not to be asked again before so many seconds.
        goes_on: something goes on at a unit by itself, so that waiting is worth while.
    """

    findings: tuple[StageNews, ...] = ()
    waits: Mapping[str, str] = field(default_factory=dict)
    again_s: float = 0.0
    goes_on: bool = False


class Instrument(Protocol):
    """Does, or observes, one stage of many units at once.

    It is level-triggered: it is asked again and again with all units that wait for the stage, and finds out by itself
    what it began with earlier, in this process or in one that was killed. It keeps nothing that it needs.
    """

    @property
    def stage(self) -> Stage:
        """Return the stage that it is for."""
        ...

    def round(self, units: Sequence[Unit]) -> Round:
        """Begin what can begin, observe, and return what is known; it may take its time.

        Raises:
            CouldNot: if nothing can be said of any of them now; it is asked again later.
        """
        ...


@dataclass(frozen=True, slots=True)
class Done:
    """A round that is over.

    Attributes:
        units: that it was about, by name.
        trouble: why there was none, in words; empty if there was one.
    """

    stage: Stage
    units: tuple[str, ...]
    result: Round
    trouble: str = ""


class Rounds(Protocol):
    """Where rounds are done, at most one of each instrument at a time."""

    @property
    def busy(self) -> Mapping[Stage, Sequence[str]]:
        """Return which instruments are at it, with the units they are at."""
        ...

    def start(self, instrument: Instrument, units: Sequence[Unit]) -> None:
        """Start a round; returns at once."""
        ...

    def ended(self) -> Sequence[Done]:
        """Return the rounds that are over since the last call.

        Raises:
            Exception: whatever was unexpected in a round.
        """
        ...


class Lines(Protocol):
    """The lines that a person, a scanner or a program types."""

    @property
    def ended(self) -> bool:
        """Say whether no more line will come."""
        ...

    def read(self, timeout_s: float) -> str | None:
        """Return the next line, without its end; None if none came in time."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """A command for one unit."""

    unit: str
    route: Route
    argv: tuple[str, ...]
    stdin: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of an order.

    Attributes:
        trouble: why the unit could not be asked, in words; empty if it answered.
    """

    unit: str
    code: int = 0
    out: bytes = b""
    err: bytes = b""
    trouble: str = ""


class Crowd(Protocol):
    """Runs commands on many units at once."""

    def execute(self, orders: Sequence[Order]) -> Sequence[Reply]:
        """Run each order's command on its unit; returns what became of each, in their order."""
        ...
