"""What a rollout left behind in the state, as its report finds it: steps, readings, and a played rollout's own."""

from __future__ import annotations

from datetime import timedelta

from fleetctl.core.facts import Facts
from fleetctl.core.report.evidence import Evidence
from fleetctl.core.rollout.readings import Reading, reading_of
from fleetctl.core.rollout.state import Ending, Noted, Step, StepEnded, StepIntended, StepKind, StepTaken
from fleetctl.core.rollout_report import RolloutReport, rollout_report
from tests.builders.play import Play
from tests.builders.rollout_logs import T0


def reading(
    unit: str,
    at_s: float,
    temperature_c: float | None = 20.0,
    *,
    setpoint_c: float | None = 21.0,
    power_w: float | None = 600.0,
    config: str = "new",
    space: str = "A101",
) -> Reading:
    """Return a reading so many seconds after the rollout was made; 600 W are commanded if the power is known."""
    wanted_w = None if power_w is None else 600.0
    at = T0 + timedelta(seconds=at_s)
    return Reading("r1", unit, at, "1.0", config, space, temperature_c, setpoint_c, power_w, wanted_w)


def taken(unit: str, kind: StepKind, at_s: float, *, number: int = 1) -> StepTaken:
    """Return a step that was intended then."""
    return StepTaken(Step("r1", unit, 1, number, kind, 1, "new"), T0 + timedelta(seconds=at_s))


class Historian:
    """Keeps what a played rollout shows, as the state would."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self._readings: dict[tuple[str, int], Reading] = {}

    def run(self, ticks: int) -> None:
        """Let the rollout go on; stops early at its end."""
        for _ in range(ticks):
            if self.play.row.status.is_end:
                return
            self.play.tick()
            for seen in self.play.facts.values():
                if isinstance(seen, Facts):
                    premises = self.play.surroundings.premises("r1", seen.unit.partition("/")[0])
                    kept = reading_of(self.play.row, seen, premises)
                    self._readings[kept.unit, kept.minute] = kept

    def report(self) -> RolloutReport:
        """Return the report as things stand."""
        play, now = self.play, self.play.world.clock.now().utc
        notes = [change for change in play.log if isinstance(change, Noted)]
        readings = sorted(self._readings.values(), key=lambda each: each.at)
        evidence = Evidence(self._steps(), readings)
        return rollout_report(play.row, list(play.rows.values()), notes, made=now, evidence=evidence)

    def _steps(self) -> list[StepTaken]:
        ends: dict[Step, tuple[StepEnded, Ending]] = {
            change.result.step: (change, change.result.ending)
            for change in self.play.log
            if isinstance(change, StepEnded)
        }
        intents = [change for change in self.play.log if isinstance(change, StepIntended)]
        return [
            StepTaken(each.step, each.at, ends[each.step][0].at, ends[each.step][1])
            if each.step in ends
            else StepTaken(each.step, each.at)
            for each in intents
        ]
