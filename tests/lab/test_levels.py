from __future__ import annotations

from collections.abc import Sequence

import pytest

from fleetctl.core.problems import CouldNot
from fleetctl.lab.layout import Level
from fleetctl.lab.levels import ENTER, ENTER_AS_ROOT, Run, cannot, choose, missing


def machine(*refused: str) -> Run:
    """Return a machine on which a trial fails if its command has one of these options."""

    def run(command: Sequence[str], text: str) -> str:
        hit = next((option for option in refused if option in command), None)
        return f"no {hit} here" if hit else ""

    return run


@pytest.mark.parametrize(
    ("refused", "as_root", "level"),
    [
        ((), False, Level.NAMESPACES),
        (("--net",), False, Level.LOOPBACK),
        (("--user",), False, Level.PROCESSES),
        (("--mount",), False, Level.PROCESSES),
        (("--user",), True, Level.NAMESPACES),
        (("--user", "--net"), True, Level.LOOPBACK),
        (("--mount",), True, Level.PROCESSES),
    ],
)
def test_the_highest_level_that_works_is_taken(refused: tuple[str, ...], as_root: bool, level: Level) -> None:
    assert choose(None, as_root=as_root, run=machine(*refused)).level is level


def test_a_lower_level_says_why_it_is_not_higher() -> None:
    choice = choose(None, as_root=False, run=machine("--net"))
    assert choice.why == "namespaces: no --net here"


def test_root_does_without_a_user_namespace_where_it_has_to() -> None:
    assert choose(None, as_root=True, run=machine()).enter == (*ENTER, "--net")
    assert choose(None, as_root=True, run=machine("--user")).enter == (*ENTER_AS_ROOT, "--net")


def test_a_forced_level_that_does_not_work_is_refused_with_the_reason() -> None:
    with pytest.raises(CouldNot, match="namespaces: no --net here"):
        choose(Level.NAMESPACES, as_root=False, run=machine("--net"))


def test_the_second_tier_is_never_taken_unasked_and_needs_root() -> None:
    assert choose(None, as_root=True, run=machine()).level is Level.NAMESPACES
    with pytest.raises(CouldNot, match="system: "):
        choose(Level.SYSTEM, as_root=False, run=machine())


@pytest.mark.skipif(bool(missing(Level.SYSTEM)), reason="the programs of the second tier are not all here")
def test_the_second_tier_has_a_network_and_no_user_namespace() -> None:
    assert choose(Level.SYSTEM, as_root=True, run=machine()).enter == (*ENTER_AS_ROOT, "--net")
    with pytest.raises(CouldNot, match="system: it needs root"):
        choose(Level.SYSTEM, as_root=False, run=machine())


def test_processes_need_no_trial() -> None:
    assert choose(Level.PROCESSES, as_root=False, run=machine("--mount")).enter == ()


@pytest.mark.parametrize("level", list(Level))
def test_every_level_says_what_it_cannot_show(level: Level) -> None:
    assert all(cannot(level))
