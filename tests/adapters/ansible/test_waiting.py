"""Which steps go together into a run, and when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fleetctl.adapters.ansible.waiting import Waiting
from fleetctl.core.rollout.state import Step, StepKind

LINGER_S, FULL = 4.0, 3
A_MOMENT_S = 1e-6


def step(unit: int, kind: StepKind = StepKind.VERIFY) -> Step:
    return Step("r1", f"s/u{unit}", 1, 1, kind, 1)


def everybody(_: Step) -> bool:
    return True


def units(batch: list[Step]) -> list[str]:
    return [each.unit for each in batch]


def test_a_step_waits_for_others_of_its_kind_and_no_longer() -> None:
    waiting = Waiting(FULL, LINGER_S)
    waiting.add([step(1)], 10.0)
    waiting.add([step(2)], 13.0)
    assert waiting.take(13.9, everybody) == []
    assert waiting.pause_s(13.5) == 0.5
    assert units(waiting.take(14.0, everybody)) == ["s/u1", "s/u2"]
    assert not waiting


def test_a_full_batch_waits_for_nobody() -> None:
    waiting = Waiting(FULL, LINGER_S)
    waiting.add([step(number) for number in range(FULL + 1)], 10.0)
    assert units(waiting.take(10.0, everybody)) == ["s/u0", "s/u1", "s/u2"]
    assert waiting.take(10.0, everybody) == []
    assert units(waiting.take(14.0, everybody)) == ["s/u3"]


def test_the_kind_that_is_due_goes_though_another_came_first() -> None:
    waiting = Waiting(FULL, LINGER_S)
    waiting.add([step(1, StepKind.REBOOT)], 10.0)
    waiting.add([step(number) for number in range(2, 2 + FULL)], 11.0)
    assert units(waiting.take(11.0, everybody)) == ["s/u2", "s/u3", "s/u4"]
    assert units(waiting.take(14.0, everybody)) == ["s/u1"]


def test_what_is_not_wanted_any_more_fills_no_batch() -> None:
    waiting = Waiting(FULL, LINGER_S)
    waiting.add([step(number) for number in range(FULL)], 10.0)
    assert waiting.take(10.0, lambda each: each.unit != "s/u1") == []
    assert units(waiting.take(14.0, everybody)) == ["s/u0", "s/u2"]


@given(st.lists(st.tuples(st.sampled_from([StepKind.VERIFY, StepKind.REBOOT, StepKind.DRAIN]), st.floats(0, 2))))
def test_every_step_goes_once_within_its_time_in_batches_of_one_kind(coming: list[tuple[StepKind, float]]) -> None:
    waiting, now_s, came, went = Waiting(FULL, LINGER_S), 0.0, dict[str, float](), list[str]()

    def go() -> None:
        while batch := waiting.take(now_s, everybody):
            assert len({each.kind for each in batch}) == 1
            assert len(batch) <= FULL
            assert all(now_s - came[each.unit] <= LINGER_S + 2 * A_MOMENT_S for each in batch)
            went.extend(units(batch))

    for number, (kind, gap_s) in enumerate(coming):
        until_s = now_s + gap_s
        while waiting and now_s + waiting.pause_s(now_s) + A_MOMENT_S < until_s:
            now_s += waiting.pause_s(now_s) + A_MOMENT_S
            go()
        now_s = until_s
        came[f"s/u{number}"] = now_s
        waiting.add([step(number, kind)], now_s)
        go()
    while waiting:
        now_s += waiting.pause_s(now_s) + A_MOMENT_S
        go()
    assert sorted(went) == sorted(came)
