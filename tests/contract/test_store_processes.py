"""Several real processes on one state: races that one wins, and a kill in the middle of a commit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fleetctl.adapters.store.state import open_state
from tests.builders.rollouts import rollout, rows
from tests.builders.store_process import HAS_POWER_FOR

ROOT = Path(__file__).parents[2]
RACERS = 4

Start = Callable[[str, str], "subprocess.Popen[str]"]


@pytest.fixture
def start(url: str) -> Iterator[Start]:
    """Return what starts a process on the state and waits until it is ready; it goes when it gets a line."""
    started: list[subprocess.Popen[str]] = []

    def start_one(what: str, name: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.builders.store_process", url, what, name]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True))
        return started[-1]

    yield start_one
    for process in started:
        with suppress(ProcessLookupError):
            process.kill()
        process.communicate()


def race(start: Start, what: str) -> list[str]:
    """Let processes do the same at once, on a state that none has created yet; return what came of it."""
    racers = [start(what, str(number)) for number in range(RACERS)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    return [racer.communicate(timeout=60)[0].strip() for racer in racers]


def test_of_controllers_that_race_one_leads(start: Start, url: str) -> None:
    answers = race(start, "acquire")
    (won,) = [answer for answer in answers if answer.startswith("done ")]
    assert sum(answer.startswith("refused Led") for answer in answers) == RACERS - 1, answers
    state = open_state(url)
    current = state.controllers.current()
    state.close()
    assert current is not None
    assert won == f"done {current.epoch}"


def test_of_rollouts_that_race_for_a_plan_one_gets_it(start: Start, url: str) -> None:
    answers = race(start, "use-plan")
    won = [answer.removeprefix("done ") for answer in answers if answer.startswith("done ")]
    assert len(won) == 1, answers
    refusal = f"refused CouldNot plan p-1 was applied before, by rollout {won[0]}"
    assert answers.count(refusal) == RACERS - 1, answers
    state = open_state(url)
    assert [r.id for r in state.journal.rollouts()] == won
    state.close()


def test_of_loads_that_race_for_a_sites_power_no_more_begin_than_it_has(start: Start, url: str) -> None:
    answers = race(start, "reserve")
    assert sorted(answers) == [*["done begins"] * HAS_POWER_FOR, *["done waits"] * (RACERS - HAS_POWER_FOR)]


@pytest.mark.parametrize("commits", [1, 7])
def test_a_killed_controller_leaves_whole_commits(start: Start, url: str, commits: int) -> None:
    state = open_state(url)
    state.rollouts.add(rollout(), rows(), {})
    controller = start("commit", "")
    assert controller.stdin is not None
    assert controller.stdout is not None
    controller.stdin.write("go\n")
    controller.stdin.flush()
    said = [controller.stdout.readline() for _ in range(commits + 1)]
    controller.kill()
    controller.wait()
    attempts = {row.attempt for row in state.journal.progress("r-1")}
    events = [event.text for _, event in state.journal.events("r-1")]
    state.close()
    assert len(attempts) == 1, "a commit is whole"
    assert events == [str(number) for number in range(1, len(events) + 1)]
    assert attempts == {len(events)}
    assert len(events) >= int(said[-1]), "what was committed is there"
    again = open_state(url)
    assert again.chain_flaw() is None
    again.close()
