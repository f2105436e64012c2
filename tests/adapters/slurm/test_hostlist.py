"""Slurm's lists of nodes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.adapters.slurm.hostlist import MOST, expand


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("(null)", ()),
        ("gw", ("gw",)),
        ("a101-1,gw", ("a101-1", "gw")),
        ("a101-[3,1]", ("a101-3", "a101-1")),
        ("a101-[1-3,7],gw", ("a101-1", "a101-2", "a101-3", "a101-7", "gw")),
        ("n[08-11]", ("n08", "n09", "n10", "n11")),
        ("r[1-2]n[1-2]x", ("r1n1x", "r1n2x", "r2n1x", "r2n2x")),
    ],
)
def test_a_list_is_its_names(text: str, names: tuple[str, ...]) -> None:
    assert expand(text) == names


@pytest.mark.parametrize("text", ["a[1", "a]", "a[x-y]", "a[1-]b[", "a[]", f"a[0-{MOST + 1}]", "a[0-9999]b[0-9999]"])
def test_what_is_no_list_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of them will do
        expand(text)


@given(st.text(alphabet="ab1-9,[]", max_size=30))
def test_anything_is_a_list_or_is_refused(text: str) -> None:
    try:
        names = expand(text)
    except ValueError:
        return
    assert all(name and not set(name) & set("[],") for name in names)


@given(st.lists(st.integers(0, 999), min_size=1, max_size=20, unique=True))
def test_numbers_come_back_in_their_order(numbers: list[int]) -> None:
    assert expand(f"site-a101-[{','.join(map(str, numbers))}]") == tuple(f"site-a101-{n}" for n in numbers)
