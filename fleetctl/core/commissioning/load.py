"""A load that a unit was given on purpose, a burn-in or a pattern of heat, and the samples that it took of itself.

`fleet-unit status` tells how the load goes (`Load`), `fleet-unit samples` prints its samples (`Run`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SAMPLES_SCHEMA = "fleetctl/unit-samples/v1"
LOAD = "load"
"""Key of the details of ledger entries that tell what came of a load: its id."""


class LoadKind(StrEnum):
    """What a unit was given."""

    BURN_IN = "burn-in"
    HEAT_PATTERN = "heat-pattern"


class LoadState(StrEnum):
    """How it goes."""

    RUNNING = "running"
    DONE = "done"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Load:
    """The load that a unit was given last.

    Attributes:
        id: `attempt:step` of the command that asked for it.
        state: only of one that is done anything may be concluded.
        because: why it was interrupted; empty otherwise.
        began_at, ends_at: Unix times by the unit's own clock, the second the latest that it may end.
        samples: taken so far.
    """

    id: str
    kind: LoadKind
    state: LoadState
    because: str
    began_at: float
    ends_at: float
    samples: int


@dataclass(frozen=True, slots=True)
class Sample:
    """What a unit measured of itself at one moment; None is what it has no sensor for.

    Attributes:
        at: Unix time, by the unit's own clock.
        throttles, nic_errors: as counted since it booted.
    """

    at: float
    power_w: float
    commanded_w: float
    room_c: float | None = None
    water_out_c: float | None = None
    water_return_c: float | None = None
    heatsink_c: float | None = None
    throttles: int = 0
    nic_errors: int = 0

    @property
    def ambient_c(self) -> float | None:
        """Return the temperature of what the unit gives its heat to: the room, or the water that comes back."""
        return self.room_c if self.room_c is not None else self.water_return_c


@dataclass(frozen=True, slots=True)
class Run:
    """A load with its samples, in the order of time."""

    load: Load
    samples: Sequence[Sample]


def load_from(document: Mapping[str, Any] | None) -> Load | None:
    """Read the load of a status document; None if the unit was given none.

    Raises:
        KeyError, TypeError, ValueError: if it is misshaped.
    """
    if not document:
        return None
    return Load(
        str(document["id"]),
        LoadKind(document["kind"]),
        LoadState(document["state"]),
        str(document.get("because") or ""),
        float(document["began_at"]),
        float(document["ends_at"]),
        int(document["samples"]),
    )


def run_from(document: Mapping[str, Any]) -> Run:
    """Read what `fleet-unit samples` printed.

    Raises:
        ValueError: if it is not such a document, or the unit was given no load; says what is missing.
    """
    if document.get("schema") != SAMPLES_SCHEMA:
        raise ValueError(f"expected a document of schema {SAMPLES_SCHEMA}, got {document.get('schema')!r}")
    try:
        load = load_from(document["load"])
        samples = tuple(sorted(map(_sample, document["samples"]), key=lambda sample: sample.at))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the samples lack or misshape {error}") from error
    if load is None:
        raise ValueError("the unit was given no load")
    return Run(load, samples)


def _sample(row: Mapping[str, Any]) -> Sample:
    return Sample(
        at=float(row["at"]),
        power_w=float(row["power_w"]),
        commanded_w=float(row["commanded_w"]),
        room_c=_number(row.get("zone_temperature_c")),
        water_out_c=_number(row.get("water_out_c")),
        water_return_c=_number(row.get("water_return_c")),
        heatsink_c=_number(row.get("heatsink_c")),
        throttles=int(row.get("throttles") or 0),
        nic_errors=int(row.get("nic_errors") or 0),
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
