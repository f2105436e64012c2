"""The stage `burn_in`: many units at full load at once, as far as the heat and the electrical guards let them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fleetctl.core.commissioning.burn_in import SAMPLES, Interrupted, judge, plan
from fleetctl.core.commissioning.envelope import admit
from fleetctl.core.commissioning.load import Load, LoadKind, LoadState
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.facts import Facts
from fleetctl.core.inventory.fleet import Unit
from fleetctl.ports.instruments import Round, StageNews
from fleetctl.services.commissioning.admission import Bound, Chosen
from fleetctl.services.commissioning.loads import NEAREST_S, Loads, again_s

KIND = LoadKind.BURN_IN


@dataclass(frozen=True)
class BurnInInstrument:
    """A burn-in runs on its unit by itself; here it is begun, found again, and judged once."""

    loads: Loads
    stage: Stage = Stage.BURN_IN

    def round(self, units: Sequence[Unit]) -> Round:
        """Judge what is over, leave what runs, begin what may begin."""
        seen = self.loads.look(units)
        given = {unit.name: self.loads.unjudged(seen.get(unit.name), KIND) for unit in units}
        running = [load for load in given.values() if load is not None and load.state is LoadState.RUNNING]
        over = [u for u in units if (load := given[u.name]) is not None and load.state is not LoadState.RUNNING]
        free = [unit for unit in units if given[unit.name] is None and isinstance(seen.get(unit.name), Facts)]
        findings = list(self._judged(over)) if over else []
        given_now = self.loads.give(free, seen, self._choose)
        waits = {
            name: _progress(load)
            for name, load in given.items()
            if load is not None and load.state is LoadState.RUNNING
        }
        silent = {unit.name: of.message for unit in units if not isinstance(of := seen[unit.name], Facts)}
        began = dict.fromkeys(given_now.began, "begins")
        pause_s = NEAREST_S if began else again_s(running, self.loads.now_s)
        return Round(tuple(findings), {**waits, **silent, **given_now.waits, **began}, pause_s, bool(running or began))

    def _choose(self, free: Sequence[Unit], bound: Bound) -> Chosen:
        """Choose whoever is admitted; all burn in together, so the longest of them bounds the others."""
        seconds = max((self.loads.fleet.models[unit.model].burn_in.seconds for unit in free), default=0.0)
        envelope = bound(seconds, 1.0)
        admitted = admit(envelope, [unit.name for unit in free])
        commands = [(u, self._command(u, envelope.limit_c(u.name))) for u in free if u.name in admitted.units]
        refused = {name: verdict.text for name, verdict in admitted.refused.items()}
        return Chosen(commands, seconds / self.loads.speed, refused)

    def _command(self, unit: Unit, limit_c: float | None) -> tuple[str, ...]:
        planned = plan(self.loads.fleet.models[unit.model].burn_in, limit_c, shortened=self.loads.speed)
        limit = ("--limit-c", f"{limit_c:g}") if limit_c is not None else ()
        return (KIND.value, "--seconds", f"{planned.seconds:g}", "--every", f"{planned.every_s:g}", *limit)

    def _judged(self, units: Sequence[Unit]) -> Iterator[StageNews]:
        trial = self.loads.trial(units)
        for unit in units:
            if unit.name not in trial.runs:
                continue
            run, bands = trial.runs[unit.name], self.loads.fleet.models[unit.model].burn_in
            verdict = judge(run, bands, trial.expected(unit.name, self.loads.speed))
            if isinstance(verdict, Interrupted):
                yield StageNews(unit.name, self.stage, Outcome.NOTE, verdict.to_detail())
            else:
                outcome = Outcome.DONE if verdict.passed else Outcome.FAILED
                yield StageNews(unit.name, self.stage, outcome, verdict.to_detail())


def _progress(load: Load) -> str:
    return f"{100 * min(load.samples, SAMPLES) // SAMPLES // 25 * 25} %"
