"""Arguments that several commands share, with what a shell completes for them."""

from __future__ import annotations

from typing import Annotated

import typer

from fleetctl.cli.completion import complete_rollouts, complete_scopes, complete_selectors, complete_units

Selection = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SEL",
        help="key=pattern,… or site/unit; all units if left out.",
        autocompletion=complete_selectors,
    ),
]
UnitName = Annotated[str, typer.Argument(metavar="UNIT", help="site/unit", autocompletion=complete_units)]
Scope = Annotated[
    str,
    typer.Argument(metavar="SCOPE", help="'*', a site, or site/unit.", autocompletion=complete_scopes),
]
Why = Annotated[str, typer.Option("--reason", help="Kept in the event log, and shown wherever it matters.")]
RolloutId = Annotated[
    str,
    typer.Argument(
        metavar="ROLLOUT",
        help="A rollout's id, or its beginning; 'last' is the newest.",
        autocompletion=complete_rollouts,
    ),
]
AllowDowngrade = Annotated[
    bool, typer.Option("--allow-downgrade", help="Let units go back to an older release that is declared for them.")
]
