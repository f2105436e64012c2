"""The hooks of services that a stand-in does not run: their files are checked, and nothing is reloaded.

A unit's configuration runs one of these for each such service, twice a rollout; so this imports next to nothing.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping

_VARIABLE = re.compile(r"""[A-Za-z_][A-Za-z0-9_]*=("[^"]*"|'[^']*'|[^\s"']*)""")
_SAMPLE = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})? \S+( \d+)?")
_OPTION = re.compile(r"[a-z0-9-]+(=.+)?")
_CHRONY = ("server", "pool", "peer", "allow", "deny", "local", "driftfile", "makestep", "rtcsync", "bindaddress")
_LABELS = ("etc/fleet", "var/lib/prometheus/node-exporter")

Tree = str | os.PathLike[str]
Check = Callable[[Tree], None]


def main() -> int:
    """Run one hook; its name is the service."""
    return run(CHECKS, {})


def run(checks: Mapping[str, Check], reloads: Mapping[str, Callable[[], None]]) -> int:
    """Do what the command line says with the service that the program is called after; return the exit code."""
    service, verb = os.path.basename(sys.argv[0]), sys.argv[1]  # noqa: PTH119 - pathlib costs more than the check
    try:
        if verb == "check":
            checks[service](sys.argv[2])
        elif verb == "reload":
            reloads.get(service, _nothing)()
        else:
            raise ValueError(f"expected check or reload, got '{verb}'")
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def check_time(tree: Tree) -> None:
    """Check time synchronisation: sections of timesyncd, directives of chrony."""
    for path in _files(tree, "etc/systemd/timesyncd.conf.d", ".conf"):
        _each_line(path, lambda line: line == "[Time]" or "=" in line, "is neither [Time] nor a setting")
    for path in _files(tree, "etc/chrony/conf.d", ".conf"):
        _each_line(path, lambda line: line.split()[0] in _CHRONY, "is not a directive of chrony")


def check_variables(folder: str, name: str) -> Check:
    """Return a check of a file of shell variables."""

    def check(tree: Tree) -> None:
        for path in _files(tree, folder, name):
            _each_line(path, lambda line: _VARIABLE.fullmatch(line) is not None, "is not NAME=value")

    return check


def check_labels(tree: Tree) -> None:
    """Check Prometheus samples."""
    for path in (path for folder in _LABELS for path in _files(tree, folder, ".prom")):
        _each_line(path, lambda line: _SAMPLE.fullmatch(line) is not None, "is not a sample")


def check_netboot(tree: Tree) -> None:
    """Check dnsmasq's options, by dnsmasq itself if it is there, and that the boot script is one."""
    for path in _files(tree, "etc/dnsmasq.d", ".conf"):
        _each_line(path, lambda line: _OPTION.fullmatch(line) is not None, "is not an option of dnsmasq")
        _ask_dnsmasq(path)
    for path in _files(tree, "srv/fleet/netboot", ".ipxe"):
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as above
            if file.readline() != "#!ipxe\n":
                raise ValueError(f"{_name(path)} does not begin with #!ipxe")


CHECKS: dict[str, Check] = {
    "time": check_time,
    "compute": check_variables("etc/fleet", "compute.env"),
    "boot": check_variables("etc/fleet", "boot.conf"),
    "labels": check_labels,
    "netboot": check_netboot,
}


def _nothing() -> None:
    """Reload nothing."""


def _ask_dnsmasq(path: str) -> None:
    import shutil
    import subprocess

    if shutil.which("dnsmasq"):
        result = subprocess.run(["dnsmasq", "--test", "-C", path], capture_output=True, text=True)
        if result.returncode:
            raise ValueError(result.stderr.strip())


def _files(tree: Tree, folder: str, ending: str) -> Iterator[str]:
    """Yield the files of a folder of the tree whose names end so; none if there is no such folder."""
    place = f"{os.fspath(tree)}/{folder}"
    try:
        names = sorted(os.listdir(place))  # noqa: PTH208 - as above
    except FileNotFoundError:
        return
    yield from (f"{place}/{name}" for name in names if name.endswith(ending))


def _each_line(path: str, is_good: Callable[[str], bool], what: str) -> None:
    """Hold every line that is neither empty nor a comment to a rule.

    Raises:
        ValueError: names file and line number, and not the line, which may hold a secret.
    """
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as above
        for number, raw in enumerate(file, 1):
            line = raw.strip()
            if line and line[0] not in "#;" and not is_good(line):
                raise ValueError(f"{_name(path)}: line {number} {what}")


def _name(path: str) -> str:
    return path.rpartition("/")[2]
