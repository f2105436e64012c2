"""Tables in a terminal; in a pipe they are tested with the commands that print them."""

from __future__ import annotations

import io
import sys

import pytest

from fleetctl.cli.frame import Frame
from fleetctl.cli.table import print_table


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", ["200", "50"])
def test_the_first_column_is_never_cut_short(monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", width)

    print_table(Frame(), ("UNIT", "NOTE"), [("launaguet-les-sables/a101-1", "long " * 20)])

    assert "launaguet-les-sables/a101-1 " in terminal.getvalue()


def test_an_empty_table_is_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(Frame(), ("UNIT", "NOTE"), [])

    assert capsys.readouterr().out == "UNIT  NOTE\n"
