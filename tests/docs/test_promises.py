"""Every test that the page of promises names exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_promise_names_tests_of_the_suite() -> None:
    promised = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/promises.md").read_text()))
    files = (path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    known = {name for text in files for name in re.findall(r"^(?:async )?def (test_\w+)", text, re.MULTILINE)}
    assert len(promised) > 30
    assert sorted(promised - known) == []
