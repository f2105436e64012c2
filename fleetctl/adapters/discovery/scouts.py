"""Sees who is on a site's wire: from its gateways, or from this machine. Fills the port `Scout`.

Each gateway is asked once (`fleet-unit look`); whoever it met is asked through the same connection.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from fleetctl.adapters.discovery.asking import LOOK, Answer, ask
from fleetctl.adapters.discovery.looked import Looked, read_look
from fleetctl.adapters.ssh.connection import INNER_KEX, Connection, Deadline
from fleetctl.adapters.ssh.failures import SshFailed
from fleetctl.adapters.ssh.keys import Keys
from fleetctl.adapters.ssh.reach import first_stream, in_shell, open_first
from fleetctl.core.discovery.ground import Door, Ground
from fleetctl.core.discovery.sighting import Sighting, Source, Survey, safe_text
from fleetctl.core.facts import Cause
from fleetctl.core.problems import CouldNot
from fleetctl.core.route import Route

HERE = "here"
WORKERS = 16
"""As the prober's: more wait for each other."""
GATEWAY_TIMEOUT_S = 30.0
DOOR_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class _Post:
    """A place to look from: a gateway with its connection, or this machine.

    Attributes:
        itself: the answer of the gateway about itself.
    """

    name: str
    looked: Looked
    connection: Connection | None = None
    itself: tuple[Sighting, ...] = ()

    def seen(self, ground: Ground) -> Iterator[Sighting]:
        """Yield everything that was seen from here without asking anybody; who is on an uplink is not of the site."""
        yield from (*self.itself, *self.looked.heard, *self.looked.bridged)
        yield from (each for each in (*self.looked.leases, *self.looked.neighbours) if ground.holds(each.address))

    @property
    def gaps(self) -> Iterator[str]:
        """Yield what could not be seen from here."""
        yield from (f"{self.name}: {what}: {why}" for what, why in self.looked.gaps.items())


class GatewayScout:
    """Looks from the gateways of a site."""

    def __init__(self) -> None:
        """Read the keys to log in with when they are needed."""
        self._keys = Keys()

    def survey(self, ground: Ground) -> Survey:
        """Look from every gateway that can be reached, then ask whoever any of them met."""
        with ExitStack() as open_connections, ThreadPoolExecutor(WORKERS, thread_name_prefix="scout") as workers:
            tried = dict(zip(ground.gateways, workers.map(self._post, *self._each(ground)), strict=True))
            posts = {name: post for name, post in tried.items() if isinstance(post, _Post)}
            for post in posts.values():
                assert post.connection is not None  # noqa: S101 - a gateway's post has one
                open_connections.enter_context(post.connection)
            asked = _doors(ground, posts.values())
            answers = list(workers.map(lambda each: self._ask(*each), _assigned(asked, posts)))
        failed = {name: str(why) for name, why in tried.items() if not isinstance(why, _Post)}
        return _survey(ground, posts.values(), answers, failed)

    def _each(self, ground: Ground) -> tuple[list[Door], list[Route], list[str]]:
        names = list(ground.gateways)
        doors, routes = [ground.gateways[name] for name in names], [ground.routes[name] for name in names]
        return doors, routes, [ground.network] * len(names)

    def _post(self, door: Door, route: Route, network: str) -> _Post | SshFailed:
        """Look from a gateway; its connection is left open."""
        deadline = Deadline(GATEWAY_TIMEOUT_S)
        try:
            connection = open_first(route, self._keys, deadline)
        except SshFailed as failure:
            return failure
        try:
            looked = _looked(door, connection, network, deadline)
        except SshFailed as failure:
            connection.close()
            return failure
        return _Post(door.gateway, looked, connection, (_itself(door, looked, connection),))

    def _ask(self, door: Door, post: _Post) -> Answer:
        deadline = Deadline(DOOR_TIMEOUT_S)
        gateway = post.connection
        assert gateway is not None  # noqa: S101 - a gateway's post has one
        return ask(
            door,
            post.name,
            lambda: Connection(gateway.forward(door.hop, deadline), door.hop),
            self._keys,
            deadline,
            INNER_KEX,
        )


class LocalScout:
    """Looks from this machine, which is plugged in at the site."""

    def __init__(self, program: Path) -> None:
        """Take the path of `fleet-unit`, which looks in the same way wherever it runs."""
        self._program, self._keys = program, Keys()

    def survey(self, ground: Ground) -> Survey:
        """Look from here, then ask whoever was met; this machine itself is not part of what was seen."""
        post = _Post(HERE, replace(self._look(ground.network), bridged=()))  # a laptop's bridges are its own affair
        doors = _doors(ground, [post])
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="scout") as workers:
            answers = list(workers.map(self._ask, doors))
        found = _survey(ground, [post], answers, {})
        mine = frozenset(post.looked.macs)
        others = tuple(sighting for sighting in found.sightings if not mine & set(sighting.macs))
        ports = tuple(each.port for each in found.sightings if each.port is not None and mine & set(each.macs))
        return Survey(others, found.gaps, own_ports=ports)

    def _look(self, network: str) -> Looked:
        command = [sys.executable, "-IS", str(self._program), "look", "--sweep", network]
        try:
            done = subprocess.run(command, capture_output=True, timeout=GATEWAY_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            message = f"this machine has not looked around within {GATEWAY_TIMEOUT_S:.0f} s"
            raise CouldNot(message, hint="see 'fleetctl doctor'") from None
        try:
            return read_look(done.stdout, by=HERE)
        except ValueError as error:
            said = done.stderr.decode(errors="replace").strip()[-200:]
            raise CouldNot(f"this machine cannot look around: {said or error}", hint="see 'fleetctl doctor'") from error

    def _ask(self, door: Door) -> Answer:
        deadline = Deadline(DOOR_TIMEOUT_S)
        return ask(door, HERE, lambda: _direct(door, deadline), self._keys, deadline)


def _direct(door: Door, deadline: Deadline) -> Connection:
    stream, process = first_stream(Route((), (door.hop,)), deadline)
    return Connection(stream, door.hop, process)


def _itself(door: Door, looked: Looked, connection: Connection) -> Sighting:
    macs = () if door.displaced else looked.macs
    key = connection.host_key.fingerprint
    return Sighting(Source.SSH, door.gateway, macs, door.address, looked.serial, looked.model, key)


def _looked(door: Door, connection: Connection, network: str, deadline: Deadline) -> Looked:
    code, out, err = connection.run(in_shell((*LOOK, "--sweep", network), become=door.become), b"", deadline)
    try:
        return read_look(out, by=door.gateway)
    except ValueError as error:
        said = safe_text(err.decode(errors="replace"), 200) or str(error)
        hint = "its fleet-unit may be older than this command: update the gateway first"
        message = f"{door.gateway}: 'fleet-unit look' (code {code}) said: {said}"
        raise SshFailed(Cause.BAD_ANSWER, message, hint=hint) from error


def _doors(ground: Ground, posts: Iterable[_Post]) -> list[Door]:
    """Return where to ask: whoever was met in the site's network, and the declared units where nobody could be called.

    Gateways have answered already.
    """
    known = {door.address for door in ground.gateways.values()}
    seen = list(posts)
    met = {each.address for post in seen for each in post.looked.neighbours if ground.holds(each.address)}
    if any("neighbours" in post.looked.gaps for post in seen):
        met |= set(ground.doors)
    return [ground.door(address) for address in sorted(met - known)]


def _assigned(doors: Sequence[Door], posts: Mapping[str, _Post]) -> Iterator[tuple[Door, _Post]]:
    """Yield who asks where: the gateway that leads there if it looked, or else one that met somebody there."""
    for door in doors:
        met = (post for post in posts.values() if any(n.address == door.address for n in post.looked.neighbours))
        post = posts.get(door.gateway) or next(met, None)
        if post is not None:
            yield door, post


def _survey(ground: Ground, posts: Iterable[_Post], answers: Sequence[Answer], failed: Mapping[str, str]) -> Survey:
    sightings: list[Sighting] = []
    gaps = [f"{name}: could not look: {why}" for name, why in failed.items()]
    for post in posts:
        sightings += post.seen(ground)
        gaps += post.gaps
    for answer in answers:
        sightings += answer.sightings
        gaps += [answer.gap] if answer.gap else []
    deaf = Counter(answer.deaf for answer in answers if answer.deaf)
    gaps += [f"{count} machines do not tell the port that they hang on: {why}" for why, count in deaf.items()]
    return Survey(tuple(dict.fromkeys(sightings)), tuple(gaps), frozenset(failed))
