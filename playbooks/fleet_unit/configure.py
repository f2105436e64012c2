"""The effect `configure`: a payload becomes the active config, all of it or nothing."""

from __future__ import annotations

import os

from fleet_unit.active import differing_from, edited, point, pointed, prune, settle
from fleet_unit.change import keep, open_change, restore
from fleet_unit.endings import Refused, RolledBack
from fleet_unit.files import discard, dump, read_document, remove, replace_file
from fleet_unit.hooks import HookFailed, hook
from fleet_unit.journal import Journal, Step
from fleet_unit.paths import CHANGE, HOOKS, REBOOT_NEEDED, TREES
from fleet_unit.programs import detach, myself
from fleet_unit.space import despite_full_disk
from fleet_unit.system import boot_id, booted_slot
from fleet_unit.trees import is_private, manifest, manifest_of, services_of, stage, trees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet_unit.kinds import Document


def configure(payload: Document, timeout_s: float) -> Callable[[Step, Journal], str]:
    """Return the effect that makes a payload the active config."""

    def effect(step: Step, journal: Journal) -> str:
        wanted = manifest_of(payload)
        waiting = read_document(CHANGE)
        if waiting and waiting["digest"] != step.digest:
            raise Refused(f"config {waiting['digest'][:12]} waits for its confirmation; try again when that is over")
        if manifest(pointed(booted_slot())) == wanted and not edited(wanted):
            return "already active"
        if waiting:
            raise Refused("this config waits for its confirmation and was edited on the unit meanwhile")
        change = _prepare(step, payload, wanted, timeout_s)
        return switch(change, wanted, journal)

    return effect


def _prepare(step: Step, payload: Document, wanted: Document, timeout_s: float) -> Document:
    """Do all that can be done while the old config is active; return the open change.

    Raises:
        Refused: with nothing left behind.
    """
    kept = {*trees(), "lost+found"}
    differing = differing_from(wanted)
    try:
        name = stage(payload, wanted)
        check(name, wanted, differing)
        confirm = any(f["confirm"] for f in differing)
        change = open_change(step, name, services_of(differing), timeout_s, confirm=confirm)
        if confirm:
            detach(myself("guard", name, str(change["deadline_s"])))
    except (OSError, HookFailed) as error:
        despite_full_disk(remove, CHANGE)
        for leftover in set(os.listdir(TREES)) - kept:
            discard(f"{TREES}/{leftover}")
        raise Refused(f"nothing was changed: {why_of(error)}") from error
    return change


def check(name: str, wanted: Document, differing: list[Document]) -> None:
    """Let the services whose files differ look at a tree.

    Raises:
        HookFailed: with what one objects to.
    """
    for service in services_of(differing):
        hook(service, "check", f"{TREES}/{name}/tree", private=is_private(service, wanted))


def switch(change: Document, wanted: Document, journal: Journal) -> str:
    """Make a staged tree the active one, or put everything back.

    Raises:
        RolledBack: if anything goes wrong after the flip.
    """
    differing = differing_from(wanted)
    try:
        _activate(change, wanted, differing)
    except (OSError, HookFailed) as error:
        raise RolledBack(restore(change, f"the old config is back: {why_of(error)}", journal)) from error
    prune()
    return _applied(differing, change["services"])


def why_of(error: OSError | HookFailed) -> str:
    """Return what went wrong, in words."""
    if isinstance(error, OSError):
        return f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
    return str(error)


def _activate(change: Document, wanted: Document, differing: list[Document]) -> None:
    point(change["slot"], change["name"])
    settle()
    if any(f["reboot"] for f in differing):
        replace_file(REBOOT_NEEDED, boot_id().encode())
    for service in change["services"]:
        private = is_private(service, wanted)
        hook(service, "reload", private=private)
    if change["confirm"]:
        replace_file(CHANGE, dump({**change, "state": "unconfirmed"}))
    else:
        keep(change)


def _applied(differing: list[Document], services: list[str]) -> str:
    bare = [s for s in services if not os.path.exists(f"{HOOKS}/{s}")]
    note = f"; no hook for {', '.join(bare)}" if bare else ""
    return f"{len(differing)} files changed, reloaded {', '.join(services) or 'nothing'}{note}"
