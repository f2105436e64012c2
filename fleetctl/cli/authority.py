"""`fleetctl ca`: the fleet's own CA. Make it, look at it, revoke certificates, list the revoked ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.frame import Frame, frame_of, print_json
from fleetctl.cli.table import print_table
from fleetctl.core.identity.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetctl.core.identity.certificate import Certificate
    from fleetctl.ports.identity import Chain

app = typer.Typer(help="The fleet's own CA, whose certificates say which machine a unit is.", no_args_is_help=True)

RootKey = Annotated[
    Path | None, typer.Option("--root-keys", metavar="DIR", help="Where the root's key is kept, such as a stick.")
]
CertificateName = Annotated[
    str, typer.Argument(metavar="CERTIFICATE", help="Its number, a machine's serial, or site/unit.")
]


@app.command("init", epilog="Example: fleetctl ca init --root-keys /media/stick/ca")
def init(ctx: typer.Context, root_keys: RootKey = None) -> None:
    """Make the CA: a root that signs one issuing certificate, whose key signs machines' certificates here.

    The certificates go into the folder `authority` beside fleet.yaml and are committed; the keys are never.
    """
    from fleetctl.cli import compose, identities

    frame = frame_of(ctx)
    fleet, of = compose.shared(frame), identities.authority(frame)
    chain = of.begin(fleet.name, identities.keys(root_keys), compose.clock().now().utc)
    _print_chain(frame, chain)
    frame.notes().print(f"add to fleet.yaml:  authority: {{root_sha256: {chain.root_sha256}}}")
    frame.notes().print("commit the folder 'authority', and take the root's key off this machine")


@app.command("renew", epilog="Example: fleetctl ca renew --root-keys /media/stick/ca")
def renew(ctx: typer.Context, root_keys: RootKey = None) -> None:
    """Make another issuing certificate before the present one ends; certificates that were issued hold on."""
    from fleetctl.cli import compose, identities

    frame = frame_of(ctx)
    fleet = compose.shared(frame)
    of = identities.authority(frame, identities.declared(fleet).root_sha256)
    _print_chain(frame, of.renew(fleet.name, identities.keys(root_keys), compose.clock().now().utc))


@app.command("show", epilog="Example: fleetctl -o json ca show")
def show(ctx: typer.Context) -> None:
    """Show the CA, and every certificate of a machine that holds or is revoked."""
    from fleetctl.cli import compose, identities

    frame = frame_of(ctx)
    fleet, at = compose.shared(frame), compose.clock().now().utc
    of = identities.authority(frame, fleet.authority.root_sha256 if fleet.authority else "")
    with compose.state(frame) as state:
        known = [c for c in state.registry.certificates() if at < c.not_after]
    if frame.is_json:
        rows = [_document(certificate) for certificate in known]
        print_json({"schema": "fleetctl/ca/v1", **_chain_document(of.chain()), "certificates": rows})
        return
    _print_chain(frame, of.chain())
    print_table(frame, ("CERTIFICATE", "MACHINE", "UNIT", "UNTIL", "STANDING"), map(_row, known))


@app.command("revoke", epilog="Example: fleetctl ca revoke QR-0001 --reason keyCompromise")
def revoke(
    ctx: typer.Context,
    certificate: CertificateName,
    reason: Annotated[Reason, typer.Option("--reason", help="As the list of revoked certificates says it.")],
) -> None:
    """Revoke a certificate, or all of a machine; 'fleetctl ca crl' makes the list that tells others."""
    from fleetctl.cli import compose
    from fleetctl.services.authority import revoke as revoke_all

    frame = frame_of(ctx)
    with compose.state(frame, durable=True) as state:
        gone = revoke_all(state.registry, certificate, reason, actor=frame.actor, at=compose.clock().now().utc)
    _print_revoked(frame, gone)


@app.command("crl", epilog="Example: fleetctl ca crl --out /srv/crl/fleet.crl")
def crl(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", help="File that is written whole; DER, as RFC 5280 wants it served.")],
) -> None:
    """Sign the list of revoked certificates; it is believed for a week, so make it daily, from a timer."""
    from fleetctl.adapters.identity.authority import listed
    from fleetctl.adapters.whole_file import write_whole
    from fleetctl.cli import compose, identities
    from fleetctl.services.authority import revocations

    frame = frame_of(ctx)
    of = identities.authority(frame, identities.declared(compose.shared(frame)).root_sha256)
    with compose.state(frame) as state:
        content = revocations(state.registry, of, compose.clock().now().utc)
    write_whole(out, content, mode=0o644)
    made, until, numbers = listed(content)
    if frame.is_json:
        document = {"file": str(out), "made": made.isoformat(), "until": until.isoformat(), "revoked": list(numbers)}
        print_json({"schema": "fleetctl/crl/v1", **document})
    frame.notes().print(f"{out}: {len(numbers)} revoked, believed until {until:%Y-%m-%d %H:%M} UTC")


def _print_chain(frame: Frame, chain: Chain) -> None:
    if frame.is_json:
        print_json({"schema": "fleetctl/ca/v1", **_chain_document(chain)})
        return
    frame.console().print(f"root certificate  SHA-256 {chain.root_sha256}")
    frame.console().print(f"issuing until     {chain.issuing_until:%Y-%m-%d}")


def _chain_document(chain: Chain) -> dict[str, Any]:
    return {"root_sha256": chain.root_sha256, "issuing_until": chain.issuing_until.isoformat()}


def _print_revoked(frame: Frame, gone: Sequence[Certificate]) -> None:
    if frame.is_json:
        print_json({"schema": "fleetctl/revoked/v1", "certificates": [_document(c) for c in gone]})
    for certificate in gone:
        frame.notes().print(f"{certificate.number} of {certificate.serial} ({certificate.unit}) is revoked")
    if not gone:
        frame.notes().print("it was revoked before")


def _row(certificate: Certificate) -> tuple[str, ...]:
    standing = f"revoked: {certificate.reason}" if certificate.revoked else "holds"
    return (certificate.number, certificate.serial, certificate.unit, f"{certificate.not_after:%Y-%m-%d}", standing)


def _document(certificate: Certificate) -> dict[str, Any]:
    return {
        "number": certificate.number,
        "serial": certificate.serial,
        "unit": certificate.unit,
        "fingerprint": certificate.fingerprint,
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "actor": certificate.actor,
        "revoked": certificate.revoked.isoformat() if certificate.revoked else None,
        "reason": certificate.reason.value if certificate.reason else None,
    }
