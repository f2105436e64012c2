"""Lines of people, scanners and pipes."""

from __future__ import annotations

import os
import pty
from collections.abc import Callable, Iterator

import pytest

from fleetctl.adapters.lines import PipedLines, TypedLines, keys, keys_one_by_one


@pytest.fixture
def pipe() -> Iterator[tuple[PipedLines, Callable[[bytes], int], Callable[[], None]]]:
    ours, theirs = os.pipe()
    closed = []

    def close() -> None:
        os.close(theirs)
        closed.append(theirs)

    yield PipedLines(ours), lambda data: os.write(theirs, data), close
    os.close(ours)
    if not closed:
        os.close(theirs)


def all_of(lines: PipedLines | TypedLines) -> list[str]:
    said = []
    while (line := lines.read(0.05)) is not None:
        said.append(line)
    return said


def test_lines_come_whole_however_they_are_cut(
    pipe: tuple[PipedLines, Callable[[bytes], int], Callable[[], None]],
) -> None:
    lines, write, close = pipe
    write("QR-0011\nunité".encode()[:-1])
    assert all_of(lines) == ["QR-0011"]
    write("é".encode()[1:] + b" a\r\nlast")
    assert all_of(lines) == ["unité a"]
    close()
    assert lines.read(1.0) == "last"
    assert lines.ended


def test_a_pipe_that_says_nothing_is_not_waited_for(
    pipe: tuple[PipedLines, Callable[[bytes], int], Callable[[], None]],
) -> None:
    lines, _, _ = pipe
    assert lines.read(0.01) is None
    assert not lines.ended


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    keyboard, screen = pty.openpty()
    yield keyboard, screen
    os.close(keyboard)
    os.close(screen)


@pytest.mark.parametrize(
    ("typed", "lines"),
    [
        (b"QR-0011\n", ["QR-0011"]),
        (b"QR-001x\x7f1\r", ["QR-0011"]),
        (b"wrong line\x15undo\n", ["undo"]),
        (b"skip two words\x17\n", ["skip two"]),
        (b"a\x1b[A\x1b[1;5Cb\x1bOPc\n", ["abc"]),
        ("réserve porte\n".encode(), ["réserve porte"]),
        (b"one\ntwo\n", ["one", "two"]),
    ],
)
def test_the_editor_knows_backspace_and_passes_over_what_it_does_not_know(
    terminal: tuple[int, int], typed: bytes, lines: list[str]
) -> None:
    keyboard, screen = terminal
    with keys_one_by_one(screen):
        os.write(keyboard, typed)
        typing = TypedLines(screen, lambda _: None)
        assert all_of(typing) == lines


def test_what_is_typed_is_shown_while_it_is_typed_and_ctrl_d_ends(terminal: tuple[int, int]) -> None:
    keyboard, screen = terminal
    shown: list[str] = []
    with keys_one_by_one(screen):
        typing = TypedLines(screen, shown.append)
        os.write(keyboard, b"un")
        assert typing.read(1.0) is None
        os.write(keyboard, b"do\n\x04")
        assert typing.read(1.0) == "undo"
    assert shown == ["un", ""]
    assert typing.ended


def test_sequences_of_keys_without_a_letter_are_passed_over() -> None:
    assert list(keys("a\x1b[3~b\x1b")) == ["a", "b"]
