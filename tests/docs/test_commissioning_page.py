"""What the page on commissioning shows on stand-in units is so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders.pages import FLEET, Example, examples, near, run, with_fleets


@pytest.mark.lab
@pytest.mark.evening
def test_the_unit_that_a_page_commissions_is_accepted(tmp_path: Path) -> None:
    folder = with_fleets(tmp_path)
    *ways, last = examples("lab")["docs/commissioning.md"]
    try:
        for example in ways:
            run(example, folder, *near(example))
        assert "9/10" in run(last, folder, *near(last)), "all but the registration, for which there is no CA"
    finally:
        run(Example("docs/commissioning.md", "fleetctl lab down", ()), folder, "-i", FLEET)
