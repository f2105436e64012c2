"""`fleetctl report handover` and `fleetctl report verify`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.frame import Exit, Frame, frame_of, print_json
from fleetctl.cli.language import Lang, speech
from fleetctl.core.words.language import Language

if TYPE_CHECKING:
    from fleetctl.core.handover.report import Handover
    from fleetctl.core.handover.seal import Sealed


class Form(StrEnum):
    """Forms of a handover report."""

    HTML = "html"
    JSON = "json"


HANDOVER_EXAMPLE = "Example: fleetctl report handover launaguet-les-sables --dwelling A101 --lang fr --out a101.html"
VERIFY_EXAMPLE = "Example: fleetctl report verify a101.html --key log-key.pub"


def report_handover(
    ctx: typer.Context,
    site: Annotated[str, typer.Argument(metavar="SITE", help="Id of the site.")],
    dwelling: Annotated[str | None, typer.Option("--dwelling", help="Only this dwelling, and its gateway.")] = None,
    form: Annotated[Form | None, typer.Option("--format", help="HTML if left out, JSON with '-o json'.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File to write; standard output if left out.")] = None,
    lang: Lang = None,
) -> None:
    """Report a commissioning for its handover: what stands where, what was proved, what is open; sealed and chained."""
    from fleetctl.cli import compose
    from fleetctl.core.handover.subjects import dwelling_of, site_of
    from fleetctl.services.handover import Request, issue

    frame = frame_of(ctx)
    of = site_of(compose.fleet(frame), site)
    if dwelling is not None:
        dwelling_of(of, dwelling)
    with compose.state(frame, durable=True) as state:
        report = issue(state, Request(of, dwelling or "", frame.actor, compose.clock().now().utc))
    content = _file(report, form or (Form.JSON if frame.is_json else Form.HTML), lang)
    if out is None:
        sys.stdout.write(content.decode())
    else:
        compose.write_whole(out, content)
        frame.notes().print(f"report {report.issue.number} of {site}: {out}")


def verify(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False, help="Reports.")],
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", exists=True, dir_okay=False, help="Public keys to trust besides this machine's."),
    ] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Look at the files and their signatures alone, not at ledger and log.")
    ] = False,
) -> None:
    """Check handover reports: unchanged, signed by a trusted key, and still held by ledger and log."""
    from fleetctl.cli import compose
    from fleetctl.cli.notary import seal_forgeries
    from fleetctl.services.handover import flaws

    frame, forgery = frame_of(ctx), seal_forgeries(key or ())
    read, unread = _opened(files)
    with nullcontext() if alone else compose.state(frame) as state:
        found = flaws(read, forgery, state)
    wrong = {name: texts for name, texts in {**unread, **found}.items() if texts}
    if frame.is_json:
        rows = {name: list(wrong.get(name, ())) for name in map(str, files)}
        print_json({"schema": "fleetctl/handover-check/v1", "genuine": not wrong, "alone": alone, "flaws": rows})
    for name, texts in wrong.items():
        for text in texts:
            frame.notes().print(f"error: {name}: {text}" if name else f"error: {text}")
    if wrong:
        raise typer.Exit(Exit.FAILED)
    _say(frame, read, alone)


def _opened(files: list[Path]) -> tuple[Mapping[str, Sealed], Mapping[str, tuple[str, ...]]]:
    """Return the files that are sealed reports, and what is wrong with the others."""
    from fleetctl.core.handover.check import issue_of
    from fleetctl.core.handover.seal import opened

    read: dict[str, Sealed] = {}
    unread: dict[str, tuple[str, ...]] = {}
    for file in files:
        try:
            sealed = opened(file.read_bytes())
            issue_of(sealed)
            read[str(file)] = sealed
        except (OSError, ValueError) as reason:
            unread[str(file)] = (str(reason),)
    return read, unread


def _say(frame: Frame, read: Mapping[str, Sealed], alone: bool) -> None:
    from fleetctl.core.handover.check import issue_of

    for name, sealed in read.items():
        of = issue_of(sealed)
        held = "ledger and log were not looked at" if alone else "ledger and log hold what it says"
        frame.notes().print(f"{name}: report {of.number} of {of.subject} is genuine; {held}")


def _file(report: Handover, form: Form, lang: Language | None) -> bytes:
    from zoneinfo import ZoneInfo

    from fleetctl.cli import compose
    from fleetctl.cli.notary import log_key
    from fleetctl.core.handover.document import to_document
    from fleetctl.core.handover.page import to_html
    from fleetctl.core.route import Pin
    from fleetctl.services.handover import sealed_html, sealed_json

    document, key = to_document(report), log_key()
    if form is Form.JSON:
        return sealed_json(document, key)
    fingerprint = Pin(*key.public.split()).fingerprint
    said = speech(lang, ZoneInfo(report.time_zone))
    return sealed_html(document, to_html(report, document, fingerprint, said, compose.report_template("handover")), key)
