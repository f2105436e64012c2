"""Every command explains itself; the whole tree is walked, so that none is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from fleetctl.cli.main import app


def tree(command: Any, *path: str) -> Iterator[tuple[str, Any]]:
    """Yield every command below, by its words; whatever has commands of its own is a group."""
    yield " ".join(path), command
    for name, below in getattr(command, "commands", {}).items():
        yield from tree(below, *path, name)


EVERYTHING = dict(tree(get_command(app), "fleetctl"))
COMMANDS = {words: command for words, command in EVERYTHING.items() if not hasattr(command, "commands")}


@pytest.mark.parametrize("words", EVERYTHING)
def test_everything_says_what_it_is(words: str) -> None:
    text = EVERYTHING[words].help or ""
    assert text.strip().endswith((".", ")")), f"{words} has no sentence for --help"


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_an_example_of_itself(words: str) -> None:
    epilog = COMMANDS[words].epilog or ""
    assert epilog.startswith("Example: fleetctl "), f"{words} has no example"
    assert words.removeprefix("fleetctl ") in epilog


@pytest.mark.parametrize("words", COMMANDS)
def test_every_option_is_explained(words: str) -> None:
    unexplained = [p.name for p in COMMANDS[words].params if p.name != "help" and not p.help]
    assert not unexplained


@pytest.mark.parametrize("words", COMMANDS)
def test_examples_name_options_that_exist(words: str) -> None:
    known = {option for parameter in COMMANDS[words].params for option in parameter.opts + parameter.secondary_opts}
    known |= {option for parameter in EVERYTHING["fleetctl"].params for option in parameter.opts}
    example = COMMANDS[words].epilog.split(" | ")[0].split(" -- ")[0]
    used = {word for word in example.split() if word.startswith("-")}
    assert used <= known
