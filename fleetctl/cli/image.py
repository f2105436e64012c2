"""`fleetctl image`: build system images, look whether they are whole, and image machines over the network."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fleetctl.cli.frame import Exit, frame_of, print_json
from fleetctl.cli.image_serve import serve
from fleetctl.cli.image_units import request, status, withdraw

app = typer.Typer(help="System images: build, verify, and write to blank machines.", no_args_is_help=True)
app.command(epilog="Example: fleetctl image request site=launaguet-*,dwelling=A101")(request)
app.command(epilog="Example: fleetctl image withdraw les-sables/a101-1")(withdraw)
app.command(epilog="Example: fleetctl -o json image status")(status)
app.command(epilog="Example: fleetctl image serve --images images/ --listen 10.77.1.1:8099")(serve)


class KindName(StrEnum):
    """Kind of unit that an image is for."""

    RADIATOR = "radiator"
    BOILER = "boiler"
    GATEWAY = "gateway"


class Form(StrEnum):
    """Form of a bundle: `verity` is checked block by block by the unit's kernel; `plain` where it cannot."""

    VERITY = "verity"
    PLAIN = "plain"


Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Is made; for its owner alone.")]


@app.command("build", epilog="Example: fleetctl image build radiator --version 2026.12.0 --out images/2026.12.0")
def build(
    ctx: typer.Context,
    kind: Annotated[KindName, typer.Argument(metavar="KIND", help="radiator, boiler or gateway.")],
    version: Annotated[str, typer.Option("--version", help="Of the system; the release's name.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the image; made if it is missing.")],
    model: Annotated[str, typer.Option("--model", help="Of the hardware, as fleet.yaml has it.")] = "",
    compatible: Annotated[str, typer.Option("--compatible", help="RAUC's; the model's own if left out.")] = "",
    form: Annotated[Form, typer.Option("--form", help="Of the bundle.")] = Form.VERITY,
    lock: Annotated[
        Path | None, typer.Option("--lock", help="Records the packages; written if it is not there.")
    ] = None,
    cache: Annotated[Path | None, typer.Option("--cache", help="For packages; shared by all images.")] = None,
    sources: Annotated[
        Path | None, typer.Option("--sources", help="apt's list of archives; else this machine's.")
    ] = None,
    cert: Annotated[Path | None, typer.Option("--cert", help="Certificate that the bundle is signed with.")] = None,
    key: Annotated[str, typer.Option("--key", help="Its key: a file, or a PKCS #11 URI.")] = "",
    keyring: Annotated[Path | None, typer.Option("--keyring", help="Certificates that the unit believes.")] = None,
    overlay: Annotated[list[Path] | None, typer.Option("--overlay", help="Folder laid over the system.")] = None,
    authorized_keys: Annotated[
        Path | None, typer.Option("--authorized-keys", help="Who may log in to a unit that was just imaged.")
    ] = None,
    bill: Annotated[bool, typer.Option("--bill/--no-bill", help="Write a bill of materials.")] = True,
    disk: Annotated[bool, typer.Option("--disk/--no-disk", help="Write what blank machines are imaged with.")] = True,
) -> None:
    """Build a system image from Debian's packages: root file system, signed bundle, disk, bill of materials.

    The same lock gives the same root file system, to the last byte.
    """
    from fleetctl.cli import imaging
    from fleetctl.services import images

    frame = frame_of(ctx)
    wanted = imaging.Wanted(kind.value, version, model, compatible, form.value, bill, disk)
    places = imaging.Places(out, lock, cache, sources, cert, key, keyring, tuple(overlay or ()), authorized_keys)
    order, recipe, workshop = imaging.prepared(frame, wanted, places)
    notes = frame.notes()
    with workshop:
        built = images.build(order, recipe, workshop, lambda text: notes.print(f"image: {text}"))
    if frame.is_json:
        files = {
            part: {"file": made.name, "size_bytes": made.size_bytes, "sha256": made.sha256}
            for part, made in built.files.items()
        }
        print_json({"schema": "fleetctl/image-built/v1", "image": str(built.path), "files": files})
    notes.print(f"image {version} is in {built.path.parent}")


@app.command("verify", epilog="Example: fleetctl image verify images/2026.12.0")
def verify(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A bundle, or an image's folder.")],
    keyring: Annotated[Path | None, typer.Option("--keyring", help="Certificates that units believe.")] = None,
) -> None:
    """Look whether an image's files are whole, and whether its bundle is signed by whom units believe.

    Exits with 2 if anything is not as it should be.
    """
    from fleetctl.cli import imaging
    from fleetctl.cli.boundary import problem_text
    from fleetctl.core.problem_formats import rows

    frame = frame_of(ctx)
    checked = imaging.verified(frame, file, keyring)
    if frame.is_json:
        found = {"valid": not checked.problems, "problems": rows(checked.problems)}
        print_json({"schema": "fleetctl/image-check/v1", "of": checked.what, **found})
    for problem in checked.problems:
        frame.notes().print(problem_text(problem, colours=False))
    if not checked.problems:
        frame.notes().print(f"{checked.what}: all is as it was made")
    raise typer.Exit(Exit.INVALID if checked.problems else Exit.DONE)


@app.command("keys", epilog="Example: fleetctl image keys ~/.config/fleetctl/bundle-keys")
def keys(
    ctx: typer.Context,
    folder: Folder,
    name: Annotated[str, typer.Option("--name", help="Whom the certificates name.")] = "fleet",
) -> None:
    """Make an authority and a builder's key for bundles; for a trial, or where there is no other PKI."""
    from fleetctl.adapters.images import keys as made
    from fleetctl.cli import compose

    made.make_keys(folder, name, compose.clock().now().utc)
    notes = frame_of(ctx).notes()
    notes.print(f"units believe {folder / made.AUTHORITY}: put it into releases/keyring.pem")
    notes.print(f"take {folder / made.AUTHORITY_KEY} off this machine; only the next builder's certificate needs it")
