"""The examples of `docs/inventory.md` and `docs/policies.md` are valid, and every field of a policy is explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fleetctl.core.inventory.declared import policy as declared
from fleetctl.core.inventory.declared.quantities import Declared
from tests.builders.inventories import a_folder, examined

PAGE = Path(__file__).parents[3] / "docs" / "inventory.md"
POLICIES = PAGE.with_name("policies.md")


def test_the_examples_make_a_valid_fleet() -> None:
    blocks = re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    found = examined(dict(blocks))
    assert found.problems == ()
    assert found.fleet is not None
    assert found.unit_count == 3
    assert found.fleet.by_name["first-street/a101-1"].release == "2026.11.0"


def test_the_policies_of_the_page_are_valid() -> None:
    blocks = re.findall(r"```yaml\npolicies:\n(.*?)```", POLICIES.read_text(), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        found = examined(a_folder(("  default: {max_in_progress: 4}\n", block)))
        assert found.problems == ()


@pytest.mark.parametrize(
    "model",
    [
        declared.Policy,
        declared.Wave,
        declared.Window,
        declared.Freeze,
        declared.AtMost,
        declared.Drain,
        declared.Staging,
        declared.Guard,
    ],
)
def test_every_field_of_a_policy_is_explained(model: type[Declared]) -> None:
    page = POLICIES.read_text()
    assert [field for field in model.model_fields if f"`{field}`" not in page and f"{field}:" not in page] == []
