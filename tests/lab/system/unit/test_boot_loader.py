"""The boot loader as RAUC asks it: the rules are those of `slots`, the words are RAUC's."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetctl.lab.system.unit.boot_loader import answer
from fleetctl.lab.unit import slots


def say(folder: Path, words: str) -> str:
    return answer(words.split(), folder)


def test_a_new_boot_loader_starts_a_and_takes_both_slots_for_good(tmp_path: Path) -> None:
    assert [say(tmp_path, w) for w in ("get-primary", "get-state A", "get-state B")] == ["A\n", "good\n", "good\n"]


def test_an_install_takes_a_slot_away_until_somebody_activates_it(tmp_path: Path) -> None:
    assert say(tmp_path, "set-state B bad") == ""
    assert (say(tmp_path, "get-primary"), say(tmp_path, "get-state B")) == ("A\n", "bad\n")
    say(tmp_path, "set-primary B")
    assert say(tmp_path, "get-primary") == "B\n"


def test_what_rauc_sets_is_what_the_boot_loader_boots_by(tmp_path: Path) -> None:
    say(tmp_path, "set-primary B")
    for _ in range(slots.ATTEMPTS):
        booted, env = slots.start(slots.load(tmp_path))
        slots.store(tmp_path, env)
        assert booted == "B"
    assert (say(tmp_path, "get-primary"), say(tmp_path, "get-state B")) == ("A\n", "bad\n")
    say(tmp_path, "set-state B good")
    assert say(tmp_path, "get-state B") == "good\n"


@pytest.mark.parametrize("words", ["", "get-state", "get-state C", "set-primary rootfs.0", "set-state A fine", "boot"])
def test_what_is_no_request_is_refused_and_changes_nothing(tmp_path: Path, words: str) -> None:
    with pytest.raises(ValueError, match="not a request"):
        say(tmp_path, words)
    assert list(tmp_path.iterdir()) == []
