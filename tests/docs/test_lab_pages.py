"""What the documentation shows on stand-in units is so: its commands run as they stand, each a process."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.builders.pages import FLEET, Example, examples, near, run, said_within, with_fleets

pytestmark = pytest.mark.lab


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return with_fleets(tmp_path)


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


def test_the_commands_of_the_labs_page_work(folder: Path) -> None:
    few = ("--select", "dwelling=A102")
    try:
        for example in examples("lab")["docs/lab.md"]:
            command = f"{example.command} {shlex.join(few)}" if example.command.endswith("lab up") else example.command
            command += " dwelling=A102" if example.command.endswith(" probe") else ""
            run(Example(example.page, command, ()), folder, *near(example))
    finally:
        run(Example("docs/lab.md", "fleetctl lab down", ()), folder, "-i", FLEET)


def test_the_update_that_a_page_shows_succeeds(folder: Path) -> None:
    *ways, last = examples("lab")["docs/updates.md"]
    try:
        for example in ways:
            run(example, folder, *near(example))
        assert "1 of 1 succeeded" in run(last, folder, *near(last))
    finally:
        run(Example("docs/updates.md", "fleetctl lab down", ()), folder, "-i", FLEET)
