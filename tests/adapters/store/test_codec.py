"""Every value that a state keeps comes back exactly, and what JSON cannot carry is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetctl.adapters.store.codec import Codec
from fleetctl.core.config import Config
from fleetctl.core.facts import Facts, Unobserved
from fleetctl.core.rollout.state import Command, Noted, Progress, Rollout, Step, StepResult
from fleetctl.core.route import Way
from tests.builders.rollouts import rows
from tests.builders.world import START

FLOAT: Codec[float] = Codec(float)
STORED = (Progress, Rollout, Command, Noted, Step, StepResult, Facts, Unobserved, Config, Way)

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
st.register_type_strategy(str, st.text(st.characters(codec="utf-8"), max_size=8))


def values_of(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Build instances with every field drawn by its type, those with a default as well."""
    hints = get_type_hints(cls)
    return st.builds(cls, **{f.name: st.from_type(hints[f.name]) for f in fields(cls)})


@pytest.mark.parametrize("cls", STORED, ids=lambda cls: cls.__name__)
def test_values_come_back(cls: type[Any]) -> None:
    codec: Codec[Any] = Codec(cls)

    @settings(max_examples=40, deadline=None)
    @given(values_of(cls))
    def check(value: Any) -> None:
        assert codec.decode(codec.encode(value)) == value

    check()


@dataclass(frozen=True)
class Left:
    a: int = 0


@dataclass(frozen=True)
class Right:
    a: int = 0


@dataclass(frozen=True)
class Holder:
    sides: tuple[Left | Right, ...] = ()
    one: Left | Right | None = None
    named: Mapping[str, Left] = field(default_factory=dict)
    some: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    "value",
    [
        Holder((Left(1), Right(1), Left())),
        Holder(one=Right(2)),
        Holder(named={"x": Left(3)}, some=frozenset({"b", "a"})),
    ],
)
def test_classes_of_a_union_are_told_apart(value: Holder) -> None:
    codec: Codec[Holder] = Codec(Holder)
    assert codec.decode(codec.encode(value)) == value


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf"), 2**64])
def test_a_number_that_json_cannot_carry_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="cannot be stored"):
        FLOAT.encode(bad)


def test_text_that_is_no_utf8_survives() -> None:
    codec: Codec[Noted] = Codec(Noted)
    noted = Noted("r", "u", START, "what", "from a unit: \ud800 \x00")
    assert codec.decode(codec.encode(noted)) == noted


def test_what_is_empty_by_default_takes_no_room() -> None:
    (waiting,) = rows("s/r1")
    codec: Codec[Progress] = Codec(Progress)
    assert len(codec.encode(waiting)) < 150


def test_a_type_that_nobody_described_is_refused() -> None:
    with pytest.raises(TypeError, match="no codec for"):
        Codec(dict[str, int])
