"""`fleetctl plan`: desired against observed, per unit the actions and why."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.arguments import AllowDowngrade, Selection
from fleetctl.cli.frame import Exit, Frame, frame_of, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetctl.core.inventory.fleet import Fleet, Unit
    from fleetctl.core.plan import Plan
    from fleetctl.ports import State
    from fleetctl.services.declared import Declared


class Format(StrEnum):
    """Forms of a printed plan."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def plan(
    ctx: typer.Context,
    selection: Selection = None,
    out: Annotated[Path | None, typer.Option("--out", help="Save the plan; 'apply FILE' applies exactly that.")] = None,
    form: Annotated[Format | None, typer.Option("--format", help="How to print it.")] = None,
    detailed_exitcode: Annotated[bool, typer.Option(help="Exit with 3 if there is something to do.")] = False,
    refresh: Annotated[bool, typer.Option(help="Probe the units first; else use the last facts.")] = True,
    policy: Annotated[str | None, typer.Option("--policy", help="Policy that waves and heat are foreseen by.")] = None,
    allow_downgrade: AllowDowngrade = False,
) -> None:
    """Compare what is declared with what is observed, and say what each unit needs and why."""
    from fleetctl.cli import compose
    from fleetctl.core.selectors import select

    frame = frame_of(ctx)
    fleet = compose.fleet(frame)
    units = select(fleet, selection or ())
    with compose.state(frame, durable=out is not None) as state:
        wish = Wish(" ".join(selection or ()), refresh, allow_downgrade)
        made = observe_and_plan(frame, state, fleet, units, wish)
        if out is not None:
            save(made, state, out)
        _print(frame, made, form or (Format.JSON if frame.is_json else Format.TEXT))
        if refresh and not made.is_empty:  # of facts that may be old nothing is foreseen
            _foresee(frame, fleet, state, made, policy)
    if made.judges_nobody:
        frame.notes().print(f"nothing was planned: all {len(made.left_out)} units were left out, see above")
        raise typer.Exit(Exit.FAILED)
    if out is not None:
        frame.notes().print(f"saved as {out}; apply it with: fleetctl apply {out}")
    raise typer.Exit(Exit.CHANGES if detailed_exitcode and not made.is_empty else Exit.DONE)


@dataclass(frozen=True, slots=True)
class Wish:
    """How a plan is to be made.

    Attributes:
        selection: what the user selected, as typed.
        refresh: probe the units first.
        allow_downgrade: units may go back to older releases.
        registers: units are registered, too, where the fleet declares a CA.
    """

    selection: str = ""
    refresh: bool = True
    allow_downgrade: bool = False
    registers: bool = True


def observe_and_plan(frame: Frame, state: State, fleet: Fleet, units: Sequence[Unit], wish: Wish) -> Plan:
    """Probe units if asked to, and plan for them.

    Raises:
        InvalidInput: with every reason why units may not get the release that they should run.
    """
    import uuid

    from fleetctl.cli import compose, depot
    from fleetctl.cli.probe import observe
    from fleetctl.core.planning import Occasion
    from fleetctl.core.releases.wanted import NO_RELEASES
    from fleetctl.services.marks import without_refused
    from fleetctl.services.plan import Memory, with_blank_machines
    from fleetctl.services.plan import plan as make
    from fleetctl.services.render import rendered_from
    from fleetctl.services.standing_releases import gifts_of, refuse_standing, supply

    if wish.refresh:
        observe(frame, state, fleet, units)
    at = compose.clock().now().utc
    commit = compose.git_commit(frame)
    occasion = Occasion(str(uuid.uuid4()), fleet.name, state.uuid, at, wish.selection, commit, wish.registers)
    templates = compose.template_files(frame)
    memory = Memory(compose.site_cache(frame), lambda site: rendered_from(fleet, site, templates))
    signed = depot.releases(frame) if depot.keeps_releases(frame) else None
    of = supply(signed, allow_downgrade=wish.allow_downgrade) if signed else NO_RELEASES
    made = make(declared(frame, fleet), units, state, occasion, memory, of)
    made = without_refused(with_blank_machines(made, fleet, state), state)
    if signed:
        refuse_standing(fleet, gifts_of(fleet, made.units), signed, at)
    return made


def declared(frame: Frame, fleet: Fleet) -> Declared:
    """Return what is declared and how it is rendered."""
    from fleetctl.cli import compose
    from fleetctl.services.declared import Declared
    from fleetctl.services.render import configs, desired_states

    templates, cache = compose.template_files(frame), compose.site_cache(frame)
    return Declared(
        fleet,
        lambda units: desired_states(fleet, units, templates, cache),
        lambda units: configs(fleet, units, templates),
    )


def save(made: Plan, state: State, out: Path) -> None:
    """Record a plan in the state and write its file whole or not at all."""
    from fleetctl.cli import compose
    from fleetctl.core.digest import canonical
    from fleetctl.services.apply import saved

    compose.write_whole(out, canonical(saved(made, state)) + b"\n")


def _foresee(frame: Frame, fleet: Fleet, state: State, made: Plan, policy: str | None) -> None:
    from fleetctl.cli.foresight import foresee
    from fleetctl.services.apply import policy_of

    foresee(frame, fleet, state, made, policy_of(fleet, policy))


def _print(frame: Frame, made: Plan, form: Format) -> None:
    from fleetctl.core.plan_document import to_document, to_markdown, to_text_lines

    if form is Format.JSON:
        print_json(to_document(made))
    elif form is Format.MARKDOWN:
        sys.stdout.write(to_markdown(made))
    else:
        frame.console().print("\n".join(to_text_lines(made)))
