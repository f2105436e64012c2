"""The contract of RAUC, on a machine with the real one, GRUB and a kernel: the same tests as for the stand-ins."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.builders.vagrant import Machines
from tests.contract import test_rauc as contract
from tests.contract.test_rauc import Driver, Said, unit

pytestmark = pytest.mark.vm
__all__ = ["unit"]
# A fixture of this module takes the place of theirs; the tests are the very same functions.
globals().update({name: test for name, test in vars(contract).items() if name.startswith("test_")})


class Virtual:
    """Drives a virtual machine."""

    compatible = "vm-radiator"

    def __init__(self, machines: Machines, name: str) -> None:
        self._machines, self._name = machines, name

    def rauc(self, *arguments: str) -> Said:
        ended = self._machines.run(self._name, shlex.join(["rauc", *arguments]))
        return Said(ended.code, ended.out, ended.err)

    def bundle(self, version: str, *, compatible: str = "", boots: bool = True, damaged: bool = False) -> str:
        bundle = self._packed(version, compatible or self.compatible, boots=boots)
        if damaged:
            with bundle.open("r+b") as file:
                file.seek(bundle.stat().st_size // 2)
                file.write(b"damage")
        there = f"/data/{bundle.name}"
        self._machines.run(self._name, "rm -f /data/*.raucb")
        self._machines.put(self._name, bundle, there)
        bundle.unlink()
        return there

    def _packed(self, version: str, compatible: str, *, boots: bool) -> Path:
        works = self._machines.works
        if boots:
            return works.variant(works.first(self._name), version, compatible=compatible)
        return works.hollow(version, compatible=compatible)

    def reboot(self) -> None:
        self._machines.reboot(self._name)

    def version(self) -> str:
        return self._machines.ask(self._name, "sed -n s/^VERSION=//p /etc/fleet/release")


@pytest.fixture(scope="module")
def a_unit_with_rauc(machines: Machines) -> Driver:
    """Return the radiator, for every test of the contract."""
    machines.run_only("radiator")
    return Virtual(machines, "radiator")
