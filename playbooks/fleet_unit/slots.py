"""The unit's slots by their boot names, as RAUC tells them; a unit without RAUC has the one that it booted."""

from __future__ import annotations

import json

from fleet_unit.programs import program, run
from fleet_unit.system import booted_slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fleet_unit.kinds import Document


ANSWER_S = 30.0
"""RAUC's service is started by the question, which takes a busy machine its time; no answer would look like no slot."""


def ask(*options: str) -> Document:
    """Return what `rauc status` tells; an empty document if it tells nothing that can be read."""
    rauc = program("rauc")
    code, said = run([rauc, "status", *options, "--output-format=json"], ANSWER_S, errors=False) if rauc else (127, "")
    try:
        told = json.loads(said) if code == 0 else {}
        return told if isinstance(told, dict) else {}
    except ValueError:
        return {}


def slots() -> Document:
    """Return the booted slot, the one that starts next, and whether the boot loader would start each."""
    told = ask()
    try:
        known = by_name(told)
        states = {about["bootname"]: about.get("boot_status") or "bad" for about in known.values() if about["bootname"]}
    except (AttributeError, TypeError, KeyError):
        told, known, states = {}, {}, {}
    booted = _boot_name(told.get("booted"), known) or booted_slot()
    return {"booted": booted, "primary": _boot_name(told.get("boot_primary"), known) or booted, "states": states}


def by_name(told: Document) -> Document:
    """Return what RAUC tells of each slot, by RAUC's own name for it."""
    return {slot: about for entry in told.get("slots", []) for slot, about in entry.items()}


def _boot_name(slot: Any, known: Document) -> str:
    """Return the boot name of a slot that RAUC calls by its own name, or by the boot name already."""
    return str(known[slot]["bootname"] if slot in known else slot or "")
