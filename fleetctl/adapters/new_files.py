"""Writes text files into a folder: all of them or, if one is in the way, none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fleetctl.core.problems import CouldNot, InvalidInput, Problem


def write_files(folder: Path, files: Mapping[str, str], *, overwrite: bool) -> list[Path]:
    """Write files by their path below `folder`, which is made if it is missing.

    Returns:
        The files that were written, in order.

    Raises:
        InvalidInput: unless `overwrite`, if files are there already; names each, and nothing was written.
        CouldNot: if the file system refuses.
    """
    paths = [folder / name for name in files]
    if not overwrite and (in_the_way := [path for path in paths if path.exists()]):
        hint = "choose an empty folder, or remove the file"
        raise InvalidInput([Problem("exists", f"{path} exists already", hint=hint) for path in in_the_way])
    try:
        for path, content in zip(paths, files.values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise CouldNot(f"{error.filename}: cannot be written: {error.strerror}", hint="check owner and mode") from error
    return paths
