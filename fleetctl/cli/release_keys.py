"""`fleetctl release keys`: the key ceremony of the releases' root, and the rotation of every key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.frame import Frame, frame_of, print_json
from fleetctl.cli.table import print_table

if TYPE_CHECKING:
    from fleetctl.core.releases.proposal import Proposal

app = typer.Typer(help="Make, sign and rotate the keys that releases are signed with.", no_args_is_help=True)

Threshold = Annotated[int | None, typer.Option("--threshold", help="How many holders have to sign a root.")]


@app.command("make", epilog="Example: fleetctl release keys make alice")
def make(ctx: typer.Context, name: Annotated[str, typer.Argument(metavar="NAME", help="Of its holder.")]) -> None:
    """Make a root key on its holder's machine; prints the public half, for `init` or `rotate`."""
    from fleetctl.cli import depot

    frame = frame_of(ctx)
    public = depot.ceremony(frame).make(name)
    if frame.is_json:
        print_json({"schema": "fleetctl/release-key/v1", "name": name, "public": public})
    else:
        frame.console().print(public)


@app.command("init", epilog="Example: fleetctl release keys init --holder 3f… --holder 9c… --holder a0… --threshold 2")
def init(
    ctx: typer.Context,
    holder: Annotated[list[str] | None, typer.Option("--holder", help="Public root key; once for each holder.")] = None,
    own_root_keys: Annotated[int | None, typer.Option("--own-root-keys", min=0, help="To make here besides.")] = None,
    threshold: Threshold = None,
) -> None:
    """Begin the ceremony: make this machine's keys and draw up the first root.

    With no holder named, three root keys are made here, of which two have to sign: move two of them elsewhere.
    """
    from fleetctl.cli import compose, depot

    frame, holders = frame_of(ctx), holder or []
    own = own_root_keys if own_root_keys is not None else (0 if holders else 3)
    needed = threshold if threshold is not None else min(2, len(holders) + own)
    print_proposal(frame, depot.ceremony(frame).begin(holders, own, needed, compose.clock().now().utc))


@app.command("rotate", epilog="Example: fleetctl release keys rotate timestamp")
def rotate(
    ctx: typer.Context,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="root, targets, snapshot or timestamp.")],
    add: Annotated[list[str] | None, typer.Option("--add", help="Public key of a new holder of the root.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="Identifier of a root key that goes.")] = None,
    threshold: Threshold = None,
) -> None:
    """Draw up the next root: a new key for a role, other holders for the root, or only a new year for it."""
    from fleetctl.cli import compose, depot

    frame, now = frame_of(ctx), compose.clock().now().utc
    drawn = depot.ceremony(frame).rotate(role, now, add=add or (), remove=remove or (), threshold=threshold)
    print_proposal(frame, drawn)


@app.command("sign", epilog="Example: fleetctl release keys sign 5d41…")
def sign(
    ctx: typer.Context,
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="That the holders agreed on.")],
) -> None:
    """Sign the root that waits with the root keys of this machine; enough signatures put it in force."""
    from fleetctl.cli import compose, depot

    frame = frame_of(ctx)
    print_proposal(frame, depot.ceremony(frame).sign(digest.lower(), compose.clock().now().utc))


@app.command("status", epilog="Example: fleetctl release keys status")
def status(ctx: typer.Context) -> None:
    """Show the root that waits to be signed, otherwise the one in force."""
    from fleetctl.cli import depot

    frame = frame_of(ctx)
    print_proposal(frame, depot.ceremony(frame).proposal())


def print_proposal(frame: Frame, proposal: Proposal) -> None:
    """Print a root with what its holders compare."""
    if frame.is_json:
        print_json({"schema": "fleetctl/release-root/v1", **_document(proposal)})
    else:
        rows = [(name, str(role.threshold), " ".join(key[:16] for key in role.keys)) for name, role in _roles(proposal)]
        print_table(frame, ("ROLE", "THRESHOLD", "KEYS"), rows)
    notes = frame.notes()
    notes.print(f"root {proposal.version}, until {proposal.expires:%Y-%m-%d}, digest {proposal.digest}")
    notes.print(proposal.next_step)


def _roles(proposal: Proposal) -> list[tuple[str, Any]]:
    return sorted(proposal.roles.items())


def _document(proposal: Proposal) -> dict[str, Any]:
    from fleetctl.core.clock import to_text

    roles = {name: {"keys": list(role.keys), "threshold": role.threshold} for name, role in _roles(proposal)}
    stands = {"signed": list(proposal.signed), "missing": proposal.missing, "published": proposal.published}
    return {
        "version": proposal.version,
        "digest": proposal.digest,
        "expires": to_text(proposal.expires),
        "roles": roles,
        **stands,
    }
