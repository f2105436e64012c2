"""What the backends for encrypted files share: reading the file, and picking one value out of what was in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fleetctl.core.names import nearest
from fleetctl.core.problems import CouldNot

Environment = Mapping[str, str]


def encrypted(file: Path) -> bytes:
    """Read an encrypted file.

    Raises:
        CouldNot: if it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise CouldNot(f"{file} cannot be read: {error.strerror}", hint="check the locator in fleet.yaml") from None


def value_at(text: str, key: str) -> str:
    """Return one value of a decrypted file.

    Args:
        text: the decrypted file; a YAML or JSON mapping if there is a key.
        key: path of the value with dots between its keys; empty for the whole text without its last line break.

    Raises:
        CouldNot: if there is no such text; never shows what is in the file.
    """
    if not key:
        return text.removesuffix("\n")
    here: Any = _mapping(text)
    for step in key.split("."):
        if not isinstance(here, Mapping) or step not in here:
            guess = nearest(step, map(str, here)) if isinstance(here, Mapping) else None
            hint = f"did you mean '{guess}'?" if guess else ""
            raise CouldNot(f"the decrypted file has no key '{key}'", hint=hint)
        here = here[step]
    if not isinstance(here, str):
        raise CouldNot(f"key '{key}' of the decrypted file is not text", hint="put the value in quotes")
    return here


def _mapping(text: str) -> Any:
    import yaml  # a resolver that is asked for nothing needs none

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        # The error quotes the line it stumbled over, which is a secret.
        raise CouldNot("the decrypted file is not YAML", hint="a locator with '#key' needs a YAML mapping") from None
