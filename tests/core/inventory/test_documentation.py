"""The examples of `docs/inventory.md` are a valid fleet."""

from __future__ import annotations

import re
from pathlib import Path

from tests.builders.inventories import examined

PAGE = Path(__file__).parents[3] / "docs" / "inventory.md"


def test_the_examples_make_a_valid_fleet() -> None:
    blocks = re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    found = examined(dict(blocks))
    assert found.problems == ()
    assert found.fleet is not None
    assert found.unit_count == 3
    assert found.fleet.by_name["first-street/a101-1"].release == "2026.11.0"
