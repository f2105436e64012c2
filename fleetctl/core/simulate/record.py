"""Watches a simulated rollout: what waited for what, what was under way, how cold it got. It changes nothing."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.state import Decision, Noted, Phase
from fleetctl.core.simulate.world import World

_RULE = re.compile(r"(G\d+|max_unavailable|never|quiet)\b")
_FIGURE = re.compile(r"-?\d+(?:[.,:]\d+)*")
_NAME = re.compile(r"\S+/\S+")
_WAVE = "the wave before has not ended"
_WHOLE = ""
"""Stands for all sites in a decision's reasons."""
SAMPLE_EVERY_S = 60.0
MOST_SAMPLES = 240
"""A picture has no more points to tell apart."""


@dataclass(frozen=True, slots=True)
class Sample:
    """How things stood at one time.

    Attributes:
        under_way: those that only soak included.
        lowest_c: of all rooms that a heater was taken from so far, the lowest temperature; None if there is none yet.
    """

    at_s: float
    waiting: int
    under_way: int
    without_heat: int
    ended: int
    lowest_c: float | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """From when on one constraint stood in the way of most sites; empty where nothing waited."""

    at_s: float
    constraint: str


def constraint_of(reason: str) -> str:
    """Return what kind of reason a reason in words is: the guard's rule, or the words without figures and names."""
    rule = _RULE.match(reason)
    if rule:
        return rule.group(1)
    words = reason.partition(": ")[0]
    return _FIGURE.sub("…", _NAME.sub("…", words))


class Record:
    """What was seen so far.

    Attributes:
        starts: units in the order in which attempts at them started, with the time.
        site_s: for each kind of constraint, the sites that it blocked, added up over time, in s.
        examples: one reason in full for each kind.
    """

    def __init__(self) -> None:
        self.starts: list[tuple[float, str]] = []
        self.samples: list[Sample] = []
        self.stretches: list[Stretch] = []
        self.site_s: defaultdict[str, float] = defaultdict(float)
        self.dominant_s: defaultdict[str, float] = defaultdict(float)
        self.examples: dict[str, str] = {}
        self.log: list[Noted] = []
        self._reasons: dict[str, str] = {}
        self._counted: Counter[str] = Counter()
        self._kinds: dict[str, str] = {}
        self._at_s = 0.0
        self._every_s = SAMPLE_EVERY_S

    def note(self, world: World, board: Board, decision: Decision) -> None:
        """Take one decision into account, after the board has followed it."""
        self._pass(world.at_s)
        for change in decision.changes:
            if isinstance(change, Noted):
                self.log.append(change)
                if change.what == "attempt-started":
                    self.starts.append((world.at_s, change.unit))
        self._take(board, decision.reasons)
        if not self.samples or world.at_s - self.samples[-1].at_s >= self._every_s:
            self.sample(world, board)

    def sample(self, world: World, board: Board) -> None:
        """Keep how things stand now; the longer it lasts, the fewer samples."""
        touched = [space for space in world.spaces if space.touched]
        for space in touched:
            if not space.is_settled:
                space.advance(world.at_s)
        ended = sum(count for phase, count in board.phases.items() if phase.is_end)
        lowest_c = min((space.temperature_c for space in touched), default=None)
        waiting = board.phases[Phase.PENDING]
        self.samples.append(Sample(world.at_s, waiting, len(board.active), len(world.without_heat), ended, lowest_c))
        if len(self.samples) > MOST_SAMPLES:
            del self.samples[1::2]
            self._every_s *= 2

    def _pass(self, at_s: float) -> None:
        passed_s, self._at_s = at_s - self._at_s, at_s
        for kind, sites in self._counted.items():
            self.site_s[kind] += sites * passed_s
        if self.stretches and self.stretches[-1].constraint:
            self.dominant_s[self.stretches[-1].constraint] += passed_s

    def _take(self, board: Board, reasons: Mapping[str, str]) -> None:
        """Remember why each site waits; a site that has nobody waiting any more is forgotten."""
        self._reasons.pop(_WHOLE, None)
        self._reasons.update(reasons)
        waiting = {site for site, _ in board.open_sites}
        for site in self._reasons.keys() - waiting - {_WHOLE}:
            del self._reasons[site]
        counted: Counter[str] = Counter()
        for reason in self._reasons.values():
            counted[self._kind(reason)] += 1
        if not counted and board.phases[Phase.PENDING]:
            counted[self._kind(_WAVE)] += 1
        self._counted = counted
        dominant = max(sorted(counted), key=counted.__getitem__, default="")
        if not self.stretches or self.stretches[-1].constraint != dominant:
            self.stretches.append(Stretch(self._at_s, dominant))

    def _kind(self, reason: str) -> str:
        kind = self._kinds.get(reason)
        if kind is None:
            kind = self._kinds[reason] = constraint_of(reason)
            self.examples.setdefault(kind, reason)
        return kind
