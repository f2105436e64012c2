"""Which of a kernel's modules an image needs, by what `depmod` wrote."""

from __future__ import annotations

from collections.abc import Iterable


def needed(dependencies: str, wanted: Iterable[str], builtin: str) -> tuple[str, ...]:
    """Return the paths of modules with all that they depend on, in the order in which they can be loaded.

    Args:
        dependencies: text of `modules.dep`.
        wanted: names of modules; `-` and `_` are the same.
        builtin: text of `modules.builtin`: what the kernel has anyway.

    Raises:
        ValueError: if the kernel has no such module.
    """
    needs = dict(_lines(dependencies))
    by_name = {_name(path): path for path in needs}
    have = {_name(path) for path in builtin.split()}
    order: dict[str, None] = {}
    for name in (word.replace("-", "_") for word in wanted):
        if name in have:
            continue
        if name not in by_name:
            raise ValueError(f"the kernel has no module '{name}'")
        path = by_name[name]
        # depmod names the nearest dependency first, so the farthest is loaded first.
        order |= dict.fromkeys((*reversed(needs[path]), path))
    return tuple(order)


def _lines(dependencies: str) -> Iterable[tuple[str, tuple[str, ...]]]:
    for line in dependencies.splitlines():
        path, _, needs = line.partition(":")
        yield path, tuple(needs.split())


def _name(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0].replace("-", "_")
