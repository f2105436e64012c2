"""Observe units: ask all of them at once, remember every answer, hand it on as it comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fleetctl.core.facts import Observation
from fleetctl.ports import Prober, Target, Units

POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Probed:
    """One unit was observed, or was found not to be observable.

    Attributes:
        done: how many units have their answer, this one included.
        total: how many were asked.
    """

    observation: Observation
    done: int
    total: int


def probe(prober: Prober, memory: Units, targets: Sequence[Target]) -> Iterator[Probed]:
    """Observe units and store what was seen; yields each answer after it was stored."""
    prober.submit(targets)
    done, total = 0, len(targets)
    while done < total:
        answers = prober.poll(POLL_S)
        memory.save_facts(answers)
        for observation in answers:
            done += 1
            yield Probed(observation, done, total)
