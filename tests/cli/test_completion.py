"""What the shell completes, asked as bash asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def complete(folder: Path, line: str) -> list[str]:
    """Return what bash would offer for the last word of a command line."""
    words = line.split(" ")
    environment = os.environ | {
        "_FLEETCTL_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "PYTHONPATH": str(REPOSITORY),
    }
    program = "import sys; sys.argv = ['fleetctl']; from fleetctl.cli.main import run; run()"
    ran = subprocess.run([sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True)
    assert "Traceback" not in ran.stderr
    return ran.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("fleetctl rep", ["report"]),
        ("fleetctl unit show les-sables/a101", ["les-sables/a101-1", "les-sables/a101-2"]),
        ("fleetctl plan les-sables/g", ["les-sables/gw-a"]),
        ("fleetctl probe kind=", ["kind=gateway", "kind=radiator"]),
        ("fleetctl inventory list dwe", ["dwelling="]),
        ("fleetctl rollout show la", ["last"]),
    ],
)
def test_words_come_from_commands_inventory_and_state(fleet_folder: Path, line: str, offered: list[str]) -> None:
    assert complete(fleet_folder, line) == offered


def test_the_inventory_that_the_line_names_counts(fleet_folder: Path, tmp_path: Path) -> None:
    assert complete(tmp_path, f"fleetctl -i {fleet_folder} unit show les-sables/gw") == ["les-sables/gw-a"]


def test_without_a_fleet_nothing_is_offered_and_nothing_is_said(tmp_path: Path) -> None:
    assert complete(tmp_path, "fleetctl unit show les") == []
