"""Whatever is written in the place of any value: there is a fleet, or there are problems with places. Never a crash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.inventory.write import to_yaml
from tests.builders.inventories import FLEET, SITE, document, examined

GOOD = {"fleet.yaml": FLEET, "sites/here.yaml": SITE}

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["qh", "gw-a", "A101"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


def paths(data: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        yield (*here, key)
        yield from paths(value, (*here, key))


places = st.sampled_from([(name, path) for name, text in GOOD.items() for path in paths(document(text).data)])


@given(st.lists(st.tuples(places, anything), min_size=1, max_size=3), st.booleans())
def test_any_edit_gives_a_fleet_or_problems(edits: list[tuple[tuple[str, tuple[Any, ...]], Any]], remove: bool) -> None:
    folder = {name: document(text).data for name, text in GOOD.items()}
    for (name, path), value in edits:
        _edit(folder[name], path, value, remove)
    texts = {name: to_yaml(data) for name, data in folder.items()}
    found = examined(texts)
    assert found.fleet is not None or found.problems
    for problem in found.problems:
        assert problem.file in texts
        assert 1 <= problem.line <= len(texts[problem.file].splitlines())
        assert problem.message


def _edit(data: Any, path: tuple[Any, ...], value: Any, remove: bool) -> None:
    """Change what stands at a path, if it is still there after other edits."""
    for key in path[:-1]:
        if not _holds(data, key):
            return
        data = data[key]
    if remove and isinstance(data, dict):
        data.pop(path[-1], None)
    elif _holds(data, path[-1]):
        data[path[-1]] = value


def _holds(data: Any, key: Any) -> bool:
    if isinstance(data, list):
        return isinstance(key, int) and key < len(data)
    return isinstance(data, dict) and key in data
