"""The active config: one pointer for each slot, and the links in /etc that lead through it."""

from __future__ import annotations

import os

from fleet_unit.files import discard, read_document, remove, replace_link, sync_directory
from fleet_unit.paths import ACTIVE, CHANGE, KEPT, ROOT, SLOTS, STAGED, TREES
from fleet_unit.system import booted_slot
from fleet_unit.trees import damaged, manifest, trees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.kinds import Document

KEPT_TREES = 3


def pointed(slot: str) -> str:
    """Return the name of the tree that a slot's pointer names; empty if there is none."""
    try:
        return os.path.basename(os.readlink(f"{SLOTS}/{slot}"))
    except OSError:
        return ""


def point(slot: str, name: str) -> None:
    """Flip a slot's pointer: the one moment at which a config becomes active."""
    if name:
        replace_link(f"{SLOTS}/{slot}", f"../config/{name}")
    else:
        remove(f"{SLOTS}/{slot}")


def previous(slot: str) -> str:
    """Return the name of the tree that was active before the last `configure`; empty if there is none to go back to.

    What a roll-back left behind is nothing to go back to, nor is what was only repaired.
    """
    active = manifest(pointed(slot))["digest"]
    changes = (read_document(CHANGE), read_document(KEPT + slot))
    last: Document = next((c for c in changes if c and c["slot"] == slot and c["digest"] == active), {})
    return "" if last.get("back") else str(last.get("previous", ""))


def settle() -> None:
    """Make the links in /etc agree with the active config. Safe to repeat, and to be cut anywhere."""
    slot = booted_slot()
    os.makedirs(os.path.dirname(ACTIVE), 0o755, exist_ok=True)
    if not _leads_to(ACTIVE, f"{SLOTS}/{slot}"):
        replace_link(ACTIVE, f"{SLOTS}/{slot}")
    wanted = {f["path"] for f in manifest(pointed(slot))["files"]}
    ours = {f["path"] for name in trees() for f in manifest(name)["files"]}
    for path in sorted(ours - wanted):
        _give_back(path)
    for path in sorted(wanted):
        _take_over(path)


def _take_over(path: str) -> None:
    here = ROOT + path
    if _is_ours(path):
        return
    os.makedirs(os.path.dirname(here), 0o755, exist_ok=True)
    if os.path.lexists(here) and not os.path.lexists(here + ".fleet-orig"):
        os.link(here, here + ".fleet-orig", follow_symlinks=False)
    replace_link(here, f"{ACTIVE}/tree{path}")


def _give_back(path: str) -> None:
    here = ROOT + path
    if not _is_ours(path):
        return
    if os.path.lexists(here + ".fleet-orig"):
        os.rename(here + ".fleet-orig", here)
        sync_directory(os.path.dirname(here))
    else:
        remove(here)


def _is_ours(path: str) -> bool:
    return _leads_to(ROOT + path, f"{ACTIVE}/tree{path}")


def _leads_to(link: str, target: str) -> bool:
    try:
        return os.readlink(link) == target
    except OSError:
        return False


def edited(active: Document) -> list[str]:
    """Return the paths that are no longer what was applied: another content, mode, or file in the link's place."""
    wrong = set(damaged(ROOT, active))
    return sorted(f["path"] for f in active["files"] if f["path"] in wrong or not _is_ours(f["path"]))


def differing_from(wanted: Document) -> list[Document]:
    """Return the files that the unit does not have as wanted, and those that it has and should not."""
    wrong = set(damaged(ROOT, wanted))
    paths = {f["path"] for f in wanted["files"]}
    gone = [f for f in manifest(pointed(booted_slot()))["files"] if f["path"] not in paths]
    return [*(f for f in wanted["files"] if f["path"] in wrong), *gone]


def prune() -> None:
    """Remove what no slot points to and nothing could be restored from, but for the newest trees."""
    slots = os.listdir(SLOTS)
    used = {f(slot) for f in (pointed, previous) for slot in slots}
    used |= {read_document(CHANGE).get("previous", ""), read_document(STAGED).get("config", "")}
    unused = [n for n in trees() if n not in used]
    leftovers = [n for n in os.listdir(TREES) if n.endswith(".new")]
    for name in [*unused[max(0, KEPT_TREES - len(used - {""})) :], *leftovers]:
        discard(f"{TREES}/{name}")
