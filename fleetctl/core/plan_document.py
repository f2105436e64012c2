"""A plan as a document: JSON that can be saved and read again, text for a terminal, Markdown for a pull request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fleetctl.core.clock import from_text, to_text
from fleetctl.core.digest import digest_of
from fleetctl.core.facts import Cause
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.plan import SCHEMA, LeftOut, Plan, UnitPlan
from fleetctl.core.rollout.state import Action


def to_document(plan: Plan) -> dict[str, Any]:
    """Return the plan as plain data with its own digest; the same plan gives the same bytes."""
    document = {
        "schema": SCHEMA,
        "id": plan.id,
        "fleet": plan.fleet,
        "state": plan.state,
        "made": to_text(plan.made),
        "expires": to_text(plan.expires),
        "selection": plan.selection,
        "commit": plan.commit,
        "sites": dict(sorted(plan.sites.items())),
        "units": [_unit_document(unit) for unit in plan.units],
        "left_out": [_left_out_document(out) for out in plan.left_out],
        "unchanged": plan.unchanged,
        "orphaned": list(plan.orphaned),
    }
    return {**document, "digest": digest_of(document)}


def from_document(document: Mapping[str, Any]) -> Plan:
    """Read a plan from what `to_document` returned.

    Raises:
        ValueError: if it is not a plan, or was edited after it was saved; says which.
    """
    if document.get("schema") != SCHEMA:
        raise ValueError(f"not a plan: expected schema {SCHEMA}, found {document.get('schema')!r}")
    content = {key: value for key, value in document.items() if key != "digest"}
    if digest_of(content) != document.get("digest"):
        raise ValueError("the plan was edited after it was saved: its digest does not match its content")
    try:
        return Plan(
            id=content["id"],
            fleet=content["fleet"],
            state=content["state"],
            made=from_text(content["made"]),
            expires=from_text(content["expires"]),
            selection=content["selection"],
            commit=content["commit"],
            sites=dict(content["sites"]),
            units=tuple(_unit(row) for row in content["units"]),
            left_out=tuple(_left_out(row) for row in content["left_out"]),
            unchanged=int(content["unchanged"]),
            orphaned=tuple(content["orphaned"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the plan lacks or misshapes {error}") from error


def _unit_document(unit: UnitPlan) -> dict[str, Any]:
    return {
        "unit": unit.unit,
        "site": unit.site,
        "kind": unit.kind.value,
        "gateway": unit.gateway,
        "actions": [action.value for action in unit.actions],
        "reasons": list(unit.reasons),
        "files": list(unit.files),
        "config_digest": unit.config_digest,
        "facts_digest": unit.facts_digest,
        "reboot": unit.reboot,
        "confirm": unit.confirm,
        **_update_document(unit),
        **({"registration": {"digest": unit.registration, "renews": unit.renews}} if unit.registration else {}),
    }


def _update_document(unit: UnitPlan) -> dict[str, Any]:
    """Return what a unit is to be updated to; nothing for a unit that needs no update."""
    if not unit.release:
        return {}
    component = {"component": unit.component} if unit.component else {}
    return {"release": unit.release, "bundle": {"sha256": unit.bundle, "size_bytes": unit.bundle_bytes}, **component}


def _unit(row: Mapping[str, Any]) -> UnitPlan:
    bundle, registration = row.get("bundle") or {}, row.get("registration") or {}
    return UnitPlan(
        unit=row["unit"],
        site=row["site"],
        kind=Kind(row["kind"]),
        gateway=row["gateway"],
        actions=tuple(Action(action) for action in row["actions"]),
        reasons=tuple(row["reasons"]),
        files=tuple(row["files"]),
        config_digest=row["config_digest"],
        facts_digest=row["facts_digest"],
        reboot=bool(row["reboot"]),
        confirm=bool(row["confirm"]),
        release=row.get("release", ""),
        bundle=bundle.get("sha256", ""),
        bundle_bytes=int(bundle.get("size_bytes", 0)),
        registration=registration.get("digest", ""),
        renews=bool(registration.get("renews", False)),
        component=row.get("component", ""),
    )


def _left_out_document(out: LeftOut) -> dict[str, Any]:
    return {"unit": out.unit, "cause": out.cause.value if out.cause else None, "reason": out.reason}


def _left_out(row: Mapping[str, Any]) -> LeftOut:
    return LeftOut(row["unit"], Cause(row["cause"]) if row["cause"] else None, row["reason"])


# --- for people ---------------------------------------------------------------------------------------------------


def summary(plan: Plan) -> str:
    """Return one line that counts what the plan says."""
    counts = {action: sum(action in unit.actions for unit in plan.units) for action in Action}
    actions = ", ".join(f"{count} to {action.value}" for action, count in counts.items() if count)
    parts = [actions or "nothing to do", f"{plan.unchanged} unchanged"]
    if plan.left_out:
        parts.append(f"{len(plan.left_out)} left out")
    if plan.orphaned:
        parts.append(f"{len(plan.orphaned)} orphaned")
    return ", ".join(parts)


def to_text_lines(plan: Plan) -> Iterator[str]:
    """Yield the plan for a terminal: units with the same needs share a line, so that 178 radiators fit a screen."""
    for site, units in _by_site(plan.units).items():
        yield f"{site}"
        for (actions, reasons), names in _alike(units).items():
            yield f"  {', '.join(actions)}: {_names(names)}"
            for reason in reasons:
                yield f"      {reason}"
    if plan.left_out:
        yield "left out"
        for reason, names in _left_out_alike(plan).items():
            yield f"  {_names(names)}: {reason}"
    if plan.orphaned:
        yield f"orphaned, left running: {_names(list(plan.orphaned))}"
    yield summary(plan)


def to_markdown(plan: Plan) -> str:
    """Return the plan for a pull request: the summary first, a table for each site folded under it."""
    lines = [f"### fleetctl plan for `{plan.fleet}`", "", f"**{summary(plan)}**", ""]
    for site, units in _by_site(plan.units).items():
        lines += [
            f"<details><summary>{site}: {len(units)} units</summary>",
            "",
            "| unit | actions | why |",
            "|---|---|---|",
        ]
        lines += [
            f"| `{unit.unit}` | {', '.join(a.value for a in unit.actions)} | {_cell('; '.join(unit.reasons))} |"
            for unit in units
        ]
        lines += ["", "</details>", ""]
    if plan.left_out:
        lines += ["| left out | why |", "|---|---|"]
        lines += [f"| `{out.unit}` | {_cell(out.reason)} |" for out in plan.left_out]
        lines.append("")
    lines.append(f"Plan `{plan.id}`, expires {plan.expires:%Y-%m-%d %H:%M} UTC.")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _by_site(units: Sequence[UnitPlan]) -> dict[str, list[UnitPlan]]:
    sites: dict[str, list[UnitPlan]] = defaultdict(list)
    for unit in units:
        sites[unit.site].append(unit)
    return dict(sites)


def _alike(units: Sequence[UnitPlan]) -> dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]]:
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = defaultdict(list)
    for unit in units:
        groups[tuple(a.value for a in unit.actions), unit.reasons].append(unit.unit)
    return dict(groups)


def _left_out_alike(plan: Plan) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for out in plan.left_out:
        groups[out.reason].append(out.unit)
    return dict(groups)


def _names(names: Sequence[str], limit: int = 6) -> str:
    """Join names, the site given once; beyond `limit` the rest is counted."""
    short = (
        [name.partition("/")[2] for name in names] if len({n.partition("/")[0] for n in names}) == 1 else list(names)
    )
    more = f" and {len(short) - limit} more" if len(short) > limit else ""
    return f"{len(names)} units: " * (len(names) > 1) + ", ".join(short[:limit]) + more
