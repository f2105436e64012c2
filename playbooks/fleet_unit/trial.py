"""The first boots of a slot that was activated: what is noted of it, and what its config still has to prove."""

from __future__ import annotations

from fleet_unit.activate import is_on_trial
from fleet_unit.active import pointed
from fleet_unit.change import open_change
from fleet_unit.files import dump, read_document, replace_file
from fleet_unit.journal import Step
from fleet_unit.paths import INSTALLED
from fleet_unit.programs import detach, myself
from fleet_unit.system import boot_id, booted_slot
from fleet_unit.trees import manifest, services_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.kinds import Document

CONFIRM_TIMEOUT_S = 600.0
"""Longer than after a `configure`: a system comes up first, and a controller looks when its turn comes."""


def note_fallback() -> None:
    """Note that a slot was tried and the one before has booted."""
    told = read_document(INSTALLED)
    was_tried = told.get("tried_in", "") not in ("", boot_id()) and not told["good"]
    if was_tried and booted_slot() == told["before"] and not told["failure"]:
        replace_file(INSTALLED, dump({**told, "failure": f"it was tried, and the unit fell back to {booted_slot()}"}))


def begin_trial() -> None:
    """Let a config that could cut the unit off wait for its confirmation, as it would have after a `configure`.

    If none comes, the new system takes the config of the slot before, with which the unit could be reached.
    """
    told = read_document(INSTALLED)
    if not is_on_trial():
        return
    here, before = pointed(booted_slot()), pointed(told["before"])
    wanted, known = manifest(here), manifest(before)
    differing = [*_not_in(known, wanted), *_not_in(wanted, known)]
    if not before or not any(f["confirm"] for f in differing):
        return
    epoch, attempt, number = told["step"]
    step = Step("activate-reboot", epoch, attempt, number, wanted["digest"])
    services = services_of(differing)
    more = {"state": "unconfirmed", "previous": before, "confirm": True}
    change = open_change(step, here, services, CONFIRM_TIMEOUT_S, **more)
    detach(myself("guard", here, str(change["deadline_s"])))


def _not_in(known: Document, wanted: Document) -> list[Document]:
    """Return the files of a config that another one does not have, or has otherwise."""
    have = {(f["path"], f["sha256"], f["mode"]) for f in known["files"]}
    return [f for f in wanted["files"] if (f["path"], f["sha256"], f["mode"]) not in have]
