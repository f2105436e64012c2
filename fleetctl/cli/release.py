"""`fleetctl release`: sign, list, verify, promote and withdraw releases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli import release_keys
from fleetctl.cli.frame import Exit, Frame, frame_of, print_json
from fleetctl.cli.table import print_table

if TYPE_CHECKING:
    from fleetctl.core.releases.catalogue import Published
    from fleetctl.services.releases import Verdict

app = typer.Typer(help="Sign, list, verify, promote and withdraw releases.", no_args_is_help=True)
app.add_typer(release_keys.app, name="keys")

Version = Annotated[str, typer.Argument(metavar="VERSION", help="Of the release.")]


@app.command("add", epilog="Example: fleetctl release add qh-1-2026.12.0.raucb --version qh-1-2026.12.0")
def add(
    ctx: typer.Context,
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A signed RAUC bundle.")],
    version: Annotated[str, typer.Option("--version", help="That it has to hold; the bundle's own if left out.")] = "",
    model: Annotated[str, typer.Option("--model", help="That it has to be made for.")] = "",
) -> None:
    """Check a bundle, keep a copy, sign it as a release, and declare it in fleet.yaml."""
    from fleetctl.cli import compose, depot
    from fleetctl.core.releases.declaring import release_line
    from fleetctl.services import releases

    frame = frame_of(ctx)
    now = compose.clock().now().utc
    added = releases.add(depot.depot(frame), bundle, now, version=version, model=model)
    _declare(frame, releases.declared_release(compose.fleet_files(frame), added), "releases", release_line(added))
    _print(frame, added)
    frame.notes().print(f"release {added.version} is signed; no channel stands for it before it is promoted")


@app.command("list", epilog="Example: fleetctl -o json release list")
def list_releases(ctx: typer.Context) -> None:
    """List the signed releases, with their channels."""
    from fleetctl.cli import compose, depot

    frame = frame_of(ctx)
    signed = depot.releases(frame)
    releases = list(signed.catalogue().releases.values())
    stale = signed.freshness(compose.clock().now().utc)
    if frame.is_json:
        rows = [_document(published) for published in releases]
        print_json({"schema": "fleetctl/releases/v1", "releases": rows, "stale": stale})
    else:
        print_table(frame, ("VERSION", "KIND", "MODELS", "CHANNELS", "SIZE", "STANDING"), map(_row, releases))
    if stale:
        frame.notes().print(stale)


@app.command("verify", epilog="Example: fleetctl release verify")
def verify(ctx: typer.Context) -> None:
    """Verify signatures, freshness, every kept bundle, and that fleet.yaml agrees with what is signed.

    Exits with 2 if anything is not as it should be.
    """
    from fleetctl.cli import compose, depot
    from fleetctl.services import releases

    frame = frame_of(ctx)
    verdict = releases.verify(depot.depot(frame), compose.clock().now().utc)
    _print_verdict(frame, verdict)
    raise typer.Exit(Exit.DONE if verdict.is_good else Exit.INVALID)


@app.command("promote", epilog="Example: fleetctl release promote qh-1-stable qh-1-2026.12.0")
def promote(
    ctx: typer.Context,
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Of fleet.yaml; a new one is made.")],
    version: Version,
    allow_downgrade: Annotated[bool, typer.Option("--allow-downgrade", help="Go back to an older version.")] = False,
) -> None:
    """Let a channel stand for a release: signed, and in fleet.yaml."""
    from fleetctl.cli import compose, depot
    from fleetctl.services import releases

    frame = frame_of(ctx)
    now = compose.clock().now().utc
    promoted = releases.promote(depot.depot(frame), channel, version, now, downgrade=allow_downgrade)
    text = releases.declared_channel(compose.fleet_files(frame), channel, version)
    _declare(frame, text, "channels", f"{channel}: {version}")
    _print(frame, promoted)
    frame.notes().print(f"channel {channel} stands for {version}")


@app.command("withdraw", epilog="Example: fleetctl release withdraw qh-1-2026.12.0 --reason 'fans stand still'")
def withdraw(
    ctx: typer.Context,
    version: Version,
    reason: Annotated[str, typer.Option("--reason", help="Signed, and shown wherever the release is refused.")],
) -> None:
    """Say that a release may not be used any more; units that run it are left to the next plan."""
    from fleetctl.cli import compose, depot
    from fleetctl.services import releases

    frame = frame_of(ctx)
    gone = releases.withdraw(depot.releases(frame), version, reason, compose.clock().now().utc)
    _print(frame, gone)
    serves = f"; promote another to {', '.join(gone.channels)}" if gone.channels else ""
    frame.notes().print(f"release {version} is withdrawn{serves}")


@app.command("renew", epilog="Example: fleetctl release renew")
def renew(ctx: typer.Context) -> None:
    """Sign again what is signed, before it expires: the timestamp lives for a week."""
    from fleetctl.cli import compose, depot

    frame = frame_of(ctx)
    signed = depot.releases(frame)
    signed.renew(compose.clock().now().utc)
    ends = min(signed.verified().expiries.values())
    frame.notes().print(f"the releases' metadata are fresh until {ends:%Y-%m-%d %H:%M} UTC")


@app.command("trust", epilog="Example: fleetctl release trust 5d41…")
def trust(
    ctx: typer.Context,
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="Of a root, as its holders tell it.")],
) -> None:
    """Trust a root of the releases on a machine that trusts none yet: a controller, a pipeline, a kit."""
    from fleetctl.cli import depot

    frame = frame_of(ctx)
    release_keys.print_proposal(frame, depot.ceremony(frame).trust(digest.lower()))


def _declare(frame: Frame, content: bytes | None, section: str, line: str) -> None:
    """Write what has to stand in fleet.yaml, or say what a person has to write."""
    from fleetctl.cli import depot

    if content is None:
        frame.notes().print(f"fleet.yaml was not changed; under '{section}:' it needs\n  {line}")
    else:
        depot.rewrite(frame, content)


def _print(frame: Frame, published: Published) -> None:
    if frame.is_json:
        print_json({"schema": "fleetctl/release/v1", **_document(published)})


def _print_verdict(frame: Frame, verdict: Verdict) -> None:
    from fleetctl.cli.boundary import problem_text
    from fleetctl.cli.frame import colour
    from fleetctl.core.problem_formats import rows

    counted = len(verdict.catalogue.releases)
    if frame.is_json:
        found = {
            "valid": verdict.is_good,
            "releases": counted,
            "stale": verdict.stale,
            "problems": rows(verdict.problems),
        }
        print_json({"schema": "fleetctl/release-check/v1", **found})
    notes = frame.notes()
    for problem in verdict.problems:
        notes.print(problem_text(problem, colours=colour()))
    if verdict.stale:
        notes.print(verdict.stale)
    elif verdict.is_good:
        notes.print(f"{counted} releases are as they were signed")


def _row(published: Published) -> tuple[str, ...]:
    channels, models = ", ".join(published.channels) or "-", ", ".join(published.models)
    size = f"{published.size_bytes / 1e6:.1f} MB"
    standing = f"withdrawn: {published.withdrawn}" if published.withdrawn else "usable"
    return published.version, published.kind.value, models, channels, size, standing


def _document(published: Published) -> dict[str, Any]:
    made_for = {"compatible": published.compatible, "kind": published.kind.value, "models": list(published.models)}
    file = {"bundle": published.file, "size_bytes": published.size_bytes, "sha256": published.sha256}
    standing = {"channels": list(published.channels), "withdrawn": published.withdrawn or None}
    return {"version": published.version, **made_for, **file, **standing}
