"""Nobody names himself: the actor is whom the kernel knows."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from fleetctl.cli.frame import Frame
from fleetctl.cli.person import actor

ME = pwd.getpwuid(os.getuid()).pw_name


def test_a_name_in_the_environment_makes_nobody_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Frame().actor
    for variable in ("USER", "LOGNAME", "LNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(variable, "mallory")
    assert Frame().actor == before != "mallory"


def test_who_logged_in_acts_also_behind_sudo(tmp_path: Path) -> None:
    somebody = next(entry for entry in pwd.getpwall() if entry.pw_uid not in {os.getuid()})
    login = tmp_path / "loginuid"
    login.write_text(str(somebody.pw_uid))
    assert actor(login) == somebody.pw_name


@pytest.mark.parametrize("text", ["4294967295", "", "what"])
def test_where_nobody_logged_in_the_process_acts(tmp_path: Path, text: str) -> None:
    login = tmp_path / "loginuid"
    login.write_text(text)
    assert actor(login) == ME
    assert actor(tmp_path / "missing") == ME


def test_a_user_who_was_deleted_is_a_number(tmp_path: Path) -> None:
    login = tmp_path / "loginuid"
    login.write_text("3999999999")
    assert actor(login) == "uid 3999999999"
