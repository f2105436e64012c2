"""Looks into a state that somebody brought: on a copy, read-only, and believing nothing that its schema says.

Nothing is brought up to date and nothing is made, so the folder that was brought stays as it is, and a file that was
made to harm can at worst be called damaged.
"""

from __future__ import annotations

import errno
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

_LOG = "-wal"
"""End of the name of SQLite's write-ahead log: after a power cut the last entries are in it alone."""
TRIES = 20
"""To copy it while somebody works with the kit."""
_NAMED = "work/state.db"


def own_entries(file: Path, kit: str) -> int:
    """Return how many ledger entries a kit wrote into its own state; 0 if there is none.

    Raises:
        ValueError: in words, if it is no state of a kit.
        OSError: if it cannot be copied.
    """
    if file not in _stamps(file):
        return 0
    with tempfile.TemporaryDirectory(prefix="fleetctl-kit-") as folder:
        copy = _copied(file, Path(folder))
        try:
            return _counted(copy, kit)
        except sqlite3.Error as error:
            raise ValueError(f"{_NAMED} cannot be read: {error}") from error


def _copied(file: Path, folder: Path) -> Path:
    """Copy a database into a folder; anew if somebody wrote meanwhile, for half of each would look damaged."""
    for number in range(TRIES):
        place = folder / str(number)
        place.mkdir()
        before = _stamps(file)
        with suppress(FileNotFoundError):  # the log goes away when the last one closes it
            for path in before:
                shutil.copyfile(path, place / path.name)
        if _stamps(file) == before:
            return place / file.name
    raise OSError(errno.EBUSY, "somebody writes into it all the time", str(file))


def _stamps(file: Path) -> Mapping[Path, tuple[int, int, int]]:
    """Return what tells that a database's files were written: its own and its log's, as far as they are there.

    Raises:
        ValueError: if one is no plain file: a link may lead anywhere, a pipe ends never.
    """
    stamps = {}
    for path in (file, Path(f"{file}{_LOG}")):
        with suppress(FileNotFoundError):
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                raise ValueError(f"{_NAMED} is no plain file")
            stamps[path] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return stamps


def _counted(copy: Path, kit: str) -> int:
    with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        # a view could run what its maker likes, and for ever
        kind = connection.execute("SELECT type FROM sqlite_master WHERE name = 'ledger'").fetchone()
        if kind != ("table",):
            raise ValueError(f"{_NAMED} has no ledger")
        return int(connection.execute("SELECT count(*) FROM ledger WHERE writer = ?", (kit,)).fetchone()[0])
