"""Looks into a state that somebody brought: on a copy, read-only, and believing nothing that its schema says.

Nothing is brought up to date and nothing is made, so the folder that was brought stays as it is, and a file that was
made to harm can at worst be called damaged.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

_LOG = "-wal"
"""End of the name of SQLite's write-ahead log: after a power cut the last entries are in it alone."""
_NAMED = "work/state.db"


def own_entries(file: Path, kit: str) -> int:
    """Return how many ledger entries a kit wrote into its own state; 0 if there is none.

    Raises:
        ValueError: in words, if it is no state of a kit.
        OSError: if it cannot be copied.
    """
    if not file.exists() and not file.is_symlink():
        return 0
    files = [each for each in (file, Path(f"{file}{_LOG}")) if each.exists() or each.is_symlink()]
    if any(each.is_symlink() or not each.is_file() for each in files):
        raise ValueError(f"{_NAMED} is no plain file")
    with _copied(files) as copy:
        try:
            return _counted(copy, kit)
        except sqlite3.Error as error:
            raise ValueError(f"{_NAMED} cannot be read: {error}") from error


@contextmanager
def _copied(files: list[Path]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fleetctl-kit-") as folder:
        for file in files:
            shutil.copyfile(file, Path(folder) / file.name)
        yield Path(folder) / files[0].name


def _counted(copy: Path, kit: str) -> int:
    with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        # a view could run what its maker likes, and for ever
        kind = connection.execute("SELECT type FROM sqlite_master WHERE name = 'ledger'").fetchone()
        if kind != ("table",):
            raise ValueError(f"{_NAMED} has no ledger")
        return int(connection.execute("SELECT count(*) FROM ledger WHERE writer = ?", (kit,)).fetchone()[0])
