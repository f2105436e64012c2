"""What the documentation says is so: its commands run, its links lead somewhere, its lists are complete.

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

import pytest

REPOSITORY = Path(__file__).parents[2]
FLEET = "inventories/demo"
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
FENCE = re.compile(r"^(?P<indent> *)```console *(?P<info>\w*)\n(?P<body>.*?)^ *```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:|mailto:)(?P<target>[^)\s]+)\)")
ADRS = sorted((REPOSITORY / "docs/adr").glob("[0-9]*.md"))


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


def run(example: Example, folder: Path, *options: str) -> str:
    words = shlex.split(example.command)
    assert words[0] == "fleetctl", f"{example.command}: mark a fence that is not to be run as illustrative"
    program = [sys.executable, "-c", "from fleetctl.cli.main import run; run()", *options, *words[1:]]
    environment = {k: v for k, v in os.environ.items() if k not in {"CI", "FLEETCTL_STATE", "FLEETCTL_INVENTORY"}}
    environment |= {"PYTHONPATH": str(REPOSITORY), "COLUMNS": "200", "NO_COLOR": "1"}
    environment |= {"FLEETCTL_RELEASE_KEYS": str(folder / "keys"), "FLEETCTL_CA_KEYS": str(folder / "ca-keys")}
    ran = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)
    assert ran.returncode == 0, f"{example.command}: exit {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with copies of the fleets that the pages name."""
    for name in ("demo", "schema"):
        copied = tmp_path / "inventories" / name
        shutil.copytree(REPOSITORY / "inventories" / name, copied, ignore=shutil.ignore_patterns(".fleetctl"))
    return tmp_path


def near(example: Example) -> list[str]:
    """Return the option for the fleet that a page's reader stands in, where the command names none."""
    return [] if " -i " in example.command or " init " in example.command else ["-i", FLEET]


def said_within(shown: tuple[str, ...], output: str) -> bool:
    """Say whether every line of an excerpt stands in the output, whatever its spacing."""
    lines = {" ".join(line.split()) for line in output.splitlines()}
    return all(" ".join(line.split()) in lines for line in shown if line.strip())


@pytest.mark.parametrize("page", examples(""))
def test_offline_commands_of_a_page_do_what_it_says(page: str, folder: Path) -> None:
    for example in examples("")[page]:
        output = run(example, folder, *near(example))
        assert said_within(example.output, output), f"{page}: {example.command} printed\n{output}"


@pytest.mark.lab
def test_the_tour_of_the_readme_works_as_it_stands(folder: Path) -> None:
    tour = examples("lab")["README.md"]
    try:
        for example in tour:
            output = run(example, folder, *near(example))
            assert said_within(example.output, output), f"{example.command} printed\n{output}"
    finally:
        run(Example("README.md", "fleetctl lab down", ()), folder, "-i", FLEET)
    report = (folder / "rollout.xml").read_text()
    assert 'tests="' in report
    assert "<failure" not in report


@pytest.mark.lab
def test_the_commands_of_the_labs_page_work(folder: Path) -> None:
    few = ("--select", "dwelling=A102")
    try:
        for example in examples("lab")["docs/lab.md"]:
            command = f"{example.command} {shlex.join(few)}" if example.command.endswith("lab up") else example.command
            command += " dwelling=A102" if example.command.endswith(" probe") else ""
            run(Example(example.page, command, ()), folder, *near(example))
    finally:
        run(Example("docs/lab.md", "fleetctl lab down", ()), folder, "-i", FLEET)


@pytest.mark.lab
def test_the_update_that_a_page_shows_succeeds(folder: Path) -> None:
    *ways, last = examples("lab")["docs/updates.md"]
    try:
        for example in ways:
            run(example, folder, *near(example))
        assert "1 of 1 succeeded" in run(last, folder, *near(last))
    finally:
        run(Example("docs/updates.md", "fleetctl lab down", ()), folder, "-i", FLEET)


@pytest.mark.lab
def test_the_unit_that_a_page_commissions_is_accepted(folder: Path) -> None:
    *ways, last = examples("lab")["docs/commissioning.md"]
    try:
        for example in ways:
            run(example, folder, *near(example))
        assert "9/10" in run(last, folder, *near(last)), "all but the registration, for which there is no CA"
    finally:
        run(Example("docs/commissioning.md", "fleetctl lab down", ()), folder, "-i", FLEET)


def test_every_fence_has_a_kind_that_is_known() -> None:
    kinds = {fence["info"] for page in PAGES for fence in FENCE.finditer(page.read_text())}
    assert kinds <= {"", "lab", "illustrative"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = [
        link["target"]
        for link in LINK.finditer(page.read_text())
        if not (page.parent / link["target"].partition("#")[0]).exists()
    ]
    assert not broken


def test_every_decision_is_listed_by_its_title() -> None:
    listed = (REPOSITORY / "docs/adr/README.md").read_text()
    for adr in ADRS:
        number, _, title = adr.read_text().splitlines()[0].removeprefix("# ").partition(". ")
        assert f"- [{int(number):04}]({adr.name}) {title}\n" in listed


def test_decisions_are_short_and_numbered_without_gaps() -> None:
    assert [int(adr.name[:4]) for adr in ADRS] == list(range(1, len(ADRS) + 1))
    assert all(len(adr.read_text().splitlines()) <= 20 for adr in ADRS)


def test_the_services_unit_file_runs_a_command_that_exists() -> None:
    unit = (REPOSITORY / "docs/fleetctl-controller.service").read_text()
    (start,) = re.findall(r"^ExecStart=\S+/fleetctl (.*)$", unit, re.MULTILINE)
    help_ = subprocess.run(
        [sys.executable, "-c", "from fleetctl.cli.main import run; run()", *start.split(), "--help"],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )
    assert help_.returncode == 0
    assert "Drive every rollout" in help_.stdout
