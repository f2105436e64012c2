"""Runs a command on each of many units, over one connection a gateway. Fills the port `Crowd`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from fleetctl.adapters.ssh.connection import Connection, Deadline
from fleetctl.adapters.ssh.failures import SshFailed, gateway_down
from fleetctl.adapters.ssh.keys import Keys
from fleetctl.adapters.ssh.reach import command_line, open_behind, open_first
from fleetctl.core.route import Route
from fleetctl.ports.instruments import Order, Reply

WORKERS = 16
"""Paramiko is bound by one core; more workers wait for each other."""
UNIT_TIMEOUT_S = 60.0
GATEWAY_TIMEOUT_S = 20.0

Way = Connection | SshFailed | None
"""To the gateway: open, refused, or none needed."""


class SshCrowd:
    """Connects to each gateway once for a batch of orders."""

    def execute(self, orders: Sequence[Order]) -> Sequence[Reply]:
        """Run each order's command on its unit; returns what became of each, in their order."""
        keys = Keys()
        with _gateways(orders, keys) as ways, ThreadPoolExecutor(WORKERS, thread_name_prefix="crowd") as workers:
            return list(workers.map(lambda order: _reply(order, ways[_way(order.route)], keys), orders))


@contextmanager
def _gateways(orders: Sequence[Order], keys: Keys) -> Iterator[dict[Route | None, Way]]:
    with ExitStack() as stack:
        ways: dict[Route | None, Way] = {None: None}
        for route in {way for order in orders if (way := _way(order.route)) is not None}:
            try:
                ways[route] = stack.enter_context(open_first(route, keys, Deadline(GATEWAY_TIMEOUT_S)))
            except SshFailed as failure:
                ways[route] = gateway_down(failure)
        yield ways


def _way(route: Route) -> Route | None:
    return Route(route.dial, route.hops[:-1]) if route.gateway is not None else None


def _reply(order: Order, way: Way, keys: Keys) -> Reply:
    if isinstance(way, SshFailed):
        return Reply(order.unit, trouble=str(way))
    deadline = Deadline(UNIT_TIMEOUT_S)
    try:
        opened = (
            open_first(order.route, keys, deadline)
            if way is None
            else open_behind(way, order.route.target, keys, deadline)
        )
        with opened as connection:
            code, out, err = connection.run(command_line(order.route, order.argv), order.stdin, deadline)
    except SshFailed as failure:
        return Reply(order.unit, trouble=str(failure))
    return Reply(order.unit, code, out, err)
