"""The inventory in the forms that other tools read: Ansible, Prometheus, spreadsheets; and in full, for people."""

from __future__ import annotations

import csv
import io
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fleetctl.core.inventory.fleet import Fleet, Kind, Unit
from fleetctl.core.labels import unit_labels

NODE_EXPORTER_PORT = 9100
COLUMNS = (
    "unit", "site", "id", "kind", "model", "serial", "mac", "address", "building", "dwelling", "room", "loop",
    "gateway", "port", "channel", "release",
)  # fmt: skip

_NOT_A_NAME = re.compile(r"[^A-Za-z0-9_]")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def row(unit: Unit) -> dict[str, str]:
    """Return what a table shows of a unit, by the names in `COLUMNS`."""
    return {
        "unit": unit.name,
        "site": unit.site,
        "id": unit.id,
        "kind": unit.kind.value,
        "model": unit.model,
        "serial": unit.serial,
        "mac": unit.mac,
        "address": unit.address,
        "building": unit.building,
        "dwelling": unit.dwelling,
        "room": unit.room,
        "loop": unit.loop,
        "gateway": unit.gateway,
        "port": unit.port,
        "channel": unit.channel,
        "release": unit.release,
    }


def csv_text(units: Iterable[Unit]) -> str:
    """Return units as CSV (RFC 4180), with a header.

    A value that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_inert(value) for value in row(unit).values()] for unit in units)
    return text.getvalue()


def prometheus(units: Iterable[Unit], *, port: int = NODE_EXPORTER_PORT) -> list[dict[str, Any]]:
    """Return units as targets of Prometheus's file-based service discovery."""
    return [{"targets": [_endpoint(unit.address, port)], "labels": unit_labels(unit)} for unit in units]


def ansible(fleet: Fleet, units: Sequence[Unit]) -> dict[str, Any]:
    """Return units as an Ansible inventory in the form of its YAML plug-in, which reads JSON as well.

    Hosts are called as in fleetctl's own SSH configuration (`unit.site`), in groups by site, kind, model, building and
    channel. Units behind a gateway are reached through it.
    """
    groups: dict[str, dict[str, Any]] = {}
    for unit in units:
        for group in _groups(unit):
            groups.setdefault(group, {"hosts": {}})["hosts"][unit.alias] = {}
    hosts = {unit.alias: _host_variables(fleet, unit) for unit in units}
    return {"all": {"hosts": hosts, "children": {name: groups[name] for name in sorted(groups)}}}


def _groups(unit: Unit) -> list[str]:
    """Return the groups of a unit; Ansible takes letters, digits and underscores for their names."""
    building = f"building_{unit.site}_{unit.building}" if unit.building else ""
    names = [f"site_{unit.site}", f"kind_{unit.kind}", f"model_{unit.model}", f"channel_{unit.channel}", building]
    return [_NOT_A_NAME.sub("_", name) for name in names if name]


def _host_variables(fleet: Fleet, unit: Unit) -> dict[str, Any]:
    # "serial" and "port" mean something to Ansible, so everything of ours has a prefix.
    described = {f"fleet_{name}": value for name, value in row(unit).items() if value}
    arguments = _ssh_arguments(fleet, unit)
    return {
        "ansible_host": (unit.uplink_address or unit.address) if unit.kind is Kind.GATEWAY else unit.address,
        "ansible_port": unit.ssh.port,
        "ansible_user": unit.ssh.user,
        "ansible_become": unit.ssh.become,
        **({"ansible_ssh_common_args": shlex.join(arguments)} if arguments else {}),
        **described,
    }


def _ssh_arguments(fleet: Fleet, unit: Unit) -> list[str]:
    gateway = fleet.gateway_of(unit)
    if gateway is None:
        return _dialled(unit)
    to_gateway = f"{gateway.ssh.user}@{gateway.uplink_address or gateway.address}"
    if not gateway.dial:
        return ["-o", f"ProxyJump={to_gateway}:{gateway.ssh.port}"]
    # A jump host takes no options, so the command that reaches it is spelt out.
    command = ["ssh", *_dialled(gateway), "-p", str(gateway.ssh.port), "-W", "%h:%p", to_gateway]
    return ["-o", f"ProxyCommand={_quoted(command)}"]


def _dialled(gateway: Unit) -> list[str]:
    return ["-o", f"ProxyCommand={_escaped(shlex.join(gateway.dial))}"] if gateway.dial else []


def _quoted(command: Sequence[str]) -> str:
    """Join a command for ssh, which expands `%` in it: only the `%h:%p` that is meant for it stays as it is."""
    return " ".join(word if word == "%h:%p" else _escaped(shlex.quote(word)) for word in command)


def _escaped(command: str) -> str:
    return command.replace("%", "%%")


def _endpoint(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _inert(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value


def describe(fleet: Fleet, unit: Unit) -> Mapping[str, Any]:
    """Return all that is declared of a unit, with every default applied, as plain data."""
    model = fleet.models[unit.model]
    return {
        **row(unit),
        "host_name": unit.host_name,
        "power_w": model.power_w,
        "labels": dict(unit.labels),
        "ssh": {"user": unit.ssh.user, "port": unit.ssh.port, "become": unit.ssh.become},
        "heat": {
            "min_setpoint_c": unit.heat.min_setpoint_c,
            "max_setpoint_c": unit.heat.max_setpoint_c,
            "default_setpoint_c": unit.heat.default_setpoint_c,
            "watchdog_s": unit.heat.watchdog_s,
            "max_power_w": unit.heat.max_power_w or model.power_w,
        },
        "compute": {
            "platform": unit.compute.platform,
            "controller": unit.compute.controller,
            "partition": unit.compute.partition,
            "cpus": unit.compute.cpus,
            "secret": unit.compute.secret,
        },
    }
