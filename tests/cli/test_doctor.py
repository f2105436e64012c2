"""`fleetctl doctor` on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders.command import call


def test_it_says_what_is_there_in_a_table(fleet_folder: Path) -> None:
    called = call("doctor", inventory=fleet_folder)
    assert called.code == 0
    assert called.lines[0].split() == ["WHAT", "FINDING", "FOUND", "FOR"]
    assert {"python", "ssh", "git", "lab", "state"} <= {line.split()[0] for line in called.lines[1:]}


def test_without_the_ssh_client_it_fails_and_says_which_package_has_it(
    fleet_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    called = call("-o", "json", "doctor", inventory=fleet_folder)
    checks = {check["subject"]: check for check in called.document["checks"]}
    assert called.code == 1
    assert called.document["healthy"] is False
    assert (checks["ssh"]["finding"], checks["ssh"]["package"]) == ("missing", "openssh-client")


def test_a_state_that_is_none_is_missing_and_left_alone(fleet_folder: Path) -> None:
    (fleet_folder / ".fleetctl").mkdir()
    state = fleet_folder / ".fleetctl/state.db"
    state.write_text("not a database")
    called = call("-o", "json", "doctor", inventory=fleet_folder)
    (check,) = [check for check in called.document["checks"] if check["subject"] == "state"]
    assert (called.code, check["finding"]) == (1, "missing")
    assert "is not an SQLite database" in check["found"]
    assert state.read_text() == "not a database"


def test_no_state_is_made_for_the_question(fleet_folder: Path) -> None:
    call("doctor", inventory=fleet_folder)
    assert not (fleet_folder / ".fleetctl/state.db").exists()


def test_it_answers_where_there_is_no_fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    called = call("-o", "json", "doctor")
    (check,) = [check for check in called.document["checks"] if check["subject"] == "state"]
    assert (called.code, check["finding"]) == (0, "optional")
