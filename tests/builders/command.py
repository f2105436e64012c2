"""Calls the command line in this process, error boundary included, as a shell would see it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleetctl.cli.boundary import guarded
from fleetctl.cli.frame import Output
from fleetctl.cli.main import app


@dataclass(frozen=True)
class Called:
    """What a call came to."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Return standard output as the one JSON document that it is."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """Return the lines of standard output."""
        return self.out.splitlines()


def call(*arguments: str | Path, inventory: Path | None = None) -> Called:
    """Call `fleetctl` with arguments, in a pipe."""
    words = [*(["-i", str(inventory)] if inventory else []), *map(str, arguments)]
    out, err = io.StringIO(newline=""), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = _code(words)
    return Called(code, out.getvalue(), err.getvalue())


def _code(words: Iterable[str]) -> int:
    given = list(words)
    form = Output.JSON if given[:2] == ["-o", "json"] or "json" in given[2:4] else Output.TEXT
    try:
        return guarded(lambda: app(given), lambda: form)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
