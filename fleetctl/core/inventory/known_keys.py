"""Which keys may stand at a path of a declared file, found by following the types of the models."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from fleetctl.core.document import Path


def known_keys(model: type[BaseModel], path: Path) -> tuple[str, ...]:
    """Return the keys that may stand in the mapping at `path` of a file that `model` describes; empty if any may."""
    here: Any = model
    for key in path:
        here = _inside(here, key)
    found = _model_in(here)
    return tuple(found.model_fields) if found is not None else ()


def _inside(annotation: Any, key: str | int) -> Any:
    model = _model_in(annotation)
    if model is not None:
        field = model.model_fields.get(str(key))
        return field.annotation if field else None
    if isinstance(key, int):
        sequence = _first(annotation, lambda candidate: get_origin(candidate) is tuple)
        return get_args(sequence)[0] if sequence is not None else None
    mapping = _first(annotation, lambda candidate: get_origin(candidate) is dict)
    return get_args(mapping)[1] if mapping is not None else None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    model: type[BaseModel] | None = _first(annotation, _is_model)
    return model


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _first(annotation: Any, fits: Callable[[Any], bool]) -> Any:
    """Return the first type that fits, looking through `Annotated` and unions; None if there is none."""
    if get_origin(annotation) is Annotated:
        return _first(get_args(annotation)[0], fits)
    if get_origin(annotation) in (Union, types.UnionType):
        return next((found for part in get_args(annotation) if (found := _first(part, fits)) is not None), None)
    return annotation if fits(annotation) else None
