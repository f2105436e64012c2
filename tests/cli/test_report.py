"""`fleetctl report rollout`, against a state on disk."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.cli.report import write_html_report
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import RolloutChanged, Status, UnitChanged
from fleetctl.ports import State
from tests.builders.command import call
from tests.builders.play import progress
from tests.builders.rollout_logs import T0, failed, note, row_of


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
    path = write_html_report(Frame(fleet_folder), state, row)
    assert path == fleet_folder / ".fleetctl/reports/r1.html"
    assert "1 of 2 failed" in path.read_text()


def test_a_page_that_cannot_be_written_is_said_in_our_words(state: State, fleet_folder: Path) -> None:
    (fleet_folder / ".fleetctl/reports").write_text("in the way")
    row = state.journal.rollout("r1")
    assert row is not None
    with pytest.raises(CouldNot, match="cannot be made"):
        write_html_report(Frame(fleet_folder), state, row)
