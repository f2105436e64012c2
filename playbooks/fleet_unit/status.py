"""What the unit is, as a probe sees it. Runs nothing but `rauc status`, changes nothing but the fence."""

from __future__ import annotations

import json
import sys

from fleet_unit import compute, heat
from fleet_unit.active import edited, pointed, previous
from fleet_unit.files import read_document
from fleet_unit.journal import Journal, newest_entry, newest_epoch
from fleet_unit.lock import Lock
from fleet_unit.paths import CHANGE
from fleet_unit.programs import program, run
from fleet_unit.space import set_space_aside
from fleet_unit.system import boot_id, booted_slot, reboot_needed, release
from fleet_unit.trees import manifest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fleet_unit.kinds import Document

STATUS_SCHEMA = "fleetctl/unit-status/v1"


def raise_fence(epoch: int) -> None:
    """Remember a controller's epoch when it first looks: what its predecessor still has under way is refused then.

    An effect that is going on has the lock; it is seen in the status, and the next look raises the fence.
    """
    if epoch <= newest_epoch():
        return
    lock = Lock()
    try:
        set_space_aside()
        if lock.taken() and epoch > (journal := Journal()).epoch:
            journal.append({"epoch": epoch})
    except OSError as error:
        sys.stderr.write(f"the fence could not be raised: {error.strerror}\n")  # a full disk must not hide the unit
    finally:
        lock.release()


def status(epoch: int = 0) -> Document:
    """Return what the unit is; runs nothing but `rauc status`, changes nothing but the fence."""
    if epoch:
        raise_fence(epoch)
    slot = booted_slot()
    active = manifest(pointed(slot))
    return {
        "schema": STATUS_SCHEMA,
        "boot_id": boot_id(),
        "release": release(),
        "slots": slots(),
        "config": {
            "digest": active["digest"],
            "changed": edited(active),
            "unconfirmed": read_document(CHANGE).get("digest", ""),
            "files": {f["path"]: f["source_digest"] for f in active["files"]},
            "reboot_needed": reboot_needed(),
            "previous": manifest(previous(slot))["digest"],
        },
        "compute": compute.state(),
        "heat": heat.state(),
        "journal": newest_entry(),
    }


def slots() -> Document:
    """Return the slots by boot name, as RAUC sees them; a unit without RAUC has the one that it booted."""
    rauc = program("rauc")
    code, said = run([rauc, "status", "--output-format=json"], 10.0, errors=False) if rauc else (127, "")
    try:
        told = json.loads(said) if code == 0 else {}
        known = {slot: about for entry in told.get("slots", []) for slot, about in entry.items()}
        states = {about["bootname"]: about.get("boot_status") or "bad" for about in known.values() if about["bootname"]}
    except (ValueError, AttributeError, TypeError, KeyError):
        told, known, states = {}, {}, {}
    booted = _boot_name(told.get("booted"), known) or booted_slot()
    return {"booted": booted, "primary": _boot_name(told.get("boot_primary"), known) or booted, "states": states}


def _boot_name(slot: Any, known: Document) -> str:
    """Return the boot name of a slot that RAUC calls by its own name, or by the boot name already."""
    return str(known[slot]["bootname"] if slot in known else slot or "")
