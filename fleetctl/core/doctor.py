"""What is missing on a machine, and how to get it: checks as data, from what was seen of the machine.

Looking at the machine is `adapters.machine`'s. Only what fleetctl cannot work without is *missing*; whatever makes
something more possible is *optional*.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

SCHEMA = "fleetctl/doctor/v1"
PYTHON = (3, 11)
DISK_BYTES = 1 << 30
"""Room for the state, reports and the lab's stand-ins."""
TMPFS_BYTES = 64 << 20
"""Room for what Ansible writes while a batch runs."""
CLOCK_SLACK = timedelta(minutes=5)


class Grade(StrEnum):
    """How a check came out."""

    OK = "ok"
    MISSING = "missing"
    OPTIONAL = "optional"
    """Missing, and only some of what fleetctl does needs it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        subject: what it is.
        found: what is there, in words.
        purpose: what needs it.
        cure: the next step if it is missing; a command where there is one.
        package: Debian package that has it; empty if none does.
    """

    subject: str
    finding: Grade
    found: str
    purpose: str
    cure: str = ""
    package: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """What was seen of a machine.

    Attributes:
        programs: path by name, of those that were found.
        version_of: first line of what a program says of its version, by name.
        free_bytes: by what the room is for.
        agent_keys: keys that the SSH agent holds; None without an agent.
        newest_file: when a file of this installation was written: the clock cannot be before it.
    """

    python: tuple[int, int, int]
    programs: Mapping[str, str]
    now: datetime
    newest_file: datetime
    version_of: Mapping[str, str] = field(default_factory=dict)
    free_bytes: Mapping[str, int] = field(default_factory=dict)
    agent_keys: int | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """A program that fleetctl runs, the Debian package that has it, and what for."""

    name: str
    package: str
    purpose: str
    needed: bool = False


PROGRAMS = (
    Program("ssh", "openssh-client", "reaching units: Ansible's connections, 'unit ssh'", needed=True),
    Program("git", "git", "the commit that a plan was made from"),
    Program("sshd", "openssh-server", "stand-in units (lab)"),
    Program("ip", "iproute2", "stand-in units in networks of their own (lab)"),
    Program("tc", "iproute2", "slow links of stand-in units (lab)"),
    Program("unshare", "util-linux", "stand-in units in namespaces (lab)"),
    Program("age-keygen", "age", "making keys for secrets in age files"),
    Program("sops", "", "secrets in SOPS files"),
    Program("rauc", "rauc", "looking into bundles"),
)


def checks(machine: Machine) -> Iterator[Check]:
    """Yield what can be said from looking at the machine alone."""
    yield _python(machine)
    yield from (_program(machine, program) for program in PROGRAMS)
    yield _agent(machine)
    yield _clock(machine)
    yield _room(machine, "folder of the state", DISK_BYTES, "state, reports and the lab", needed=True)
    yield _room(machine, "tmpfs", TMPFS_BYTES, "what Ansible writes while it runs; a disk serves as well")


def healthy(found: Iterable[Check]) -> bool:
    """Say whether nothing is missing that fleetctl cannot do without."""
    return all(check.finding is not Grade.MISSING for check in found)


def to_document(found: Iterable[Check]) -> dict[str, Any]:
    """Return the checks as plain data of schema `fleetctl/doctor/v1`."""
    rows = list(found)
    return {"schema": SCHEMA, "healthy": healthy(rows), "checks": [asdict(check) for check in rows]}


def cure_lines(found: Iterable[Check]) -> Iterator[str]:
    """Yield the next steps: one command for all packages, then whatever else is to be done."""
    lacking = [check for check in found if check.finding is not Grade.OK]
    packages = sorted({check.package for check in lacking if check.package})
    if packages:
        yield f"sudo apt-get install --no-install-recommends {' '.join(packages)}"
    yield from dict.fromkeys(f"{check.subject}: {check.cure}" for check in lacking if check.cure)


def _python(machine: Machine) -> Check:
    version = ".".join(map(str, machine.python))
    enough = machine.python[:2] >= PYTHON
    cure = "" if enough else "install Python 3.11 or newer and set fleetctl up with it"
    return Check("python", Grade.OK if enough else Grade.MISSING, version, "fleetctl itself", cure)


def _program(machine: Machine, program: Program) -> Check:
    path = machine.programs.get(program.name)
    if path is not None:
        version = machine.version_of.get(program.name, "")
        return Check(program.name, Grade.OK, f"{path} {version}".strip(), program.purpose, package=program.package)
    cure = "" if program.package else "Debian has no package of it; its project's page says how to get it"
    finding = Grade.MISSING if program.needed else Grade.OPTIONAL
    return Check(program.name, finding, "not found", program.purpose, cure, program.package)


def _agent(machine: Machine) -> Check:
    purpose = "logging in to units whose site names no key file"
    if machine.agent_keys:
        return Check("ssh agent", Grade.OK, f"{machine.agent_keys} keys", purpose)
    found = "not running" if machine.agent_keys is None else "it holds no key"
    cure = "eval $(ssh-agent) && ssh-add" if machine.agent_keys is None else "ssh-add"
    return Check("ssh agent", Grade.OPTIONAL, found, purpose, cure)


def _clock(machine: Machine) -> Check:
    found, purpose = f"{machine.now:%Y-%m-%d %H:%M:%S} UTC", "leases, windows, the expiry of plans"
    if machine.now + CLOCK_SLACK < machine.newest_file:
        cure = f"set it: files of this installation are from {machine.newest_file:%Y-%m-%d %H:%M}"
        return Check("clock", Grade.MISSING, found, purpose, cure)
    return Check("clock", Grade.OK, found, purpose)


def _room(machine: Machine, of: str, least: int, purpose: str, *, needed: bool = False) -> Check:
    free = machine.free_bytes.get(of)
    if free is not None and free >= least:
        return Check(of, Grade.OK, f"{free >> 20} MiB free", purpose)
    found = "cannot be written" if free is None else f"{free >> 20} MiB free"
    cure = f"make room: {least >> 20} MiB or more"
    return Check(of, Grade.MISSING if needed else Grade.OPTIONAL, found, purpose, cure)
