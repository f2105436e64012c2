from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.adapters import yaml_reader
from fleetctl.adapters.yaml_reader import MAX_DEPTH, MAX_PROBLEMS, core_scalar, read
from fleetctl.core.document import Document, Position, SourceFile
from fleetctl.core.inventory.write import to_yaml
from fleetctl.core.written import as_text
from tests.builders.inventories import unmarked


def document(text: str | bytes) -> Document:
    return read(SourceFile("f.yaml", text if isinstance(text, bytes) else text.encode()))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("22:00", "22:00"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("0640", 640),
        ("0o640", 0o640),
        ("0x1F", 31),
        ("-17", -17),
        ("1_000", "1_000"),
        ("2026-11-23", "2026-11-23"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("-.inf", -math.inf),
        ("true", True),
        ("True", True),
        ("tRue", "tRue"),
        ("~", None),
        ("", None),
        ("NULL", None),
        ("02:00:00:00:00:01", "02:00:00:00:00:01"),
        ("+", "+"),
        (".", "."),
        ("=", "="),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_plain_scalars_follow_the_core_schema_of_yaml_1_2(text: str, value: Any) -> None:
    assert core_scalar(text) == value
    assert type(value) in type(core_scalar(text)).__mro__


def test_nan_is_a_number() -> None:
    assert math.isnan(core_scalar(".nan"))


@pytest.mark.parametrize("text", ["020000000001", "1.10", "0x1F", "1e3", "0640"])
def test_a_number_remembers_how_it_was_written(text: str) -> None:
    assert as_text(core_scalar(text)) == text


def test_quoted_scalars_are_text() -> None:
    assert document("a: '1'\nb: \"no\"\nc: |\n  true\n").data == {"a": "1", "b": "no", "c": "true\n"}


def test_keys_are_text() -> None:
    assert document("1.10: a\nnull: b\ntrue: c\n").data == {"1.10": "a", "null": "b", "true": "c"}


REFUSED = {
    "tag": ("tag", "a: ▸!!python/object/apply:os.system [ls]\n"),
    "tag of the core schema": ("tag", "a: ▸!!str 1\n"),
    "anchor": ("anchor", "a: ▸&x 1\n"),
    "anchor on a key": ("anchor", "▸&x a: 1\n"),
    "alias": ("alias", "a: ▸*x\n"),
    "merge key": ("merge-key", "a: {▸<<: {b: 1}}\n"),
    "key twice": ("duplicate-key", "a: 1\nb: 2\n▸a: 3\n"),
    "key twice in a flow mapping": ("duplicate-key", "a: {b: 1, ▸b: 2}\n"),
    "key twice in two notations": ("duplicate-key", "a: 1\n▸'a': 2\n"),
    "key that is a list": ("key-not-text", "? ▸[a, b]\n: 1\n"),
    "two documents": ("several-documents", "a: 1\n▸---\nb: 2\n"),
    "tab as indentation": ("tab", "a:\n▸\tb: 1\n"),
    "tab after spaces": ("tab", "a:\n  b: 1\n▸\tc: 1\n"),
    "open bracket": ("yaml-syntax", "a: [1, 2\nb▸: 3\n"),
    "two colons": ("yaml-syntax", "a: b▸: c\n"),
    "wrong indentation": ("yaml-syntax", "a:\n    b: 1\n  ▸c: 2\n"),
    "control character": ("yaml-character", "a: 1\nb: x▸\x07y\n"),
}


@pytest.mark.parametrize(("code", "text"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_not_allowed_is_a_problem_at_its_place(code: str, text: str) -> None:
    texts, places = unmarked({"f.yaml": text})
    problems = document(texts["f.yaml"]).problems
    assert [(p.code, p.where) for p in problems] == [(code, place) for place in places]
    assert problems[0].hint


def test_text_that_is_not_utf_8_says_where() -> None:
    (problem,) = document("a: 1\nb: é\n".encode("cp1252")).problems
    assert (problem.code, problem.line, problem.column) == ("not-utf-8", 2, 4)


def test_byte_order_mark_is_not_content() -> None:
    assert document("\ufeffa: 1\n").data == {"a": 1}


def test_all_refusals_of_a_file_come_at_once_and_the_rest_is_read() -> None:
    read_in = document("a: &x 1\nb: *x\nc: !t 3\nd: 4\nd: 5\n")
    assert [p.code for p in read_in.problems] == ["anchor", "alias", "tag", "duplicate-key"]
    assert read_in.data == {"a": 1, "b": None, "c": "3", "d": 4}


def test_billion_laughs_are_not_expanded() -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 9))
    read_in = document("l0: &l0 lol\n" + levels)
    assert {p.code for p in read_in.problems} == {"anchor", "alias"}
    assert len(str(read_in.data)) < 1000


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000])
def test_depth_is_limited(text: str) -> None:
    (problem,) = document(text).problems
    assert problem.code in ("too-deep", "yaml-syntax")


def test_depth_that_any_file_needs_is_allowed() -> None:
    assert document("[" * MAX_DEPTH + "]" * MAX_DEPTH).problems == ()


def test_size_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "MAX_BYTES", 10)
    assert [p.code for p in document("a: 1234567\n").problems] == ["too-large"]


def test_number_of_problems_is_limited() -> None:
    assert len(document("".join(f"a{n}: !t 1\n" for n in range(1000))).problems) == MAX_PROBLEMS


def test_positions_of_keys_and_values() -> None:
    positions = document("a:\n  b: [1, {c: x}]\n").positions
    assert positions.of_key(("a", "b")) == Position(2, 3)
    assert positions.of(("a",)) == Position(1, 1)
    assert positions.of(("a", "b", 0)) == Position(2, 7)
    assert positions.of(("a", "b", 1)) == Position(2, 10)
    assert positions.of(("a", "b", 1, "c")) == Position(2, 14)
    assert positions.of(("a", "x")) is None


def test_first_of_two_equal_keys_keeps_its_position() -> None:
    assert document("a: {b: 1}\na: {b: 2}\n").positions.of(("a", "b")) == Position(1, 8)


def test_reads_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: [1, 'x', {b: no}]\nc: &x 1\n"
    with_libyaml = document(text)
    monkeypatch.setattr(yaml_reader, "_LOADER", yaml.SafeLoader)
    without = document(text)
    assert (without.data, without.problems, without.positions) == (
        with_libyaml.data,
        with_libyaml.problems,
        with_libyaml.positions,
    )


@given(st.text())
def test_no_text_breaks_the_reader_and_every_problem_has_a_place(text: str) -> None:
    lines = len(text.splitlines()) + 1
    assert all(1 <= p.line <= lines and p.column >= 1 for p in document(text).problems)


scalars = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), values, min_size=1, max_size=4))
def test_what_is_written_is_read_back(data: dict[str, Any]) -> None:
    read_in = document(to_yaml(data))
    assert (read_in.data, read_in.problems) == (data, ())
