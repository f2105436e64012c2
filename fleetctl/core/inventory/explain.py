"""Turns pydantic's errors into flaws in our words, with the nearest known key as the hint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fleetctl.core.document import Path
from fleetctl.core.inventory.flaws import Flaw
from fleetctl.core.inventory.known_keys import known_keys
from fleetctl.core.names import did_you_mean, nearest
from fleetctl.core.written import as_text


class _Words(NamedTuple):
    code: str
    message: str
    hint: str


class _Other(NamedTuple):
    """A unit that people write in place of ours: our suffix, our unit, how many of ours make one (if that is all)."""

    suffix: str
    unit: str
    factor: float | None


_OTHER_UNITS = {
    "_kw": _Other("_w", "watts", 1e3),
    "_mw": _Other("_w", "watts", 1e6),
    "_kwh": _Other("_w", "watts", None),
    "_k": _Other("_c", "degrees Celsius", None),
    "_f": _Other("_c", "degrees Celsius", None),
    "_m3": _Other("_l", "litres", 1e3),
    "_min": _Other("_s", "seconds", 60),
    "_h": _Other("_s", "seconds", 3600),
    "_ms": _Other("_s", "seconds", 1e-3),
    "_mb": _Other("_bytes", "bytes", 1e6),
}
_UNITS = {
    "_kj_k": "kilojoules per kelvin",
    "_w_k": "watts per kelvin",
    "_percent": "percent",
    "_bytes": "bytes",
    "_m2": "square metres",
    "_w": "watts",
    "_c": "degrees Celsius",
    "_s": "seconds",
    "_l": "litres",
    "_k": "kelvin",
}
_WANTED = {
    "string_type": "text",
    "float_type": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
}
_LIMITS = {
    "greater_than": ("must be greater than", "gt"),
    "greater_than_equal": ("must be at least", "ge"),
    "less_than": ("must be less than", "lt"),
    "less_than_equal": ("must be at most", "le"),
}


def flaws_of(error: ValidationError, model: type[BaseModel], root: Path) -> Iterator[Flaw]:
    """Yield a flaw for each of pydantic's errors.

    Args:
        error: what pydantic raised for `model`.
        model: the model that the whole file was checked against.
        root: path of the file's data in the inventory.
    """
    details = error.errors(include_url=False)
    unknown = [d["loc"] for d in details if d["type"] == "extra_forbidden"]
    misspelt = {(*loc[:-1], _meant(str(loc[-1]), known_keys(model, loc[:-1]))) for loc in unknown}
    for detail in details:
        loc, at_key = _without_mark(detail["loc"])
        if detail["type"] == "missing" and loc in misspelt:
            continue  # it is there under another name, and that is a flaw already
        words = _unknown_key(loc, detail, model) if detail["loc"] in unknown else _explained(detail, loc)
        yield Flaw((*root, *loc), *words, at_key=at_key or detail["loc"] in unknown)


def _without_mark(loc: Path) -> tuple[Path, bool]:
    """Return the path, and whether its last key is meant and not its value (pydantic appends `[key]`)."""
    return (loc[:-1], True) if loc and loc[-1] == "[key]" else (loc, False)


def _explained(detail: ErrorDetails, loc: Path) -> _Words:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    where = ".".join(map(str, loc)) or "the file"
    if "fact" in context:
        return _Words(kind, f"{where}: {context['fact']}", str(context["hint"]))
    if kind == "missing":
        return _Words("missing-key", f"{_holder(loc)} has no '{loc[-1]}'", f"add '{loc[-1]}'")
    if kind in _LIMITS:
        words, name = _LIMITS[kind]
        return _Words("out-of-range", f"{where} {words} {context[name]:g}, but is {_shown(value)}", _in_our_unit(loc))
    if kind == "too_short":
        return _Words("too-few", f"{where} is empty", "write one at least, or remove the key")
    if kind == "literal_error":
        return _not_one_of(where, value, str(context["expected"]))
    if kind in _WANTED:
        return _Words("wrong-type", f"{where} must be {_WANTED[kind]}, but is {_shown(value)}", _mend(kind, loc, value))
    return _Words("bad-value", f"{where}: {detail['msg'][:1].lower()}{detail['msg'][1:]}", "")


def _unknown_key(loc: Path, detail: ErrorDetails, model: type[BaseModel]) -> _Words:
    key, known = str(loc[-1]), known_keys(model, loc[:-1])
    message = f"unknown key '{key}' in {_holder(loc)}"
    meant, other = _meant(key, known), _other_unit(key)
    if meant is None or other is None or not meant.endswith(other.suffix):
        return _Words("unknown-key", message, did_you_mean(key, known))
    example = (
        f", here {float(detail['input']) * other.factor:g}" if other.factor and _is_number(detail["input"]) else ""
    )
    return _Words("wrong-unit", message, f"did you mean '{meant}'? it is in {other.unit}{example}")


def _meant(key: str, known: Sequence[str]) -> str | None:
    """Return the known key that an unknown one was probably meant to be, if need be in another unit."""
    other = _other_unit(key)
    in_our_unit = nearest(key[: key.rindex("_")] + other.suffix, known) if other else None
    return in_our_unit or nearest(key, known)


def _other_unit(key: str) -> _Other | None:
    return _OTHER_UNITS.get("_" + key.rpartition("_")[2].lower()) if "_" in key else None


def _not_one_of(where: str, value: Any, expected: str) -> _Words:
    options = [option.strip("' ") for option in expected.replace(" or ", ", ").split(",")]
    message = f"{where} must be {' or '.join(options)}, but is {_shown(value)}"
    return _Words("not-one-of", message, did_you_mean(str(as_text(value)), options))


def _mend(kind: str, loc: Path, value: Any) -> str:
    if value is None:
        return "write a value, or remove the key"
    if kind in ("float_type", "int_type") and isinstance(value, str):
        return _in_our_unit(loc) or "write the number alone, without quotes"
    return "put it in quotes to make it text" if kind == "string_type" and isinstance(value, bool) else ""


def _in_our_unit(loc: Path) -> str:
    key = str(loc[-1]) if loc else ""
    unit = next((unit for suffix, unit in _UNITS.items() if key.endswith(suffix)), None)
    return f"write the number alone, in {unit}" if unit else ""


def _holder(loc: Path) -> str:
    return f"'{'.'.join(map(str, loc[:-1]))}'" if len(loc) > 1 else "the file"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(as_text(value))
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
