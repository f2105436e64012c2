"""Commissionings as ledgers, made up: what engineers did in the field, entry by entry.

`Field` writes entries as one writer does; `a_mixed_ledger` is a building of which everything happened that a handover
report has to show.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from fleetctl.core.commissioning import order
from fleetctl.core.commissioning.ledger import Draft, Entry, dwelling_subject, written
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.handover.report import Fingerprint
from fleetctl.core.handover.reserves import lifting_draft, reserve_draft
from fleetctl.core.inventory.fleet import Site, Unit
from tests.builders.fleets import a_building

T0 = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LEA, KARIM = "Léa Martin", "Karim Benali"
BURN_IN_S = 1800


class Field:
    """Writes drafts and entries, a minute apart."""

    def __init__(self, site: Site, *, actor: str = "lea", name: str = LEA, at: datetime = T0) -> None:
        self.site, self.actor, self.name, self.at = site, actor, name, at
        self.drafts: list[Draft] = []

    def say(self, subject: str, stage: Stage, outcome: Outcome = Outcome.DONE, **detail: Any) -> Draft:
        """Write one entry."""
        self.at += timedelta(minutes=1)
        draft = Draft(self.site.id, subject, stage, outcome, self.actor, self.at, {**detail, "name": self.name})
        self.drafts.append(draft)
        return draft

    def unit(self, unit: Unit, *stages: Stage) -> None:
        """Write that a unit passed stages; all those of its kind if none is named."""
        for stage in stages or order.STAGES[unit.kind]:
            self.say(unit.name, stage, **self.detail(unit, stage))

    def detail(self, unit: Unit, stage: Stage) -> dict[str, Any]:
        """Return what a stage that went well has in its detail."""
        made: dict[Stage, dict[str, Any]] = {
            Stage.INSTALLED: {"serial": unit.serial, "mac": unit.mac, "place": f"{unit.dwelling} {unit.room}".strip()},
            Stage.BURN_IN: burn_in(),
            Stage.ROOM_PROOF: room_proof(unit),
        }
        return made.get(stage, {})

    def dwelling(self, id: str) -> None:
        """Write that all units of a dwelling passed everything, and that it was accepted."""
        for unit in self.site.units.values():
            if unit.dwelling == id:
                self.unit(unit)
        self.say(dwelling_subject(self.site.id, id), Stage.ACCEPTED)

    def reserve(self, subject: str, text: str) -> None:
        """Note a reserve."""
        self.at += timedelta(minutes=1)
        self.drafts.append(reserve_draft(self.entries(), self.site.id, subject, text, self.actor, self.at))

    def lift(self, name: str, text: str) -> None:
        """Lift a reserve."""
        self.at += timedelta(minutes=1)
        self.drafts.append(lifting_draft(self.entries(), name, text, self.actor, self.at))

    def entries(self, writer: str = "state-1") -> list[Entry]:
        """Return the chain of what was written so far."""
        return written(writer, None, self.drafts)


def burn_in(*, power_w: float = 640.0, verdict: str = "passed") -> dict[str, Any]:
    """Return the detail of a burn-in that went through, of a machine of 650 W."""
    off = power_w / 650.0 - 1
    holds = abs(off) <= 0.1
    texts: list[tuple[str, bool | None, str]] = [
        ("power", holds, f"{power_w:.0f} W of 650 W ({100 * off:+.1f} %), 10 % allowed")
    ]
    texts += [("heatsink", True, "heatsink 31.2 K over what it heats, 5 to 60 K allowed")]
    texts += [
        ("rise", None, "+0.21 K, +0.25 K expected: too little to tell"),
        ("throttling", True, "0 times throttled"),
    ]
    abouts: dict[str, dict[str, Any]] = {
        "power": {"measured_w": power_w, "expected_w": 650.0, "share": 0.1},
        "heatsink": {"rise_k": 31.2, "low_k": 5.0, "high_k": 60.0},
        "rise": {"why": "little", "rise_k": 0.21, "expected_k": 0.25},
        "throttling": {"count": 0, "most": 0},
    }
    checks = [{"name": n, "holds": h, "text": text, "about": abouts.get(n, {})} for n, h, text in texts]
    curve = [[at, _warming(power_w, at), 19.5 + 1.8 * at / BURN_IN_S] for at in range(0, BURN_IN_S + 1, 30)]
    return {"verdict": verdict, "reason": "" if holds else texts[0][2], "load": "l1", "checks": checks, "curve": curve}


def room_proof(unit: Unit, answer: str = "own", **found: Any) -> dict[str, Any]:
    """Return the detail of a proof of a room."""
    place = f"{unit.dwelling}/{unit.room}"
    responses = {f"t-{place}": [0.62, 0.03], "t-hall": [0.05, 0.03]}
    verdict = {"own": "passed", "other": "failed", "none": "failed"}.get(answer, answer)
    detail = {"verdict": verdict, "answer": answer, "heats": place, "with": "", "text": "the arithmetic"}
    return {**detail, "responses": responses, **found}


def fingerprints(site: Site) -> dict[str, Sequence[Fingerprint]]:
    """Return what every machine proves its identity with."""
    return {unit.name: [Fingerprint("ssh-ed25519", _fingerprint(unit.name))] for unit in site.units.values()}


def a_mixed_ledger() -> tuple[Site, list[Entry]]:
    """Return a building of three dwellings: one accepted, one with everything that can happen, one left out."""
    site = a_building(radiators=9)
    field = Field(site)
    field.unit(site.units["gw-1"])
    field.dwelling("A101")
    field.reserve(dwelling_subject(site.id, "A101"), "Scratch on the front of the living room's radiator")
    field.reserve("les-sables/a101-2", "Valve cap is missing")
    _second_dwelling(Field(site, actor="karim", name=KARIM, at=field.at), site, field.drafts)
    field.at += timedelta(hours=4)
    field.lift("2", "Mounted")
    field.say(dwelling_subject(site.id, "A103"), Stage.INSTALLED, Outcome.SKIPPED, reason="nobody at home")
    return site, field.entries()


def _second_dwelling(field: Field, site: Site, drafts: list[Draft]) -> None:
    field.drafts = drafts
    one, two, three = (site.units[f"a102-{n}"] for n in (1, 2, 3))
    before, after = tuple(Stage)[:6], (Stage.ROOM_PROOF, Stage.REGISTERED, Stage.ACCEPTED)
    field.unit(one, *before)
    weak = burn_in(power_w=540.0, verdict="failed")
    field.say(one.name, Stage.BURN_IN, Outcome.FAILED, **weak)
    field.unit(one, Stage.BURN_IN, *after)
    field.unit(two, *before, Stage.BURN_IN)
    field.say(two.name, Stage.ROOM_PROOF, Outcome.CONFIRMED, **room_proof(two, "built_in"))
    field.say(two.name, Stage.REGISTERED, Outcome.PENDING, reason="the platform cannot be reached from here")
    field.unit(three, *before, Stage.BURN_IN)
    swapped = room_proof(three, "other", heats="A102/bedroom", reason="heats A102/bedroom, not A102/kitchen")
    field.say(three.name, Stage.ROOM_PROOF, Outcome.FAILED, **swapped | {"with": two.name})


def _fingerprint(name: str) -> str:
    return "SHA256:" + b64encode(sha256(name.encode()).digest()).decode().rstrip("=")


def _warming(power_w: float, at_s: float) -> float:
    return round(power_w * (1 - math.exp(-at_s / 60)) + 3 * math.sin(at_s), 1)
