"""Tells what happens at an imaging server as it happens: units that went on, machines that nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fleetctl.core.imaging.record import Imaging, Stage, Stranger
from fleetctl.ports import Clock, State

EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class News:
    """What is new since the last look; both may be empty.

    Attributes:
        records: units that went on, whose request is open or ended while this ran.
        strangers: machines that were refused for the first time, or for another reason.
        all: every unit of interest, as it is now.
    """

    records: tuple[Imaging, ...]
    strangers: tuple[Stranger, ...]
    all: tuple[Imaging, ...]

    @property
    def are_over(self) -> bool:
        """Say whether no unit waits for its image any more."""
        return not any(record.stage.is_open for record in self.all)


def watch(state: State, clock: Clock, is_over: Callable[[News], bool]) -> Iterator[News]:
    """Yield what is new, about once a second, until `is_over` of it says so."""
    known: dict[str, Imaging] = {}
    met = {stranger.claim: stranger.reason for stranger in state.imaging.strangers()}
    old = {unit for unit, record in state.imaging.records().items() if not record.stage.is_open}
    while True:
        records = {u: r for u, r in state.imaging.records().items() if u not in old or r.stage.is_open}
        old -= records.keys()
        strangers = [s for s in state.imaging.strangers() if met.get(s.claim) != s.reason]
        changed = tuple(record for unit, record in records.items() if known.get(unit) != record)
        met |= {stranger.claim: stranger.reason for stranger in strangers}
        known = dict(records)
        news = News(changed, tuple(strangers), tuple(records.values()))
        yield news
        if is_over(news):
            return
        clock.wait(EVERY_S)


def failures(records: tuple[Imaging, ...]) -> list[Imaging]:
    """Return the units that need a person."""
    return [record for record in records if record.stage is Stage.QUARANTINED]
