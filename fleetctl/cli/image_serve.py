"""`fleetctl image serve`: images machines that boot from the network, and shows how far each is."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.frame import Exit, Frame, colour, frame_of

if TYPE_CHECKING:
    from fleetctl.services.imaging_watch import News


STYLES = {"requested": "dim", "done": "green", "quarantined": "bold red"}


def serve(
    ctx: typer.Context,
    images: Annotated[
        Path | None, typer.Option("--images", file_okay=False, help="Folder of images; .fleetctl/images if left out.")
    ] = None,
    listen: Annotated[
        str,
        typer.Option(
            "--listen", metavar="[ADDRESS:]PORT", help="Where machines ask; 8099, or loopback with --through."
        ),
    ] = "",
    rate: Annotated[float, typer.Option("--rate", min=0, help="Megabytes per second for all machines together.")] = 0,
    authorized_keys: Annotated[
        Path | None,
        typer.Option("--authorized-keys", dir_okay=False, help="Who may log in; else the .pub beside each ssh.key."),
    ] = None,
    through: Annotated[
        list[str] | None, typer.Option("--through", metavar="SEL", help="Gateways that listen for it, over SSH.")
    ] = None,
    until_done: Annotated[bool, typer.Option("--until-done", help="End when no unit waits for its image.")] = False,
) -> None:
    """Image the units that were asked for when their machines boot from the network, until interrupted."""
    from fleetctl.cli import bay, compose
    from fleetctl.cli.interrupts import interruptible
    from fleetctl.services.imaging_watch import failures, watch

    frame = frame_of(ctx)
    at = bay.listen_at(listen or (bay.LOOPBACK if through else f"{bay.PORT}"))
    how = bay.Opening(images, at, rate * 1e6, authorized_keys, tuple(through or ()))
    with (
        compose.state(frame, durable=True) as state,
        bay.opened(frame, state, how) as url,
        interruptible("stopping: machines that are being imaged begin anew when this is back") as interrupted,
        _viewing(frame) as show,
    ):
        frame.notes().print(f"imaging at {url}")

        def is_over(news: News) -> bool:
            return interrupted() or (until_done and news.are_over)

        for news in watch(state, compose.clock(), is_over):
            show(news)
    raise typer.Exit(Exit.FAILED if failures(news.all) else Exit.DONE)


@contextmanager
def _viewing(frame: Frame) -> Iterator[Callable[[News], None]]:
    """Yield what shows news: a live table in a terminal, a line for each in a pipe, JSON lines for machines."""
    if frame.is_json:
        yield _print_documents
    elif not colour():
        yield _print_lines
    else:
        with _live(frame) as show:
            yield show


def _print_documents(news: News) -> None:
    from fleetctl.core.imaging.report import document, unknown_document

    documents = [*map(document, news.records), *(unknown_document(s, s.reason) for s in news.strangers)]
    for each in documents:
        sys.stdout.write(json.dumps(each) + "\n")
    sys.stdout.flush()


def _print_lines(news: News) -> None:
    from fleetctl.core.imaging.report import line

    lines = [*map(line, news.records), *(f"unknown unit: {s.claim}: {s.reason}" for s in news.strangers)]
    sys.stderr.write("".join(f"{each}\n" for each in lines))
    sys.stderr.flush()


@contextmanager
def _live(frame: Frame) -> Iterator[Callable[[News], None]]:
    from rich import box
    from rich.live import Live
    from rich.table import Table

    from fleetctl.cli import compose
    from fleetctl.core.imaging.report import COLUMNS, row

    def table(news: News) -> Table:
        shown = Table(*COLUMNS, box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
        now = compose.clock().now().utc
        for record in news.all:
            shown.add_row(*row(record, now), style=STYLES.get(record.stage.value, ""))
        return shown

    with Live(console=frame.notes(), auto_refresh=False) as live:

        def show(news: News) -> None:
            for stranger in news.strangers:
                live.console.print(f"unknown unit: {stranger.claim}: {stranger.reason}", style="yellow")
            live.update(table(news), refresh=True)

        yield show


STYLES = {"requested": "dim", "done": "green", "quarantined": "bold red"}
