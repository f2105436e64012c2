"""Virtual machines in software: a disk, a firmware that tries it first and the network then, power that can be cut."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
HOST = "10.0.2.2"
"""This machine's loopback, as a virtual machine sees it."""


def lacking() -> str:
    """Return why no virtual machine can run here; empty if one can."""
    missing = [name for name in ("qemu-system-x86_64", "qemu-img") if shutil.which(name) is None]
    return f"{', '.join(missing)} not installed" if missing else ""


@dataclass
class Vm:
    """A machine with one disk and one network port; what it prints on its serial port is in `console`."""

    folder: Path
    serial: str
    mac: str
    ssh_port: int
    disk_mib: int = 2100
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def disk(self) -> Path:
        return self.folder / "disk.qcow2"

    @property
    def console(self) -> str:
        file = self.folder / "serial"
        return file.read_text(errors="replace") if file.exists() else ""

    def power_on(self, boot_file: str) -> None:
        """Switch it on; TFTP offers `boot_file` from the machine's folder `tftp`."""
        if not self.disk.exists():
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", self.disk, f"{self.disk_mib}M"], check=True)
        tftp = self.folder / "tftp"
        network = f"user,id=n0,tftp={tftp},bootfile={boot_file},hostfwd=tcp:127.0.0.1:{self.ssh_port}-:22"
        drive = f"if=none,id=d0,file={self.disk},format=qcow2,cache=unsafe,discard=unmap"
        words = [
            "qemu-system-x86_64",
            *("-machine", "pc,graphics=off", "-accel", "tcg,thread=multi,tb-size=96", "-cpu", "qemu64", "-m", "384"),
            *("-nodefaults", "-no-user-config", "-display", "none", "-serial", f"file:{self.folder / 'serial'}"),
            *("-smbios", f"type=1,serial={self.serial}", "-device", "virtio-rng-pci"),
            *("-drive", drive, "-device", "virtio-blk-pci,drive=d0,bootindex=0"),
            *("-netdev", network, "-device", f"virtio-net-pci,netdev=n0,mac={self.mac},bootindex=1"),
        ]
        self._process = subprocess.Popen(["nice", "-n", "10", *words], stdin=subprocess.DEVNULL)

    def cut_power(self) -> None:
        """Take the power away."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def wait_for(self, text: str, timeout_s: float) -> None:
        """Wait until the console shows a text."""
        deadline = time.monotonic() + timeout_s
        while text not in self.console:
            assert time.monotonic() < deadline, f"no '{text}' within {timeout_s} s:\n{self.console[-3000:]}"
            assert self._process is not None
            assert self._process.poll() is None, "the emulator ended"
            time.sleep(0.5)


def boot_script(folder: Path) -> str:
    """Write the gateways' own iPXE script for a machine whose gateway is this one; returns its name."""
    template = (REPOSITORY / "templates/netboot/boot.ipxe.j2").read_text()
    tftp = folder / "tftp"
    tftp.mkdir(parents=True, exist_ok=True)
    (tftp / "boot.ipxe").write_text(template.replace("{{ unit.address }}", HOST))
    return "boot.ipxe"
