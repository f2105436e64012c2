"""`fleetctl report rollout`, against a state on disk."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.cli.report import leave_report, made_now
from fleetctl.cli.running import run_to_exit
from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.state import Decision, Phase, RolloutChanged, Status, StepIntended, StepKind, UnitChanged
from fleetctl.ports import State
from fleetctl.services.drive import Moved
from tests.builders.command import call
from tests.builders.histories import reading, taken
from tests.builders.play import progress
from tests.builders.rollout_logs import T0, failed, note, row_of
from tests.builders.rollouts import facts


@pytest.fixture
def state(fleet_folder: Path) -> Iterator[State]:
    """The fleet's state, in which rollout `r1` has failed at one of two units."""
    units = [progress("les-sables/a101-1"), progress("les-sables/a101-2")]
    bad = failed("les-sables/a101-2", "no answer <here>")
    with compose.state(Frame(fleet_folder)) as state:
        state.rollouts.add(row_of(units), units, {})
        epoch = state.controllers.acquire(owner="o", host="h", pid=1, command="c", now=T0, lease_s=30)
        changes = [note(0, bad.unit, "attempt-started"), note(9, bad.unit, "unit-failed", bad.reason)]
        ended = RolloutChanged("r1", Status.FAILED, "1 of 2 failed")
        state.journal.commit(epoch, [*changes, UnitChanged("r1", bad), ended])
        state.controllers.release(epoch)
        yield state


def test_a_report_is_html_on_standard_output(state: State, fleet_folder: Path) -> None:
    called = call("report", "rollout", "last", inventory=fleet_folder)
    assert called.code == 0
    assert called.out.startswith("<!doctype html>")
    assert "no answer &lt;here&gt;" in called.out


def test_a_report_is_json_where_that_is_the_form_of_output(state: State, fleet_folder: Path) -> None:
    document = call("-o", "json", "report", "rollout", "r1", inventory=fleet_folder).document
    assert document["schema"] == "fleetctl/report/v1"
    assert [unit["phase"] for unit in document["units"]] == ["pending", "failed"]


def test_a_report_goes_to_a_file_that_only_its_owner_reads(state: State, fleet_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "rollout.xml"
    called = call("report", "rollout", "last", "--format", "junit", "--out", str(out), inventory=fleet_folder)
    assert (called.code, called.out, called.err) == (0, "", f"report: {out}\n")
    assert ElementTree.parse(out).getroot().get("name") == "rollout r1"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_no_report_of_what_is_not_there(fleet_folder: Path) -> None:
    called = call("report", "rollout", "last", inventory=fleet_folder)
    assert (called.code, called.out) == (2, "")
    assert "there is no rollout 'last'" in called.err


def test_a_rollout_leaves_its_page_beside_the_state(state: State, fleet_folder: Path) -> None:
    row = state.journal.rollout("r1")
    assert row is not None
    path = leave_report(Frame(fleet_folder), made_now(state, row))
    assert path == str(fleet_folder / ".fleetctl/reports/r1.html")
    assert "1 of 2 failed" in Path(path).read_text()


def test_a_controller_leaves_the_page_of_a_rollout_that_stands_still(state: State, fleet_folder: Path) -> None:
    row = state.journal.rollout("r1")
    assert row is not None
    board = Board(replace(row, status=Status.HALTED, reason="no more"), state.journal.progress("r1"))
    witness = compose.seat(Frame(fleet_folder), state, lambda: False).witness
    page = fleet_folder / ".fleetctl/reports/r1.html"
    witness(Moved(board, Decision(changes=(note(9, "", "wave-opened"),))))
    assert not page.exists()
    witness(Moved(board, Decision(changes=(RolloutChanged("r1", Status.HALTED, "no more"),))))
    assert "no more" in page.read_text()


def test_whoever_ends_a_rollout_is_told_which_units_stay_on_the_new_config(
    state: State, fleet_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = reading("les-sables/a101-1", 5)
    state.units.save_facts([facts("les-sables/a101-1")], [seen])
    assert run_to_exit(Frame(fleet_folder), state, "r1") == 1
    told = capsys.readouterr().err
    assert "1 unit: config new, 1.0" in told
    assert "1 unit: config unknown, unknown" in told


def test_a_report_outlives_the_inventory_that_its_rollout_was_of(state: State, fleet_folder: Path) -> None:
    """The inventory of the row is a folder that is not there: the report still is, in UTC."""
    called = call("report", "rollout", "r1", inventory=fleet_folder)
    assert "<dt>times</dt><dd>UTC</dd>" in called.out


def test_a_report_has_the_steps_the_readings_and_the_sites_time(state: State, fleet_folder: Path) -> None:
    unit = replace(progress("les-sables/a101-1"), phase=Phase.SUCCEEDED, attempt=1)
    row = replace(row_of([unit]), id="r2", plan="p2", inventory=str(fleet_folder))
    state.rollouts.add(row, [unit], {})
    epoch = state.controllers.acquire(owner="o", host="h", pid=1, command="c", now=T0, lease_s=30)
    step = taken(unit.unit, StepKind.REBOOT, 5).step
    state.journal.commit(epoch, [StepIntended(replace(step, rollout="r2", epoch=epoch), T0)])
    state.units.save_facts([facts(unit.unit)], [replace(reading(unit.unit, 60, 17.5), rollout="r2")])
    document = call("-o", "json", "report", "rollout", "r2", inventory=fleet_folder).document
    assert [(space["space"], space["lowest_c"]) for space in document["spaces"]] == [("les-sables/A101", 17.5)]
    assert [span["what"] for span in document["units"][0]["spans"]] == ["rebooting"]
    assert "Europe/Paris" in call("report", "rollout", "r2", inventory=fleet_folder).out


def test_a_page_that_cannot_be_written_is_said_in_our_words(
    state: State, fleet_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (fleet_folder / ".fleetctl/reports").write_text("in the way")
    row = state.journal.rollout("r1")
    assert row is not None
    assert leave_report(Frame(fleet_folder), made_now(state, row)) == ""
    assert "no report: " in capsys.readouterr().err
