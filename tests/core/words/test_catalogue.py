"""Every text that is declared anywhere in `core.words`, in every language: same names, nothing empty."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from string import Formatter
from types import ModuleType

import pytest

from fleetctl.core import words
from fleetctl.core.words.language import Language
from fleetctl.core.words.text import Counted, Text


def _texts_of(name: str, value: object) -> Iterator[tuple[str, Text]]:
    if isinstance(value, Text):
        yield name, value
    elif isinstance(value, Counted):
        yield f"{name}.one", value.one
        yield f"{name}.many", value.many
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts_of(f"{name}[{key}]", each)


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(words.__path__):
        yield import_module(f"{words.__name__}.{found.name}")


CATALOGUE = [
    pytest.param(text, id=f"{module.__name__.rpartition('.')[2]}.{name}")
    for module in _modules()
    for constant, value in sorted(vars(module).items())
    for name, text in _texts_of(constant, value)
]


def _names(pattern: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(pattern) if name is not None}


def test_there_is_a_catalogue() -> None:
    assert len(CATALOGUE) > 20


@pytest.mark.parametrize("text", CATALOGUE)
def test_both_languages_fill_in_the_same_names(text: Text) -> None:
    patterns = [text.pattern(language) for language in Language]
    assert all(pattern.strip() for pattern in patterns)
    assert _names(patterns[0]) == _names(patterns[1])
    assert all(name.isidentifier() for name in _names(patterns[0]))
