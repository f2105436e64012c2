"""`register` steps by real Ansible over real SSH: the request comes here, the certificate goes there, the key stays."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fleetctl.adapters.ansible.executor import AnsibleExecutor, Sources
from fleetctl.adapters.ansible.run import Settings
from fleetctl.adapters.carry.line import Reach
from fleetctl.adapters.identity.authority import FleetAuthority
from fleetctl.adapters.share import shared_folder
from fleetctl.adapters.ssh.masters import MasterConnections
from fleetctl.core.facts import Cause
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Ending, Step, StepKind, StepResult
from fleetctl.ports import Fenced
from fleetctl.ports.identity import NotRegistered
from tests.builders.authority import a_profile, an_authority
from tests.builders.sshd import Server, servers
from tests.builders.unit_root import PROGRAM, UnitRoot

DEADLINE_S = 60.0
UNIT = "s/r1"


@dataclass
class Desk:
    """The controller's side: what it is asked, and what it answers or refuses."""

    authority: FleetAuthority
    root: UnitRoot
    server: Server
    asked: list[bytes] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    refuses: CouldNot | None = None
    incomplete: Exception | None = None
    leads_for: int = 99
    joins: Callable[[], None] = lambda: None
    settled: threading.Event = field(default_factory=threading.Event)

    def check_leading(self) -> None:
        self.leads_for -= 1
        if self.leads_for < 0:
            raise Fenced("another controller has taken over")

    def enrolment(self, step: Step, answer: bytes) -> bytes:
        self.asked.append(answer)
        if self.refuses:
            raise self.refuses
        request = self.authority.read(json.loads(answer)["request"])
        issued = self.authority.issue(request, a_profile(step.unit), "ada")
        told = {"digest": "d", "unit": step.unit, "serial": "QR-1", "number": issued.number, "not_after": "2027-01-01"}
        chain = self.authority.chain()
        texts = {"certificate": issued.pem, "chain": chain.issuing, "root": chain.root}
        return json.dumps({**texts, "registration": told}).encode()

    def complete(self, step: Step, still: Callable[[], None]) -> str:
        try:
            self.joins()
            still()
        finally:
            self.settled.set()
        self.completed.append(step.unit)
        if self.incomplete:
            raise self.incomplete
        return "node r1"

    def payload(self, step: Step) -> bytes:
        raise AssertionError("a certificate is no config")

    def executor(self, masters: MasterConnections, folder: Path) -> AnsibleExecutor:
        sources = Sources(
            lambda _: self.server.route(),
            self.payload,
            lambda _: pytest.fail("nothing is carried"),
            Reach(masters.command, masters.environment),
            self.check_leading,
            masters.config,
            redact=str,
            enrolment=self.enrolment,
            complete=self.complete,
        )
        return AnsibleExecutor(Settings(shared_folder("playbooks"), folder, "test:2"), sources)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("register")
    root, programs = UnitRoot.make(folder / "r1"), folder / "programs"
    root.write("/usr/sbin/poweroff", "#!/bin/sh\n", 0o755)
    programs.mkdir()
    (programs / "fleet-unit").symlink_to(PROGRAM)
    environment = {**root.environment(), "PATH": f"{programs}:/usr/sbin:/usr/bin:/sbin:/bin"}
    with servers(folder) as maker:
        yield Desk(an_authority(folder / "ca"), root, maker.start(UNIT, environment=environment))


@pytest.fixture
def executor(desk: Desk, tmp_path: Path) -> Iterator[AnsibleExecutor]:
    desk.refuses = desk.incomplete = None
    desk.leads_for, desk.joins = 99, lambda: None
    with MasterConnections(environment={"FLEETCTL_RUN": "test:2"}) as masters:
        made = desk.executor(masters, tmp_path)
        try:
            yield made
        finally:
            made.close()


def do(executor: AnsibleExecutor, kind: StepKind, number: int, *, renew: bool = False) -> StepResult:
    executor.submit([Step("r1", UNIT, 1, number, kind, 1, renew=renew)])
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        for result in executor.poll(0.5):
            return result
    raise AssertionError("no result")


def test_a_unit_is_enrolled_in_one_step_and_forgets_itself_in_another(desk: Desk, executor: AnsibleExecutor) -> None:
    result = do(executor, StepKind.REGISTER, 1)
    assert (result.ending, result.message) == (Ending.OK, "is s/r1 until 2027-01-01; node r1")
    assert desk.root.status()["registration"] == "d"
    assert b"PRIVATE" not in b"".join(desk.asked)
    assert do(executor, StepKind.POWER_OFF, 2).ending is Ending.REFUSED
    assert do(executor, StepKind.WIPE, 3).ending is Ending.OK
    assert desk.root.status()["registration"] == ""


def test_who_gets_no_certificate_is_refused_with_the_reason_and_its_cause(
    desk: Desk, executor: AnsibleExecutor
) -> None:
    before = desk.root.status()["registration"]
    desk.refuses = NotRegistered("one is a copy", cause=Cause.WRONG_IDENTITY, hint="look at it")
    result = do(executor, StepKind.REGISTER, 11)
    assert (result.ending, result.cause) == (Ending.REFUSED, Cause.WRONG_IDENTITY)
    assert result.message == "one is a copy; look at it"
    assert desk.root.status()["registration"] == before


def test_what_could_not_be_completed_is_told_and_the_certificate_stays(desk: Desk, executor: AnsibleExecutor) -> None:
    desk.incomplete = NotRegistered("the platform does not answer", cause=Cause.AWAY)
    result = do(executor, StepKind.REGISTER, 21)
    assert (result.ending, result.cause) == (Ending.FAILED, Cause.AWAY)
    assert desk.root.status()["registration"] == "d"
    desk.incomplete = RuntimeError("a fault of ours")
    result = do(executor, StepKind.REGISTER, 22, renew=True)
    assert (result.ending, "a fault of ours" in result.message) == (Ending.FAILED, True)


def test_who_was_taken_over_meanwhile_lets_nobody_know_the_unit(desk: Desk, executor: AnsibleExecutor) -> None:
    before = list(desk.completed)
    desk.leads_for = 2  # for the run and for the certificate
    result = do(executor, StepKind.REGISTER, 25, renew=True)
    assert (result.ending, "another controller" in result.message) == (Ending.FAILED, True)
    assert desk.completed == before


def test_who_is_taken_over_while_a_node_joins_lets_nobody_know_the_unit(desk: Desk, executor: AnsibleExecutor) -> None:
    before = list(desk.completed)
    desk.joins = lambda: setattr(desk, "leads_for", 0)
    result = do(executor, StepKind.REGISTER, 26, renew=True)
    assert (result.ending, "another controller" in result.message) == (Ending.FAILED, True)
    assert desk.completed == before


def test_a_step_that_is_given_up_while_a_node_joins_lets_nobody_know_the_unit(
    desk: Desk, executor: AnsibleExecutor
) -> None:
    before, joining, given_up = list(desk.completed), threading.Event(), threading.Event()

    def joins() -> None:
        joining.set()
        assert given_up.wait(DEADLINE_S)

    desk.joins = joins
    desk.settled.clear()
    step = Step("r1", UNIT, 1, 27, StepKind.REGISTER, 1, renew=True)
    executor.submit([step])
    assert joining.wait(DEADLINE_S)
    executor.cancel(step)
    given_up.set()
    assert desk.settled.wait(DEADLINE_S)
    assert desk.completed == before
    assert [each.ending for each in executor.poll(0.0)] == [Ending.NO_OUTCOME]


def test_nothing_of_a_key_stands_in_what_ansible_leaves(desk: Desk, executor: AnsibleExecutor, tmp_path: Path) -> None:
    do(executor, StepKind.REGISTER, 31)
    key = desk.root.read("/data/fleet/identity/current/key.pem").splitlines()[1].encode()
    executor.close()
    assert [f for f in tmp_path.rglob("*") if f.is_file() and key in f.read_bytes()] == []
