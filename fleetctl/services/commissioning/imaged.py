"""The stage `imaged`: asks for images of blank machines, and finds out which have one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fleetctl.core.commissioning.lifecycle import Lifecycle, mark
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.facts import Facts, Observation
from fleetctl.core.imaging.record import Imaging
from fleetctl.core.imaging.record import Stage as Step
from fleetctl.core.inventory.fleet import Unit
from fleetctl.ports import Clock, State
from fleetctl.ports.instruments import Round, StageNews
from fleetctl.services import marks
from fleetctl.services.image_requests import request

LOOK_AGAIN_S = 10.0


@dataclass(frozen=True)
class ImagedInstrument:
    """A unit has its image when the imaging server says so, or when it runs a system and proves a pinned host key.

    Attributes:
        observe: returns what is observed of units now.
        actor: who asks for images.
    """

    state: State
    clock: Clock
    observe: Callable[[Sequence[Unit]], Mapping[str, Observation]]
    actor: str
    stage: Stage = Stage.IMAGED

    def round(self, units: Sequence[Unit]) -> Round:
        """Say which units run a system of ours; ask for images of those that never had one."""
        refused = marks.refused(self.state, [unit.name for unit in units])
        told = self._round([unit for unit in units if unit.name not in refused])
        return replace(told, waits={**told.waits, **refused})

    def _round(self, units: Sequence[Unit]) -> Round:
        running = [unit for unit in units if unit.name in self.state.units.pins([each.name for each in units])]
        observed = self.observe(running) if running else {}
        records = self.state.imaging.records([unit.name for unit in units])
        findings = tuple(self._findings(units, observed, records))
        found = {finding.subject for finding in findings}
        blank = [unit for unit in units if unit.name not in found and unit not in running]
        self._ask_for([unit for unit in blank if unit.name not in records or not records[unit.name].stage.is_open])
        waits = {unit.name: self._wait(unit, observed, records) for unit in units if unit.name not in found}
        imaging = any(record.stage in (Step.IMAGING, Step.ENROLLED) for record in records.values())
        return Round(findings, waits, LOOK_AGAIN_S, imaging)

    def _findings(
        self, units: Sequence[Unit], observed: Mapping[str, Observation], records: Mapping[str, Imaging]
    ) -> Iterator[StageNews]:
        for unit in units:
            facts, record = observed.get(unit.name), records.get(unit.name)
            if isinstance(facts, Facts):
                detail = {"version": facts.version, "slot": facts.booted, "release": unit.release}
                yield StageNews(unit.name, self.stage, Outcome.DONE, detail)
            elif record is not None and record.stage is Step.QUARANTINED:
                yield StageNews(unit.name, self.stage, Outcome.FAILED, mark(Lifecycle.QUARANTINED, record.note))

    def _ask_for(self, blank: Sequence[Unit]) -> None:
        if blank:
            request(self.state, blank, self.actor, self.clock.now().utc, again=False)

    def _wait(self, unit: Unit, observed: Mapping[str, Observation], records: Mapping[str, Imaging]) -> str:
        seen, record = observed.get(unit.name), records.get(unit.name)
        if record is not None and record.stage.is_open:
            return f"image {record.stage.value}" + (f", {record.note}" if record.note else "")
        if seen is not None and not isinstance(seen, Facts):
            return seen.message
        return "an image is asked for; start it from the network, beside 'fleetctl image serve'"
