"""Writes a file whole or not at all: a temporary file beside it, synced, then renamed into its place."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from fleetctl.core.problems import CouldNot


def write_whole(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write `content` to `path`; an interrupted or failed write leaves the old file as it was.

    Args:
        path: of the file.
        content: all of it.
        mode: who may read it; its owner alone if nothing else is said.

    Raises:
        CouldNot: if the file system refuses; says why.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), mode)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CouldNot(f"{path} cannot be written: {error.strerror}", hint="nothing was changed") from error
