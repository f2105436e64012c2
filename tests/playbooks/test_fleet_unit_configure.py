"""`fleet-unit configure`: all or nothing, checked before and after, once."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from fleetctl.core.config import ConfigFile
from tests.builders.unit_root import PROGRAM, PYTHON, UnitRoot, config, payload_bytes

OLD = ConfigFile("/etc/heat/agent.conf", "limit 500\n", service="agent")
NEW = ConfigFile("/etc/heat/agent.conf", "limit 600\n", service="agent")


@pytest.fixture
def unit(tmp_path: Path) -> UnitRoot:
    made = UnitRoot.make(tmp_path)
    made.hook("agent", "exit 0")
    return made


def test_files_become_active_under_the_digest(unit: UnitRoot) -> None:
    outcome = unit.configure(OLD)
    assert (outcome["ending"], outcome["digest"]) == ("ok", config(OLD).digest)
    assert unit.read("/etc/heat/agent.conf") == "limit 500\n"
    assert unit.status()["config"] == {
        "digest": config(OLD).digest,
        "changed": [],
        "unconfirmed": "",
        "files": dict(config(OLD).file_digests),
        "reboot_needed": False,
        "previous": "",
    }


def test_services_are_checked_on_the_staged_files_then_reloaded(unit: UnitRoot) -> None:
    unit.configure(OLD)
    assert unit.hook_calls == ["agent check", "agent reload"]


def test_only_services_of_changed_files_are_reloaded(unit: UnitRoot) -> None:
    unit.hook("net", "exit 0")
    net = ConfigFile("/etc/net/eth0.network", "dhcp\n", service="net")
    unit.configure(OLD, net)
    before = len(unit.hook_calls)
    unit.configure(NEW, net)
    assert unit.hook_calls[before:] == ["agent check", "agent reload"]


def test_an_unchanged_config_reloads_nothing(unit: UnitRoot) -> None:
    unit.configure(OLD)
    calls = unit.hook_calls
    assert unit.configure(OLD)["message"] == "already active"
    assert unit.hook_calls == calls


def test_a_service_without_a_hook_is_noted(unit: UnitRoot) -> None:
    outcome = unit.configure(ConfigFile("/etc/ntp.conf", "pool\n", service="ntp"))
    assert outcome["ending"] == "ok"
    assert "no hook for ntp" in outcome["message"]


def test_a_check_that_objects_leaves_everything_as_it_was(unit: UnitRoot) -> None:
    unit.configure(OLD)
    unit.hook("agent", 'echo "limit 600 is too much" >&2; [ "$1" != check ]')
    outcome = unit.configure(NEW)
    assert outcome["ending"] == "refused"
    assert "limit 600 is too much" in outcome["message"]
    assert unit.read("/etc/heat/agent.conf") == "limit 500\n"
    assert config(NEW).digest not in names(unit, "/data/fleet/config")


def test_the_check_sees_the_staged_files(unit: UnitRoot) -> None:
    unit.hook("agent", '[ "$1" = reload ] || grep -q 500 "$2/etc/heat/agent.conf"')
    assert unit.configure(OLD)["ending"] == "ok"
    assert unit.configure(NEW)["ending"] == "refused"


def test_a_reload_that_fails_brings_the_old_config_back(unit: UnitRoot) -> None:
    unit.configure(OLD)
    unit.hook("agent", f'[ "$1" = check ] || grep -q 500 {unit.path("/etc/heat/agent.conf")}')
    outcome = unit.configure(NEW)
    assert (outcome["ending"], outcome["digest"]) == ("rolled_back", config(OLD).digest)
    assert unit.read("/etc/heat/agent.conf") == "limit 500\n"
    assert unit.hook_calls[-2:] == ["agent reload", "agent reload"]
    assert unit.status()["journal"]["outcome"] == "rolled_back"


def test_the_first_config_that_fails_brings_the_originals_back(unit: UnitRoot) -> None:
    unit.write("/etc/heat/agent.conf", "from the factory\n")
    unit.hook("agent", '[ "$1" = check ]')
    assert unit.configure(NEW)["ending"] == "rolled_back"
    assert unit.read("/etc/heat/agent.conf") == "from the factory\n"
    assert not unit.path("/etc/heat/agent.conf").is_symlink()
    assert unit.status()["config"]["digest"] == ""


def test_an_original_is_kept_once_and_comes_back_when_the_file_is_no_longer_declared(unit: UnitRoot) -> None:
    unit.write("/etc/heat/agent.conf", "from the factory\n")
    unit.configure(OLD)
    unit.configure(NEW)
    assert unit.read("/etc/heat/agent.conf.fleet-orig") == "from the factory\n"
    unit.configure(ConfigFile("/etc/other", "x\n"))
    assert unit.read("/etc/heat/agent.conf") == "from the factory\n"
    assert names(unit, "/etc/heat") == ["agent.conf"]


def test_a_file_that_is_no_longer_declared_goes_and_its_service_is_reloaded(unit: UnitRoot) -> None:
    unit.configure(OLD, ConfigFile("/etc/heat/extra.conf", "x\n", service="agent"))
    before = len(unit.hook_calls)
    unit.configure(OLD)
    assert names(unit, "/etc/heat") == ["agent.conf"]
    assert "agent reload" in unit.hook_calls[before:]


def test_a_file_edited_on_the_unit_is_shown_and_repaired(unit: UnitRoot) -> None:
    unit.configure(OLD)
    unit.write("/etc/heat/agent.conf", "limit 9000\n")
    assert unit.status()["config"]["changed"] == ["/etc/heat/agent.conf"]
    assert unit.configure(OLD)["ending"] == "ok"
    assert unit.status()["config"]["changed"] == []
    assert unit.read("/etc/heat/agent.conf") == "limit 500\n"


def test_a_link_replaced_by_an_equal_file_is_shown(unit: UnitRoot) -> None:
    unit.configure(OLD)
    unit.path("/etc/heat/agent.conf").unlink()
    unit.write("/etc/heat/agent.conf", "limit 500\n")
    assert unit.status()["config"]["changed"] == ["/etc/heat/agent.conf"]
    unit.configure(OLD)
    assert unit.path("/etc/heat/agent.conf").is_symlink()


def test_a_changed_mode_is_shown(unit: UnitRoot) -> None:
    unit.configure(OLD)
    unit.path("/etc/heat/agent.conf").chmod(0o666)
    assert unit.status()["config"]["changed"] == ["/etc/heat/agent.conf"]


def test_a_secret_stands_in_its_file_alone(unit: UnitRoot) -> None:
    unit.hook("agent", 'cat "$2/etc/heat/key"; [ "$1" = check ]')
    secret = ConfigFile("/etc/heat/key", "⟦secret:canary@1⟧\n", mode=0o600, service="agent")
    outcome = unit.configure(secret)
    assert outcome["ending"] == "rolled_back"
    unit.hook("agent", "exit 0")
    unit.configure(secret)
    holders = [p for p in unit.root.rglob("*") if p.is_file() and "value-of-canary" in p.read_text(errors="ignore")]
    assert {p.name for p in holders} == {"key"}
    assert all(p.stat().st_mode & 0o777 == 0o600 for p in holders)
    assert "value-of-canary" not in json.dumps(outcome)


def test_the_last_three_configs_are_kept(unit: UnitRoot) -> None:
    files = [ConfigFile("/etc/heat/agent.conf", f"limit {n}\n") for n in range(5)]
    for file in files:
        unit.configure(file)
    assert set(names(unit, "/data/fleet/config")) == {config(file).digest for file in files[-3:]}


def test_an_earlier_config_is_taken_from_the_disk(unit: UnitRoot) -> None:
    unit.configure(OLD)
    unit.configure(NEW)
    unit.configure(OLD)
    assert unit.status()["config"]["digest"] == config(OLD).digest
    assert len(names(unit, "/data/fleet/config")) == 2


def test_a_file_that_needs_a_reboot_says_so_until_there_was_one(unit: UnitRoot) -> None:
    outcome = unit.configure(ConfigFile("/etc/kernel.conf", "x\n", reboot=True))
    assert outcome["reboot_needed"]
    assert unit.status()["config"]["reboot_needed"]
    unit.reboot()
    assert not unit.status()["config"]["reboot_needed"]


def test_a_rolled_back_file_needs_no_reboot(unit: UnitRoot) -> None:
    unit.hook("agent", '[ "$1" = check ]')
    unit.configure(ConfigFile("/etc/kernel.conf", "x\n", service="agent", reboot=True))
    assert not unit.status()["config"]["reboot_needed"]


def test_work_goes_on_when_the_connection_is_lost(unit: UnitRoot) -> None:
    unit.hook("agent", f'[ "$1" = check ] || while [ ! -e {unit.path("/go")} ]; do sleep 0.02; done')
    unit.step += 1
    caller = subprocess.Popen(
        # whoever runs the tests may ignore the signal (nohup does), and so would whatever they start
        ["env", "--default-signal=HUP", *PYTHON, str(PROGRAM), "configure", *unit.step_options()],
        stdin=subprocess.PIPE,
        env=unit.environment(),
        stdout=subprocess.DEVNULL,
    )
    assert caller.stdin is not None
    caller.stdin.write(payload_bytes(config(OLD)))
    caller.stdin.close()
    eventually(lambda: "agent reload" in unit.hook_calls)
    assert unit.status()["journal"]["outcome"] == ""
    caller.send_signal(signal.SIGHUP)
    caller.wait()
    unit.write("/go", "")
    eventually(lambda: unit.status()["journal"]["outcome"] == "ok")
    assert unit.configure(OLD, again=True)["repeated"]


BAD_FILES: dict[str, dict[str, Any]] = {
    "relative": {"path": "etc/passwd"},
    "dots": {"path": "/etc/../root/.ssh/authorized_keys"},
    "elsewhere": {"path": "/root/.ssh/authorized_keys"},
    "identity": {"path": "/etc/shadow"},
    "host key": {"path": "/etc/ssh/ssh_host_ed25519_key"},
    "directory": {"path": "/etc/fleet"},
    "below a file": {"path": "/etc/fleet/release/x"},
    "control character": {"path": "/etc/a\nb"},
    "through a link": {"path": "/etc/out/x"},
    "setuid": {"mode": 0o4755},
    "unreadable": {"mode": 0},
    "no text": {"content": 7},
    "bad service": {"service": "../../bin/sh"},
    "large": {"content": "x" * (1 << 20) + "x"},
    "no digest": {"source_digest": "abc"},
}


@pytest.mark.parametrize("change", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_file_that_may_not_be_written_is_refused(unit: UnitRoot, change: dict[str, Any]) -> None:
    unit.path("/etc/out").symlink_to("/tmp")
    payload = json.loads(payload_bytes(config(OLD)))
    payload["files"][0] |= change
    outcome = unit.effect("configure", stdin=json.dumps(payload).encode())
    assert outcome["ending"] == "refused"
    assert not unit.path("/data/fleet/slots/A").exists()


@pytest.mark.parametrize(
    "stdin",
    [
        b"",
        b"[]",
        payload_bytes(config(OLD))[:-20],
        b"x" * ((8 << 20) + 1),
        payload_bytes(config(OLD, OLD)),
        payload_bytes(config()),
        payload_bytes(config(OLD), 10**9),
    ],
    ids=["empty", "list", "cut", "huge", "twice", "no files", "timeout"],
)
def test_a_payload_that_is_none_is_refused(unit: UnitRoot, stdin: bytes) -> None:
    assert unit.effect("configure", stdin=stdin)["ending"] == "refused"


def test_bad_usage_says_how_it_is_called(unit: UnitRoot) -> None:
    for arguments in ((), ("nonsense",), ("configure",), ("verify", "--epoch", "x", "--attempt", "a", "--step", "1")):
        done = unit.run(*arguments)
        assert (done.returncode, done.stdout) == (2, b"")
        assert b"fleet-unit configure" in done.stderr


def names(unit: UnitRoot, folder: str) -> list[str]:
    return sorted(p.name for p in unit.path(folder).iterdir())


def eventually(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
