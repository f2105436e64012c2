"""How far an update is, as `status` tells it: the bundle that was staged last, and the slot that was written last."""

from __future__ import annotations

import time

from fleet_unit.files import read_document, read_text
from fleet_unit.lock import is_held
from fleet_unit.paths import INSTALLED, INSTALLING, PERCENT, STAGED
from fleet_unit.system import boot_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.kinds import Document

START_S = 30.0
"""Work that was asked for has begun after this long, on a busy machine too, or will not begin."""


def state() -> Document:
    """Return what is staged and what is installed; None for what never was."""
    return {"staged": staged(), "installed": installed()}


def staged() -> Document | None:
    """Return the bundle that was staged last, how much of it is there, and why no more comes."""
    told = read_document(STAGED)
    if not told:
        return None
    from fleet_unit.bundles import is_there, partial, received  # only units in an update pay for it

    ready = is_there(told)
    return {
        "sha256": told["sha256"],
        "size_bytes": told["size_bytes"],
        "received_bytes": received(told["sha256"]),
        "ready": ready,
        "failure": "" if ready else told["failure"] or cut_short(told, partial(told["sha256"])),
    }


def installed() -> Document | None:
    """Return the slot that was written last, how far that is, and why it goes no further."""
    told = read_document(INSTALLED)
    if not told:
        return None
    percent = read_text(PERCENT)
    return {
        "sha256": told["sha256"],
        "version": told["version"],
        "slot": told["slot"],
        "percent": 100 if told["done"] else int(percent) if percent.isdigit() else 0,
        "done": told["done"],
        "failure": told["failure"] or ("" if told["done"] else cut_short(told, INSTALLING)),
    }


def begun(**about: object) -> Document:
    """Return what is remembered of work that begins now."""
    return {**about, "failure": "", "boot_id": boot_id(), "since_s": time.monotonic()}


def cut_short(told: Document, lock: str) -> str:
    """Return that nobody does the work any more that was begun, in words; empty while somebody does."""
    if told["boot_id"] == boot_id() and (is_held(lock) or time.monotonic() - told["since_s"] < START_S):
        return ""
    return "it was cut short; asked for again, it goes on"
