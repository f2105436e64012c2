"""`fleetctl render`: the files of units, written to a folder, or held against what the units have."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.arguments import Selection
from fleetctl.cli.frame import Exit, Frame, frame_of, print_json
from fleetctl.cli.table import print_table

if TYPE_CHECKING:
    from fleetctl.core.desired import Summary
    from fleetctl.core.inventory.fleet import Fleet, Unit
    from fleetctl.core.render_diff import UnitDifference

_SIGNS = {"missing": "+", "different": "~", "edited": "!", "left over": "-"}
_SHORT = 12


def render(
    ctx: typer.Context,
    selection: Selection = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write to, as DIR/site/unit/path.")] = None,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show which files of the units differ, by the last facts.")
    ] = False,
    detailed_exitcode: Annotated[bool, typer.Option(help="With --diff: exit with 3 if a file differs.")] = False,
) -> None:
    """Render the files of units: print their digests, write them, or compare them with what the units have."""
    from fleetctl.cli import compose
    from fleetctl.core.selectors import select

    frame = frame_of(ctx)
    fleet = compose.fleet(frame)
    units = select(fleet, selection or ())
    if diff:
        found = _compare(frame, fleet, units)
        raise typer.Exit(Exit.CHANGES if found and detailed_exitcode else Exit.DONE)
    _print_digests(frame, _rendered(frame, fleet, units, out))


def _rendered(frame: Frame, fleet: Fleet, units: Sequence[Unit], out: Path | None) -> list[tuple[str, Summary]]:
    from fleetctl.cli import compose
    from fleetctl.core.desired import summary
    from fleetctl.services.render import configs, summaries

    if out is None:
        known = summaries(fleet, units, compose.template_files(frame), compose.site_cache(frame))
        return [(unit.name, of) for unit, of in known]
    written = compose.written_configs(out, configs(fleet, units, compose.template_files(frame)))
    return [(config.unit, summary(config)) for config in written]


def _print_digests(frame: Frame, rendered: Iterable[tuple[str, Summary]]) -> None:
    if frame.is_json:
        rows = [{"unit": unit, "digest": of.digest, "files": of.files} for unit, of in rendered]
        print_json({"schema": "fleetctl/render/v1", "units": rows})
    else:
        lines = ((unit, of.digest[:_SHORT], str(len(of.files))) for unit, of in rendered)
        print_table(frame, ("UNIT", "DIGEST", "FILES"), lines)


def _compare(frame: Frame, fleet: Fleet, units: Sequence[Unit]) -> list[UnitDifference]:
    from fleetctl.cli import compose
    from fleetctl.core.render_diff import differences
    from fleetctl.services.render import desired_states

    states = desired_states(fleet, units, compose.template_files(frame), compose.site_cache(frame))
    with compose.state(frame) as state:
        found = list(differences(states, state.units.facts([unit.name for unit in units])))
    if frame.is_json:
        print_json({"schema": "fleetctl/render-diff/v1", "units": [_document(difference) for difference in found]})
    else:
        sys.stdout.write("".join(map(_listing, found)))
    return found


def _document(difference: UnitDifference) -> dict[str, Any]:
    files = [{"path": file.path, "change": file.change.value} for file in difference.files]
    return {"unit": difference.unit, "files": files, "unknown": difference.unknown}


def _listing(difference: UnitDifference) -> str:
    if difference.unknown:
        return f"{difference.unit}  ? {difference.unknown}\n"
    return f"{difference.unit}\n" + "".join(
        f"  {_SIGNS[file.change]} {file.path}  ({file.change})\n" for file in difference.files
    )
