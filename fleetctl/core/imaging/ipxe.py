"""What iPXE is told to do, as scripts. After an `exit` with a failure the gateway's `boot.ipxe` asks again."""

from __future__ import annotations

AGAIN_S = 30
"""A machine that is refused asks again after so many seconds: it may be declared meanwhile."""


def boot_imager(server: str, version: str, serial: str, mac: str) -> str:
    """Return a script that boots the imager.

    Args:
        server: the URL of the imaging server as the machine sees it, without a slash at the end.
        version: of the image whose kernel is booted.
        serial: as the machine said; the imager reads it again from the firmware.
        mac: of the port that it booted from.
    """
    arguments = f"console=tty0 console=ttyS0,115200 quiet panic=10 fleet.server={server} fleet.mac={mac}"
    return _script(
        f"echo fleetctl: imaging {_plain(serial)} ({mac}) with {version}",
        f"kernel {server}/v1/boot/{version}/kernel {arguments}",
        f"initrd {server}/v1/boot/{version}/imager",
        "boot",
    )


def boot_from_disk(reason: str) -> str:
    """Return a script that goes on to the next boot device."""
    return _script(f"echo fleetctl: from the disk: {_plain(reason)}", "exit 0")


def refuse(reason: str) -> str:
    """Return a script that says why, waits, and asks again."""
    return _script(f"echo fleetctl: refused: {_plain(reason)}", f"sleep {AGAIN_S}", "exit 1")


def _script(*lines: str) -> str:
    return "\n".join(("#!ipxe", *lines, ""))


def _plain(text: str) -> str:
    """Return a text without what iPXE would expand or take for the end of a command."""
    return "".join(c if c.isascii() and (c.isalnum() or c in " ._,:()/-") else "?" for c in text)
