"""Where a rollout left its units: on which version, on which config, and what is still to be looked after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fleetctl.core.facts import Facts, Observation
from fleetctl.core.rollout.readings import Reading
from fleetctl.core.rollout.state import Action, Progress

UNKNOWN_VERSION = "unknown"


class Config(StrEnum):
    """Which config a unit has, as far as the rollout is concerned."""

    NEW = "new"
    BEFORE = "before"
    """What it had before the rollout."""
    OTHER = "other"
    """Neither: somebody else changed it."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LastSeen:
    """What a unit was last seen with: by the rollout, or else by whoever observed it."""

    config: Config
    version: str = UNKNOWN_VERSION
    config_digest: str = ""


NEVER_SEEN = LastSeen(Config.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Mixed:
    """Units that stand alike."""

    config: Config
    version: str
    units: tuple[str, ...]


def standings(
    units: Iterable[Progress], readings: Iterable[Reading], facts: Mapping[str, Observation]
) -> Mapping[str, LastSeen]:
    """Return where each unit stands, by its name."""
    last = {reading.unit: reading for reading in sorted(readings, key=lambda each: each.at)}
    return {unit.unit: _standing(unit, last.get(unit.unit) or facts.get(unit.unit)) for unit in units}


def mixed(standing: Mapping[str, LastSeen]) -> tuple[Mixed, ...]:
    """Group units that stand alike, those with the new config first."""
    groups: dict[tuple[Config, str], list[str]] = defaultdict(list)
    for unit, each in standing.items():
        groups[each.config, each.version].append(unit)
    order = list(Config)
    found = sorted(groups.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
    return tuple(Mixed(config, version, tuple(names)) for (config, version), names in found)


def _standing(unit: Progress, seen: Reading | Observation | None) -> LastSeen:
    if not isinstance(seen, Reading | Facts):
        return NEVER_SEEN if unit.attempt else LastSeen(Config.BEFORE)
    return LastSeen(_config(unit, seen.config_digest), seen.version or UNKNOWN_VERSION, seen.config_digest)


def _config(unit: Progress, digest: str) -> Config:
    if Action.CONFIGURE not in unit.actions:
        return Config.BEFORE
    if digest == unit.config_digest:
        return Config.NEW
    known = not unit.previous_digest or digest == unit.previous_digest
    return Config.BEFORE if known else Config.OTHER
