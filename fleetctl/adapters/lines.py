"""Lines that somebody types: in a pipe, or at a terminal with a line editor of our own. Fill the port `Lines`.

The editor is ours because news are printed above the line while it is typed, over the slowest connection: it knows one
line, backspace and nothing else, and a scanner, which types faster than anybody.
"""

from __future__ import annotations

import codecs
import os
import select
import termios
import tty
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import sleep

_BLOCK = 4096
_ESCAPE, _ERASE, _ERASE_LINE, _ERASE_WORD, _END = "\x1b", "\x7f\b", "\x15", "\x17", "\x04"
_LONGEST = 500


class NoLines:
    """Nobody is there."""

    ended = True

    def read(self, timeout_s: float) -> str | None:
        """Let the time pass."""
        sleep(timeout_s)
        return None


class PipedLines:
    """Lines of a pipe or a file: they may come in pieces, and the last may lack its end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._lines: deque[str] = deque()
        self._rest = ""
        self._over = False

    @property
    def ended(self) -> bool:
        """Say whether no more line will come."""
        return self._over and not self._lines

    def read(self, timeout_s: float) -> str | None:
        """Return the next line; None if none came in time."""
        if self.ended:
            sleep(timeout_s)
        elif not self._lines and not self._over and ready(self._descriptor, timeout_s):
            self._take(_read(self._descriptor))
        return self._lines.popleft() if self._lines else None

    def _take(self, block: bytes) -> None:
        self._over = not block
        *lines, self._rest = (self._rest + self._decoder.decode(block, final=not block)).replace("\r", "\n").split("\n")
        if self._over and self._rest:
            lines, self._rest = [*lines, self._rest], ""
        self._lines.extend(line for line in lines if line)


class TypedLines:
    """Lines typed at a terminal whose keys come one by one (`keys_one_by_one`).

    Attributes:
        typed: what stands in the line now.
    """

    def __init__(self, descriptor: int, changed: Callable[[str], None]) -> None:
        """Take the terminal; `changed` is called when what stands in the line has."""
        self.typed = ""
        self._descriptor, self._changed = descriptor, changed
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._lines: deque[str] = deque()
        self._over = False

    @property
    def ended(self) -> bool:
        """Say whether no more line will come: the terminal is gone, or the person typed the end (Ctrl-D)."""
        return self._over and not self._lines

    def read(self, timeout_s: float) -> str | None:
        """Return the next line; None if none was ended in time."""
        if self.ended:
            sleep(timeout_s)
        elif not self._lines and ready(self._descriptor, timeout_s):
            block = _read(self._descriptor)
            self._over = not block
            for key in keys(self._decoder.decode(block)):
                self._press(key)
            self._changed(self.typed)
        return self._lines.popleft() if self._lines else None

    def _press(self, key: str) -> None:
        if key in "\r\n":
            self._lines.append(self.typed)
            self.typed = ""
        elif key in _ERASE:
            self.typed = self.typed[:-1]
        elif key == _ERASE_LINE:
            self.typed = ""
        elif key == _ERASE_WORD:
            self.typed = self.typed.rstrip().rpartition(" ")[0]
        elif key == _END:
            self._over = not self.typed
        elif key.isprintable() and len(self.typed) < _LONGEST:
            self.typed += key


def keys(text: str) -> Iterator[str]:
    """Yield the keys of what a terminal sent, without those that send a sequence: arrows, function keys."""
    at = 0
    while at < len(text):
        if text[at] == _ESCAPE:
            at = _after_sequence(text, at)
        else:
            yield text[at]
            at += 1


def _after_sequence(text: str, at: int) -> int:
    """Return where an escape sequence ends: one letter, or parameters up to a letter or `~` (ECMA-48, 5.4)."""
    at += 1
    if at < len(text) and text[at] in "[O":
        at += 1
        while at < len(text) and not "@" <= text[at] <= "~":
            at += 1
    return at + 1


@contextmanager
def keys_one_by_one(descriptor: int) -> Iterator[None]:
    """Have a terminal give its keys as they are pressed, without showing them; signals stay as they are."""
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor, termios.TCSADRAIN)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def ready(descriptor: int, timeout_s: float) -> bool:
    """Wait until something can be read; say whether it can."""
    return bool(select.select([descriptor], [], [], timeout_s)[0])


def _read(descriptor: int) -> bytes:
    """Return what can be read; nothing if the other end is gone, as a phone's connection may be."""
    try:
        return os.read(descriptor, _BLOCK)
    except OSError:
        return b""
