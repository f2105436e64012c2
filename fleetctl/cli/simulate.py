"""`fleetctl simulate`: play a rollout on a model of the fleet."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.models import OptionInfo

from fleetctl.cli.completion import complete_selectors
from fleetctl.cli.frame import Exit, Frame, frame_of, print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fleetctl.core.heat.forecast import Forecast
    from fleetctl.core.inventory.fleet import Fleet
    from fleetctl.core.plan import Plan
    from fleetctl.core.simulate.report import Simulation


NAME = "simulation"


def _share(given: str) -> float:
    """Read `3%` or `0.03`; Typer hands the default over as well, and names the option in the usage error."""
    text = str(given)
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise typer.BadParameter(f"'{text}' is not a share; write 3% or 0.03")
    return share


def _rate(what: str) -> OptionInfo:
    """Return the option for a share of all cases."""
    option: OptionInfo = typer.Option(parser=_share, metavar="SHARE", help=what)
    return option


def _time(text: str) -> datetime:
    """Read a time; without an offset it is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"'{text}' is not a time; write 2026-12-01T22:00 or 2026-12-01T22:00+01:00") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def simulate(
    ctx: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PLANFILE | SEL]...",
            help="A saved plan, or units that are supposed to need a new config and a reboot.",
            autocompletion=complete_selectors,
        ),
    ] = None,
    policy: Annotated[str | None, typer.Option(help="Policy of the inventory; 'default' if left out.")] = None,
    outdoor_c: Annotated[
        float | None, typer.Option(help="Outdoors; each site's design temperature if left out.")
    ] = None,
    weather: Annotated[Path | None, typer.Option(help="Weather from a file: EPW, CSV or Open-Meteo's JSON.")] = None,
    setpoint_c: Annotated[float | None, typer.Option(help="Setpoint of every dwelling.")] = None,
    seed: Annotated[int, typer.Option(help="Of all luck; another number is another night.")] = 1,
    fail_rate: Annotated[float, _rate("Configs that units refuse.")] = 0.0,
    hang_rate: Annotated[float, _rate("Reboots that hang.")] = 0.0,
    cold_rate: Annotated[float, _rate("Reboots after which a unit does not heat.")] = 0.0,
    flaky_links: Annotated[float, _rate("Units whose link comes and goes.")] = 0.0,
    dead_gateways: Annotated[int, typer.Option(min=0, help="Gateways that go silent for a while.")] = 0,
    busy: Annotated[float, _rate("Units that run a job when they are drained.")] = 0.6,
    fall_back_rate: Annotated[float, _rate("Updates whose new system does not boot.")] = 0.0,
    update: Annotated[bool, typer.Option("--update", help="Suppose that units need another release instead.")] = False,
    start: Annotated[
        datetime | None, typer.Option(parser=_time, metavar="TIME", help="When it starts, in UTC; now if left out.")
    ] = None,
    most_h: Annotated[float, typer.Option(min=1, help="Hours of simulated time after which it stops.")] = 336,
    limit_outdoor: Annotated[bool, typer.Option("--limit-outdoor", help="Find how cold it may be outdoors.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for the report as Markdown, JSON and SVG.")] = None,
) -> None:
    """Play a rollout on a model of the fleet: how long it takes, what it waits for, how cold it gets."""
    from fleetctl.cli import compose
    from fleetctl.core.simulate.conditions import Conditions, Faults
    from fleetctl.services.apply import policy_of
    from fleetctl.services.simulate import Order, with_limit
    from fleetctl.services.simulate import simulate as simulated

    frame = frame_of(ctx)
    fleet = compose.fleet(frame)
    began = start or compose.clock().now().utc.replace(second=0, microsecond=0)
    plan = _plan(fleet, what, began, update=update)
    shares = {"cold_rate": cold_rate, "flaky_links": flaky_links, "busy": busy, "fall_back_rate": fall_back_rate}
    faults = Faults(fail_rate, hang_rate, dead_gateways=dead_gateways, **shares)
    conditions = Conditions(None, setpoint_c, seed=seed, faults=faults, most_s=most_h * 3600, grain_s=_grain_s(plan))
    forecast = _forecast(outdoor_c, weather, began, conditions.most_s)
    order = Order(fleet, plan, policy_of(fleet, policy), began, conditions, _zones(fleet), forecast)
    came_to = simulated(order)
    raise typer.Exit(_told(frame, with_limit(order, came_to) if limit_outdoor else came_to, out))


def _plan(fleet: Fleet, what: list[str] | None, at: datetime, *, update: bool) -> Plan:
    """Read a saved plan, or suppose one for what was selected."""
    import json

    from fleetctl.cli.apply import plan_file
    from fleetctl.core.plan_document import from_document
    from fleetctl.core.problems import InvalidInput, Problem
    from fleetctl.core.selectors import select
    from fleetctl.services.simulate import supposed_plan

    file = plan_file(what)
    if file is None:
        return supposed_plan(fleet, select(fleet, what or ()), at, update=update)
    try:
        plan = from_document(json.loads(file.read_bytes()))
    except ValueError as error:
        raise InvalidInput([Problem("bad-plan", str(error), file=str(file))]) from error
    gone = [unit.unit for unit in plan.units if unit.unit not in fleet.by_name]
    if gone or not plan.units:
        message = f"the inventory has no unit {', '.join(gone)}" if gone else "the plan has nothing to do"
        raise InvalidInput([Problem("stale-plan", message, file=str(file))])
    return plan


def _forecast(outdoor_c: float | None, weather: Path | None, began: datetime, most_s: float) -> Forecast | None:
    """Return the weather, from a number or a file; None takes each site's design temperature."""
    from fleetctl.core.heat.forecast_formats import read
    from fleetctl.core.problems import InvalidInput, Problem
    from fleetctl.services.simulate import steady

    if outdoor_c is not None and weather is not None:
        raise typer.BadParameter("give --outdoor-c or --weather, not both")
    if outdoor_c is not None:
        return steady(outdoor_c, began, most_s)
    if weather is None:
        return None
    try:
        text = weather.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        message = f"the weather cannot be read: {error.strerror}"
        raise InvalidInput([Problem("forecast-missing", message, str(weather))]) from error
    return read(text, file=str(weather), year=began.year)


def _zones(fleet: Fleet) -> Callable[[str], tzinfo]:
    """Return what returns a site's time zone."""
    from functools import cache
    from zoneinfo import ZoneInfo

    @cache
    def zone(site: str) -> tzinfo:
        return ZoneInfo(fleet.sites[site].time_zone)

    return zone


def _grain_s(plan: Plan) -> float:
    """Return how often the simulated controller looks: every second, less often in a large fleet."""
    return max(1.0, len(plan.units) // 1000)


def _told(frame: Frame, simulation: Simulation, out: Path | None) -> int:
    """Print the report, write its files, and return the exit code."""
    from fleetctl.core.rollout.state import Status
    from fleetctl.core.simulate.markdown import to_markdown
    from fleetctl.core.simulate.report import to_document

    if frame.is_json:
        print_json(to_document(simulation))
    else:
        sys.stdout.write(to_markdown(simulation))
    if out is not None:
        from fleetctl.cli import compose

        for path in compose.write_files(out, _files(simulation), overwrite=True):
            frame.notes().print(f"written: {path}")
    if simulation.status == Status.HALTED.value:
        return Exit.HALTED
    return Exit.DONE if simulation.complete else Exit.FAILED


def _files(simulation: Simulation) -> Mapping[str, str]:
    import json

    from fleetctl.core.simulate.markdown import to_markdown
    from fleetctl.core.simulate.plot import to_svg
    from fleetctl.core.simulate.report import to_document

    return {
        f"{NAME}.md": to_markdown(simulation),
        f"{NAME}.json": json.dumps(to_document(simulation), ensure_ascii=False, indent=1) + "\n",
        f"{NAME}.svg": to_svg(simulation),
    }
