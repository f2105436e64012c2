"""A command line costs the command that it names, and nothing that a person sees changes."""

from __future__ import annotations

import typer

from fleetctl.cli.narrow import narrow


def an_app() -> typer.Typer:
    """Return an app with two commands and a group, under names given and names taken from functions."""
    app, below = typer.Typer(), typer.Typer()

    def plan() -> None: ...

    def stop_all() -> None: ...

    app.command()(plan)
    app.command()(stop_all)
    below.command("up")(plan)
    app.add_typer(below, name="lab")
    return app


def kept(*words: str) -> tuple[int, int]:
    """Return how many commands and groups are left."""
    app = an_app()
    narrow(app, words)
    return len(app.registered_commands), len(app.registered_groups)


def test_only_what_is_named_is_kept() -> None:
    assert kept("-i", "fleet", "plan", "--no-refresh") == (1, 0)
    assert kept("lab", "up") == (0, 1)


def test_a_name_that_comes_from_a_function_counts() -> None:
    assert kept("stop-all") == (1, 0)


def test_a_value_that_is_called_like_a_command_costs_that_one_too() -> None:
    assert kept("-i", "lab", "plan") == (1, 1)


def test_help_and_a_mistyped_command_find_everything() -> None:
    assert kept("--help") == kept("plam") == kept() == (2, 1)
