"""`fleetctl apply`: turn a plan into a rollout and run it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.arguments import AllowDowngrade
from fleetctl.cli.completion import complete_selectors
from fleetctl.cli.frame import Exit, Frame, frame_of
from fleetctl.cli.orphans import retire_orphans, retired_with

if TYPE_CHECKING:
    from fleetctl.core.inventory.fleet import Fleet
    from fleetctl.core.plan import Plan
    from fleetctl.core.policy import Policy
    from fleetctl.core.rollout.state import Rollout
    from fleetctl.ports import State

What = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PLANFILE | SEL]...", help="A saved plan, or what to plan for.", autocompletion=complete_selectors
    ),
]
AllowRetire = Annotated[
    int | None,
    typer.Option("--allow-retire", metavar="N", help="Retire the orphaned units, if there are exactly so many."),
]


def apply(
    ctx: typer.Context,
    what: What = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    policy: Annotated[
        str | None, typer.Option("--policy", help="Policy of the inventory; 'default' if left out.")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Leave the work to 'fleetctl controller run'.")] = False,
    allow_downgrade: AllowDowngrade = False,
    allow_retire: AllowRetire = None,
    retire_percent: Annotated[
        float, typer.Option("--retire-percent", min=0, max=100, help="Of all units that may be retired at once.")
    ] = 5.0,
) -> None:
    """Apply a saved plan, or plan, show and ask; then run the rollout to its end."""
    from fleetctl.cli import compose
    from fleetctl.cli.foresight import foresee
    from fleetctl.cli.running import run_to_exit
    from fleetctl.services.apply import policy_of

    frame = frame_of(ctx)
    fleet = compose.fleet(frame)
    chosen = policy_of(fleet, policy)
    with compose.state(frame, durable=True) as state:
        file = plan_file(what)
        plan = _saved_plan(frame, fleet, state, file) if file else _new_plan(frame, fleet, state, what, allow_downgrade)
        orphans = retired_with(fleet, plan, allow_retire, retire_percent)
        if plan.is_empty and not orphans:
            raise typer.Exit(_nothing(frame, plan))
        if not plan.is_empty:
            foresee(frame, fleet, state, plan, chosen)
        if not (yes or file) and not _agreed(len(plan.units), len(orphans)):
            raise typer.Exit(Exit.FAILED)
        are_retired = retire_orphans(frame, fleet, state, orphans, chosen.drain)
        if plan.is_empty:
            raise typer.Exit(Exit.DONE if are_retired else Exit.FAILED)
        rollout = start_rollout(frame, fleet, state, plan, chosen)
        if detach:
            frame.console().print(rollout.id)
            frame.notes().print(f"rollout {rollout.id} waits for a controller; 'fleetctl rollout watch {rollout.id}'")
            raise typer.Exit(Exit.DONE if are_retired else Exit.FAILED)
        code = run_to_exit(frame, state, rollout.id)
    raise typer.Exit(code if are_retired else code or Exit.FAILED)


def plan_file(what: list[str] | None) -> Path | None:
    """Return the only argument if it is a plan's file; a selector has an `=` or names a unit."""
    if what is None or len(what) != 1 or "=" in what[0]:
        return None
    file = Path(what[0])
    return file if file.is_file() else None


def _new_plan(frame: Frame, fleet: Fleet, state: State, selection: list[str] | None, allow_downgrade: bool) -> Plan:
    from fleetctl.cli.plan import Wish, observe_and_plan
    from fleetctl.core.plan_document import to_text_lines
    from fleetctl.core.selectors import select
    from fleetctl.services.apply import saved

    units = select(fleet, selection or ())
    wish = Wish(" ".join(selection or ()), allow_downgrade=allow_downgrade)
    plan = observe_and_plan(frame, state, fleet, units, wish)
    saved(plan, state)
    frame.notes().print("\n".join(to_text_lines(plan)))
    return plan


def _saved_plan(frame: Frame, fleet: Fleet, state: State, file: Path) -> Plan:
    """Read a plan from its file, hold it against the state, and observe its units anew.

    Raises:
        InvalidInput: if it is not a plan, was edited, belongs to another state, or was applied before.
    """
    import json

    from fleetctl.cli.probe import observe
    from fleetctl.core.plan_document import from_document
    from fleetctl.core.problems import InvalidInput, Problem
    from fleetctl.core.rollout.enlist import NEW_PLAN
    from fleetctl.services.apply import check_saved

    try:
        document = json.loads(file.read_bytes())
        plan = from_document(document)
    except ValueError as error:
        raise InvalidInput([Problem("bad-plan", str(error), file=str(file), hint=NEW_PLAN)]) from error
    check_saved(plan, document["digest"], state)
    observe(frame, state, fleet, [fleet.by_name[u.unit] for u in plan.units if u.unit in fleet.by_name])
    return plan


def _agreed(units: int, orphans: int = 0) -> bool:
    """Ask the person; without one at the terminal the answer is no."""
    if not sys.stdin.isatty():
        sys.stderr.write("nobody to ask: say --yes, or apply a saved plan\n")
        return False
    retired = f" and retire {orphans} that are orphaned" if orphans else ""
    return typer.confirm(f"apply this to {units} units{retired}?", err=True)


def _nothing(frame: Frame, plan: Plan) -> int:
    """Say that there is nothing to do; a unit that nobody could judge is not one that needs nothing."""
    if not plan.left_out:
        frame.notes().print("nothing to do")
        return Exit.DONE
    frame.notes().print(f"nothing was applied: {len(plan.left_out)} units were left out, see above")
    return Exit.FAILED


def start_rollout(frame: Frame, fleet: Fleet, state: State, plan: Plan, policy: Policy) -> Rollout:
    """Make a rollout of a plan, if nobody works on its sites."""
    from fleetctl.cli import compose, depot
    from fleetctl.cli.plan import declared
    from fleetctl.core.rollout.enlist import Terms
    from fleetctl.services.apply import refuse_held_sites, start

    refuse_held_sites(state, plan.sites, led=compose.is_led(state))
    clock = compose.clock()
    terms = Terms(compose.new_id("r"), policy, str(frame.folder.resolve()), frame.actor, clock.now().utc)
    signed = depot.releases(frame) if any(unit.release for unit in plan.units) else None
    return start(declared(frame, fleet), plan, state, clock, terms, signed)
