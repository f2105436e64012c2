"""Room on a full disk: set aside, and given up for what must be written all the same."""

from __future__ import annotations

import errno
import os

from fleet_unit.files import remove, size, write_synced
from fleet_unit.paths import SLOTS, SPARE, TREES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SPARE_BYTES = 16 << 10


def set_space_aside() -> None:
    """Make the folders, and the file that is given up when a result or a way back must be written to a full disk."""
    for folder in (TREES, SLOTS):
        os.makedirs(folder, 0o755, exist_ok=True)
    if size(SPARE) < SPARE_BYTES:
        write_synced(SPARE, b"\0" * SPARE_BYTES, 0o600)


def despite_full_disk(call: Callable[..., None], *arguments: object) -> None:
    """Do what must not fail for lack of space: if the disk is full, the spare is given up for it."""
    try:
        call(*arguments)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        remove(SPARE)
        call(*arguments)
