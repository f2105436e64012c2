"""Writes several files, all or none: each is written beside its place first, and only then all are renamed.

A full disk or a missing permission shows before anything was changed. If a rename fails nevertheless, those done before
are taken back. A machine that loses its power between two renames leaves files that are each whole, old or new.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from fleetctl.core.problems import CouldNot


@dataclass(frozen=True, slots=True)
class Replacement:
    """What a file holds, and what it is to hold instead."""

    old: bytes
    new: bytes


def replace_whole(files: Mapping[Path, Replacement]) -> None:
    """Replace the contents of files; their modes stay, and a symbolic link still leads to its file.

    Raises:
        CouldNot: if somebody changed one meanwhile, or the file system refuses. Nothing was changed then.
    """
    with ExitStack() as staged:
        try:
            ready = {path.resolve(strict=True): _staged(path.resolve(), of.new, staged) for path, of in files.items()}
            for path, of in files.items():
                _refuse_changed(path, of.old)
            _rename(ready, {path.resolve(): of.old for path, of in files.items()}, staged)
        except OSError as error:
            message = f"{error.filename}: cannot be written: {error.strerror}"
            raise CouldNot(message, hint="nothing was changed") from error


def _staged(path: Path, content: bytes, staged: ExitStack) -> Path:
    """Write content beside its place; the temporary file goes away with the stack unless it was renamed."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    staged.callback(Path(name).unlink, missing_ok=True)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), path.stat().st_mode & 0o7777)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def _refuse_changed(path: Path, old: bytes) -> None:
    if path.read_bytes() != old:
        raise CouldNot(f"{path} was changed by somebody else meanwhile", hint="nothing was changed; import again")


def _rename(ready: Mapping[Path, Path], old: Mapping[Path, bytes], staged: ExitStack) -> None:
    done: list[Path] = []
    try:
        for path, new in ready.items():
            new.replace(path)
            done.append(path)
    except BaseException:
        for path in done:
            with suppress(OSError):
                _staged(path, old[path], staged).replace(path)
        raise
