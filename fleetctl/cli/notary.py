"""Builds what signs the event log's head, and what a signed head is checked with. Part of `compose`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from fleetctl.adapters.head_file import VARIABLE as HEADS_VARIABLE
from fleetctl.adapters.head_file import HeadFile
from fleetctl.adapters.log_key import VARIABLE as KEY_VARIABLE
from fleetctl.adapters.log_key import LogKey, forgery, read_public
from fleetctl.core.log_heads import SignedHead
from fleetctl.services.log_heads import Notary


def notary() -> Notary:
    """Return who signs heads of the event log, and where they are kept: outside of the state."""
    return Notary(LogKey(_key_file()), head_file())


def head_file(file: Path | None = None) -> HeadFile:
    """Return where signed heads are kept: the file given, or that of the environment, or the usual one."""
    return HeadFile(file or own_file(HEADS_VARIABLE, "XDG_STATE_HOME", "~/.local/state", "log-heads.jsonl"))


def forgeries(files: Iterable[Path]) -> Callable[[SignedHead], str | None]:
    """Return what says what is wrong with a head's signature.

    Args:
        files: with public keys that are trusted besides this machine's own.

    Raises:
        CouldNot: if one cannot be read.
    """
    own = {LogKey(_key_file()).public} if _key_file().exists() else set()
    trusted = frozenset(own).union(*map(read_public, files))
    return lambda head: forgery(head, trusted)


def _key_file() -> Path:
    return own_file(KEY_VARIABLE, "XDG_CONFIG_HOME", "~/.config", "log-key")


def own_file(variable: str, base: str, usual: str, name: str) -> Path:
    """Return the file that a variable names; otherwise ours in a folder of the XDG base directories."""
    named = os.environ.get(variable)
    return (Path(named) if named else Path(os.environ.get(base) or usual) / "fleetctl" / name).expanduser()
