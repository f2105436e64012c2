"""Values that states remember, in a few words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from fleetctl.core.config import Config, ConfigFile
from fleetctl.core.facts import Facts
from fleetctl.core.plan import Plan
from fleetctl.core.rollout.state import Noted, Progress, Rollout, Step, StepKind
from tests.builders.play import progress, rollout_of
from tests.builders.world import START

CONFIG = Config("s/r1", (ConfigFile("/etc/one", "text ⟦secret:wifi@1⟧ é", 0o600, "heat", confirm=True),))
UNITS = ("s/gw", "s/r1", "s/r2")


def rows(*units: str) -> list[Progress]:
    return [progress(unit) for unit in units or UNITS]


def rollout(id: str = "r-1", plan: str = "", *, units: tuple[str, ...] = UNITS) -> Rollout:
    return replace(rollout_of(rows(*units)), id=id, plan=plan or f"plan-of-{id}")


def step(unit: str = "s/r1", *, epoch: int = 1, number: int = 1, of: str = "r-1") -> Step:
    return Step(of, unit, 1, number, StepKind.CONFIGURE, epoch, "c" * 64)


def note(text: str, *, unit: str = "s/r1", of: str = "r-1") -> Noted:
    return Noted(of, unit, START, "test", text)


def facts(unit: str = "s/r1", *, serial: str = "S1", minutes: float = 0, config: str = "") -> Facts:
    at = START + timedelta(minutes=minutes)
    return Facts(unit, at, "boot-1", serial, "qh-1", "radiator", "1.0", "A", "A", config)


def plan(id: str = "p-1") -> Plan:
    return Plan(id, "f", "u", START, START + timedelta(hours=1), "", {}, ())
