"""The prober: one exec of `fleet-unit status` a unit, through one kept connection a gateway.

Units whose gateway is not connected wait for it without taking a worker, so a dead gateway holds back nobody else; when
it cannot be reached, all of them get that one answer at once. Decides nothing; every failure is an observation.
"""

from __future__ import annotations

import json
import queue
import shlex
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from fleetctl.adapters.ssh.connection import Connection, Deadline
from fleetctl.adapters.ssh.failures import SshFailed, gateway_down
from fleetctl.adapters.ssh.keys import Keys
from fleetctl.adapters.ssh.reach import command_line, open_behind, open_first
from fleetctl.core.facts import Cause, Observation, Unobserved, facts_from_status
from fleetctl.core.route import Route
from fleetctl.ports import Clock, Target

STATUS = ("fleet-unit", "status")
WORKERS = 16
"""Paramiko is bound by one core; more workers wait for each other."""
UNIT_TIMEOUT_S = 30.0
GATEWAY_TIMEOUT_S = 15.0
TRIES = 2
"""A gateway is down only after a second try."""
SILENCE = frozenset({Cause.UNREACHABLE, Cause.TIMED_OUT})
IDLE_S = 120.0
"""A gateway's connection that nobody needed for this long is closed."""


@dataclass
class _Gateway:
    """A gateway's connection, and the units that wait for it."""

    connection: Connection | None = None
    opening: bool = False
    waiting: list[Target] = field(default_factory=list)
    used_s: float = 0.0


class SshProber:
    """Fills the port `Prober`; see there."""

    def __init__(
        self,
        clock: Clock,
        *,
        epoch: int = 0,
        workers: int = WORKERS,
        unit_timeout_s: float = UNIT_TIMEOUT_S,
        gateway_timeout_s: float = GATEWAY_TIMEOUT_S,
    ) -> None:
        """Start nothing yet.

        Args:
            clock: for the time of an observation.
            epoch: of the controller that looks, so that units refuse its predecessor from then on; 0 for anybody else.
            workers: how many units are asked at a time.
            unit_timeout_s: how long one unit may take from the first packet to the last.
            gateway_timeout_s: how long one try at a gateway may take.
        """
        self._clock, self._unit_timeout_s, self._gateway_timeout_s = clock, unit_timeout_s, gateway_timeout_s
        self._argv = (*STATUS, "--epoch", str(epoch)) if epoch else STATUS
        self._keys = Keys()
        self._lock = threading.Lock()
        self._open: set[str] = set()
        self._asked_again: set[str] = set()
        self._gateways: dict[Route, _Gateway] = {}
        self._answers: queue.SimpleQueue[Observation] = queue.SimpleQueue()
        self._workers = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="probe")

    def submit(self, targets: Iterable[Target]) -> None:
        """Start observing; returns at once."""
        with self._lock:
            fresh = {target.unit: target for target in targets if target.unit not in self._open}
            self._open.update(fresh)
            for target in fresh.values():
                self._start(target)

    def poll(self, timeout_s: float) -> Sequence[Observation]:
        """Return what became known; waits up to `timeout_s` for the first."""
        self._close_idle()
        answers: list[Observation] = []
        try:
            answers.append(self._answers.get(timeout=timeout_s) if timeout_s > 0 else self._answers.get_nowait())
            while True:
                answers.append(self._answers.get_nowait())
        except queue.Empty:
            return answers

    def close(self) -> None:
        """End every connection; what was under way ends with it."""
        self._workers.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            connections = [gateway.connection for gateway in self._gateways.values() if gateway.connection]
            self._gateways.clear()
        for connection in connections:
            connection.close()
        self._workers.shutdown(wait=True)

    # --- which work is due; called with the lock held ---------------------------------------------------------------

    def _start(self, target: Target) -> None:
        """Let a target be asked now, or wait for its gateway."""
        if target.route.gateway is None:
            self._workers.submit(self._answer, target, None)
            return
        way = Route(target.route.dial, target.route.hops[:-1])
        gateway = self._gateways.setdefault(way, _Gateway())
        gateway.used_s = time.monotonic()
        if gateway.connection is not None and gateway.connection.is_active:
            self._workers.submit(self._answer, target, gateway.connection)
            return
        gateway.waiting.append(target)
        if not gateway.opening:
            gateway.opening = True
            self._workers.submit(self._open_gateway, way, gateway)

    # --- in the workers ---------------------------------------------------------------------------------------------

    def _open_gateway(self, way: Route, gateway: _Gateway) -> None:
        connection, failure = None, None
        for _ in range(TRIES):
            try:
                connection = open_first(way, self._keys, Deadline(self._gateway_timeout_s))
                connection.keep_alive()
                break
            except SshFailed as error:
                failure = gateway_down(error)
        with self._lock:
            waiting, gateway.waiting = gateway.waiting, []
            gateway.connection, gateway.opening = connection, False
            if connection is not None:
                for target in waiting:
                    self._workers.submit(self._answer, target, connection)
                return
        assert failure is not None  # noqa: S101 - every try ended with a connection or a failure
        for target in waiting:
            self._end(self._unobserved(target, failure))

    def _answer(self, target: Target, gateway: Connection | None) -> None:
        """Ask a unit; whatever happens, it gets its one answer."""
        try:
            observation = self._ask(target, gateway)
        except SshFailed as failure:
            if gateway is not None and failure.cause in SILENCE and not gateway.answers():
                self._gateway_lost(target, failure)
                return
            observation = self._unobserved(target, failure)
        except Exception as fault:  # a fault of this program or of paramiko must not leave the unit without an answer
            said = f"{target.unit}: unexpected {type(fault).__name__}: {fault}"
            observation = self._unobserved(target, SshFailed(Cause.BAD_ANSWER, said))
        self._end(observation)

    def _gateway_lost(self, target: Target, failure: SshFailed) -> None:
        """Ask again over a new connection to the gateway, once; a silent gateway says nothing of the unit behind it."""
        with self._lock:
            if target.unit not in self._asked_again:
                self._asked_again.add(target.unit)
                self._start(target)
                return
        self._end(self._unobserved(target, gateway_down(failure)))

    def _ask(self, target: Target, gateway: Connection | None) -> Observation:
        deadline = Deadline(self._unit_timeout_s)
        if gateway is None:
            connection = open_first(target.route, self._keys, deadline)
        else:
            connection = open_behind(gateway, target.route.target, self._keys, deadline)
        with connection:
            code, out, err = connection.run(command_line(target.route, self._argv), b"", deadline)
            host_key = connection.host_key.fingerprint
        try:
            return facts_from_status(target.unit, json.loads(out), at=self._clock.now().utc, host_key=host_key)
        except (ValueError, AttributeError) as error:
            raise _bad_answer(target, code, err, error) from error

    def _unobserved(self, target: Target, failure: SshFailed) -> Unobserved:
        return Unobserved(target.unit, self._clock.now().utc, failure.cause, str(failure), failure.hint)

    def _end(self, observation: Observation) -> None:
        with self._lock:
            self._open.discard(observation.unit)
            self._asked_again.discard(observation.unit)
        self._answers.put(observation)

    def _close_idle(self) -> None:
        now_s = time.monotonic()
        with self._lock:
            idle = [way for way, gateway in self._gateways.items() if self._is_idle(gateway, now_s)]
            closing = [self._gateways.pop(way).connection for way in idle]
        for connection in closing:
            if connection is not None:
                connection.close()

    def _is_idle(self, gateway: _Gateway, now_s: float) -> bool:
        return not self._open and not gateway.opening and now_s - gateway.used_s > IDLE_S


def _bad_answer(target: Target, code: int, err: bytes, error: Exception) -> SshFailed:
    said = " ".join(err.decode(errors="replace").split())[-200:] or str(error)
    hint = f"look at it with 'fleetctl unit ssh {target.unit} -- {shlex.join(STATUS)}'"
    return SshFailed(Cause.BAD_ANSWER, f"{target.unit}: '{shlex.join(STATUS)}' (code {code}) said: {said}", hint=hint)
