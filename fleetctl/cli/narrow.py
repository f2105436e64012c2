"""Leaves out the commands that a command line does not name.

Typer reads the signature of every command that it has before it runs one, which costs more than a small command does.
"""

from __future__ import annotations

from collections.abc import Container

import typer
from typer.main import get_command_name
from typer.models import CommandInfo, TyperInfo


def narrow(app: typer.Typer, words: Container[str]) -> None:
    """Keep the commands and groups whose names are among the words; all of them if none is.

    A word may be an option's value that is called like a command: then that command is kept beside the one that is
    meant. Help, completion and a mistyped command find everything.
    """
    commands = [info for info in app.registered_commands if _name(info) in words]
    groups = [info for info in app.registered_groups if _name(info) in words]
    if commands or groups:
        app.registered_commands, app.registered_groups = commands, groups


def _name(info: CommandInfo | TyperInfo) -> str:
    return info.name or (get_command_name(info.callback.__name__) if info.callback else "")
