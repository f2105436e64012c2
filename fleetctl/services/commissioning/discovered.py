"""The stage `discovered`: which machines answer where they are declared, as a discovery of the site tells it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fleetctl.core.commissioning.lifecycle import Lifecycle, mark
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.standing import REASON, SERIAL
from fleetctl.core.discovery.finding import Discovery, Met, Presence
from fleetctl.core.inventory.fleet import Unit
from fleetctl.ports.instruments import Round, StageNews

LOOK_AGAIN_S = 10.0
_NOT_YET = frozenset({Presence.MISSING, Presence.NOT_LOOKED_FOR})
BY = "by"
"""Key of details: what proves a stage that is otherwise a person's: an `answer` on the wire, a switch's `port`."""


@dataclass(frozen=True)
class DiscoveredInstrument:
    """A machine that answers as the one that is declared, where it is declared, is discovered.

    Attributes:
        discover: looks at the site of the units and tells what stands where.
        unattended: nobody scans labels and watches lamps. What answers was delivered and installed, and what hangs on
            the switch port that is declared for its place was identified.
    """

    discover: Callable[[Sequence[Unit]], Discovery]
    unattended: bool = False
    stage: Stage = Stage.DISCOVERED

    def round(self, units: Sequence[Unit]) -> Round:
        """Look once; who does not answer waits, who answers wrongly is quarantined or called misplaced."""
        found = self.discover(units)
        by_name = {met.unit: met for met in found.units}
        mets = [(unit, by_name.get(unit.name, Met(unit.name, Presence.NOT_LOOKED_FOR))) for unit in units]
        findings = [each for unit, met in mets for each in self._findings(unit, met, found)]
        waits = {unit.name: _why(unit, found, met.standing) for unit, met in mets if met.standing in _NOT_YET}
        return Round(tuple(findings), waits, LOOK_AGAIN_S)

    def _findings(self, unit: Unit, met: Met, found: Discovery) -> Iterator[StageNews]:
        if met.standing in _NOT_YET:
            return
        if met.standing is not Presence.PRESENT or met.machine is None:
            yield StageNews(unit.name, self.stage, Outcome.FAILED, _amiss(unit, found, met.standing))
            return
        seen = _seen(unit, met)
        if self.unattended:
            yield StageNews(unit.name, Stage.DELIVERED, Outcome.DONE, {BY: "answer"})
            yield StageNews(unit.name, Stage.INSTALLED, Outcome.DONE, {BY: "answer", **seen})
        yield StageNews(unit.name, self.stage, Outcome.DONE, seen)
        if self.unattended and unit.port and met.machine.ports:
            yield StageNews(unit.name, Stage.IDENTIFIED, Outcome.DONE, {BY: "port", "port": unit.port})


def _seen(unit: Unit, met: Met) -> dict[str, Any]:
    """Return what was seen of a machine; its serial as declared, for that is what the ledger knows it by."""
    machine = met.machine
    assert machine is not None  # noqa: S101 - a machine that is present was met
    seen = {SERIAL: unit.serial, "mac": unit.mac, "place": f"{unit.dwelling} {unit.room}".strip()}
    ports = [str(port) for port in machine.ports]
    return {**seen, "addresses": list(machine.addresses), "ports": ports, "evidence": list(machine.evidence)}


def _amiss(unit: Unit, found: Discovery, standing: Presence) -> dict[str, Any]:
    """Return the detail of a machine that is not as declared; one whose identity is doubtful is left alone."""
    about = [finding for finding in found.findings if unit.name in finding.units and not finding.code.is_note]
    reason = _why(unit, found, standing)
    detail = {"standing": standing.value, "evidence": [line for finding in about for line in finding.evidence]}
    if any(finding.code.quarantines for finding in about):
        return {**detail, **mark(Lifecycle.QUARANTINED, reason)}
    return {**detail, REASON: reason}


def _why(unit: Unit, found: Discovery, standing: Presence) -> str:
    told = [f for f in found.findings if unit.name in f.units and not f.code.is_note]
    if told:
        return f"{told[0].message}; {told[0].hint}"
    return "; ".join(found.gaps) or standing.value
