"""Builds what images machines over the network. Part of `compose`."""

from __future__ import annotations

import secrets as randomness
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fleetctl.adapters.background import Background
from fleetctl.adapters.imaging.images import ImageFolders
from fleetctl.adapters.imaging.server import serving
from fleetctl.adapters.imaging.share import FairShare
from fleetctl.adapters.log_key import LogKey
from fleetctl.adapters.ssh.listening import Listener, listening
from fleetctl.cli import compose, depot
from fleetctl.cli.frame import Frame
from fleetctl.cli.notary import own_file
from fleetctl.cli.ways import known_route_to, routes_to
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.problems import CouldNot, InvalidInput, Problem
from fleetctl.core.selectors import select
from fleetctl.services.image_requests import conclude
from fleetctl.services.imaging import Ground, ImagingDesk, Supply, ground_of

if TYPE_CHECKING:
    from fleetctl.core.inventory.fleet import Unit
    from fleetctl.core.route import Pin
    from fleetctl.ports import State

KEY_VARIABLE = "FLEETCTL_IMAGING_KEY"
PORT = 8099
"""That the gateways' `boot.ipxe` names."""
LOOPBACK = "127.0.0.1:0"
CONCLUDE_EVERY_S = 30.0
_TOKEN_BYTES = 24


@dataclass(frozen=True)
class Opening:
    """How an imaging server is opened.

    Attributes:
        images: folder of images; None for `.fleetctl/images`.
        listen: address and port.
        rate: bytes per second for all machines together; 0 for as many as the line takes.
        authorized: file of public keys that may log in; None for the public half of each unit's `ssh.key`.
        through: names of gateways that listen for it, over SSH.
    """

    images: Path | None
    listen: tuple[str, int]
    rate: float
    authorized: Path | None
    through: tuple[str, ...] = ()


@contextmanager
def opened(frame: Frame, state: State, how: Opening) -> Iterator[str]:
    """Answer machines for the length of a block; yields where, as a URL.

    Raises:
        InvalidInput: if the inventory, the signed releases or an image cannot be used.
        CouldNot: if nothing can listen there, or an image cannot be packed.
    """
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fleetctl-imaging-")))
        signer = LogKey(
            own_file(KEY_VARIABLE, "XDG_CONFIG_HOME", "~/.config", "imaging-key"), KEY_VARIABLE, "imaging's"
        )
        folder = how.images or frame.state_folder / "images"
        images = ImageFolders(folder, scratch, signer, frame.notes().print)
        images.images()
        authorized = _authorized(frame, how.authorized)
        supply = Supply(images, signer, lambda: randomness.token_hex(_TOKEN_BYTES), authorized)
        desk = ImagingDesk(state, lambda: ground(frame), supply, compose.clock())
        port = stack.enter_context(serving(how.listen, desk, images, FairShare(how.rate)))
        concluding = Background("imaging", _conclusion(frame, state), frame.notes().print)
        concluding.start()
        stack.callback(concluding.close, 0.0)
        if how.through:
            stack.enter_context(_through(frame, state, how.through, port))
        yield f"http://{how.listen[0]}:{port}"


def _through(frame: Frame, state: State, names: Sequence[str], port: int) -> AbstractContextManager[None]:
    """Have gateways listen for the server on this machine; what a killed one left there is ended first."""
    fleet, marker = compose.fleet(frame), f"{state.uuid}:imaging"
    gateways = select(fleet, names)
    others = [unit.name for unit in gateways if unit.kind is not Kind.GATEWAY]
    if others:
        raise InvalidInput([Problem("no-gateway", f"{', '.join(others)}: not a gateway", hint="name gateways")])
    compose.processes().end_marked(marker)
    routes = [(unit, known_route_to(frame, state, fleet, unit)) for unit in gateways]
    listeners = [
        Listener(unit.name, compose.ssh_config(frame, route), route.target.alias, f"{unit.address}:{PORT}", port)
        for unit, route in routes
    ]
    return listening(listeners, {"FLEETCTL_RUN": marker}, frame.notes().print)


def ground(frame: Frame) -> Ground:
    """Return what machines are held against: what is declared, and what is signed.

    Raises:
        InvalidInput, CouldNot: if either cannot be used.
    """
    return ground_of(compose.fleet(frame), depot.releases(frame), compose.clock().now().utc)


def _conclusion(frame: Frame, state: State) -> Callable[[], float]:
    """Return what looks, now and then, whether a machine whose last word was lost runs from its disk."""
    ask = offered(frame, state)

    def conclude_all() -> float:
        conclude(state, ask, compose.clock().now().utc)
        return CONCLUDE_EVERY_S

    return conclude_all


def offered(frame: Frame, state: State) -> Callable[[str], Sequence[Pin]]:
    """Return what asks a unit, through its gateway, which host keys it has."""

    def ask(unit: str) -> Sequence[Pin]:
        fleet = compose.fleet(frame)
        if unit not in fleet.by_name:
            raise CouldNot(f"{unit} is not in the inventory any more")
        (route,) = routes_to(frame, state, fleet, [fleet.by_name[unit]])
        return compose.shell().offered_keys(route)

    return ask


def listen_at(text: str) -> tuple[str, int]:
    """Read `PORT` or `ADDRESS:PORT`.

    Raises:
        InvalidInput: if it is neither.
    """
    address, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 1 << 16):
        hint = f"write a port such as {PORT}, or an address and a port such as 10.77.1.1:{PORT}"
        raise InvalidInput([Problem("bad-port", f"'{text}' is not a port", hint=hint)])
    return address.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - machines come from other hosts


def _authorized(frame: Frame, file: Path | None) -> Callable[[Unit], str]:
    """Return what says who may log in to a unit: the keys of a file, or the public half of the unit's own key."""
    if file is not None:
        keys = _read(file)
        return lambda _: keys

    def of(unit: Unit) -> str:
        public = frame.folder / f"{unit.ssh.key}.pub"
        return _read(public) if unit.ssh.key and public.is_file() else ""

    return of


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CouldNot(f"public keys {file} cannot be read: {error}") from error
