"""Redaction: no form of a secret gets through."""

from __future__ import annotations

import base64
import json
import pickle
import shlex
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.redact import MIN_LENGTH, Redactor

CANARY = "c4n4ry/+\"é' $x"
SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=["Cs", "Zs"]), min_size=8)


@pytest.mark.parametrize(
    "text",
    [
        CANARY,
        json.dumps({"k": CANARY}),
        json.dumps({"k": CANARY}, ensure_ascii=False),
        json.dumps({"stdout": json.dumps({"k": CANARY})}),
        repr([CANARY]),
        shlex.quote(CANARY),
        quote(CANARY),
        quote(CANARY, safe=""),
        quote_plus(CANARY),
        CANARY.encode().hex(),
        base64.b64encode(CANARY.encode()).decode(),
        base64.urlsafe_b64encode(CANARY.encode()).decode(),
    ],
)
def test_every_form_is_replaced_by_the_secrets_name(text: str) -> None:
    redacted = Redactor({"token": CANARY})(f"before {text} after")

    assert "<secret token>" in redacted
    assert "c4n4ry" not in redacted
    assert redacted.startswith("before ")
    assert redacted.endswith(" after")


@given(SECRETS, st.text(max_size=5), st.text(max_size=5))
def test_no_text_that_holds_a_secret_survives(secret: str, before: str, after: str) -> None:
    redact = Redactor({"s": secret})

    assert "<secret s>" in redact(before + secret + after)
    assert "<secret s>" in redact(json.dumps([before, before + secret + after]))


@given(SECRETS, st.binary(max_size=7), st.binary(max_size=7))
def test_base64_is_seen_at_every_alignment(secret: str, before: bytes, after: bytes) -> None:
    text = base64.b64encode(before + secret.encode() + after).decode()

    assert "<secret s>" in Redactor({"s": secret})(text)


def test_each_line_of_a_longer_secret_is_one() -> None:
    redact = Redactor({"key": "-----BEGIN-----\nAAAABBBBCCCC\nDDDDEEEE\n"})

    assert redact("only AAAABBBBCCCC here") == "only <secret key> here"


def test_the_longer_of_two_secrets_wins() -> None:
    assert Redactor({"a": "password", "b": "password-of-b"})("x password-of-b y") == "x <secret b> y"


def test_documents_are_redacted_throughout() -> None:
    document = {"password1": ["x password1", 1, None, {"deep": ("password1",)}]}

    assert Redactor({"p": "password1"}).document(document) == {
        "<secret p>": ["x <secret p>", 1, None, {"deep": ["<secret p>"]}]
    }


def test_text_without_secrets_is_unchanged() -> None:
    assert Redactor({"s": "password1"})("nothing here") == "nothing here"
    assert Redactor({})("nothing here") == "nothing here"


def test_what_is_too_short_is_left_alone() -> None:
    short = "a" * (MIN_LENGTH - 1)

    assert Redactor({"s": short})(short) == short


def test_a_redactor_shows_no_secret_and_cannot_be_written() -> None:
    redactor = Redactor({"s": "password1"})

    assert "password1" not in repr(redactor) + str(redactor)
    with pytest.raises(TypeError):
        pickle.dumps(redactor)
