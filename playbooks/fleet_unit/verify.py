"""The effects `verify` and `confirm`: what waits for its confirmation is kept, or taken back."""

from __future__ import annotations

import os

from fleet_unit import heat
from fleet_unit.active import edited, pointed, prune
from fleet_unit.change import keep, restore
from fleet_unit.endings import Ended, Refused, RolledBack
from fleet_unit.files import mtime, read_document
from fleet_unit.hooks import objection
from fleet_unit.journal import Journal, Step
from fleet_unit.paths import ACTIVE, CHANGE, HEAT
from fleet_unit.system import booted_slot, release
from fleet_unit.trees import is_private, manifest, services_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fleet_unit.kinds import Document


def verify(seconds: float, max_rise_k: float) -> Callable[[Step, Journal], str]:
    """Return the effect that lets the unit look at itself, and then asks for a heat pulse if one is wanted.

    Args:
        seconds: the longest time of the pulse; 0 asks for none.
        max_rise_k: by which the zone may warm up in it.
    """

    def effect(step: Step, journal: Journal) -> str:
        said = _verify(step, journal)
        if not seconds or release()["kind"] == "gateway":
            return said
        return f"{said}; {heat.request_pulse(step, seconds, max_rise_k)}"

    return effect


def _verify(step: Step, journal: Journal) -> str:
    """Check everything; what waits for confirmation is confirmed if all is well, else taken back."""
    change = read_document(CHANGE)
    refuse_same_connection(change)
    wrong = "; ".join(_self_check(step.digest, change))
    if wrong and change:
        raise RolledBack(restore(change, f"the old config is back: {wrong}", journal))
    if wrong:
        raise Ended(wrong)
    return f"{confirm(step, journal)}; config, services and heat agent are well"


def _self_check(digest: str, change: Document) -> Iterator[str]:
    active = manifest(pointed(booted_slot()))
    if active["digest"] != digest:
        yield f"the active config is {active['digest'][:12] or 'none'}, not {digest[:12]}"
        return
    yield from (f"{path} was edited" for path in edited(active))
    services = services_of(active["files"])
    tree = f"{ACTIVE}/tree"
    yield from filter(None, (objection(s, "check", tree, private=is_private(s, active)) for s in services))
    if release()["kind"] != "gateway" and not heat.agent_writes(since=mtime(CHANGE) if change else 0.0):
        yield f"the heat agent did not write {HEAT} within {heat.HEAT_AGE_S:.0f} s"


def confirm(step: Step, _: Journal) -> str:
    """Keep a change for good; only a connection other than the one that brought it can prove that it is harmless."""
    change = read_document(CHANGE)
    active = manifest(pointed(booted_slot()))["digest"]
    if active != step.digest:
        raise Ended(f"the active config is {active[:12] or 'none'}, not {step.digest[:12]}")
    if not change:
        return "nothing waits for a confirmation"
    refuse_same_connection(change)
    keep(change)
    prune()
    return "confirmed"


def refuse_same_connection(change: Document) -> None:
    """Refuse to take the connection that brought a change for a proof that new ones are possible."""
    if change.get("connection") and change["connection"] == os.environ.get("SSH_CONNECTION", ""):
        raise Refused("a config is confirmed over a new connection, not over the one that brought it")
