"""What a state says when it refuses, and what it notes of its own accord: words, whatever keeps the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from fleetctl.core.clock import to_text
from fleetctl.core.problems import CouldNot, InvalidInput, Problem
from fleetctl.core.rollout.holds import Hold, Override
from fleetctl.core.rollout.state import Noted
from fleetctl.core.route import Pin
from fleetctl.ports import Controller, Fenced, Led

_SHOWN = 5


def fenced(epoch: int, current: int) -> Fenced:
    """Return what a controller is told whose epoch is used up."""
    return Fenced(
        f"another controller has taken over: this one has epoch {epoch}, the state is at {current}",
        hint="'fleetctl controller show' says who leads",
    )


def led(controller: Controller) -> Led:
    """Return what is said to a second controller while the first holds its lease."""
    command = f" with '{controller.command}'" if controller.command else ""
    return Led(
        f"{controller.owner} leads from {controller.host} as process {controller.pid}{command}, "
        f"at least until {to_text(controller.lease_until)}",
        hint="wait for it to end, or follow with 'fleetctl rollout watch last'",
    )


def used_plan(plan: str, rollout: str) -> CouldNot:
    """Return why a plan is not applied a second time."""
    return CouldNot(
        f"plan {plan} was applied before, by rollout {rollout}", hint="make a new plan with 'fleetctl plan'"
    )


def known_rollout(rollout: str) -> CouldNot:
    """Return why a rollout is not added a second time."""
    return CouldNot(f"there is a rollout {rollout} already")


def unknown_rollout(rollout: str) -> CouldNot:
    """Return what is said of a rollout that nobody added."""
    return CouldNot(f"there is no rollout {rollout}", hint="'fleetctl rollout list' shows what there is")


def unknown_config(digest: str) -> CouldNot:
    """Return what is said of a config that no rollout brought."""
    return CouldNot(f"no rollout brought the config {digest[:12]}", hint="make a new plan and apply it")


def unknown_hold(hold: int) -> InvalidInput:
    """Return what is said of a hold that does not stand."""
    hint = "'fleetctl hold list' shows what stands"
    return InvalidInput([Problem("unknown-hold", f"there is no hold {hold}", hint=hint)])


def unknown_override(override: int) -> InvalidInput:
    """Return what is said of an override that is over, or never was."""
    hint = "'fleetctl override list' shows what counts"
    return InvalidInput([Problem("unknown-override", f"no override {override} is in force", hint=hint)])


def one_of(start: str, found: Sequence[str]) -> str | None:
    """Return the only id that was found for the start of one, or None if there is none.

    Raises:
        CouldNot: if there are several; lists some of them.
    """
    if len(found) > 1:
        more = ", …" if len(found) > _SHOWN else ""
        listed = ", ".join(sorted(found)[:_SHOWN])
        raise CouldNot(f"'{start}' is the start of {len(found)} rollouts: {listed}{more}", hint="type more of the id")
    return found[0] if found else None


def pin_notes(pins: Mapping[str, Iterable[Pin]], actor: str, at: datetime, why: str) -> list[Noted]:
    """Return one entry of the event log for each unit whose host keys are pinned; they belong to no rollout."""
    because = f" ({why})" if why else ""
    return [
        Noted("", unit, at, "host-key-pinned", f"{actor} pinned {_named(of_unit)}{because}")
        for unit, of_unit in pins.items()
    ]


def forgotten_note(unit: str, actor: str, at: datetime, why: str) -> Noted:
    """Return the entry of the event log for a place that is forgotten."""
    return Noted("", unit, at, "unit-forgotten", f"{actor} forgot it: {why}")


def hold_note(hold: Hold) -> Noted:
    """Return the entry of the event log for a new hold; orders belong to no rollout."""
    return _order_note(
        hold.scope, hold.at, "hold-added", f"{hold.actor} holds {hold.scope}: {hold.reason} (hold {hold.id})"
    )


def hold_removed_note(hold: Hold, actor: str, at: datetime, reason: str) -> Noted:
    """Return the entry of the event log for a hold that ends."""
    text = f"{actor} removed hold {hold.id} of {hold.actor} on {hold.scope}"
    return _order_note(hold.scope, at, "hold-removed", _because(text, reason))


def override_note(override: Override) -> Noted:
    """Return the entry of the event log for a new override."""
    what = f"{override.actor} overrides {override.rule} for {override.scope} until {to_text(override.until)}"
    text = f"{what}: {override.reason} (override {override.id})"
    return _order_note(override.scope, override.at, "override-added", text)


def override_removed_note(override: Override, actor: str, at: datetime, reason: str) -> Noted:
    """Return the entry of the event log for an override that is taken back."""
    text = f"{actor} took back override {override.id} of {override.actor}: {override.rule} for {override.scope}"
    return _order_note(override.scope, at, "override-removed", _because(text, reason))


def _order_note(scope: str, at: datetime, what: str, text: str) -> Noted:
    return Noted("", scope if "/" in scope else "", at, what, text)


def _because(text: str, reason: str) -> str:
    return f"{text}: {reason}" if reason else text


def _named(pins: Iterable[Pin]) -> str:
    return ", ".join(f"{pin.key_type} {pin.fingerprint}" for pin in pins) or "no host key"
