"""Routes as a configuration file for OpenSSH's client, given with `-F`: Ansible and `unit ssh` use it.

Everything stands in the file, because options given by `-o` do not reach the hop before. Host keys are looked up by
alias in a file generated from the pins: a unit without pins is refused, and nothing is ever learnt.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from fleetctl.core.problems import CouldNot
from fleetctl.core.route import Hop, Pin, Route

CONNECT_TIMEOUT_S = 15
ALIVE_INTERVAL_S = 10
ALIVE_COUNT = 3
INNER_KEX = "curve25519-sha256,curve25519-sha256@libssh.org"
"""Inside the gateway's connection the cheap exchange does: the outer hop is the one that an eavesdropper records."""
RSA_SIGNATURES = ("rsa-sha2-512", "rsa-sha2-256")


def write_ssh_config(routes: Iterable[Route], folder: Path, *, masters: Path | None = None) -> Path:
    """Write the routes as `ssh_config` with its known hosts beside it.

    Args:
        routes: ways to units; their gateways are written once.
        folder: private and existing; files of the same routes replace each other.
        masters: folder of the control sockets of running master connections (see `MasterConnections`), or None.

    Returns:
        The file for `ssh -F`.
    """
    known_hosts, config = folder / "known_hosts", folder / "ssh_config"
    blocks, pinned = {}, {}
    for route in routes:
        for number, hop in enumerate(route.hops):
            blocks[hop.alias] = _host(route, number, config, masters)
            pinned[hop.alias] = known_host_lines(hop)
    _write(known_hosts, "".join(line for alias in sorted(pinned) for line in pinned[alias]))
    _write(config, "\n".join([*blocks.values(), _for_all(known_hosts)]))
    return config


def control_path(masters: Path, hop: Hop) -> Path:
    """Return the control socket of a gateway; short, because a socket's path has 107 characters at most."""
    return masters / hashlib.sha256(hop.alias.encode()).hexdigest()[:12]


def known_host_lines(hop: Hop) -> list[str]:
    """Return a hop's lines of a known_hosts file."""
    return [f"{hop.alias} {pin.key_type} {pin.key}\n" for pin in hop.pins]


def host_key_algorithms(pins: Sequence[Pin]) -> list[str]:
    """Return the algorithms under which a server may prove the pinned keys."""
    return [name for pin in pins for name in (RSA_SIGNATURES if pin.key_type == "ssh-rsa" else (pin.key_type,))]


def _host(route: Route, number: int, config: Path, masters: Path | None) -> str:
    hop = route.hops[number]
    options = {
        "HostName": _quoted(hop.host),
        "Port": str(hop.port),
        "User": _quoted(hop.user),
        "HostKeyAlias": hop.alias,
    }
    if hop.pins:
        options["HostKeyAlgorithms"] = ",".join(host_key_algorithms(hop.pins))
    if hop.identity_file:
        options |= {"IdentityFile": _quoted(hop.identity_file), "IdentitiesOnly": "yes"}
    if number > 0:
        options |= {"KexAlgorithms": INNER_KEX, "ProxyCommand": _through(route.hops[number - 1], config, masters)}
    elif route.dial:
        options["ProxyCommand"] = f"sh {_shell_word(_dial_script(route, config.parent))}"
    return "\n".join([f"Host {hop.alias}", *(f"  {key} {value}" for key, value in options.items()), ""])


def _through(gateway: Hop, config: Path, masters: Path | None) -> str:
    """Return the command that forwards through a gateway.

    It alone names the master: a gateway that is itself a target gets a connection of its own, as a confirmation must.
    """
    master = f"-S {_shell_word(control_path(masters, gateway))} " if masters else ""
    return f"ssh -F {_shell_word(config)} {master}-W [%h]:%p {gateway.alias}"


def _dial_script(route: Route, folder: Path) -> Path:
    """Write a dial command as a script: in the configuration itself a line break or a quote would end it."""
    script = folder / f"dial-{route.hops[0].alias}"
    _write(script, f"exec {shlex.join(route.dial)}\n")
    return script


def _for_all(known_hosts: Path) -> str:
    options = {
        "UserKnownHostsFile": _quoted(str(known_hosts)),
        "GlobalKnownHostsFile": "none",
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "CheckHostIP": "no",
        "VerifyHostKeyDNS": "no",
        "BatchMode": "yes",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "ForwardAgent": "no",
        "ForwardX11": "no",
        "ConnectTimeout": str(CONNECT_TIMEOUT_S),
        "ServerAliveInterval": str(ALIVE_INTERVAL_S),
        "ServerAliveCountMax": str(ALIVE_COUNT),
    }
    return "\n".join(["Host *", *(f"  {key} {value}" for key, value in options.items()), ""])


def _shell_word(path: Path) -> str:
    return shlex.quote(_plain(str(path))).replace("%", "%%")


def _quoted(text: str) -> str:
    return '"' + _plain(text).replace("%", "%%") + '"'


def _plain(text: str) -> str:
    """Refuse what could not stand in the configuration as it is: it would be read as something else."""
    if not text.isprintable() or any(char in text for char in "\"'\\"):
        raise CouldNot(
            f"{text!r} cannot stand in a configuration of OpenSSH", hint="avoid quotes and line breaks in it"
        )
    return text


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.touch(0o600)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
