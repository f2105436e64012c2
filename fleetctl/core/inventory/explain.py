"""Turns pydantic's errors into flaws in our words, with the nearest known key as the hint."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fleetctl.core.document import Path
from fleetctl.core.inventory.flaws import Flaw
from fleetctl.core.names import did_you_mean, nearest
from fleetctl.core.written import as_text

_MULTIPLES = {
    "_kw": ("_w", 1000, "W"),
    "_mw": ("_w", 1_000_000, "W"),
    "_k": ("_c", None, "°C"),
    "_f": ("_c", None, "°C"),
}
_WANTED = {
    "string_type": "text",
    "float_type": "a number",
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
_UNITS = {
    "_w": "watts", "_c": "degrees Celsius", "_s": "seconds", "_m2": "square metres", "_l": "litres", "_bytes": "bytes",
    "_percent": "percent", "_w_k": "watts per kelvin", "_kj_k": "kilojoules per kelvin",
}  # fmt: skip


def flaws_of(error: ValidationError, model: type[BaseModel], root: Path) -> Iterator[Flaw]:
    """Yield a flaw for each of pydantic's errors.

    Args:
        error: what pydantic raised for `model`.
        model: the model that the whole file was checked against.
        root: path of the file's data in the inventory.
    """
    for detail in error.errors(include_url=False):
        loc, at_key = _without_marks(detail["loc"])
        code, message, hint = _explained(detail, loc, model)
        yield Flaw((*root, *loc), code, message, hint, at_key=at_key or detail["type"] == "extra_forbidden")


def _without_marks(loc: tuple[str | int, ...]) -> tuple[Path, bool]:
    """Return the path, and whether its last key is meant and not its value (pydantic appends `[key]`)."""
    return (loc[:-1], True) if loc and loc[-1] == "[key]" else (loc, False)


def _explained(detail: ErrorDetails, loc: Path, model: type[BaseModel]) -> tuple[str, str, str]:
    kind, context = detail["type"], detail.get("ctx", {})
    where = ".".join(map(str, loc)) or "the file"
    if "fact" in context:
        return kind, f"{where}: {context['fact']}", str(context["hint"])
    if kind == "missing":
        return "missing-key", f"{_holder(loc)} has no '{loc[-1]}'", f"add '{loc[-1]}'"
    if kind == "extra_forbidden":
        return _unknown_key(loc, detail["input"], known_keys(model, loc[:-1]))
    if kind in _LIMITS:
        words, name = _LIMITS[kind]
        return "out-of-range", f"{where} {words} {context[name]:g}, but is {detail['input']}", _in_units(loc)
    if kind == "literal_error":
        options = str(context["expected"])
        return "not-one-of", f"{where}: {_shown(detail['input'])} is not one of {options}", _nearest_of(detail, options)
    if kind in _WANTED:
        fact = f"{where} must be {_WANTED[kind]}, but is {_shown(detail['input'])}"
        return "wrong-type", fact, _type_hint(kind, loc, detail["input"])
    return "bad-value", f"{where}: {detail['msg'][:1].lower()}{detail['msg'][1:]}", ""


def _unknown_key(loc: Path, value: Any, known: Sequence[str]) -> tuple[str, str, str]:
    key = str(loc[-1])
    for suffix, (si, factor, unit) in _MULTIPLES.items():
        meant = key.removesuffix(suffix) + si
        if key.endswith(suffix) and (meant in known or nearest(meant, known)):
            meant = nearest(meant, known) or meant
            example = f", here {float(value) * factor:g}" if factor and _is_number(value) else ""
            return (
                "wrong-unit",
                f"unknown key '{key}' in {_holder(loc)}",
                f"did you mean '{meant}'? it is in {unit}{example}",
            )
    return "unknown-key", f"unknown key '{key}' in {_holder(loc)}", did_you_mean(key, known)


def _type_hint(kind: str, loc: Path, value: Any) -> str:
    if kind in ("float_type", "int_type") and isinstance(value, str):
        return _in_units(loc) or "write the number alone, without quotes"
    if kind == "string_type" and isinstance(value, bool):
        return "put it in quotes to make it text"
    return "remove the key to leave it undeclared" if value is None else ""


def _in_units(loc: Path) -> str:
    key = str(loc[-1]) if loc else ""
    for suffix in sorted(_UNITS, key=len, reverse=True):
        if key.endswith(suffix):
            return f"write the number alone, in {_UNITS[suffix]}"
    return ""


def _nearest_of(detail: ErrorDetails, options: str) -> str:
    words = [word.strip("' ") for word in options.replace(" or ", ", ").split(",")]
    return did_you_mean(str(as_text(detail["input"])), words)


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


def known_keys(model: type[BaseModel], path: Path) -> tuple[str, ...]:
    """Return the keys that may stand in the mapping at `path` of a file that `model` describes; empty if any may."""
    here: Any = model
    for key in path:
        here = _inside(here, key)
    here = _model_in(here)
    return tuple(here.model_fields) if here is not None else ()


def _inside(annotation: Any, key: str | int) -> Any:
    model = _model_in(annotation)
    if model is not None:
        field = model.model_fields.get(str(key))
        return field.annotation if field else None
    mapping = _first(annotation, lambda candidate: get_origin(candidate) is dict)
    return get_args(mapping)[1] if mapping is not None else None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    model: type[BaseModel] | None = _first(annotation, _is_model)
    return model


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _first(annotation: Any, fits: Callable[[Any], bool]) -> Any:
    if get_origin(annotation) is Annotated:
        return _first(get_args(annotation)[0], fits)
    if get_origin(annotation) in (Union, types.UnionType):
        return next((found for a in get_args(annotation) if (found := _first(a, fits)) is not None), None)
    return annotation if fits(annotation) else None
