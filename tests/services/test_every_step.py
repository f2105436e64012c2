"""A controller is killed at every step of its journal, whatever a rollout comes to: the end is the same.

What there is, is asked of the code: a new kind of event, phase, step or change that no scene comes to fails here.
"""

from __future__ import annotations

import itertools
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from fleetctl.core.rollout.state import Change, Event, Noted, Phase, StepIntended, StepKind, UnitChanged
from tests.builders.memory_state import MemoryState
from tests.builders.scenes import SCENES, Watched

ORDERED_ALONE = {StepKind.WIPE, StepKind.POWER_OFF, StepKind.IMAGE}
"""Steps that a person orders of one unit; no rollout does them."""


def undisturbed(name: str) -> Watched:
    scene = SCENES[name](MemoryState())
    scene.plant.drive()
    scene.check()
    return scene


@pytest.mark.parametrize("name", SCENES)
def test_killed_at_every_journal_step_the_next_controller_reaches_the_same_end(name: str) -> None:
    """Before each commit, after it and before acting, and after acting."""
    first = undisturbed(name)
    wanted, steps = first.end(), first.plant.wire.count
    for step in itertools.count(1):
        scene = SCENES[name](MemoryState())
        struck = scene.plant.drive_killed_at(step)
        scene.plant.drive()
        assert scene.end() == wanted, f"killed at step {step}"
        scene.check()
        if not struck:
            break
    assert step > steps > 25


def test_there_is_no_step_of_a_journal_at_which_no_controller_was_killed() -> None:
    committed = [change for name in SCENES for change in undisturbed(name).plant.wire.committed]
    assert missing(committed) == {"events": set(), "phases": set(), "steps": set(), "changes": set()}


def missing(committed: list[Change]) -> Mapping[str, set[Any]]:
    """Return what there is and was never committed."""
    return {
        "events": set(Event) - set(events(committed)),
        "phases": set(Phase) - {c.progress.phase for c in committed if isinstance(c, UnitChanged)},
        "steps": set(StepKind) - ORDERED_ALONE - {c.step.kind for c in committed if isinstance(c, StepIntended)},
        "changes": set(typing.get_args(Change)) - {type(change) for change in committed},
    }


def events(committed: list[Change]) -> Iterator[Event]:
    """Yield the kinds of the entries of the log; one that is not in the enumeration is an error."""
    return (Event(change.what) for change in committed if isinstance(change, Noted))


def test_what_no_scene_comes_to_is_missed() -> None:
    committed = undisturbed("aborted").plant.wire.committed
    assert Event.UNIT_STAGES in missing(committed)["events"]
    assert Phase.SOAKING not in missing(committed)["phases"]
