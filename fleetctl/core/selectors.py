"""Selectors: which units a command is about.

An argument is a list of parts separated by commas, all of which must hold; several arguments are a union. A part is
`key=pattern` (`site=launaguet-*`, `label.floor=3`) or a unit's full name (`site/unit`), both with `*`, `?` and `[…]`.
An argument that selects nothing is an error, also beside others that do: a limit that silently matches nothing is how
the wrong machines get touched, or none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate

from fleetctl.core.inventory.fleet import Fleet, Unit
from fleetctl.core.names import did_you_mean
from fleetctl.core.problems import InvalidInput, Problem, refuse

Values = Callable[[Unit], tuple[str, ...]]

LABEL_PREFIX = "label."
NAME = "name"
KEYS: Mapping[str, Values] = {
    "site": lambda unit: (unit.site,),
    "unit": lambda unit: (unit.id, unit.name),
    "kind": lambda unit: (unit.kind.value,),
    "building": lambda unit: (unit.building,),
    "dwelling": lambda unit: (unit.dwelling,),
    "room": lambda unit: (unit.room,),
    "loop": lambda unit: (unit.loop,),
    "gateway": lambda unit: (unit.gateway,),
    "model": lambda unit: (unit.model,),
    "channel": lambda unit: (unit.channel,),
    "release": lambda unit: (unit.release,),
}
"""What each key compares; a unit that has no such thing (a gateway has no dwelling) never matches."""


@dataclass(frozen=True)
class Part:
    """One condition: a key, the pattern as written, and what it means."""

    key: str
    pattern: str
    values: Values
    matches: Callable[[str], object]

    @property
    def text(self) -> str:
        """Return the condition as it may be written."""
        return self.pattern if self.key == NAME else f"{self.key}={self.pattern}"

    def holds(self, unit: Unit) -> bool:
        """Say whether the unit has a value that matches."""
        return any(value and self.matches(value) for value in self.values(unit))


@dataclass(frozen=True)
class Selector:
    """One argument: the text as written and the conditions that must all hold."""

    text: str
    parts: tuple[Part, ...]

    def selects(self, unit: Unit) -> bool:
        """Say whether every condition holds for the unit."""
        return all(part.holds(unit) for part in self.parts)


def parse(text: str, fleet: Fleet | None = None) -> Selector:
    """Read one argument; with a fleet, a full name must be that of one of its units.

    Raises:
        InvalidInput: with codes `bad-selector`, `unknown-key` and `unknown-unit`, all at once.
    """
    problems: list[Problem] = []
    selector = _parse(text, fleet, problems)
    if selector is None:
        raise InvalidInput(problems)
    return selector


def names_any(selector: Selector, fleet: Fleet) -> bool:
    """Say whether it selects any unit of the fleet; it looks no further than the first."""
    return any(selector.selects(unit) for unit in _candidates(selector, fleet))


def select(fleet: Fleet, arguments: Sequence[str] = ()) -> tuple[Unit, ...]:
    """Return the units that any of the arguments selects, in the fleet's order; all units if there is no argument.

    Raises:
        InvalidInput: with codes `bad-selector`, `unknown-key`, `unknown-unit` and `empty-selection`, all at once.
    """
    if not arguments:
        return _not_empty(tuple(fleet.units()))
    problems: list[Problem] = []
    selectors = [selector for text in arguments if (selector := _parse(text, fleet, problems))]
    chosen: set[str] = set()
    for selector in selectors:
        found = [unit.name for unit in _candidates(selector, fleet) if selector.selects(unit)]
        if not found:
            problems.append(_nothing(selector, fleet))
        chosen.update(found)
    refuse(problems)
    return tuple(unit for unit in fleet.units() if unit.name in chosen)


def _candidates(selector: Selector, fleet: Fleet) -> Iterable[Unit]:
    """Narrow to the sites that can match, so that one site of a large fleet costs one site."""
    sites = [part for part in selector.parts if part.key == "site"]
    for site in fleet.sites.values():
        if all(part.matches(site.id) for part in sites):
            yield from site.units.values()


def _parse(text: str, fleet: Fleet | None, problems: list[Problem]) -> Selector | None:
    parts = [_part(piece.strip(), fleet) for piece in text.split(",")]
    wrong = [part for part in parts if isinstance(part, Problem)]
    problems.extend(wrong)
    return None if wrong else Selector(text, tuple(part for part in parts if isinstance(part, Part)))


def _part(piece: str, fleet: Fleet | None) -> Part | Problem:
    key, equals, pattern = (half.strip() for half in piece.partition("="))
    if not equals:
        return _name_part(piece, fleet)
    if not pattern:
        return Problem("bad-selector", f"'{piece}' has nothing after '='", hint=f"for instance '{key}=*'")
    values = _values(key)
    if values is None:
        known = [*KEYS, f"{LABEL_PREFIX}NAME"]
        return Problem("unknown-key", f"'{key}' is not a key of a selector", hint=did_you_mean(key, known))
    return Part(key, pattern, values, _matcher(pattern))


def _values(key: str) -> Values | None:
    name = key.removeprefix(LABEL_PREFIX)
    if name != key and name:
        return lambda unit: (unit.labels.get(name, ""),)
    return KEYS.get(key)


def _name_part(piece: str, fleet: Fleet | None) -> Part | Problem:
    if "/" not in piece:
        guess = _meant(piece, fleet) if fleet is not None else ""
        hint = f"did you mean '{guess}'?" if guess else "write key=pattern or site/unit"
        return Problem("bad-selector", f"'{piece}' is neither key=pattern nor a unit's full name", hint=hint)
    if fleet is not None and not _is_glob(piece) and piece not in fleet.by_name:
        return Problem("unknown-unit", f"there is no unit '{piece}'", hint=_unit_hint(piece, fleet))
    return Part(NAME, piece, lambda unit: (unit.name,), _matcher(piece))


def _meant(piece: str, fleet: Fleet) -> str:
    """Return what a bare word probably stood for: a site, or a unit without its site."""
    if piece in fleet.sites:
        return f"site={piece}"
    return next((unit.name for unit in fleet.units() if unit.id == piece), "")


def _unit_hint(piece: str, fleet: Fleet) -> str:
    site, _, unit = piece.partition("/")
    if site not in fleet.sites:
        elsewhere = next((u.name for u in fleet.units() if u.id == unit), "")
        return f"did you mean '{elsewhere}'?" if elsewhere else f"no such site; {did_you_mean(site, fleet.sites)}"
    return did_you_mean(unit, fleet.sites[site].units)


def _matcher(pattern: str) -> Callable[[str], object]:
    return re.compile(translate(pattern)).match if _is_glob(pattern) else pattern.__eq__


def _is_glob(pattern: str) -> bool:
    return any(char in pattern for char in "*?[")


def _not_empty(units: tuple[Unit, ...]) -> tuple[Unit, ...]:
    if not units:
        raise InvalidInput([Problem("empty-selection", "the fleet has no units", hint="add a file under sites/")])
    return units


def _nothing(selector: Selector, fleet: Fleet) -> Problem:
    """Say which part of an argument rules everything out, as far as one alone does."""
    units = tuple(fleet.units())
    for part in selector.parts:
        if not any(part.holds(unit) for unit in units):
            known = {value for unit in units for value in part.values(unit)[:1] if value}
            message = f"no unit matches '{part.text}'"
            return Problem("empty-selection", message, hint=did_you_mean(part.pattern, known))
    message = f"'{selector.text}' selects no unit"
    return Problem("empty-selection", message, hint="each part matches some unit, but no unit matches all of them")
