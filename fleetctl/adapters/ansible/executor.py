"""The executor: steps that are due for the same playbook go into one run, and every step gets exactly one result.

Steps that arrive while every run slot is taken wait and make the next, larger batch: the busier the fleet, the cheaper
a unit; where nobody is in a hurry, a step waits longer for others of its kind. A run that hangs on one unit holds
nobody back: the others' results come in event by event, and after a while its slot is free although it still runs.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from fleetctl.adapters.ansible.options import first_of, options_of
from fleetctl.adapters.ansible.outcomes import host_of, result_of
from fleetctl.adapters.ansible.payloads import PayloadServer
from fleetctl.adapters.ansible.preloading import Preloading
from fleetctl.adapters.ansible.run import Event, Settings, run_playbook
from fleetctl.adapters.ansible.waiting import Waiting
from fleetctl.adapters.carry.cargo import Cargo, NotBrought
from fleetctl.adapters.carry.carrier import Carrier
from fleetctl.adapters.carry.line import Reach
from fleetctl.core.facts import Cause
from fleetctl.core.names import alias
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Ending, Step, StepKind, StepResult
from fleetctl.core.route import Route
from fleetctl.ports.identity import NotRegistered

PLAYBOOKS = {
    StepKind.STAGE: "stage.yml",
    StepKind.INSTALL: "update.yml",
    StepKind.FLASH: "flash.yml",
    StepKind.CONFIGURE: "configure.yml",
    StepKind.VERIFY: "verify.yml",
    StepKind.REBOOT: "reboot.yml",
    StepKind.DRAIN: "drain.yml",
    StepKind.UNDRAIN: "undrain.yml",
    StepKind.ROLL_BACK: "rollback.yml",
    StepKind.IMAGE: "image.yml",
    StepKind.REGISTER: "register.yml",
    StepKind.WIPE: "retire.yml",
    StepKind.POWER_OFF: "off.yml",
}
LINGER_S = 0.3
"""How long a step waits for company, if nobody says otherwise; a run costs a second of CPU whatever its size."""
MOST_COMPLETING = 8
"""Steps at once that are completed after their run."""
MOST_RUNS = 16
"""Runs at once, stragglers included."""
IDLE_S = 1.0
"""How often it is looked whether a run has become a straggler, if nothing else happens."""
STRAGGLER_S = 10.0
"""A run of which nothing was heard for this long waits for units that hang, and takes no slot any more."""


def _nobody_enrols(step: Step, _: bytes) -> bytes:
    raise NotRegistered(f"{step.unit}: nobody registers units here", cause=Cause.AWAY)


def _nothing_is_left(_: Step, __: Callable[[], None]) -> str:
    return ""


@dataclass(frozen=True)
class Sources:
    """Where the executor gets what a step needs.

    Attributes:
        route: the way to the step's unit.
        payload: the config with its secrets filled in, for a `configure` step, and for a `stage` step that has one.
        cargo: the bundle that has to be near the unit before a `stage` step, and the machine that keeps it.
        reach: how that machine is reached.
        check_leading: raises `Fenced` if another controller has taken over.
        ssh_config: writes the routes as a configuration for the SSH client and returns the file.
        redact: takes secrets out of what units and Ansible say.
        enrolment: what a `register` step brings to its unit, made of what the unit answered; raises `NotRegistered`.
        complete: does what is left of a `register` step when the unit has its certificate; returns what it did, in
            words, or raises `NotRegistered`. It may take its time, so right before it writes it calls what it is given,
            which raises `CouldNot` if nobody counts on the step any more, or another controller has taken over.
    """

    route: Callable[[Step], Route]
    payload: Callable[[Step], bytes]
    cargo: Callable[[Step], Cargo]
    reach: Reach
    check_leading: Callable[[], None]
    ssh_config: Callable[[Sequence[Route]], Path]
    redact: Callable[[str], str]
    enrolment: Callable[[Step, bytes], bytes] = _nobody_enrols
    complete: Callable[[Step, Callable[[], None]], str] = _nothing_is_left

    def each(self, around: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Sources:
        """Return the same with something put around every call that reads what is remembered."""
        return replace(
            self,
            route=around(self.route),
            payload=around(self.payload),
            cargo=around(self.cargo),
            check_leading=around(self.check_leading),
            enrolment=around(self.enrolment),
            complete=around(self.complete),
        )


class AnsibleExecutor:
    """Fills the port `Executor`; see there."""

    def __init__(
        self,
        settings: Settings,
        sources: Sources,
        *,
        max_runs: int = 2,
        max_batch: int = 40,
        linger_s: float = LINGER_S,
    ) -> None:
        """Take what runs need; `linger_s` is how long a step waits for others of its kind, unless a batch is full."""
        self._settings, self._sources = settings, sources
        self._max_runs, self._waiting = max_runs, Waiting(max_batch, linger_s)
        self._open: dict[str, Step] = {}
        self._urls: dict[str, str] = {}
        """Where the units of open `stage` steps fetch their bundles, by the step's id."""
        self._results: queue.SimpleQueue[StepResult] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._closing = False
        self._runs: dict[threading.Thread, float] = {}
        """When each run was heard of last, on the monotonic clock."""
        self._payloads = PayloadServer(settings.folder / "payloads", self._payload)
        self._preloading = Preloading(settings.folder)
        self._completing = ThreadPoolExecutor(MOST_COMPLETING, "ansible-complete")
        self._carrier = Carrier(sources.reach, sources.check_leading)
        self._dispatcher = threading.Thread(target=self._dispatch, name="ansible-dispatch", daemon=True)
        self._dispatcher.start()

    def submit(self, steps: Sequence[Step]) -> None:
        """Start steps whose intents are journalled; returns at once."""
        with self._changed:
            self._open.update((step.id, step) for step in steps)
            self._line_up([step for step in steps if step.kind is not StepKind.STAGE])
        for step in steps:
            if step.kind is StepKind.STAGE:
                self._bring(step)

    def poll(self, timeout_s: float) -> Sequence[StepResult]:
        """Return what ended; waits up to `timeout_s` for the first."""
        results: list[StepResult] = []
        try:
            results.append(self._results.get(timeout=timeout_s) if timeout_s > 0 else self._results.get_nowait())
            while True:
                results.append(self._results.get_nowait())
        except queue.Empty:
            return results

    def cancel(self, step: Step) -> None:
        """Give up waiting for a step; a run whose last step was given up is killed."""
        self._end(StepResult(step, Ending.NO_OUTCOME, "given up", cause=Cause.CANCELLED))

    def close(self) -> None:
        """End whatever runs, and wait for its end."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._dispatcher.join()
        self._carrier.close()
        self._completing.shutdown(wait=False, cancel_futures=True)
        for run in list(self._runs):
            run.join()
        self._preloading.close()
        self._payloads.close()

    # --- what is carried near the unit before its step is run -----------------------------------------------------

    def _bring(self, step: Step) -> None:
        try:
            cargo = self._sources.cargo(step)
        except CouldNot as reason:  # there is no way to it, so nothing was done
            self._end(StepResult(step, Ending.REFUSED, str(reason)))
            return
        self._urls[step.id] = cargo.url
        self._carrier.bring(cargo, lambda: step.id in self._open, lambda failure: self._brought(step, failure))

    def _brought(self, step: Step, failure: NotBrought | None) -> None:
        if failure is not None:
            self._end(StepResult(step, failure.ending, str(failure), cause=failure.cause))
            return
        with self._changed:
            self._line_up([step])

    def _line_up(self, steps: Sequence[Step]) -> None:
        """Let steps wait for a run; called with the lock held."""
        self._waiting.add(steps, time.monotonic())
        self._changed.notify_all()

    # --- in the dispatcher's and the runs' threads ----------------------------------------------------------------

    def _dispatch(self) -> None:
        with self._changed:
            while not self._closing:
                while self._has_slot() and (batch := self._waiting.take(time.monotonic(), self._is_open)):
                    self._start(batch)
                waits = self._waiting and self._has_slot()
                self._changed.wait(self._waiting.pause_s(time.monotonic()) if waits else IDLE_S)

    def _start(self, batch: list[Step]) -> None:
        run = threading.Thread(target=self._run, args=(batch,), name=f"ansible-{batch[0].kind.value}")
        self._runs[run] = time.monotonic()
        run.start()

    def _has_slot(self) -> bool:
        long_ago_s = time.monotonic() - STRAGGLER_S
        lively = sum(heard_s > long_ago_s for heard_s in self._runs.values())
        return lively < self._max_runs and len(self._runs) < MOST_RUNS

    def _is_open(self, step: Step) -> bool:
        return step.id in self._open

    def _run(self, batch: list[Step]) -> None:
        silent = {step.id: step for step in batch}
        try:
            said = self._run_batch(batch, silent)
        except CouldNot as reason:
            said = f"{reason}"
        except Exception as fault:  # whatever escapes a run leaves its steps without an outcome
            said = f"the run broke: {type(fault).__name__}: {fault}"
        for step in silent.values():
            refusal = self._payloads.refusals.pop(step.id, None)
            message = _words(refusal) if refusal else said or "Ansible ended without an outcome"
            self._end(StepResult(step, Ending.NO_OUTCOME, message))
        with self._changed:
            self._runs.pop(threading.current_thread(), None)
            self._changed.notify_all()

    def _run_batch(self, batch: list[Step], silent: dict[str, Step]) -> str:
        """Run one playbook; steps that report their end leave `silent`."""
        self._sources.check_leading()
        started_s = time.monotonic()
        routes = dict(self._routes(batch))
        if not routes:
            return ""
        steps = {alias(step.unit): step for step in batch}
        hosts = {host: {"fleet_step": self._variables(steps[host], route)} for host, route in routes.items()}

        def on_event(event: Event) -> None:
            host = host_of(event)
            if host is not None and host in steps and silent.pop(steps[host].id, None) is not None:
                self._runs[threading.current_thread()] = time.monotonic()
                self._heard(result_of(event, steps[host], time.monotonic() - started_s))

        return run_playbook(
            self._settings,
            self._preloading,
            self._settings.playbooks / PLAYBOOKS[batch[0].kind],
            hosts,
            self._sources.ssh_config(list(routes.values())),
            on_event,
            lambda: self._closing or not any(step.id in self._open for step in batch),
        )

    def _heard(self, result: StepResult) -> None:
        """Take in what a unit said; a `register` step may have been refused by us, or goes on elsewhere."""
        if result.step.kind is not StepKind.REGISTER:
            self._end(result)
        elif (refusal := self._payloads.refusals.pop(result.step.id, None)) is not None:
            self._end(_refused(result, refusal))
        elif result.ending is Ending.OK:
            self._completing.submit(self._complete, result)
        else:
            self._end(result)

    def _complete(self, result: StepResult) -> None:
        still = partial(self._check_wanted, result.step)
        try:
            still()
            done = self._sources.complete(result.step, still)
            self._end(replace(result, message="; ".join(filter(None, (result.message, done)))))
        except CouldNot as reason:
            self._end(replace(_refused(result, reason), ending=Ending.FAILED))
        except Exception as fault:  # nobody waits for this thread: what escapes it would leave the step open
            text = f"it could not be completed: {type(fault).__name__}: {fault}"
            self._end(replace(result, ending=Ending.FAILED, message=text))

    def _check_wanted(self, step: Step) -> None:
        """Raise unless a step is still to be done, and by us: its thread may outlive both it and our lead."""
        if self._closing or step.id not in self._open:
            raise CouldNot(f"{step.unit}: the step was given up")
        self._sources.check_leading()

    def _routes(self, batch: list[Step]) -> Iterator[tuple[str, Route]]:
        for step in batch:
            try:
                yield alias(step.unit), self._sources.route(step)
            except CouldNot as reason:  # there is no way to it, so nothing was done
                self._end(StepResult(step, Ending.REFUSED, str(reason)))

    def _variables(self, step: Step, route: Route) -> dict[str, object]:
        return {
            "id": step.id,
            "socket": str(self._payloads.path),
            "payload": step.kind is not StepKind.STAGE or bool(step.config_digest),
            "become": ["sudo", "-n"] if route.become else [],
            "first": first_of(step),
            "options": options_of(step, self._urls.get(step.id, "")),
        }

    def _payload(self, step_id: str, said: bytes) -> bytes:
        step = self._open.get(step_id)
        if step is None:
            raise CouldNot(f"step {step_id} is not open")
        self._sources.check_leading()
        return self._sources.enrolment(step, said) if step.kind is StepKind.REGISTER else self._sources.payload(step)

    def _end(self, result: StepResult) -> None:
        """Report a step's first result; whatever comes later says nothing any more."""
        with self._changed:
            self._urls.pop(result.step.id, None)
            if self._open.pop(result.step.id, None) is not None:
                self._results.put(replace(result, message=self._sources.redact(result.message)))


def _refused(result: StepResult, reason: CouldNot) -> StepResult:
    cause = reason.cause if isinstance(reason, NotRegistered) else result.cause
    return replace(result, ending=Ending.REFUSED, message=_words(reason), cause=cause)


def _words(reason: CouldNot) -> str:
    return f"{reason}" + (f"; {reason.hint}" if reason.hint else "")
