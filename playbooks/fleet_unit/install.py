"""The effect `install`: a staged bundle is written to the slot that is not booted, by RAUC. Nothing is activated."""

from __future__ import annotations

import json

from fleet_unit.activate import is_on_trial
from fleet_unit.bundles import complete
from fleet_unit.endings import Refused
from fleet_unit.files import dump, replace_file
from fleet_unit.journal import Journal, Step
from fleet_unit.lock import is_held
from fleet_unit.paths import INSTALLED, INSTALLING
from fleet_unit.programs import detach, myself, program, run
from fleet_unit.slots import ask, slots
from fleet_unit.staging import give_config, holds, other_slot
from fleet_unit.system import booted_slot
from fleet_unit.update import begun, staged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet_unit.kinds import Document

INFO_TIMEOUT_S = 120.0


def install(sha256: str, version: str) -> Callable[[Step, Journal], str]:
    """Return the effect that starts to write a staged bundle of a version to the other slot."""

    def effect(_: Step, __: Journal) -> str:
        slot = other_slot()
        if holds(slot, sha256):
            give_config(slot)
            return f"is in slot {slot} already"
        _refuse_in_the_midst()
        _refuse_without_a_way_back()
        _refuse_foreign(sha256, version)
        replace_file(INSTALLED, dump(begun(sha256=sha256, version=version, slot=slot, done=False)))
        give_config(slot)
        detach(myself("write-slot", sha256))
        return f"started, slot {slot} is written"

    return effect


def _refuse_in_the_midst() -> None:
    if is_held(INSTALLING):
        raise Refused("another bundle is being installed; try again when that is over")


def _refuse_without_a_way_back() -> None:
    """Refuse to write over the slot that a booted one, which is still on trial, would fall back to.

    Boot loaders differ: with some a slot on trial is bad until it is marked good, with others it is good until it has
    been tried too often.
    """
    if is_on_trial() or slots()["states"].get(booted_slot()) != "good":
        raise Refused(f"slot {booted_slot()} is booted and was not marked good yet: the other one is the way back")


def _refuse_foreign(sha256: str, version: str) -> None:
    """Refuse a bundle that is not staged, that RAUC does not believe, or that is not what it should be."""
    known = staged() or {}
    if known.get("sha256") != sha256 or not known["ready"]:
        raise Refused(f"bundle {sha256[:12]} is not staged here")
    told = _manifest(complete(sha256))
    if told.get("version") != version:
        raise Refused(f"the bundle is of version {told.get('version')}, not {version}")
    here = ask().get("compatible")
    if told.get("compatible") != here:
        raise Refused(f"the bundle is for {told.get('compatible')}, this unit is {here}")


def _manifest(path: str) -> Document:
    """Return what RAUC reads in a bundle, after it has checked the signature."""
    code, said = run([program("rauc"), "info", "--output-format=json", path], INFO_TIMEOUT_S)
    lines = said.splitlines() or ["it does not say why"]
    if code != 0:
        raise Refused(f"RAUC does not take the bundle: {lines[-1][-300:]}")
    try:
        told = json.loads(next((line for line in lines if line.startswith("{")), ""))
    except ValueError:
        raise Refused("what RAUC says of the bundle cannot be read") from None
    return told if isinstance(told, dict) else {}
