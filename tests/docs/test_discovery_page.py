"""What the page on discovery shows is so: its commands run in their order, and print what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.builders.pages import FLEET, Example, examples, run, said_within, with_fleets

PAGE = "docs/discovery.md"


@pytest.mark.lab
def test_the_commands_of_the_page_work_as_they_stand(tmp_path: Path) -> None:
    with_fleets(tmp_path)
    try:
        up, *rest = examples("lab")[PAGE]
        run(up, tmp_path, "-i", FLEET)
        status = run(Example(PAGE, "fleetctl -o json lab status", ()), tmp_path, "-i", FLEET)
        if json.loads(status)["level"] != "namespaces":
            pytest.skip("units have no networks of their own here")
        for example in rest:
            output = run(example, tmp_path, "-i", FLEET)
            assert said_within(example.output, output), f"{example.command} printed\n{output}"
    finally:
        run(Example(PAGE, "fleetctl lab down", ()), tmp_path, "-i", FLEET)
