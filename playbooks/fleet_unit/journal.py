"""What the unit was asked to do and what came of it, and the fence that keeps older controllers off."""

from __future__ import annotations

import json
import os
import time
from collections import namedtuple

from fleet_unit.files import dump, read_text, size, sync_directory
from fleet_unit.lock import Lock
from fleet_unit.paths import JOURNAL, STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleet_unit.kinds import Document

MAX_JOURNAL_BYTES = 256 << 10
CUT = "recover"  # the command in the record of an effect that was cut short and taken back
Step = namedtuple("Step", "command epoch attempt number digest")


class Journal:
    """What the unit was asked to do and what came of it: JSON lines, the newest last. It never holds a file's content.

    Two files of bounded size; the first line of a new one carries the highest epoch, so that the
    fence outlives rotation.
    """

    def __init__(self) -> None:
        self.records = [*_records(read_text(JOURNAL + ".1")), *_records(read_text(JOURNAL))]

    @property
    def epoch(self) -> int:
        """Return the highest epoch that was ever seen."""
        return max((int(r["epoch"]) for r in self.records), default=0)

    def outcome_of(self, step: Step) -> Document | None:
        """Return the recorded outcome of a step, or None if it has none. A step that was cut short has none."""
        for entry in reversed(self.records):
            if (entry.get("attempt"), entry.get("step")) == (step.attempt, step.number) and "ending" in entry:
                known = {key: value for key, value in entry.items() if key not in ("at", "command")}
                return None if entry["command"] == CUT else known
        return None

    def append(self, record: Document) -> None:
        """Add a record and make it last."""
        if size(JOURNAL) > MAX_JOURNAL_BYTES:
            carried = {"epoch": self.epoch}
            os.rename(JOURNAL, JOURNAL + ".1")
            self._write(carried)
        self._write({"at": round(time.time(), 3), **record})

    def _write(self, record: Document) -> None:
        fresh = not os.path.exists(JOURNAL)
        fd = os.open(JOURNAL, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            torn = not fresh and not _ends_with_newline(fd)
            os.write(fd, (b"\n" if torn else b"") + dump(record))
            os.fsync(fd)
        finally:
            os.close(fd)
        if fresh:
            sync_directory(STATE)
        self.records.append(record)


def _records(text: str) -> Iterator[Document]:
    for line in text.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue  # the last line of a write that was cut
        if isinstance(record, dict) and isinstance(record.get("epoch"), int):
            yield record


def _ends_with_newline(fd: int) -> bool:
    size = os.fstat(fd).st_size
    return size == 0 or os.pread(fd, 1, size - 1) == b"\n"


def newest_entry() -> Document | None:
    """Return the journal's newest record about a step, as `status` shows it; reads only the journal's end.

    An intent without an outcome is under way while somebody holds the lock; after that it has failed, it was cut short.
    """
    idle = Lock(exclusive=False)
    is_idle = idle.taken()
    try:
        for path in (JOURNAL, JOURNAL + ".1"):
            for entry in reversed(list(_records(_tail(path)))):
                if "attempt" in entry:
                    outcome = entry.get("ending", "failed" if is_idle else "")
                    return {
                        "epoch": entry["epoch"],
                        "attempt": entry["attempt"],
                        "step": str(entry["step"]),
                        "outcome": outcome,
                    }
    finally:
        idle.release()
    return None


def newest_epoch() -> int:
    """Return the highest epoch at the journal's end, which is never above the highest ever seen."""
    return max((int(entry["epoch"]) for entry in _records(_tail(JOURNAL))), default=0)


def _tail(path: str, length: int = 8192) -> str:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - length))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
