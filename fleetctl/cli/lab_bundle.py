"""`fleetctl lab bundle`: signed releases for stand-ins, sound ones and sick ones."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.frame import Frame, frame_of, print_json
from fleetctl.cli.lab_frame import Source, Tier, TierOption, frame_of_lab
from fleetctl.core.names import did_you_mean
from fleetctl.core.problems import InvalidInput, Problem

if TYPE_CHECKING:
    from fleetctl.lab.bundles import Signer


class Failure(StrEnum):
    """How a release fails."""

    PANIC = "panic"
    NO_AGENT = "no-agent"
    NO_HEAT = "no-heat"


Fails = Annotated[
    Failure | None,
    typer.Option(help="Make a release that panics at boot, or whose heat agent is dead or heats by nothing."),
]


def bundle(
    ctx: typer.Context,
    version: Annotated[str, typer.Argument(help="Version of the release.")],
    model: Annotated[str, typer.Option(help="Model of the fleet that it is for.")],
    out: Annotated[Path | None, typer.Option(help="File to write; VERSION.raucb if left out.")] = None,
    component: Annotated[str, typer.Option(help="Component that it is for; the system if left out.")] = "",
    fails: Fails = None,
    size_mb: Annotated[int, typer.Option(min=0, max=4096, help="Make it so much larger, in MB (1,000,000 bytes).")] = 0,
    like: Annotated[str, typer.Option(help="Release that it has most of its bytes from, if both are as large.")] = "",
    tier: Tier = TierOption.LIGHT,
    source: Source = None,
) -> None:
    """Make a signed release for stand-ins of a tier, which 'release add' takes and their RAUC installs.

    The lab's own key signs it. A fleet without a keyring gets one with that key's certificate.
    """
    from fleetctl.lab import bundles
    from fleetctl.lab.system import bundles as real_bundles

    frame = frame_of_lab(frame_of(ctx), source)
    signer = bundles.signer_in(frame.state_folder / "lab-signer")
    path = out or Path(f"{version}.raucb")
    build = bundles.build if tier is TierOption.LIGHT else real_bundles.build
    build(
        path,
        _compatible(frame, model, component),
        version,
        signer,
        fails=fails or "",
        ballast_bytes=size_mb * 1_000_000,
        like=like,
    )
    _trust(frame, signer)
    if frame.is_json:
        print_json({"schema": "fleetctl/lab-bundle/v1", "path": str(path), "size_bytes": path.stat().st_size})
    else:
        sys.stderr.write(f"wrote {path}; add it: fleetctl release add {path} --version {version} --model {model}\n")


def keyring_of(frame: Frame) -> Path:
    """Return the file with the certificates that a fleet's units believe."""
    from fleetctl.cli.depot import KEYRING
    from fleetctl.core.releases.declaring import FOLDER

    return frame.folder / FOLDER / KEYRING


def _compatible(frame: Frame, model: str, component: str) -> str:
    from fleetctl.cli import compose

    models = compose.fleet(frame).models
    if model not in models:
        hint = did_you_mean(model, models)
        raise InvalidInput([Problem("unknown-model", f"the fleet has no model '{model}'", hint=hint)])
    return models[model].compatible_of(component) if component else models[model].compatible


def _trust(frame: Frame, signer: Signer) -> None:
    """Give a fleet without a keyring one; one that it has is its owner's to change."""
    keyring = keyring_of(frame)
    if not keyring.exists():
        keyring.parent.mkdir(parents=True, exist_ok=True)
        keyring.write_text(signer.pem)
        sys.stderr.write(f"made {keyring}: it trusts the lab's own key, so it is for no real unit\n")
    elif signer.pem not in keyring.read_text():
        certificate = frame.state_folder / "lab-signer" / "certificate.pem"
        sys.stderr.write(f"{keyring} does not vouch for it; to trust the lab, append {certificate}\n")
