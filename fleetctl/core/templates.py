"""The templates of the rendered files and the manifest that says which file each of them becomes, as values.

Reading them from folders is `adapters.share`'s; filling them in is `core.render`'s.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Strict, ValidationError
from pydantic_core import PydanticCustomError

from fleetctl.core.document import Document, Position, Positions
from fleetctl.core.inventory.declared.fleet import KindName
from fleetctl.core.inventory.declared.quantities import Declared, Text
from fleetctl.core.inventory.explain import flaws_of
from fleetctl.core.inventory.flaws import Flaw
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.names import did_you_mean
from fleetctl.core.problems import InvalidInput, Problem


@dataclass(frozen=True, slots=True)
class Source:
    """One template: its text, and where a person finds it."""

    text: str
    origin: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the manifest for one kind of unit: the template, and the file that it becomes."""

    template: str
    path: str
    mode: int = 0o644
    service: str = ""
    confirm: bool = False
    reboot: bool = False


@dataclass(frozen=True)
class Templates:
    """Every template by its name, and for each kind of unit its files sorted by path."""

    sources: Mapping[str, Source]
    rules: Mapping[Kind, tuple[Rule, ...]]

    @cached_property
    def used(self) -> tuple[str, ...]:
        """Return the names of the templates that become files, sorted."""
        return tuple(sorted({rule.template for rules in self.rules.values() for rule in rules}))


def templates_of(sources: Mapping[str, Source], manifest: Document) -> Templates:
    """Check a manifest against the templates that there are.

    Raises:
        InvalidInput: with every mistake, at its line.
    """
    try:
        declared = _Manifest.model_validate(manifest.data)
    except ValidationError as error:
        raise InvalidInput([*manifest.problems, *_located(flaws_of(error, _Manifest, ()), manifest)]) from None
    rules = {kind: _rules_of(kind, declared) for kind in Kind}
    flaws = [*_unknown(declared, sources), *(flaw for of_kind in rules.values() for flaw in _clashes(of_kind))]
    if manifest.problems or flaws:
        raise InvalidInput([*manifest.problems, *_located(flaws, manifest)])
    return Templates(sources, rules)


def _form(pattern: str, code: str, fault: str, hint: str) -> AfterValidator:
    """Make the check that a text has a form; `fault` completes the sentence that the text begins."""

    def check(text: str) -> str:
        if re.fullmatch(pattern, text):
            return text
        # The fact goes in as a value, because braces in a message template would be taken for fields.
        raise PydanticCustomError(code, "{fact}", {"fact": f"'{text}' {fault}", "hint": hint})

    return AfterValidator(check)


def _some(kinds: tuple[KindName, ...]) -> tuple[KindName, ...]:
    if kinds:
        return kinds
    hint = "name radiator, boiler or gateway"
    raise PydanticCustomError("no-kinds", "{fact}", {"fact": "no kind of unit has this file", "hint": hint})


_PATH = _form(
    r"(/(?!\.{1,2}(/|$))[A-Za-z0-9_@.+-]+)+",
    "bad-path",
    "is not a file's path on a unit",
    "write an absolute path of letters, digits and '@.+_-', without '.' and '..'",
)
_MODE = _form(r"0[0-7]{3}", "bad-mode", "is not a file's mode", "write four octal digits, such as 0644")
_SERVICE = _form(r"[a-z0-9-]*", "bad-name", "is not a service hook's name", "use a-z, 0-9 and '-'")


class _File(Declared):
    """What becomes of a template."""

    path: Annotated[Text, _PATH]
    kinds: Annotated[tuple[KindName, ...], Strict(False), AfterValidator(_some)]
    mode: Annotated[Text, _MODE] = "0644"
    service: Annotated[Text, _SERVICE] = ""
    confirm: bool = False
    reboot: bool = False


class _Manifest(Declared):
    """The manifest as it is written; files by the name of their template."""

    api: Literal["fleetctl/templates/v1"]
    files: dict[str, _File]


def _rules_of(kind: Kind, manifest: _Manifest) -> tuple[Rule, ...]:
    rules = (
        Rule(template, file.path, int(file.mode, 8), file.service, file.confirm, file.reboot)
        for template, file in manifest.files.items()
        if kind.value in file.kinds
    )
    return tuple(sorted(rules, key=lambda rule: (rule.path, rule.template)))


def _unknown(manifest: _Manifest, sources: Mapping[str, Source]) -> Iterator[Flaw]:
    for name in manifest.files:
        if name not in sources:
            fact, hint = f"there is no template '{name}'", did_you_mean(name, sources)
            yield Flaw(("files", name), "unknown-template", fact, hint, at_key=True)


def _clashes(rules: Sequence[Rule]) -> Iterator[Flaw]:
    for one, other in itertools.pairwise(rules):
        if one.path == other.path:
            fact = f"'{one.template}' and '{other.template}' both become {one.path}"
            yield Flaw(("files", other.template, "path"), "duplicate-path", fact, "narrow the kinds of one of them")


def _located(flaws: Iterable[Flaw], manifest: Document) -> Iterator[Problem]:
    for flaw in flaws:
        place = _place(flaw, manifest.positions)
        yield Problem(flaw.code, flaw.message, manifest.file, place.line, place.column, flaw.hint)


def _place(flaw: Flaw, positions: Positions) -> Position:
    """Return where a flaw stands, or the nearest thing around it that is there."""
    exact = positions.of_key(flaw.path) if flaw.at_key else None
    around = (positions.of(flaw.path[:length]) for length in range(len(flaw.path), 0, -1))
    return exact or next((place for place in around if place), Position(1, 1))
