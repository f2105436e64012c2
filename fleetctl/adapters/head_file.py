"""Signed heads as lines of a file that is only ever appended to, outside of the state's folder. Fills `Heads`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from fleetctl.core.log_heads import SignedHead, from_line
from fleetctl.core.problems import CouldNot

VARIABLE = "FLEETCTL_LOG_HEADS"


class HeadFile:
    """One line a head, of any number of states."""

    def __init__(self, file: Path) -> None:
        """Take the file; it is made with the first head."""
        self._file = file

    @property
    def where(self) -> str:
        """Return where the heads are, for people."""
        return str(self._file)

    def add(self, head: SignedHead) -> None:
        """Append a head, whole or not at all.

        Raises:
            CouldNot: if the file system refuses.
        """
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                _append(descriptor, head.line.encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            raise CouldNot(f"{self._file} cannot be written: {error.strerror}", hint=f"see {VARIABLE}") from error

    def heads(self, state: str) -> Sequence[SignedHead]:
        """Return the heads of a state's log, oldest first; none if there is no file.

        Raises:
            CouldNot: if it cannot be read, or a line is something else.
        """
        try:
            lines = self._file.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise CouldNot(f"the signed heads in {self._file} cannot be read: {error}") from error
        return [head for number, line in enumerate(lines, 1) if (head := self._read(number, line)).state == state]

    def _read(self, number: int, line: str) -> SignedHead:
        try:
            return from_line(line)
        except ValueError as error:
            message = f"line {number} of {self._file} is not a signed head: {error}"
            raise CouldNot(message, hint="somebody changed the file; compare it with a copy") from error


def _append(descriptor: int, line: bytes) -> None:
    before = os.fstat(descriptor).st_size
    try:
        if os.write(descriptor, line) < len(line):
            raise OSError(28, "No space left on device")
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, before)  # half a line would spoil the next one
        raise
