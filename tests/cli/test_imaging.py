"""`image request|withdraw|status|serve`, `inventory unknown` and `unit reimage` by the real command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from fleetctl.adapters.store.state import open_state
from fleetctl.core.imaging.claim import Claim
from fleetctl.core.imaging.record import Stranger
from fleetctl.core.route import Pin
from tests.builders import imager as bench
from tests.builders import one_machine
from tests.builders.command import call
from tests.builders.imaging import NOON, host_key
from tests.builders.inventories import a_folder

UNIT, OTHER = "here/a101-1", "here/a101-2"
SERIAL, MAC = "QR-1", "02:00:00:00:00:11"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder: a fleet whose state is empty."""
    for name, text in a_folder().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("FLEETCTL_IMAGING_KEY", str(tmp_path / "imaging-key"))
    return tmp_path


def state_url(folder: Path) -> str:
    return f"sqlite:///{folder / '.fleetctl/state.db'}"


def test_units_are_asked_for_shown_and_withdrawn(folder: Path) -> None:
    assert call("image", "request", "dwelling=A101").code == 0
    rows = json.loads(call("-o", "json", "image", "status").out)["units"]
    assert [(row["unit"], row["stage"]) for row in rows] == [(UNIT, "requested"), (OTHER, "requested")]
    assert call("image", "withdraw", UNIT).err == f"{UNIT}: withdrawn\n"
    assert "none of them" in call("image", "withdraw", UNIT).err
    assert call("image", "status", UNIT).out.splitlines()[1].split()[1] == "withdrawn"


def test_a_unit_with_a_host_key_or_without_labels_is_refused_and_nothing_is_asked_for(folder: Path) -> None:
    call("image", "status")
    state = open_state(state_url(folder))
    state.units.pin({UNIT: (Pin(*host_key().split()),)}, actor="ada", at=NOON, why="adopted")
    state.close()
    ran = call("image", "request", UNIT, OTHER, "here/gw-p")
    assert ran.code == 2
    assert f"{UNIT} has a host key" in ran.err
    assert "here/gw-p cannot be imaged: its serial and MAC are not declared" in ran.err
    assert json.loads(call("-o", "json", "image", "status").out)["units"] == []


def test_unknown_machines_are_listed_with_the_reason_until_they_are_declared(folder: Path) -> None:
    call("image", "status")
    state = open_state(state_url(folder))
    for serial, mac in (("X-1", "02:00:00:00:00:99"), ("X-2", MAC), (SERIAL, MAC)):
        state.imaging.saw(Stranger(Claim(serial, mac), "then", NOON, NOON, address="10.77.1.250"))
    state.close()
    found = json.loads(call("-o", "json", "inventory", "unknown").out)["units"]
    assert [(each["serial"], each["reason"]) for each in found] == [
        ("X-2", f"it has the MAC of {UNIT}, whose serial is {SERIAL}"),
        ("X-1", "no unit has its serial or its MAC"),
    ]
    assert "10.77.1.250" in call("inventory", "unknown").out


def test_a_folder_without_images_is_told(folder: Path) -> None:
    ran = call("image", "serve", "--images", str(folder))
    assert ran.code == 2
    assert "there is no image" in ran.err
    assert call("image", "serve", "--listen", "nonsense").code == 2


def test_reimaging_asks_first_and_a_unit_that_nobody_knows_well_is_left_alone(folder: Path) -> None:
    assert call("unit", "reimage", UNIT).code == 1
    ran = call("unit", "reimage", UNIT, "--yes")
    assert ran.code == 2
    assert f"{UNIT}: " in ran.err
    assert json.loads(call("-o", "json", "image", "status").out)["units"] == []


def told(url: str, path: str, **words: str) -> tuple[int, str]:
    """Say something to an imaging server as a machine does; return the status and the answer."""
    try:
        with urlopen(f"{url}/v1/{path}", urlencode(words).encode(), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as refused:
        return refused.code, refused.read().decode()


@pytest.mark.skipif(bool(bench.lacking()), reason=bench.lacking() or "-")
def test_a_token_that_is_used_twice_is_refused_and_the_first_key_stays(folder: Path) -> None:
    bench.write_image(folder / "images/qh-1", version="qh-1", compatible="heat-qh")
    assert call("image", "request", UNIT).code == 0
    machine = {"serial": SERIAL, "mac": MAC, "boot": "b007-0001"}
    with serving() as (server, url):
        with urlopen(f"{url}/v1/manifest?{urlencode(machine)}", timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        token = next(line.partition("=")[2] for line in lines if line.startswith("token="))
        assert told(url, "enrol", **machine, token=token, key=host_key("A"))[0] == 200
        code, said = told(url, "enrol", **machine, token=token, key=host_key("B"))
        assert code == 403
        assert "its token was used before, for another key" in said
        assert told(url, "done", **machine, token=token)[0] == 200
        assert told(url, "enrol", **machine, token=token, key=host_key("B"))[0] == 403
        server.communicate(timeout=60)
    shown = json.loads(call("-o", "json", "unit", "show", UNIT).out)
    assert [key["fingerprint"] for key in shown["host_keys"]] == [Pin(*host_key("A").split()).fingerprint]


@contextmanager
def serving() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Serve images until every unit is done, in a process of its own; yield it and its address."""
    words = ["-o", "json", "image", "serve", "--images", "images", "--listen", "127.0.0.1:0", "--until-done"]
    program = [sys.executable, "-c", "from fleetctl.cli.main import run; run()"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [*program, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        yield server, next(line.split()[-1] for line in server.stderr if line.startswith("imaging at "))


@pytest.mark.skipif(bool(bench.lacking()), reason=bench.lacking() or "-")
def test_serving_ends_when_every_unit_is_done_and_says_how_each_came_there(folder: Path) -> None:
    bench.write_image(folder / "images/qh-1", version="qh-1", compatible="heat-qh")
    assert call("image", "request", UNIT).code == 0
    with serving() as (server, url):
        machine = [sys.executable, "-I", one_machine.__file__, url]
        strange = subprocess.run([*machine, "X-1", "02:00:00:00:00:99", host_key()], capture_output=True)
        assert strange.returncode != 0
        subprocess.run([*machine, SERIAL, MAC, host_key()], check=True, capture_output=True)
        out, _ = server.communicate(timeout=60)
    lines = [json.loads(line) for line in out.splitlines()]
    stages = [line["stage"] for line in lines if line["schema"] == "fleetctl/imaging/v1"]
    assert (stages[0], stages[-1], server.returncode) == ("requested", "done", 0)
    assert [line["serial"] for line in lines if line["schema"] == "fleetctl/unknown-unit/v1"] == ["X-1"]
    assert host_key() in out
    shown = json.loads(call("-o", "json", "unit", "show", UNIT).out)
    assert len(shown["host_keys"]) == 1
