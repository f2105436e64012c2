"""Signed heads as lines, and what does not fit between them and a log."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fleetctl.core.log_heads import Head, SignedHead, from_line, misfits
from tests.builders.world import START

SIGNED = SignedHead("u-1", Head(7, "d7"), START, "ssh-ed25519 AAAA", "c2ln")


def test_a_head_comes_back_from_its_line() -> None:
    assert SIGNED.line.count("\n") == 1
    assert from_line(SIGNED.line) == SIGNED


@pytest.mark.parametrize(
    "other",
    [
        replace(SIGNED, state="u-2"),
        replace(SIGNED, head=Head(8, "d7")),
        replace(SIGNED, head=Head(7, "d8")),
        replace(SIGNED, key="ssh-ed25519 BBBB"),
        replace(SIGNED, at=START.replace(year=2027)),
    ],
)
def test_everything_about_a_head_is_signed(other: SignedHead) -> None:
    assert other.message != SIGNED.message
    assert replace(SIGNED, signature="other").message == SIGNED.message


@pytest.mark.parametrize("missing", ["schema", "state", "number", "digest", "at", "key", "signature"])
def test_a_line_that_lacks_something_is_no_head(missing: str) -> None:
    row = {key: value for key, value in json.loads(SIGNED.line).items() if key != missing}
    with pytest.raises(ValueError, match=missing):
        from_line(json.dumps(row))


@pytest.mark.parametrize("line", ["", "{", "[]", "7", '{"schema": "other/v1"}'])
def test_what_is_something_else_is_no_head(line: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_line(line)


def test_a_log_that_holds_what_was_signed_fits() -> None:
    assert misfits([SIGNED], {7: "d7", 8: "d8"}, lambda _: None) == ()


@pytest.mark.parametrize(
    ("digests", "forged", "said"),
    [
        (
            {7: "other"},
            None,
            "event 7 or one before it is not what it was when its head was signed at 2026-01-15T18:00",
        ),
        ({6: "d6"}, None, "event 7 was there when its head was signed at 2026-01-15T18:00:00.000Z, and is gone"),
        ({7: "d7"}, "its signature is wrong", "said to be signed at 2026-01-15T18:00:00.000Z: its signature is wrong"),
    ],
)
def test_what_does_not_fit_is_said(digests: dict[int, str], forged: str | None, said: str) -> None:
    (text,) = misfits([SIGNED], digests, lambda _: forged)
    assert said in text
