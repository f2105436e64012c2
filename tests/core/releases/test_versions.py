"""Versions are ordered as Debian orders them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.releases.versions import Version, is_downgrade

TEXTS = st.text(alphabet="ab019.~+-", max_size=8)


def test_numbers_count_as_numbers_and_tilde_is_before_the_end() -> None:
    ascending = ["1.0~~", "1.0~rc1", "1.0", "1.0.1", "1.0a", "1.2", "1.9", "1.10", "2026.9.0", "2026.11.0", "2026.11.1"]
    for lower, higher in pairwise(["1.0~~", "1.0~rc1", "1.0", "1.0a", "1.0.1"]):
        assert Version(lower) < Version(higher), (lower, higher)
    assert sorted(ascending, key=Version)[-4:] == ["1.10", "2026.9.0", "2026.11.0", "2026.11.1"]


@pytest.mark.parametrize(
    ("before", "after", "back"),
    [
        ("", "1", False),
        ("1", "1", False),
        ("qh-1-2026.11.0", "qh-1-2026.9.0", True),
        ("qh-1-2026.11.0", "qh-1-2026.12.0", False),
        ("1.0", "1.0~rc2", True),
    ],
)
def test_a_downgrade_goes_back(before: str, after: str, back: bool) -> None:
    assert is_downgrade(before, after) is back


@given(TEXTS, TEXTS, TEXTS)
def test_the_order_is_total(a: str, b: str, c: str) -> None:
    x, y, z = Version(a), Version(b), Version(c)
    assert (x < y) + (y < x) + (x == y) == 1
    if x <= y <= z:
        assert x <= z
