"""What the documentation says is so: its commands run, its links lead somewhere, its lists are complete."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.command import call
from tests.builders.pages import FENCE, PAGES, REPOSITORY, examples, near, said_within, settings, with_fleets, words_of

LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:|mailto:)(?P<target>[^)\s]+)\)")
ADRS = sorted((REPOSITORY / "docs/adr").glob("[0-9]*.md"))


@pytest.mark.parametrize("page", examples(""))
def test_offline_commands_of_a_page_do_what_it_says(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process: there are hundreds, and that a process does the same is shown by all that run on the lab."""
    monkeypatch.chdir(with_fleets(tmp_path))
    for name, value in settings(tmp_path).items():
        monkeypatch.setenv(name, value)
    for example in examples("")[page]:
        called = call(*near(example), *words_of(example))
        assert called.code == 0, f"{page}: {example.command}: {called}"
        assert said_within(example.output, called.out), f"{page}: {example.command} printed\n{called.out}"


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
