"""Builds what offers metrics beside a controller. Part of `compose`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fleetctl.cli.frame import Frame
from fleetctl.core.problems import Problem, refuse

if TYPE_CHECKING:
    from fleetctl.services.metrics import Tally

EVERY_S = 15.0
"""Pause between two writings of the file."""
LOOPBACK = "127.0.0.1"
_PORTS = range(65536)


@dataclass(frozen=True, slots=True)
class Offer:
    """How metrics are offered: in a file, over HTTP, both, or not at all."""

    file: Path | None = None
    address: str = LOOPBACK
    port: int | None = None

    @property
    def is_asked(self) -> bool:
        """Say whether anybody wants metrics."""
        return self.file is not None or self.port is not None


def offer(file: Path | None, listen: str) -> Offer:
    """Read the options: a file, and `PORT` or `ADDRESS:PORT`.

    Raises:
        InvalidInput: with everything that is wrong with them.
    """
    problems = []
    if file is not None and file.suffix != ".prom":
        message = f"'{file}' would not be read: node_exporter's textfile collector reads files that end in .prom"
        problems.append(Problem("bad-metrics-file", message, hint=f"write {file.with_suffix('.prom')}"))
    address, _, port = listen.rpartition(":")
    if listen and not (port.isascii() and port.isdigit() and int(port) in _PORTS):
        hint = "write a port such as 9464, or an address and a port such as 10.0.0.1:9464"
        problems.append(Problem("bad-port", f"'{listen}' is not a port", hint=hint))
    refuse(problems)
    return Offer(file, address.strip("[]") or LOOPBACK, int(port) if listen else None)


@contextmanager
def offering(frame: Frame, tally: Tally, how: Offer) -> Iterator[None]:
    """Offer metrics for the length of a block.

    Raises:
        CouldNot: if nothing can listen there, or the file cannot be written at all.
    """
    from fleetctl.adapters.background import Background
    from fleetctl.adapters.metrics_server import serving, write_metrics

    def write() -> float:
        assert how.file is not None  # noqa: S101 - it is only called if there is one
        write_metrics(how.file, tally.text())
        return EVERY_S

    with ExitStack() as stack:
        if how.port is not None:
            port = stack.enter_context(serving(how.address, how.port, tally.text))
            frame.notes().print(f"metrics: http://{how.address}:{port}/metrics")
        if how.file is not None:
            write()
            writer = Background("metrics", write, frame.notes().print)
            writer.start()
            stack.callback(writer.close, 0.0)
        yield
