"""What a plan says of one site, in the form in which it is kept until the site, its configs or its facts change.

It judges nothing: `planning.judge` makes what is kept here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from fleetctl.core.facts import Cause
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.plan import LeftOut, UnitPlan
from fleetctl.core.rollout.state import Action


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of some units.

    Attributes:
        units: what needs something, in order of names.
        left_out: of what nothing can be said, in order of names.
        unchanged: how many need nothing.
    """

    units: tuple[UnitPlan, ...]
    left_out: tuple[LeftOut, ...]
    unchanged: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What the state holds of a site, without reading it.

    Attributes:
        digest: of every observation of the site's units.
        units: their names, in order.
    """

    digest: str
    units: tuple[str, ...]


def pack(verdict: Verdict) -> bytes:
    """Encode a verdict."""
    return orjson.dumps(verdict)


def unpack(content: bytes) -> Verdict:
    """Decode what `pack` encoded.

    Raises:
        ValueError: if it is something else.
    """
    try:
        stored = orjson.loads(content)
        return Verdict(
            tuple(map(_unit, stored["units"])), tuple(map(_left_out, stored["left_out"])), int(stored["unchanged"])
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a site's verdict: {error}") from error


def _unit(row: dict[str, Any]) -> UnitPlan:
    tuples = {name: tuple(row[name]) for name in ("reasons", "files")}
    return UnitPlan(**row | tuples | {"kind": Kind(row["kind"]), "actions": tuple(map(Action, row["actions"]))})


def _left_out(row: Mapping[str, Any]) -> LeftOut:
    return LeftOut(row["unit"], Cause(row["cause"]) if row["cause"] else None, row["reason"])
