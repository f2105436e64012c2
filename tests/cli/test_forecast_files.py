"""A bad forecast file is bad input: exit 2, all problems with their lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders.command import call
from tests.builders.inventories import a_folder

DECLARED = ("title: A test site\n", "title: A test site\nforecast: {file: weather/here.csv}\n")
GOOD = "time,temperature_c\n2026-01-15T18:00Z,3\n2026-01-15T19:00Z,2\n2026-01-15T20:00Z,1\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, which is a fleet whose site declares a forecast."""
    for name, text in a_folder(DECLARED).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "weather").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_good_forecast_is_valid(folder: Path) -> None:
    (folder / "weather/here.csv").write_text(GOOD)
    assert call("validate").code == 0


def test_forecast_with_holes_and_the_wrong_unit_exits_with_2_and_shows_every_line(folder: Path) -> None:
    values = {17: "276", 18: "", 19: "2", 20: "1", 21: "1", 23: "0"}
    rows = "".join(f"2026-01-15T{hour}:00Z,{value}\n" for hour, value in values.items())
    (folder / "weather/here.csv").write_text("time,temperature_c\n" + rows)
    ran = call("validate")
    assert ran.code == 2
    assert "weather/here.csv:2: error: 276 °C is no outdoor temperature" in ran.out
    assert "weather/here.csv:3: error: 2026-01-15T18:00Z has no temperature" in ran.out
    assert "weather/here.csv:7: error: nothing is forecast from 2026-01-15 21:00Z to 2026-01-15 23:00Z" in ran.out


def test_missing_forecast_exits_with_2(folder: Path) -> None:
    ran = call("validate")
    assert ran.code == 2
    assert "weather/here.csv: error: the forecast cannot be read: No such file or directory" in ran.out
