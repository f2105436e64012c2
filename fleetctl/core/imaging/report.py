"""Imaging as rows for people and as documents for machines."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fleetctl.core.clock import to_text
from fleetctl.core.imaging.record import Imaging, Stranger

COLUMNS = ("UNIT", "STAGE", "RELEASE", "MACHINE", "SINCE", "NOTE")
UNKNOWN_COLUMNS = ("SERIAL", "MAC", "ADDRESS", "TIMES", "LAST", "REASON")


def row(record: Imaging, now: datetime) -> tuple[str, ...]:
    """Return a unit's imaging as texts, in the order of `COLUMNS`."""
    machine = str(record.claim) if record.claim else "-"
    return record.unit, record.stage.value, record.release or "-", machine, ago(now, record.at), record.note


def document(record: Imaging) -> dict[str, Any]:
    """Return a unit's imaging as a document of schema `fleetctl/imaging/v1`; its token is not in it."""
    claim = record.claim
    machine = {"serial": claim.serial, "mac": claim.mac} if claim else None
    return {
        "schema": "fleetctl/imaging/v1",
        "unit": record.unit,
        "stage": record.stage.value,
        "release": record.release or None,
        "machine": machine,
        "requested": {"by": record.actor, "at": to_text(record.requested)},
        "at": to_text(record.at),
        "host_key": record.host_key or None,
        "note": record.note,
    }


def unknown_row(stranger: Stranger, reason: str, now: datetime) -> tuple[str, ...]:
    """Return a machine that is nobody's as texts, in the order of `UNKNOWN_COLUMNS`."""
    claim = stranger.claim
    seen = str(stranger.times), ago(now, stranger.last)
    return claim.serial or "-", claim.mac, stranger.address or "-", *seen, reason


def unknown_document(stranger: Stranger, reason: str) -> dict[str, Any]:
    """Return a machine that is nobody's as a document of schema `fleetctl/unknown-unit/v1`."""
    return {
        "schema": "fleetctl/unknown-unit/v1",
        "serial": stranger.claim.serial,
        "mac": stranger.claim.mac,
        "address": stranger.address,
        "reason": reason,
        "units": list(stranger.units),
        "first": to_text(stranger.first),
        "last": to_text(stranger.last),
        "times": stranger.times,
    }


def line(record: Imaging) -> str:
    """Return a unit's imaging as one line of text."""
    return f"{record.at:%H:%M:%S}  {record.unit:<32} {record.stage.value:<12} {record.note}".rstrip()


def ago(now: datetime, at: datetime) -> str:
    """Return how long something is ago, in one unit."""
    seconds = max(0, int((now - at).total_seconds()))
    for length, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds // length} {name}"
    return f"{seconds} s"
