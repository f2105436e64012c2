"""A task beside the main one: woken, retried, closed in time, and never in the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from time import monotonic

import pytest

from fleetctl.adapters.background import Background
from fleetctl.core.problems import CouldNot

SOON_S = 60.0


class Task:
    """Counts its rounds and does what a test says."""

    def __init__(self, *answers: float | Exception | None) -> None:
        self.answers = list(answers)
        self.rounds = 0
        self.reached: dict[int, threading.Event] = {}
        self.said: list[str] = []

    def __call__(self) -> float | None:
        self.rounds += 1
        answer = self.answers.pop(0) if self.answers else None
        self._event(self.rounds).set()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def wait_for(self, rounds: int) -> None:
        assert self._event(rounds).wait(SOON_S), f"{self.rounds} rounds"

    def _event(self, rounds: int) -> threading.Event:
        return self.reached.setdefault(rounds, threading.Event())


@pytest.fixture
def run() -> Iterator[Callable[[Task], Background]]:
    started: list[Background] = []

    def start(task: Task) -> Background:
        background = Background("news", task, task.said.append)
        started.append(background)
        background.start()
        return background

    yield start
    for background in started:
        background.close(0)


def test_it_does_a_first_round_and_one_at_each_call(run: Callable[[Task], Background]) -> None:
    task = Task()
    background = run(task)
    task.wait_for(1)
    background.wake()
    task.wait_for(2)


def test_it_comes_back_when_the_round_before_asked_for_it(run: Callable[[Task], Background]) -> None:
    task = Task(0.01, 0.01)
    run(task)
    task.wait_for(3)


def test_a_failure_is_said_once_and_stops_nothing(run: Callable[[Task], Background]) -> None:
    task = Task(CouldNot("no fleet"), ValueError("odd"), None, CouldNot("again"))
    background = run(task)
    for rounds in (1, 2, 3, 4):
        task.wait_for(rounds)
        background.wake()
    task.wait_for(5)
    assert task.said == ["news: no fleet", "news: again"]


def test_what_comes_up_during_the_last_round_gets_one_more() -> None:
    begun, go_on, rounds = threading.Event(), threading.Event(), list[int]()

    def task() -> None:
        rounds.append(1)
        begun.set()
        go_on.wait(SOON_S)

    background = Background("news", task, lambda _: None)
    background.start()
    assert begun.wait(SOON_S)
    closer = threading.Thread(target=background.close, args=(SOON_S,))
    background.wake()
    closer.start()
    go_on.set()
    closer.join(SOON_S)
    assert len(rounds) >= 2


def test_closing_lets_what_waits_be_done(run: Callable[[Task], Background]) -> None:
    task = Task(0.01, 0.01, None)
    background = run(task)
    assert background.close(SOON_S)
    assert task.rounds >= 3


def test_closing_does_not_wait_for_what_will_not_be_done(run: Callable[[Task], Background]) -> None:
    task = Task(*[0.01] * 100_000)
    background = run(task)
    task.wait_for(1)
    assert not background.close(0.05)


def test_closing_does_not_wait_for_a_round_that_is_due_after_its_end(run: Callable[[Task], Background]) -> None:
    task = Task(3600.0, 3600.0, 3600.0)
    background = run(task)
    task.wait_for(1)
    before_s = monotonic()
    assert not background.close(SOON_S)
    assert monotonic() - before_s < SOON_S


def test_closing_does_not_wait_for_a_round_that_hangs() -> None:
    stuck = threading.Event()

    def hang() -> None:
        stuck.wait(SOON_S)

    background = Background("news", hang, lambda _: None)
    background.start()
    assert not background.close(0.05)
    stuck.set()
