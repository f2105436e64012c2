"""Commands of the documentation: found in its pages, run as they stand, held against what the page shows.

A fence `console` is run in a copy of the example fleets, one after the other within a page; `console lab` against
stand-in units; `console illustrative` is not run, for it needs somebody's fleet or changes the machine.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
FLEET = "inventories/demo"
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
FENCE = re.compile(r"^(?P<indent> *)```console *(?P<info>\w*)\n(?P<body>.*?)^ *```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """One command of a page, and what the page shows of its output: lines with `...` in the place of more."""

    page: str
    command: str
    output: tuple[str, ...]


def examples(kind: str) -> dict[str, list[Example]]:
    """Return the commands of each page that has some of a kind."""
    found = {str(page.relative_to(REPOSITORY)): list(_of(page, kind)) for page in PAGES}
    return {page: commands for page, commands in found.items() if commands}


def _of(page: Path, kind: str) -> Iterator[Example]:
    for fence in FENCE.finditer(page.read_text()):
        if fence["info"] != kind:
            continue
        lines = [line.removeprefix(fence["indent"]) for line in fence["body"].splitlines()]
        starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            yield Example(str(page), lines[start][2:], tuple(lines[start + 1 : end]))


def words_of(example: Example) -> list[str]:
    """Return a command's words after `fleetctl`."""
    words = shlex.split(example.command)
    assert words[0] == "fleetctl", f"{example.command}: mark a fence that is not to be run as illustrative"
    return words[1:]


def settings(folder: Path) -> dict[str, str]:
    """Return the environment in which a page's commands run."""
    keys = {"FLEETCTL_RELEASE_KEYS": str(folder / "keys"), "FLEETCTL_CA_KEYS": str(folder / "ca-keys")}
    return {"COLUMNS": "200", "NO_COLOR": "1", **keys}


def run(example: Example, folder: Path, *options: str) -> str:
    """Run a command as a process, as a reader would; returns what it printed. It has to succeed."""
    program = [sys.executable, "-c", "from fleetctl.cli.main import run; run()", *options, *words_of(example)]
    environment = {k: v for k, v in os.environ.items() if k not in {"CI", "FLEETCTL_STATE", "FLEETCTL_INVENTORY"}}
    environment |= {"PYTHONPATH": str(REPOSITORY), **settings(folder)}
    ran = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)
    assert ran.returncode == 0, f"{example.command}: exit {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


def near(example: Example) -> list[str]:
    """Return the option for the fleet that a page's reader stands in, where the command names none."""
    return [] if " -i " in example.command or " init " in example.command else ["-i", FLEET]


def said_within(shown: tuple[str, ...], output: str) -> bool:
    """Say whether every line of an excerpt stands in the output, whatever its spacing."""
    lines = {" ".join(line.split()) for line in output.splitlines()}
    return all(" ".join(line.split()) in lines for line in shown if line.strip())


def with_fleets(folder: Path) -> Path:
    """Put copies of the fleets that the pages name into a folder."""
    for name in ("demo", "schema"):
        copied = folder / "inventories" / name
        shutil.copytree(REPOSITORY / "inventories" / name, copied, ignore=shutil.ignore_patterns(".fleetctl"))
    return folder
