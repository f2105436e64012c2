"""The outcome document of a step, and its record in the journal."""

from __future__ import annotations

from fleet_unit.active import pointed
from fleet_unit.files import read_document
from fleet_unit.journal import Step
from fleet_unit.paths import CHANGE
from fleet_unit.system import boot_id, booted_slot, reboot_needed
from fleet_unit.trees import manifest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.kinds import Document

OUTCOME_SCHEMA = "fleetctl/unit-outcome/v1"
MAX_MESSAGE = 600


def outcome(step: Step, ending: str, message: str) -> Document:
    """Return the outcome document of a step: how it ended, and what the unit is now."""
    return {
        "schema": OUTCOME_SCHEMA,
        "attempt": step.attempt,
        "step": step.number,
        "epoch": step.epoch,
        "ending": ending,
        "message": message[:MAX_MESSAGE],
        "repeated": False,
        "reboot_needed": reboot_needed(),
        "unconfirmed": read_document(CHANGE).get("digest", ""),
        "digest": manifest(pointed(booted_slot()))["digest"],
        "boot_id": boot_id(),
    }


def record(step: Step, document: Document) -> Document:
    """Return the journal's record of an intent (no document) or of an outcome."""
    intent = {"command": step.command, "epoch": step.epoch, "attempt": step.attempt, "step": step.number}
    return {**intent, **(document or {"digest": step.digest, "boot_id": boot_id()})}
