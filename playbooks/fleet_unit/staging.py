"""The effect `stage`: a bundle is brought here, and the config that belongs to it waits for the other slot."""

from __future__ import annotations

from fleet_unit.active import point, pointed, prune
from fleet_unit.bundles import is_there, make_room
from fleet_unit.endings import Refused
from fleet_unit.files import dump, read_document, replace_file
from fleet_unit.journal import Journal, Step
from fleet_unit.paths import INSTALLED, STAGED
from fleet_unit.programs import detach, myself
from fleet_unit.slots import slots
from fleet_unit.system import booted_slot
from fleet_unit.trees import manifest_of
from fleet_unit.trees import stage as stage_tree
from fleet_unit.update import begun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet_unit.kinds import Document


def stage(bundle: Document, payload: Document) -> Callable[[Step, Journal], str]:
    """Return the effect that lets a bundle come in, and gives the other slot its config.

    Args:
        bundle: `sha256`, `size_bytes`, the `url` that it is fetched from (empty if it was brought here already),
            `rate` in bytes/s (0 for no limit) and `patience_s`, after which a source that gives nothing is given up.
        payload: the config of the system in the bundle; empty if it goes on with the present one.
    """

    def effect(_: Step, __: Journal) -> str:
        slot = other_slot()
        there = is_there(bundle)
        if not there and not bundle["url"]:
            raise Refused("the bundle is not here, and nothing says where it can be fetched")
        try:
            if not there:
                make_room(bundle)
            _remember(slot, bundle, payload)
        except OSError as error:
            raise Refused(f"nothing was staged: {error.strerror}: {error.filename or 'on the way'}") from error
        if there:
            return "is there already"
        detach(myself("fetch", bundle["sha256"]))
        return "started"

    return effect


def _remember(slot: str, bundle: Document, payload: Document) -> None:
    """Put the config on the disk, and note what is asked for.

    The slot that the bundle is for still has another system, which may have to be fallen back to: it keeps its own
    config until it is written over. Only where the bundle is installed there already, the new one is for it.
    """
    name = stage_tree(payload, manifest_of(payload)) if payload else ""
    replace_file(STAGED, dump(begun(**bundle, config=name)))
    if holds(slot, bundle["sha256"]):
        give_config(slot)
    prune()


def give_config(slot: str) -> None:
    """Let a slot's pointer name the config that its system is to find; no service takes it before that boots.

    It is the one that was staged with the bundle, or the booted slot's where the bundle came without.
    """
    name = read_document(STAGED).get("config") or pointed(booted_slot())
    if pointed(slot) != name:
        point(slot, name)


def holds(slot: str, sha256: str) -> bool:
    """Say whether a bundle was installed into a slot, completely, nothing else since, and did not fail to boot."""
    told = read_document(INSTALLED)
    return bool(told.get("done")) and not told["failure"] and (told["slot"], told["sha256"]) == (slot, sha256)


def other_slot() -> str:
    """Return the boot name of the slot that is not booted.

    Raises:
        Refused: if there is none.
    """
    others = [slot for slot in slots()["states"] if slot != booted_slot()]
    if len(others) != 1:
        raise Refused("this unit has no other slot that RAUC knows of")
    return str(others[0])
