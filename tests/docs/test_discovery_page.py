"""What the page on discovery shows is so: its commands run in their order, and print what it says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.docs.test_docs import FLEET, REPOSITORY, Example, examples, run, said_within

PAGE = "docs/discovery.md"


@pytest.mark.lab
def test_the_commands_of_the_page_work_as_they_stand(tmp_path: Path) -> None:
    for name in ("demo", "schema"):
        ignored = shutil.ignore_patterns(".fleetctl")
        shutil.copytree(REPOSITORY / "inventories" / name, tmp_path / "inventories" / name, ignore=ignored)
    try:
        for example in examples("lab")[PAGE]:
            output = run(example, tmp_path, "-i", FLEET)
            assert said_within(example.output, output), f"{example.command} printed\n{output}"
    finally:
        run(Example(PAGE, "fleetctl lab down", ()), tmp_path, "-i", FLEET)
