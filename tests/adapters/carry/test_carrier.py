"""Bundles on their way to the machine that keeps them: once, whole, resumed, refused with the reason."""

from __future__ import annotations

import random
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from fleetctl.adapters.bundles.layout import sha256
from fleetctl.adapters.carry import depot
from fleetctl.adapters.carry.cargo import Cargo, NotBrought
from fleetctl.adapters.carry.carrier import Carrier
from fleetctl.core.facts import Cause
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Ending
from tests.builders.keeper import Keeper, a_bundle, a_cargo

DEADLINE_S = 30.0


@pytest.fixture(params=["stand-in", "real"])
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> Keeper:
    return Keeper.make(tmp_path / "gw", real=request.param == "real")


@pytest.fixture
def quick(tmp_path: Path) -> Keeper:
    """A keeper for what does not depend on the machine's program."""
    return Keeper.make(tmp_path / "gw", real=False)


@contextmanager
def carrier_to(keeper: Keeper, *, at_once: int = 8) -> Iterator[Carrier]:
    made = Carrier(keeper.reach, lambda: None, at_once=at_once, backoff_s=0.01)
    try:
        yield made
    finally:
        made.close()


class Asker:
    """Somebody who waits for a bundle."""

    def __init__(self) -> None:
        self.still_wants = True
        self._told = threading.Event()
        self._failure: NotBrought | None = None

    def wanted(self) -> bool:
        return self.still_wants

    def then(self, failure: NotBrought | None) -> None:
        assert not self._told.is_set(), "told twice"
        self._failure = failure
        self._told.set()

    @property
    def is_told(self) -> bool:
        return self._told.is_set()

    @property
    def failure(self) -> NotBrought | None:
        assert self._told.wait(DEADLINE_S), "never told"
        return self._failure


def bring(keeper: Keeper, cargo: Cargo) -> NotBrought | None:
    with carrier_to(keeper) as carrier:
        asker = Asker()
        carrier.bring(cargo, asker.wanted, asker.then)
        return asker.failure


def test_a_bundle_arrives_whole(keeper: Keeper, tmp_path: Path) -> None:
    file = a_bundle(tmp_path)
    cargo = a_cargo(file)
    assert bring(keeper, cargo) is None
    assert keeper.kept(cargo.step.bundle) == file.read_bytes()


def test_what_is_there_is_not_sent_again(keeper: Keeper, tmp_path: Path) -> None:
    cargo = a_cargo(a_bundle(tmp_path))
    assert bring(keeper, cargo) is None
    calls = len(keeper.calls)
    assert bring(keeper, cargo) is None
    assert len(keeper.calls) == calls + 1, "one question is enough"


@pytest.mark.parametrize("rate", [0, 3_000_000])
def test_a_copy_goes_on_where_it_was_cut(keeper: Keeper, tmp_path: Path, rate: int) -> None:
    file = a_bundle(tmp_path)
    cargo = a_cargo(file, rate=rate)
    keeper.cut(None, 100_000, None, 20_000)
    assert bring(keeper, cargo) is None
    assert keeper.kept(cargo.step.bundle) == file.read_bytes()
    offsets = [int(call.rpartition(" ")[2]) for call in keeper.calls]
    assert offsets == [0, 0, 0, 100_000, 0, 120_000]


def test_a_line_that_stays_broken_ends_without_an_outcome_and_the_next_goes_on(keeper: Keeper, tmp_path: Path) -> None:
    file = a_bundle(tmp_path)
    cargo = a_cargo(file)
    keeper.cut(None, 90_000, -1, -1, -1, -1, -1, -1)
    failure = bring(keeper, cargo)
    assert failure is not None
    assert (failure.ending, failure.cause) == (Ending.NO_OUTCOME, Cause.GATEWAY_DOWN)
    assert "s/gw" in str(failure)
    assert "No route to host" in str(failure)
    keeper.cut()
    assert bring(keeper, cargo) is None
    assert keeper.kept(cargo.step.bundle) == file.read_bytes()
    assert keeper.calls[-1].endswith("--offset 90000")


def test_a_file_that_is_not_what_the_plan_froze_is_refused_before_the_first_byte(quick: Keeper, tmp_path: Path) -> None:
    file = a_bundle(tmp_path)
    cargo = a_cargo(file)
    content = bytearray(file.read_bytes())
    content[5] ^= 1
    file.write_bytes(content)
    failure = bring(quick, cargo)
    assert failure is not None
    assert failure.ending is Ending.REFUSED
    assert "SHA-256" in str(failure)
    assert quick.calls == []


@pytest.mark.parametrize(
    ("damage", "said"), [(lambda f: f.unlink(), "No such file"), (lambda f: f.write_bytes(b"x"), "1 byte")]
)
def test_a_file_that_is_gone_or_cut_is_refused(quick: Keeper, tmp_path: Path, damage: object, said: str) -> None:
    file = a_bundle(tmp_path)
    cargo = a_cargo(file)
    assert callable(damage)
    damage(file)
    failure = bring(quick, cargo)
    assert failure is not None
    assert (failure.ending, said in str(failure)) == (Ending.REFUSED, True)


def test_a_digest_is_computed_once_for_all_gateways(
    quick: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = a_bundle(tmp_path)
    read: list[Path] = []

    def counted(path: Path) -> str:
        read.append(path)
        return sha256(path)

    monkeypatch.setattr(depot, "sha256", counted)
    with carrier_to(quick) as carrier:
        askers = [Asker() for _ in range(3)]
        for number, asker in enumerate(askers):
            carrier.bring(a_cargo(file, keeper=f"s/gw{number}"), asker.wanted, asker.then)
        assert [asker.failure for asker in askers] == [None, None, None]
    assert read == [file]


def test_a_partial_file_that_a_power_cut_spoilt_is_thrown_away_and_sent_anew(keeper: Keeper, tmp_path: Path) -> None:
    file = a_bundle(tmp_path)
    cargo = a_cargo(file)
    spoilt = keeper.partial(cargo.step.bundle)
    spoilt.parent.mkdir(parents=True, exist_ok=True)
    spoilt.write_bytes(b"\0" * 4096)
    assert bring(keeper, cargo) is None
    assert keeper.kept(cargo.step.bundle) == file.read_bytes()


def test_whoever_asks_for_the_same_shares_one_copy(quick: Keeper, tmp_path: Path) -> None:
    file = a_bundle(tmp_path)
    with carrier_to(quick) as carrier:
        askers = [Asker() for _ in range(20)]
        for number, asker in enumerate(askers):
            carrier.bring(a_cargo(file, unit=f"s/r{number}", rate=1_000_000), asker.wanted, asker.then)
        assert [asker.failure for asker in askers] == [None] * 20
    assert len(quick.calls) == 2, "one question, one copy"


def test_a_rate_is_kept(quick: Keeper, tmp_path: Path) -> None:
    cargo = a_cargo(a_bundle(tmp_path, size=500_000), rate=500_000)
    began_s = time.monotonic()
    assert bring(quick, cargo) is None
    assert time.monotonic() - began_s > 0.9


def test_a_copy_that_nobody_waits_for_ends_and_what_arrived_stays(quick: Keeper, tmp_path: Path) -> None:
    cargo = a_cargo(a_bundle(tmp_path, size=1_000_000), rate=100_000)
    part = quick.partial(cargo.step.bundle)
    with carrier_to(quick) as carrier:
        asker = Asker()
        carrier.bring(cargo, asker.wanted, asker.then)
        until(part.exists)
        asker.still_wants = False
        failure = asker.failure
    assert failure is not None
    assert (failure.ending, failure.cause) == (Ending.NO_OUTCOME, Cause.CANCELLED)
    assert part.exists()


def test_closing_ends_what_is_under_way_and_tells_everybody(quick: Keeper, tmp_path: Path) -> None:
    file = a_bundle(tmp_path, size=1_000_000)
    askers = [Asker(), Asker()]
    with carrier_to(quick, at_once=1) as carrier:
        for number, asker in enumerate(askers):
            carrier.bring(a_cargo(file, keeper=f"s/gw{number}", rate=100_000), asker.wanted, asker.then)
        until(lambda: quick.calls != [])
    assert all(asker.is_told and asker.failure is not None for asker in askers)


def test_a_controller_that_was_taken_over_sends_nothing(quick: Keeper, tmp_path: Path) -> None:
    def check_leading() -> None:
        raise CouldNot("another controller has taken over")

    carrier = Carrier(quick.reach, check_leading)
    asker = Asker()
    carrier.bring(a_cargo(a_bundle(tmp_path)), asker.wanted, asker.then)
    failure = asker.failure
    carrier.close()
    assert str(failure) == "another controller has taken over"
    assert quick.calls == []


def test_a_machine_that_has_seen_a_newer_controller_refuses(tmp_path: Path) -> None:
    keeper = Keeper.make(tmp_path / "gw")
    keeper.root.call("status", "--epoch", "7")
    failure = bring(keeper, a_cargo(a_bundle(tmp_path), epoch=6))
    assert failure is not None
    assert failure.ending is Ending.REFUSED
    assert "epoch" in str(failure)


@pytest.fixture
def real(tmp_path: Path) -> Keeper:
    return Keeper.make(tmp_path / "gw")


def successors(keeper: Keeper, folder: Path) -> tuple[Path, Cargo]:
    """Bring a bundle; return it with the cargo of one that is like it, of which a tenth is new."""
    parts = [zlib.compress(random.Random(number).randbytes(20_000)) for number in range(22)]
    old, new = folder / "1.raucb", folder / "2.raucb"
    old.write_bytes(b"".join(parts[:20]))
    new.write_bytes(b"".join(parts[20:] + parts[:20]))
    first = a_cargo(old)
    assert bring(keeper, first) is None
    return old, replace(a_cargo(new), others={first.step.bundle: old})


def went(keeper: Keeper, count: int) -> list[str]:
    """Return how the last execs went; one from byte 0 on may send something as well."""
    return ["difference" if "--bases" in call else "asked" for call in keeper.calls[-count:]]


def test_only_what_is_new_is_sent(real: Keeper, tmp_path: Path) -> None:
    _, cargo = successors(real, tmp_path)
    real.cut(None, 50_000)  # a tenth of the bundle comes through, then the line breaks
    assert bring(real, cargo) is None
    assert real.kept(cargo.step.bundle) == cargo.file.read_bytes()
    assert went(real, 3) == ["asked", "difference", "asked"]


def test_a_difference_that_was_cut_goes_on_as_one(real: Keeper, tmp_path: Path) -> None:
    _, cargo = successors(real, tmp_path)
    real.cut(None, 30_000, None, 50_000)
    assert bring(real, cargo) is None
    assert real.kept(cargo.step.bundle) == cargo.file.read_bytes()
    assert went(real, 5) == ["asked", "difference", "asked", "difference", "asked"]


def test_a_machine_that_knows_no_differences_gets_the_bundle(quick: Keeper, tmp_path: Path) -> None:
    _, cargo = successors(quick, tmp_path)
    assert bring(quick, cargo) is None
    assert quick.kept(cargo.step.bundle) == cargo.file.read_bytes()
    assert "difference" not in went(quick, 4)


def test_a_difference_to_what_is_damaged_there_costs_a_copy(real: Keeper, tmp_path: Path) -> None:
    old, cargo = successors(real, tmp_path)
    (base,) = real.root.path("/data/fleet/bundles").glob("*.raucb")
    base.write_bytes(b"!" + old.read_bytes()[1:])
    assert bring(real, cargo) is None
    assert real.kept(cargo.step.bundle) == cargo.file.read_bytes()
    assert went(real, 4) == ["asked", "difference", "asked", "asked"], "the last is a copy from the first byte on"


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
