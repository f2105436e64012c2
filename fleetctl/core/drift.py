"""Drift: where a unit is not what is declared, as sentences for people and kinds for machines. Pure.

The resident's own setpoint and whatever a sensor measures are never drift.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from fleetctl.core.facts import Facts
from fleetctl.core.plan import Desired
from fleetctl.core.planning import differing_files

SHORT = 12


class DriftKind(StrEnum):
    """What differs."""

    IDENTITY = "identity"
    """Another machine stands there."""
    CONFIG = "config"
    EDITED = "edited"
    """Files were edited on the unit after they were applied."""
    UNCONFIRMED = "unconfirmed"
    REBOOT = "reboot"
    VERSION = "version"
    SLOT = "slot"


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference.

    Attributes:
        message: one sentence without the unit's name and without a full stop.
        files: paths that it is about; empty if it is about none.
    """

    kind: DriftKind
    message: str
    files: tuple[str, ...] = ()


def drift(want: Desired, seen: Facts) -> tuple[Drift, ...]:
    """Return how a unit differs from what is declared; empty if it does not."""
    return (*_identity(want, seen), *_config(want, seen), *_system(want, seen))


def _identity(want: Desired, seen: Facts) -> Iterator[Drift]:
    if want.serial and seen.serial and want.serial != seen.serial:
        message = f"the machine there has serial {seen.serial}, declared is {want.serial}"
        yield Drift(DriftKind.IDENTITY, message)


def _config(want: Desired, seen: Facts) -> Iterator[Drift]:
    if seen.config_digest != want.config_digest:
        has = f"config {seen.config_digest[:SHORT]}" if seen.config_digest else "no config"
        files = differing_files(want, seen)
        yield Drift(DriftKind.CONFIG, f"it has {has}, declared is {want.config_digest[:SHORT]}", files)
    if seen.config_changed:
        message = f"edited on the unit: {', '.join(seen.config_changed)}"
        yield Drift(DriftKind.EDITED, message, seen.config_changed)
    if seen.unconfirmed:
        message = f"config {seen.unconfirmed[:SHORT]} waits for its confirmation"
        yield Drift(DriftKind.UNCONFIRMED, message)
    if seen.reboot_needed:
        yield Drift(DriftKind.REBOOT, "an applied file takes effect only after a reboot")


def _system(want: Desired, seen: Facts) -> Iterator[Drift]:
    if want.release and seen.version != want.release:
        yield Drift(DriftKind.VERSION, f"it runs version {seen.version or 'unknown'}, declared is {want.release}")
    if seen.booted != seen.primary:
        message = f"it runs slot {seen.booted} while {seen.primary} is the primary: it fell back, or waits for a reboot"
        yield Drift(DriftKind.SLOT, message)
