"""What happens early at every boot."""

from __future__ import annotations

import os

from fleet_unit.active import prune, settle
from fleet_unit.change import recover
from fleet_unit.files import read_document, remove
from fleet_unit.journal import Journal, Step
from fleet_unit.lock import Lock
from fleet_unit.outcome import outcome
from fleet_unit.paths import COMPONENTS, INSTALLED, REBOOT_NEEDED
from fleet_unit.space import set_space_aside
from fleet_unit.system import reboot_needed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.kinds import Document


def boot() -> Document:
    """Make the booted slot's config the active one; what was never confirmed is taken back. Called early at boot."""
    with Lock():
        set_space_aside()
        message = recover(Journal(), at_boot=True)
        settle()
        if not reboot_needed():
            remove(REBOOT_NEEDED)
        if read_document(INSTALLED):
            from fleet_unit.trial import begin_trial, note_fallback

            note_fallback()
            begin_trial()
        if os.path.isdir(COMPONENTS):
            from fleet_unit.components import tell

            tell()
        prune()
        return outcome(Step("boot", 0, "", 0, ""), "ok", message or "nothing to take back")
