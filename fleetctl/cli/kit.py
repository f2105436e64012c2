"""`fleetctl commission export|merge|kits|revoke|kit`: kits that are taken to a building and brought back."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.frame import Exit, Frame, frame_of, print_json
from fleetctl.cli.table import print_table

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from fleetctl.adapters.kit.keys import Lock
    from fleetctl.core.kit.dispute import Dispute, Side
    from fleetctl.core.kit.record import Kit
    from fleetctl.services.kit.merge import Decide

app = typer.Typer(help="The kit that this runs in: open its keys, seal what was done.", no_args_is_help=True)

MIN_PASSPHRASE = 12
_ONLY_JSON = frozenset({"schema", "flaws"})

PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", help="Read the passphrase from a file; - for standard input.")
]


def join(commission: typer.Typer) -> None:
    """Add these commands to those of `fleetctl commission`."""
    example = "Example: fleetctl commission {}"
    commission.command("export", epilog=example.format("export les-sables --out kit-ada --for 3d"))(export)
    commission.command("merge", epilog=example.format("merge kit-ada --theirs les-sables/a101-1"))(merge)
    commission.command("kits", epilog=example.format("kits"))(kits)
    commission.command("revoke", epilog=example.format("revoke k-1123-1405-7f3a --reason 'lost in a train'"))(revoke)
    commission.add_typer(app, name="kit")


def export(
    ctx: typer.Context,
    site: Annotated[str, typer.Argument(metavar="SITE", help="The site that is commissioned.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the kit; not there yet.")],
    dwelling: Annotated[
        list[str] | None, typer.Option("--dwelling", help="Limit it to a dwelling; repeatable.")
    ] = None,
    life: Annotated[str, typer.Option("--for", help="How long it may be used, such as 3d or 36h.")] = "3d",
    engineer: Annotated[str, typer.Option("--for-engineer", help="Whom it is for; you, if left out.")] = "",
    image: Annotated[
        list[Path] | None,
        typer.Option("--image", exists=True, file_okay=False, help="Folder of a disk image; repeatable."),
    ] = None,
    python: Annotated[
        list[str] | None, typer.Option("--python", help="Also for laptops with this Python, such as 3.13; repeatable.")
    ] = None,
    recipient: Annotated[
        list[str] | None,
        typer.Option("--recipient", help="Who can open its keys: age1…, ssh-ed25519 …, or a file; else a passphrase."),
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Write a folder with which an engineer commissions a site on a bare laptop, without a network."""
    import fleetctl
    from fleetctl.cli import compose, kit_parts
    from fleetctl.services.kit.export import Order
    from fleetctl.services.kit.export import export as make

    frame = frame_of(ctx)
    pythons = kit_parts.pythons_of(python or ())
    for_whom, lives = engineer or frame.actor, _life(life)
    order = Order(site, tuple(dwelling or ()), for_whom, lives, fleetctl.__version__, pythons)
    lock, told = _lock(recipient or [], passphrase_file)
    wanted = kit_parts.Wanted(out, lock, pythons, tuple(image or ()))
    fleet = compose.fleet(frame)
    with compose.state(frame, durable=True) as state:
        workshop = kit_parts.workshop(frame, fleet, state, wanted)
        now = compose.clock().now().utc
        made = make(state, fleet, order, workshop, compose.new_id("k"), frame.actor, now)
        _print_made(frame, made, out, workshop.signer.public, kit_parts.stale_by(frame, made.expires))
    if told:
        frame.notes().print(
            f"its passphrase, shown only now; tell it to {for_whom} by another way:\n    {lock.passphrase}"
        )


def merge(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The kit that came back.")],
    ours: Annotated[
        list[str] | None,
        typer.Option("--ours", metavar="SUBJECT", help="Decide its conflicts for what is here; or 'all'."),
    ] = None,
    theirs: Annotated[
        list[str] | None,
        typer.Option("--theirs", metavar="SUBJECT", help="Decide its conflicts for the kit; or 'all'."),
    ] = None,
    register: Annotated[
        bool, typer.Option("--register/--no-register", help="Finish the registrations that had to wait.")
    ] = True,
) -> None:
    """Take in what was done with a kit; conflicts are shown, and wait until somebody decides them."""
    from fleetctl.cli import compose, kit_merged, kit_parts
    from fleetctl.core.kit.dispute import chosen

    frame = frame_of(ctx)
    choices = chosen(ours or (), theirs or ())
    with compose.state(frame, durable=True) as state:
        returned = kit_parts.returned(state, folder)
        now = compose.clock().now().utc
        merged = kit_parts.merger(frame, state).merge(returned, _decider(frame, choices), frame.actor, now)
        fleet, finish = compose.fleet(frame), kit_merged.finished if register else kit_merged.waiting_at
        left = finish(frame, state, fleet, merged.kit.site)
    kit_merged.show(frame, merged, left)
    raise typer.Exit(Exit.HALTED if merged.open else Exit.DONE)


def kits(ctx: typer.Context) -> None:
    """List the kits: which are out, for whom, until when, and which were merged."""
    from fleetctl.cli import compose

    frame = frame_of(ctx)
    now = compose.clock().now().utc
    with compose.state(frame) as state:
        all_ = list(state.kits.kits())
    if frame.is_json:
        print_json({"schema": "fleetctl/kits/v1", "kits": [_document(kit, kit.standing(now)) for kit in all_]})
        return
    columns = ("KIT", "SITE", "SCOPE", "FOR", "STANDING", "UNTIL", "ENTRIES")
    print_table(frame, columns, (_row(kit, kit.standing(now)) for kit in all_))


def revoke(
    ctx: typer.Context,
    kit: Annotated[str, typer.Argument(metavar="KIT", help="Its id, or the start of it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.")],
) -> None:
    """Never take in a kit that was lost; says which SSH keys were in it."""
    from fleetctl.cli import compose
    from fleetctl.services.kit.records import revoke as revoke_kit

    frame = frame_of(ctx)
    with compose.state(frame, durable=True) as state:
        lost = revoke_kit(state, kit, actor=frame.actor, at=compose.clock().now().utc, reason=reason)
    frame.console().print(f"kit {lost.id} is revoked; nothing that was done with it is taken in any more")
    for key in lost.secrets:
        frame.notes().print(f"exchange the SSH key {key}: it was in the kit, encrypted")


@app.command("show", epilog="Example: fleetctl commission kit show kit-ada")
def show(
    ctx: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A kit; the one that this runs in, if left out.")
    ] = None,
) -> None:
    """Say what a kit is, whether it is whole, and what was done with it. Needs no state."""
    from fleetctl.adapters.kit.folder import read_returned, with_unsealed
    from fleetctl.cli import compose, kit_parts

    frame = frame_of(ctx)
    place = folder or kit_parts.this_kit(frame)
    returned = with_unsealed(read_returned(place), place)
    now = compose.clock().now().utc
    document = kit_parts.shown(returned, now)
    if frame.is_json:
        print_json(document)
    else:
        lines = (f"{key.replace('_', ' '):12} {value}" for key, value in document.items() if key not in _ONLY_JSON)
        frame.console().print("\n".join(lines))
    for flaw in document["flaws"]:
        frame.notes().print(f"tampered: {flaw}")
    raise typer.Exit(Exit.FAILED if document["flaws"] else Exit.DONE)


@app.command("unlock", epilog="Example: fleetctl commission kit unlock")
def unlock(
    ctx: typer.Context,
    passphrase_file: PassphraseFile = None,
    identity: Annotated[
        Path | None, typer.Option("--identity", dir_okay=False, help="Private key of a recipient: age's, or of SSH.")
    ] = None,
) -> None:
    """Open the site's keys, in memory only, until 'lock' or until the laptop is turned off."""
    from fleetctl.cli import compose, kit_parts
    from fleetctl.cli.kit_end import refuse_ended

    frame = frame_of(ctx)
    kit = kit_parts.this_kit(frame)
    refuse_ended(frame)
    passphrase = "" if identity else _passphrase(passphrase_file)
    with compose.state(frame) as state:
        count = kit_parts.unlock(kit, state, passphrase=passphrase, identity=identity)
    frame.notes().print(f"unlocked: {count} SSH keys of the site are in memory until 'commission kit lock'")


@app.command("seal", epilog="Example: fleetctl commission kit seal")
def seal(ctx: typer.Context) -> None:
    """Sign what was done so far, so that it can be merged; needs the kit to be unlocked."""
    from fleetctl.cli import kit_parts

    frame = frame_of(ctx)
    _seal(frame, kit_parts.this_kit(frame))


@app.command("lock", epilog="Example: fleetctl commission kit lock")
def lock(ctx: typer.Context) -> None:
    """Sign what was done, then take the keys out of memory: even if it cannot be signed."""
    from fleetctl.adapters.kit import keys
    from fleetctl.cli import kit_parts
    from fleetctl.core.problems import CouldNot, InvalidInput

    frame = frame_of(ctx)
    kit = kit_parts.this_kit(frame)
    session = kit_parts.session(kit)
    if session.is_dir():
        try:
            _seal(frame, kit)
        except (CouldNot, InvalidInput, OSError) as error:
            hint = "it stays in the kit; mend that, then 'commission kit unlock' and 'commission kit seal'"
            raise CouldNot(f"locked, but what was done is not sealed: {error}", hint=hint) from error
        finally:
            keys.locked(session)
    frame.notes().print("locked")


def _seal(frame: Frame, kit: Path) -> None:
    from fleetctl.adapters.kit.folder import seal_results
    from fleetctl.cli import compose, kit_parts

    results = seal_results(kit, kit_parts.kit_signer(kit), compose.clock().now().utc)
    entries, files = len(results.entries), len(results.inventory)
    frame.notes().print(f"sealed: {entries} ledger {'entry' if entries == 1 else 'entries'}, edited files: {files}")


def _life(text: str) -> timedelta:
    from fleetctl.core.kit.manifest import life_of
    from fleetctl.core.problems import InvalidInput, Problem

    try:
        return life_of(text)
    except ValueError as error:
        raise InvalidInput([Problem("bad-life", str(error), hint="give --for 3d, for instance")]) from error


def _lock(recipients: Sequence[str], passphrase_file: Path | None) -> tuple[Lock, bool]:
    """Return who can open the keys, and whether that is a passphrase that somebody has to be told."""
    from fleetctl.adapters.kit import keys

    if recipients:
        return keys.Lock(recipients=keys.recipients_of(recipients)), False
    if passphrase_file is not None:
        return keys.Lock(_checked(_passphrase(passphrase_file))), False
    return keys.Lock(keys.new_passphrase()), True


def _checked(passphrase: str) -> str:
    from fleetctl.core.problems import InvalidInput, Problem

    if len(passphrase) < MIN_PASSPHRASE:
        message = f"the passphrase has {len(passphrase)} characters: a lost kit could be opened by trying"
        hint = f"take {MIN_PASSPHRASE} or more, or leave it out: a good one is made"
        raise InvalidInput([Problem("weak-passphrase", message, hint=hint)])
    return passphrase


def _passphrase(file: Path | None) -> str:
    from fleetctl.core.problems import CouldNot, InvalidInput, Problem

    if file is None and not sys.stdin.isatty():
        message = "there is no terminal to type the passphrase at"
        raise InvalidInput([Problem("no-passphrase", message, hint="give --passphrase-file, or - for standard input")])
    if file is None:
        return str(typer.prompt("passphrase of the kit", hide_input=True, err=True))
    try:
        return (sys.stdin.readline() if str(file) == "-" else file.read_text("utf-8")).strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CouldNot(f"{file} cannot be read: {error}") from error


def _decider(frame: Frame, choices: Mapping[str, Side]) -> Decide:
    """Return what decides a conflict: what was said beforehand, else a person at the terminal, else nobody."""
    from fleetctl.core.kit.dispute import Side

    def decide(dispute: Dispute) -> Side | None:
        said = choices.get(dispute.subject) or choices.get("all")
        if said is not None or not sys.stdin.isatty() or frame.is_json:
            return said
        frame.notes().print(f"conflict: {dispute.subject}: {dispute.why}")
        word = str(typer.prompt("keep [o]urs, [t]heirs, or decide [l]ater", default="l", err=True)).lower()
        return {"o": Side.OURS, "t": Side.THEIRS}.get(word[:1])

    return decide


def _print_made(frame: Frame, kit: Kit, out: Path, signer: str, stale: str | None) -> None:
    from fleetctl.adapters.kit.launcher.launch import fingerprint

    by = fingerprint(signer)
    if frame.is_json:
        print_json({"schema": "fleetctl/kit-made/v1", **_document(kit, "out"), "folder": str(out), "signer": by})
    else:
        frame.console().print(f"{out}: kit {kit.id} of {kit.site} for {kit.engineer}, until {_time(kit.expires)}")
        frame.console().print(f"signed by {by}")
    if stale:
        frame.notes().print(f"updates will have to wait before the kit ends: {stale}")


def _document(kit: Kit, standing: str) -> dict[str, Any]:
    from fleetctl.core.clock import to_text

    return {
        "kit": kit.id,
        "site": kit.site,
        "dwellings": list(kit.dwellings),
        "engineer": kit.engineer,
        "by": kit.actor,
        "standing": standing,
        "made": to_text(kit.made),
        "expires": to_text(kit.expires),
        "merged": to_text(kit.merged) if kit.merged else None,
        "entries": kit.entries,
        "ssh_keys": list(kit.secrets),
        "reason": kit.reason,
    }


def _row(kit: Kit, standing: str) -> tuple[str, ...]:
    scope = ", ".join(kit.dwellings) or "all"
    return kit.id, kit.site, scope, kit.engineer, standing, _time(kit.expires), str(kit.entries)


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
