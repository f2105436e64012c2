"""Everything that can be said has a text in both languages, and the texts need only what is given."""

from __future__ import annotations

import string

import pytest

from fleetctl.core.commissioning.talk.sayings import Code
from fleetctl.core.words.commissioning import TEXTS


@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_a_text(code: Code) -> None:
    assert code in TEXTS


@pytest.mark.parametrize("code", list(Code))
def test_texts_are_short_enough_for_a_phone(code: Code) -> None:
    if code is Code.HELP:
        return
    for text in (TEXTS[code].en, TEXTS[code].fr):
        said = "".join(literal for literal, *_ in string.Formatter().parse(text))
        assert len(said) <= 60, text
