"""What a commissioning looks like: lines above a prompt in a terminal, plain lines in a pipe, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from fleetctl.cli.commission_words import Spoken, Teller
from fleetctl.cli.frame import colour
from fleetctl.core.commissioning.talk.document import event
from fleetctl.core.commissioning.talk.sayings import Tone
from fleetctl.core.commissioning.talk.scene import Heard
from fleetctl.core.commissioning.talk.walk import first_open

if TYPE_CHECKING:
    from rich.console import RenderableType

    from fleetctl.services.commissioning.sitting import Sitting

_STYLES = {Tone.GOOD: "green", Tone.BAD: "bold red", Tone.ASKS: "bold yellow", Tone.PLAIN: ""}
_PROMPT = "> "
_CURSOR = "▏"


class Screen(Protocol):
    """Shows what is said, and how things stand."""

    def show(self, heard: Heard, sitting: Sitting) -> None:
        """Show what was just said, and how things stand now if that has changed."""
        ...


class JsonScreen:
    """A line of JSON for each saying."""

    def __init__(self, teller: Teller, now: Callable[[], datetime]) -> None:
        self._teller, self._now = teller, now

    def show(self, heard: Heard, sitting: Sitting) -> None:
        """Write the sayings, one by one."""
        for one in heard.sayings:
            told = event(sitting.setting.site.id, self._now(), one, self._teller.text(one))
            sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        if heard.sayings:
            sys.stdout.flush()


class PlainScreen:
    """A line for each saying, and one for how things stand whenever that has changed and somebody is there to ask."""

    def __init__(self, teller: Teller, *, asks: bool) -> None:
        self._teller, self._asks = teller, asks
        self._stands = ""

    def show(self, heard: Heard, sitting: Sitting) -> None:
        """Write what is new."""
        for spoken in self._teller.lines(heard.sayings):
            sys.stdout.write(spoken.text + "\n")
        for line in table(self._teller, sitting) if heard.shows else ():
            sys.stdout.write(line + "\n")
        stands = " | ".join(standing(self._teller, sitting)) if self._asks and not sitting.leaving else self._stands
        if stands != self._stands:
            self._stands = stands
            sys.stdout.write(f"[{stands}]\n")
        sys.stdout.flush()


class LiveScreen:
    """News scroll by above how things stand and the line that is being typed; drawn anew only when it changed."""

    def __init__(
        self, teller: Teller, draw: Callable[[RenderableType], None], write: Callable[[str, str], None]
    ) -> None:
        """Take what draws the lower part anew, and what writes a line with a style above it."""
        self._teller, self._draw, self._write = teller, draw, write
        self._stands: list[str] = []
        self._drawn = ""

    def show(self, heard: Heard, sitting: Sitting) -> None:
        """Write what is new, and draw how things stand."""
        for spoken in self._teller.lines(heard.sayings):
            self._write(spoken.text, _style(spoken))
        for line in table(self._teller, sitting) if heard.shows else ():
            self._write(line, "")
        self._stands = [] if sitting.leaving else standing(self._teller, sitting)
        self.typed(self._line)

    _line = ""

    def typed(self, line: str) -> None:
        """Draw the line that is being typed."""
        self._line = line
        text = "\n".join([*self._stands, f"{_PROMPT}{line}{_CURSOR}"])
        if text != self._drawn:
            self._drawn = text
            self._draw(_lower(self._stands, line))


@contextmanager
def live(teller: Teller) -> Iterator[LiveScreen]:
    """Yield a screen in the terminal of standard output; it takes no more of it than its last lines."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False, no_color=not colour(sys.stdout))
    with Live(console=console, auto_refresh=False, transient=True, redirect_stderr=False) as region:

        def draw(lower: RenderableType) -> None:
            region.update(lower, refresh=True)

        yield LiveScreen(teller, draw, lambda text, style: console.print(Text(text, style=style)))


def standing(teller: Teller, sitting: Sitting) -> list[str]:
    """Return how things stand, in a few short lines: where, what is next, what goes on, and the time."""
    lines = (teller.here(sitting), teller.time(sitting), teller.at_work(sitting), teller.next(sitting))
    return [line for line in lines if line]


def table(teller: Teller, sitting: Sitting) -> Iterator[str]:
    """Yield a line for each unit of the place: how many stages are over, what comes next, and why not now."""
    for name in sitting.setting.walk.places[sitting.place]:
        unit = sitting.checklist.units[name]
        over = sum(unit.of(stage).passed for stage in unit.stages)
        stage = first_open(unit)
        reason = sitting.reason(name)
        what = f"{teller.stage(stage)}{': ' * bool(reason)}{reason}" if stage is not None else "✓"
        yield f"{unit.unit.id} {unit.unit.room} {over}/{len(unit.stages)} {what}"
    yield teller.left(sitting)


def _lower(stands: list[str], line: str) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    *rest, ask = stands or [""]
    lines = [Text(each, style="dim") for each in rest]
    return Group(*lines, Text(ask, style="bold"), Text(f"{_PROMPT}{line}{_CURSOR}"))


def _style(spoken: Spoken) -> str:
    return _STYLES[spoken.saying.tone]
