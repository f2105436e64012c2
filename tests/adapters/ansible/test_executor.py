"""Steps by real ansible-runner over real SSH to the real `fleet-unit`, behind a gateway."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from fleetctl.adapters.ansible.executor import AnsibleExecutor, Sources
from fleetctl.adapters.ansible.run import Settings
from fleetctl.adapters.carry.cargo import Cargo
from fleetctl.adapters.carry.line import Reach
from fleetctl.adapters.share import shared_folder
from fleetctl.adapters.ssh.masters import MasterConnections
from fleetctl.core.config import Config, ConfigFile, payload
from fleetctl.core.facts import drain_reason
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Ending, Step, StepKind, StepResult
from fleetctl.core.route import Route
from fleetctl.ports import Fenced
from tests.builders.keeper import a_bundle, a_cargo
from tests.builders.sshd import Server, Servers, servers
from tests.builders.unit_root import PROGRAM, UnitRoot

CANARY = "canary-secret-7d1f"
DEADLINE_S = 60.0
CLOSED_PORT = 9
TWO_SLOTS = {
    "booted": "A",
    "boot_primary": "rootfs.0",
    "slots": [{f"rootfs.{n}": {"bootname": name, "boot_status": "good"}} for n, name in enumerate("AB")],
}


@dataclass
class Bench:
    """A gateway, units behind it, and an executor over them."""

    folder: Path
    gateway: Server
    units: dict[str, tuple[UnitRoot, Server]]
    leads: bool = True
    configs: dict[str, Config] = field(default_factory=dict)
    bundle: Path = field(init=False)

    def __post_init__(self) -> None:
        self.bundle = a_bundle(self.folder / "depot")

    def step(self, unit: str, kind: StepKind = StepKind.CONFIGURE, *, number: int = 1, epoch: int = 1) -> Step:
        config = Config(unit, (ConfigFile("/etc/motd", f"of {unit} {CANARY}\n"),))
        self.configs[unit] = config
        return Step("r1", unit, 1, number, kind, epoch, config.digest)

    def route(self, step: Step) -> Route:
        if step.unit not in self.units:
            raise CouldNot(f"{step.unit} is not in the inventory any more")
        return self.units[step.unit][1].route(through=self.gateway)

    def payload(self, step: Step) -> bytes:
        return json.dumps(payload(self.configs[step.unit], lambda name: name)).encode()

    def stage(self, unit: str, *, number: int, bundle: Path | None = None) -> Step:
        """Return a step that stages a bundle with the unit's config."""
        about = a_cargo(bundle or self.bundle).step
        step = self.step(unit, StepKind.STAGE, number=number, epoch=5 if unit == "s/r2" else 1)
        return replace(step, release=about.release, bundle=about.bundle, bundle_bytes=about.bundle_bytes)

    def cargo(self, step: Step) -> Cargo:
        """Return what has to be near a unit: s/r1 gets it itself, s/r2 is told to fetch it from its gateway."""
        file = self.folder / "depot" / f"{step.release}.raucb"
        if step.unit == "s/r1":
            return Cargo(step, file, self.units["s/r1"][1].route())
        return Cargo(step, file, self.gateway.route(), f"http://127.0.0.1:{CLOSED_PORT}/bundles/{step.bundle}")

    def check_leading(self) -> None:
        if not self.leads:
            raise Fenced("another controller has taken over")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("executor")
    with servers(folder) as maker:
        yield Bench(
            folder, _unit(maker, folder, "s/gw")[1], {name: _unit(maker, folder, name) for name in ("s/r1", "s/r2")}
        )


def _unit(maker: Servers, folder: Path, name: str) -> tuple[UnitRoot, Server]:
    root = UnitRoot.make(folder / name.replace("/", "-"))
    root.write("/usr/bin/rauc", f"#!/bin/sh\necho '{json.dumps(TWO_SLOTS)}'\n", 0o755)
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    if not (programs / "fleet-unit").exists():
        (programs / "fleet-unit").symlink_to(PROGRAM)
    environment = {**root.environment(), "PATH": f"{programs}:/usr/sbin:/usr/bin:/sbin:/bin"}
    return root, maker.start(name, environment=environment)


@pytest.fixture
def executor(bench: Bench, tmp_path: Path) -> Iterator[AnsibleExecutor]:
    bench.leads = True
    with MasterConnections(environment={"FLEETCTL_RUN": "test:1"}) as masters:
        sources = Sources(
            bench.route,
            bench.payload,
            bench.cargo,
            Reach(masters.command, masters.environment),
            bench.check_leading,
            masters.config,
            redact=lambda text: text.replace(CANARY, "***"),
        )
        made = AnsibleExecutor(Settings(shared_folder("playbooks"), tmp_path, "test:1"), sources)
        try:
            yield made
        finally:
            made.close()


def collect(executor: AnsibleExecutor, count: int) -> dict[str, StepResult]:
    results: dict[str, StepResult] = {}
    deadline = time.monotonic() + DEADLINE_S
    while len(results) < count and time.monotonic() < deadline:
        results |= {result.step.unit: result for result in executor.poll(0.5)}
    return results


def test_a_batch_is_configured_and_each_unit_says_how_it_ended(bench: Bench, executor: AnsibleExecutor) -> None:
    executor.submit([bench.step("s/r1"), bench.step("s/r2")])
    results = collect(executor, 2)
    assert {unit: result.ending for unit, result in results.items()} == {"s/r1": Ending.OK, "s/r2": Ending.OK}
    assert bench.units["s/r2"][0].read("/etc/motd") == f"of s/r2 {CANARY}\n"


def do(executor: AnsibleExecutor, step: Step) -> StepResult:
    executor.submit([step])
    return collect(executor, 1)[step.unit]


def test_a_unit_is_drained_and_undrained_with_its_rollouts_token(bench: Bench, executor: AnsibleExecutor) -> None:
    root = bench.units["s/r2"][0]
    root.compute("job-1")
    drained = do(executor, bench.step("s/r2", StepKind.DRAIN, number=21, epoch=5))
    assert (drained.ending, drained.message) == (Ending.OK, "drained, 1 jobs run")
    compute = root.status()["compute"]
    assert (compute["reason"], compute["by_us"]) == (drain_reason("r1"), True)
    ended = do(executor, bench.step("s/r2", StepKind.UNDRAIN, number=22, epoch=5))
    assert (ended.ending, root.status()["compute"]["reason"]) == (Ending.OK, "")


def test_a_unit_is_rolled_back_to_the_config_before(bench: Bench, executor: AnsibleExecutor) -> None:
    root = bench.units["s/r2"][0]
    before = do(executor, bench.step("s/r2", number=31, epoch=5))
    newer = bench.step("s/r2", number=32, epoch=5)
    bench.configs["s/r2"] = Config("s/r2", (ConfigFile("/etc/motd", "newer\n"),))
    newer = replace(newer, config_digest=bench.configs["s/r2"].digest)
    assert do(executor, newer).active_digest == newer.config_digest
    back = do(executor, replace(newer, kind=StepKind.ROLL_BACK, number=33))
    assert (back.ending, back.active_digest) == (Ending.OK, before.active_digest)
    assert root.read("/etc/motd") == f"of s/r2 {CANARY}\n"


def test_a_verification_brings_the_wish_for_a_heat_pulse(bench: Bench, executor: AnsibleExecutor) -> None:
    root = bench.units["s/r2"][0]
    step = bench.step("s/r2", number=41, epoch=5)
    assert do(executor, step).ending is Ending.OK
    root.heat()
    verified = do(executor, replace(step, kind=StepKind.VERIFY, number=42, pulse_s=600.0, pulse_k=0.5))
    assert verified.ending is Ending.OK
    asked = json.loads(root.read("/run/heat/request.json"))
    assert asked == {"id": "r1:s/r2:1:42", "pulse": {"seconds": 600.0, "max_rise_k": 0.5}}


def test_a_repeated_step_is_answered_and_not_done_again(bench: Bench, executor: AnsibleExecutor) -> None:
    step = bench.step("s/r1", number=7)
    executor.submit([step])
    first = collect(executor, 1)["s/r1"]
    executor.submit([step])
    assert (first.ending, collect(executor, 1)["s/r1"].ending) == (Ending.OK, Ending.OK)


def test_a_lower_epoch_is_refused_by_the_unit(bench: Bench, executor: AnsibleExecutor) -> None:
    executor.submit([bench.step("s/r2", number=8, epoch=5)])
    assert collect(executor, 1)["s/r2"].ending is Ending.OK
    executor.submit([bench.step("s/r2", number=9, epoch=4)])
    refused = collect(executor, 1)["s/r2"]
    assert refused.ending is Ending.REFUSED
    assert "epoch" in refused.message


def test_a_controller_that_lost_the_lead_gives_no_payload_away(bench: Bench, executor: AnsibleExecutor) -> None:
    bench.leads = False
    executor.submit([bench.step("s/r1", number=10)])
    result = collect(executor, 1)["s/r1"]
    assert (result.ending, result.message) == (Ending.NO_OUTCOME, "another controller has taken over")


def test_a_unit_without_a_way_is_refused_and_the_others_go_on(bench: Bench, executor: AnsibleExecutor) -> None:
    executor.submit([bench.step("s/gone"), bench.step("s/r1", number=11)])
    results = collect(executor, 2)
    assert (results["s/gone"].ending, results["s/r1"].ending) == (Ending.REFUSED, Ending.OK)


def test_a_unit_that_is_cut_off_has_no_outcome(bench: Bench, executor: AnsibleExecutor) -> None:
    server = bench.units["s/r1"][1]
    server.stop()
    try:
        executor.submit([bench.step("s/r1", number=12), bench.step("s/r2", number=12, epoch=5)])
        results = collect(executor, 2)
    finally:
        server.start()
    assert (results["s/r1"].ending, results["s/r2"].ending) == (Ending.NO_OUTCOME, Ending.OK)


def test_a_bundle_is_at_the_gateway_before_its_unit_stages_it(bench: Bench, executor: AnsibleExecutor) -> None:
    step = bench.stage("s/r2", number=51)
    staged = do(executor, step)
    assert (staged.ending, staged.message) == (Ending.OK, "started")
    kept = bench.folder / "s-gw/data/fleet/bundles" / f"{step.bundle}.raucb"
    assert kept.read_bytes() == bench.bundle.read_bytes()
    update = bench.units["s/r2"][0].status()["update"]
    assert update["staged"]["sha256"] == step.bundle


def test_a_unit_without_a_gateway_gets_the_bundle_itself(bench: Bench, executor: AnsibleExecutor) -> None:
    staged = do(executor, bench.stage("s/r1", number=52))
    assert (staged.ending, staged.message) == (Ending.OK, "is there already")
    assert bench.units["s/r1"][0].status()["update"]["staged"]["ready"]


def test_a_damaged_bundle_ends_the_step_and_no_unit_is_touched(bench: Bench, executor: AnsibleExecutor) -> None:
    bundle = a_bundle(bench.folder / "depot", name="2.1.0")
    step = bench.stage("s/r2", number=53, bundle=bundle)
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"x")
    refused = do(executor, step)
    assert refused.ending is Ending.REFUSED
    assert "2.1.0" in refused.message
    entry = bench.units["s/r2"][0].status()["journal"]
    assert entry["step"] != "53"


def test_runs_leave_nothing_and_no_secret_in_the_environment(
    bench: Bench, executor: AnsibleExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUSTOMER_TOKEN", CANARY)
    executor.submit([bench.step("s/r1", number=13)])
    environments: list[bytes] = []
    deadline = time.monotonic() + DEADLINE_S
    results: list[StepResult] = []
    while not results and time.monotonic() < deadline:
        environments += marked_environments("FLEETCTL_RUN=test:1")
        results += executor.poll(0.05)
    assert environments, "no process of the run was seen"
    assert not any(CANARY.encode() in environment for environment in environments if b"ANSIBLE_" in environment)
    executor.close()
    assert list(tmp_path.iterdir()) == []


def test_a_step_that_was_given_up_leaves_no_worker_that_could_act_later(
    bench: Bench, executor: AnsibleExecutor
) -> None:
    root = bench.units["s/r1"][0]
    hanging = root.write("/hanging", "")
    root.hook("slow", f"while [ -e {hanging} ]; do sleep 0.1; done")
    step = bench.step("s/r1", number=14)
    bench.configs["s/r1"] = Config("s/r1", (ConfigFile("/etc/slow", "slow\n", service="slow"),))
    try:
        executor.submit([step])
        assert seen_within(lambda: "slow check" in root.hook_calls), "the unit was never reached"
        executor.cancel(step)
        assert collect(executor, 1)["s/r1"].ending is Ending.NO_OUTCOME
        assert seen_within(lambda: not marked_environments("FLEETCTL_RUN=test:1:r")), "a worker lives on"
    finally:
        hanging.unlink()


def seen_within(is_so: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_so()


def marked_environments(marker: str) -> list[bytes]:
    found: list[bytes] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        if marker.encode() in environment and int(process.name) != os.getpid():
            found.append(environment)
    return found
