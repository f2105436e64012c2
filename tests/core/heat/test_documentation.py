"""The figures on the page about the heat guard are those of the guard."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from fleetctl.core.heat.guard import Question, verdicts
from fleetctl.core.policy import Guard
from tests.builders.heat import NOW, PARIS, POLICY, weather
from tests.builders.les_sables import les_sables, rooms_at

PAGE = Path(__file__).parents[3] / "docs" / "heat-guard.md"


def asked(*down: str) -> Question:
    unit = "launaguet-les-sables/a101-1"
    return Question(unit, les_sables(), rooms_at(0.0), POLICY, NOW, PARIS, frozenset(down), forecast=weather(0.0))


def test_the_example_is_what_the_guard_says() -> None:
    block = PAGE.read_text().partition("```text\n")[2].partition("```")[0]
    assert block.splitlines() == [each.text for each in verdicts(asked())]


def test_the_second_unit_of_the_example_is_refused_in_those_words() -> None:
    (against,) = [v.text for v in verdicts(asked("launaguet-les-sables/a101-2")) if not v.holds]
    assert against in PAGE.read_text()


def test_every_margin_is_explained() -> None:
    page = PAGE.read_text()
    assert [field.name for field in fields(Guard) if f"`{field.name}`" not in page] == []
