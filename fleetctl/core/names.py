"""Names of sites and units, and the hint "did you mean".

A unit is a *place* and is called `site/unit`. Both halves are host name labels (RFC 1123), so that a name can
stand in a file path, an SSH configuration and a shell without quoting.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
"""Of a model, a channel, a policy: safe in a file's name."""
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]{0,63}")
"""Of a release: safe in a file's name."""


def is_label(text: str) -> bool:
    """Say whether `text` is a lower-case host name label of 1 to 63 characters."""
    return LABEL.fullmatch(text) is not None


def unit_name(site: str, unit: str) -> str:
    """Join a site and a unit's id into the unit's name."""
    return f"{site}/{unit}"


def split_unit_name(name: str) -> tuple[str, str]:
    """Split `site/unit`.

    Raises:
        ValueError: if `name` is not two host name labels joined by a slash.
    """
    site, _, unit = name.partition("/")
    if not (is_label(site) and is_label(unit)):
        raise ValueError(f"'{name}' is not a unit's name; expected 'site/unit'")
    return site, unit


def alias(name: str) -> str:
    """Return the name that SSH and Ansible use for a unit: `site/unit` becomes `unit.site`."""
    site, unit = split_unit_name(name)
    return f"{unit}.{site}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` was probably meant to be, or None."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest known word, or lists what is known."""
    options = sorted(known)
    guess = nearest(word, options)
    if guess is not None:
        return f"did you mean '{guess}'?"
    return "known: " + ", ".join(options[:12]) + (", …" if len(options) > 12 else "") if options else ""
