"""`plan` by the real command line, in the process, from facts that the state remembers: what its exit code tells."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fleetctl.adapters.store.state import open_state
from fleetctl.core.facts import Cause, Observation, Unobserved
from tests.builders.command import call
from tests.builders.heat import room
from tests.builders.inventories import a_folder

UNITS = ("here/a101-1", "here/a101-2")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder: a fleet of which nothing was observed."""
    for name, text in a_folder().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / ".fleetctl").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def remember(folder: Path, *seen: Observation) -> None:
    state = open_state(f"sqlite:///{folder / '.fleetctl/state.db'}")
    state.units.save_facts(replace(each, at=datetime.now(UTC)) for each in seen)
    state.close()


def silent(unit: str) -> Unobserved:
    return Unobserved(unit, datetime.now(UTC), Cause.UNREACHABLE, f"{unit} does not answer")


@pytest.mark.parametrize("more", [(), ("--detailed-exitcode",), ("--out", "night.plan")])
def test_a_plan_that_judges_nobody_fails_and_says_so(folder: Path, more: tuple[str, ...]) -> None:
    remember(folder, *map(silent, UNITS))
    ran = call("plan", "--no-refresh", *UNITS, *more)
    assert ran.code == 1
    assert "does not answer" in ran.out
    assert "nothing was planned: all 2 units were left out, see above" in ran.err
    assert "apply it with" not in ran.err


def test_of_units_that_were_never_observed_it_is_said_too(folder: Path) -> None:
    ran = call("-o", "json", "plan", "--no-refresh", *UNITS)
    assert ran.code == 1
    assert [out["unit"] for out in json.loads(ran.out)["left_out"]] == list(UNITS)


def test_as_soon_as_one_unit_is_judged_the_others_are_a_list(folder: Path) -> None:
    remember(folder, replace(room(UNITS[0]), serial="QR-1"), silent(UNITS[1]))
    assert call("plan", "--no-refresh", *UNITS).code == 0
    ran = call("plan", "--no-refresh", "--detailed-exitcode", *UNITS)
    assert ran.code == 3
    assert "1 left out" in ran.out
