"""Builds what signs the event log's head and reports, and what signatures are checked with. Part of `compose`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from fleetctl.adapters.head_file import VARIABLE as HEADS_VARIABLE
from fleetctl.adapters.head_file import HeadFile
from fleetctl.adapters.log_key import VARIABLE as KEY_VARIABLE
from fleetctl.adapters.log_key import LogKey, flaw_of, forgery, read_public
from fleetctl.core.handover.seal import Seal
from fleetctl.core.log_heads import SignedHead
from fleetctl.services.log_heads import Notary


def notary() -> Notary:
    """Return who signs heads of the event log, and where they are kept: outside of the state."""
    return Notary(log_key(), head_file())


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
    keys = _trusted(files)
    return lambda head: forgery(head, keys)


def seal_forgeries(files: Iterable[Path]) -> Callable[[Seal], str | None]:
    """Return what says what is wrong with the signature of a report's seal; as `forgeries`."""
    keys = _trusted(files)
    return lambda seal: flaw_of(seal.message, seal.signature, seal.key, keys)


def log_key() -> LogKey:
    """Return the key that signs heads of the event log, and what rests on the log."""
    return LogKey(_key_file())


def _trusted(files: Iterable[Path]) -> frozenset[str]:
    own = {log_key().public} if _key_file().exists() else set()
    return frozenset(own).union(*map(read_public, files))


def _key_file() -> Path:
    return own_file(KEY_VARIABLE, "XDG_CONFIG_HOME", "~/.config", "log-key")


def own_file(variable: str, base: str, usual: str, name: str) -> Path:
    """Return the file that a variable names; otherwise ours in a folder of the XDG base directories."""
    named = os.environ.get(variable)
    return (Path(named) if named else Path(os.environ.get(base) or usual) / "fleetctl" / name).expanduser()
