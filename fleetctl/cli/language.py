"""The option `--lang`, and the speech that it asks for."""

from __future__ import annotations

import os
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.core.words.language import Language, chosen

if TYPE_CHECKING:
    from fleetctl.core.words.speech import Speech

Lang = Annotated[
    Language | None,
    typer.Option("--lang", help="Language of what people read; that of the environment if left out, else English."),
]


def speech(lang: Language | None, zone: tzinfo = UTC, *, is_plain: bool = False) -> Speech:
    """Return what says texts in the language asked for, by the clock of a zone; plain for terminals."""
    from fleetctl.core.words.speech import Speech

    return Speech(chosen(lang, os.environ), zone, is_plain)
