"""The stage `room_proof`: whole dwellings at once, each unit heated in a pattern of its own, watched by the sensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from fleetctl.core.commissioning.burn_in import Interrupted
from fleetctl.core.commissioning.codes import CHIP_S, Patterns, patterns, seconds, sizes
from fleetctl.core.commissioning.envelope import Admitted, Envelope, admit
from fleetctl.core.commissioning.load import LOAD, Load, LoadKind, LoadState
from fleetctl.core.commissioning.room_proof import Answer, judge
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.facts import Facts
from fleetctl.core.inventory.fleet import Unit
from fleetctl.ports.instruments import Round, StageNews
from fleetctl.services.commissioning.admission import Bound, Chosen
from fleetctl.services.commissioning.loads import FARTHEST_S, NEAREST_S, Loads, again_s

KIND = LoadKind.HEAT_PATTERN
HEATED = "heated in its pattern"
LEAD_S, LEAD_A_UNIT_S = 3.0, 0.3
"""So long before the patterns begin they are given to the units, that all begin together."""
SAMPLES_A_CHIP, LEAST_EVERY_S = 30, 0.1
"""That a unit takes of itself while its pattern runs, and the least that it takes between two."""
_OUTCOMES = {
    Answer.OWN: Outcome.DONE,
    Answer.OTHER: Outcome.FAILED,
    Answer.NONE: Outcome.FAILED,
    Answer.BUILT_IN: Outcome.PENDING,
    Answer.NOT_PROVEN: Outcome.NOTE,
}


@dataclass(frozen=True)
class RoomProofInstrument:
    """Patterns run on the units by themselves; here they are begun, found again, and judged once, all of a batch.

    Attributes:
        unready: returns the dwellings of which a unit will soon be ready, too: a swapped pair is found as a pair only
            if both are heated.
    """

    loads: Loads
    unready: Callable[[], Set[str]]
    stage: Stage = Stage.ROOM_PROOF

    def round(self, units: Sequence[Unit]) -> Round:
        """Judge the batch that is over, leave the one that runs, or begin the next.

        Nobody is looked at before his batch is over, or his turn has come.
        """
        known, now_s = self.loads.known(units, KIND), self.loads.now_s
        if (left_s := max(known.values(), default=0.0) - now_s) > 0.0:
            return Round((), dict.fromkeys(known, HEATED), min(max(left_s, NEAREST_S), FARTHEST_S), goes_on=True)
        units = [unit for unit in units if unit.name in known] or units
        seen = self.loads.observe(units)
        given = {u.name: load for u in units if (load := self.loads.unjudged(seen.get(u.name), KIND)) is not None}
        running = [load for load in given.values() if load.state is LoadState.RUNNING]
        silent = {unit.name: of.message for unit in units if not isinstance(of := seen[unit.name], Facts)}
        if running:
            waits = dict.fromkeys(given, HEATED)
            return Round((), {**waits, **silent}, again_s(running, self.loads.now_s), goes_on=True)
        if given:
            findings = tuple(self._judged([unit for unit in units if unit.name in given], given))
            unread = dict.fromkeys(given.keys() - {each.subject for each in findings}, "its samples cannot be read")
            return Round(findings, {**silent, **unread}, goes_on=bool(findings))
        unready = self.unready()
        free = [unit for unit in units if unit.name not in silent and unit.dwelling not in unready]
        begun = self.loads.give(free, seen, self._choose)
        if begun.began:  # these are looked at once, that nobody else needs to be looked at until they are done
            self.loads.observe([unit for unit in free if unit.name in begun.began])
        return Round((), {**silent, **begun.waits}, NEAREST_S, goes_on=bool(begun.began))

    def _choose(self, free: Sequence[Unit], bound: Bound) -> Chosen:
        """Choose whole dwellings of those that are admitted, so that nobody waits behind a room that is too warm.

        The most that can be told apart at once are tried first; they need the longest patterns, and where rooms would
        become too warm in these, fewer in shorter ones.
        """
        admitted, batch = Admitted(), list[Unit]()
        for size in sizes(len(free)):
            envelope = bound(seconds(size), 0.5)
            admitted = admit(envelope, [unit.name for unit in free])
            batch = _batch([unit for unit in free if unit.name in admitted.units], size)
            if batch:
                break
        refused = {name: verdict.text for name, verdict in admitted.refused.items()}
        return replace(self._patterned(batch, envelope), refused=refused) if batch else Chosen(refused=refused)

    def _patterned(self, batch: Sequence[Unit], envelope: Envelope) -> Chosen:
        """Give each unit of a batch a pattern of its own; all begin at one moment."""
        coded = patterns([unit.name for unit in batch], CHIP_S / self.loads.speed)
        lead_s = LEAD_S + LEAD_A_UNIT_S * len(batch)
        begin_at = self.loads.now_s + lead_s
        shared = ("--chip-seconds", f"{coded.chip_s:g}", "--begin-at", f"{begin_at:.3f}", "--every", _every(coded))
        commands = [
            (unit, (KIND.value, "--pattern", coded.codes[unit.name], *shared, *_limit(envelope.limit_c(unit.name))))
            for unit in batch
        ]
        return Chosen(commands, lead_s + coded.seconds)

    def _judged(self, units: Sequence[Unit], given: Mapping[str, Load]) -> Iterator[StageNews]:
        """Judge each attempt's units together: their patterns are meant for each other.

        A pattern that was interrupted, or whose samples are gone, has no verdict and is begun anew. It is left out of
        the others' judgement: only the time that all series cover counts there.
        """
        trial = self.loads.trial(units)
        whole = {name: run for name, run in trial.runs.items() if run.samples and run.load.state is LoadState.DONE}
        for name in trial.runs.keys() - whole.keys():
            cut_short = Interrupted(given[name].id, given[name].because or "its samples are gone")
            yield StageNews(name, self.stage, Outcome.NOTE, cut_short.to_detail())
        trial = replace(trial, runs=whole)
        attempts: dict[str, list[str]] = {}
        for name in trial.runs:
            attempts.setdefault(given[name].id.partition(":")[0], []).append(name)
        heatings = {heating.unit: heating for heating in trial.heatings()}
        for names in attempts.values():
            of = [heatings[name] for name in names if name in heatings]
            for name, proof in judge(of, trial.sensors(), speed=self.loads.speed).items():
                detail = {**proof.to_detail(), LOAD: given[name].id}
                yield StageNews(name, self.stage, _OUTCOMES[proof.answer], detail)


def _batch(units: Sequence[Unit], size: int) -> list[Unit]:
    """Return units, dwelling by dwelling, as many as can be told apart by patterns of a length."""
    by_dwelling: dict[str, list[Unit]] = {}
    for unit in units:
        by_dwelling.setdefault(unit.dwelling, []).append(unit)
    batch: list[Unit] = []
    for mates in by_dwelling.values():
        if len(batch) + len(mates) <= size:
            batch += mates
    return batch


def _every(coded: Patterns) -> str:
    return f"{max(coded.chip_s / SAMPLES_A_CHIP, LEAST_EVERY_S):g}"


def _limit(limit_c: float | None) -> tuple[str, ...]:
    return ("--limit-c", f"{limit_c:g}") if limit_c is not None else ()
