"""Which state a command opens, and when it refuses to lose what it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.core.problems import InvalidInput


@pytest.fixture
def frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Frame:
    monkeypatch.delenv("CI", raising=False)
    (tmp_path / "fleet.yaml").touch()
    return Frame(inventory=tmp_path)


def test_the_state_stands_beside_the_inventory(frame: Frame, tmp_path: Path) -> None:
    with compose.state(frame, durable=True) as state:
        uuid = state.uuid
    with compose.state(frame) as state:
        assert state.uuid == uuid
    assert (tmp_path / ".fleetctl" / "state.db").is_file()


def test_a_pipeline_does_not_write_where_it_is_lost(
    frame: Frame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(InvalidInput, match="lost with the checkout") as refused, compose.state(frame, durable=True):
        pass
    assert "FLEETCTL_STATE" in refused.value.problems[0].hint
    assert not (tmp_path / ".fleetctl").exists()


def test_a_pipeline_may_read_and_may_write_where_it_is_told(
    frame: Frame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    with compose.state(frame) as state:
        assert state.uuid
    named = Frame(inventory=tmp_path, state=f"sqlite:///{tmp_path}/elsewhere.db")
    with compose.state(named, durable=True) as state:
        assert state.uuid
