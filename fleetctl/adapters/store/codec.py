"""Values of the core as JSON and back, exactly, by their type hints.

A codec knows dataclasses, unions of dataclasses (marked with the name of the class), optional values, enumerations of
text, times, tuples, frozen sets and mappings from text; everything else is JSON already. It refuses what JSON cannot
carry. A field whose value is its default *and* empty (None, 0, "", (), {} or False) is left out: rows are short.
So such a default may not become another later; a field that is added later takes its default in old rows.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Generic, TypeVar

import orjson

T = TypeVar("T")
Convert = Callable[[Any], Any]

_CLASS = "class"
_AS_THEY_ARE = frozenset({str, int, bool, types.NoneType})


class Codec(Generic[T]):
    """Encodes values of one type as bytes of JSON."""

    def __init__(self, hint: Any) -> None:
        """Take the type; `Any`, because a union is no type for a type checker."""
        self._encode, self._decode = _pair(hint)

    def encode(self, value: T) -> bytes:
        """Return the value as JSON.

        Raises:
            ValueError: if it holds a number that is not finite, or has more than 64 bits.
        """
        document = value if self._encode is None else self._encode(value)
        try:
            return orjson.dumps(document)
        except orjson.JSONEncodeError as error:
            if "surrogates" in str(error):  # half a character, as a unit may send in its JSON
                return json.dumps(document).encode()
            raise ValueError(f"cannot be stored: {error}") from error

    def decode(self, content: bytes) -> T:
        """Return the value that was encoded.

        Raises:
            ValueError, KeyError, TypeError: if `content` is something else.
        """
        try:
            document = orjson.loads(content)
        except orjson.JSONDecodeError:
            document = json.loads(content)
        value: T = document if self._decode is None else self._decode(document)
        return value


@cache
def _pair(hint: Any) -> tuple[Convert | None, Convert | None]:
    """Return how values of a type are encoded and decoded; None where JSON holds them as they are."""
    if hint in _AS_THEY_ARE:
        return None, None
    if hint is float:
        return _finite, None
    if hint is datetime:
        return datetime.isoformat, datetime.fromisoformat
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return lambda value: value.value, {member.value: member for member in hint}.__getitem__
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _dataclass(hint)
    return _composed(hint, typing.get_origin(hint), typing.get_args(hint))


def _composed(hint: Any, origin: Any, args: tuple[Any, ...]) -> tuple[Convert | None, Convert | None]:
    if origin in {types.UnionType, typing.Union}:
        return _optional(*args) if types.NoneType in args else _tagged(args)
    if origin is tuple and args[1:] == (...,):
        return _sequence(args[0], tuple, list)
    if origin is frozenset:
        return _sequence(args[0], frozenset, sorted)
    if origin is Mapping and args[0] is str:
        return _mapping(args[1])
    raise TypeError(f"no codec for {hint}")


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be stored")
    return value


def _dataclass(hint: type[Any]) -> tuple[Convert, Convert]:
    hints = typing.get_type_hints(hint)
    fields = [(f.name, _empty_default(f), _pair(hints[f.name])) for f in dataclasses.fields(hint)]
    encoders = [(name, empty, encode) for name, empty, (encode, _) in fields]
    decoders = [(name, decode) for name, _, (_, decode) in fields if decode is not None]

    def encode(value: Any) -> dict[str, Any]:
        document = {}
        for name, empty, convert in encoders:
            item = getattr(value, name)
            if item or item != empty or type(item) is not type(empty):
                document[name] = item if convert is None else convert(item)
        return document

    def decode(document: dict[str, Any]) -> Any:
        for name, convert in decoders:
            if name in document:
                document[name] = convert(document[name])
        return hint(**document)

    return encode, decode


def _empty_default(field: dataclasses.Field[Any]) -> Any:
    """Return the default of a field if it is empty; otherwise something that no value equals."""
    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    return object() if default is dataclasses.MISSING or default else default


def _optional(*args: Any) -> tuple[Convert | None, Convert | None]:
    present = tuple(arg for arg in args if arg is not types.NoneType)
    encode, decode = _pair(present[0]) if len(present) == 1 else _tagged(present)
    return _unless_none(encode), _unless_none(decode)


def _unless_none(convert: Convert | None) -> Convert | None:
    return convert and (lambda value: None if value is None else convert(value))


def _tagged(classes: tuple[type[Any], ...]) -> tuple[Convert, Convert]:
    """Tell classes apart by their names."""
    pairs = {cls.__name__: _dataclass(cls) for cls in classes}

    def encode(value: Any) -> dict[str, Any]:
        name = type(value).__name__
        return {_CLASS: name, **pairs[name][0](value)}

    def decode(document: dict[str, Any]) -> Any:
        return pairs[document.pop(_CLASS)][1](document)

    return encode, decode


def _sequence(item: Any, make: Convert, listed: Convert) -> tuple[Convert, Convert]:
    encode, decode = _pair(item)
    return (
        lambda values: listed(values if encode is None else map(encode, values)),
        lambda values: make(values if decode is None else map(decode, values)),
    )


def _mapping(item: Any) -> tuple[Convert, Convert]:
    encode, decode = _pair(item)
    return (
        lambda values: dict(values) if encode is None else {key: encode(value) for key, value in values.items()},
        lambda values: values if decode is None else {key: decode(value) for key, value in values.items()},
    )
