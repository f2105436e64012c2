"""GRUB's environment block: what the boot loader remembers of slots, as RAUC's GRUB backend reads and writes it."""

from __future__ import annotations

from collections.abc import Mapping

SIZE = 1024
_HEAD = "# GRUB Environment Block\n"
FRESH: Mapping[str, str] = {"ORDER": "A B", "A_OK": "1", "A_TRY": "0", "B_OK": "0", "B_TRY": "0"}
"""Of a unit that was just imaged: slot A is good, slot B is empty."""


def environment(values: Mapping[str, str] = FRESH) -> bytes:
    """Return the block, 1024 bytes.

    Raises:
        ValueError: if the values do not fit.
    """
    block = (_HEAD + "".join(f"{key}={value}\n" for key, value in values.items())).encode()
    if len(block) > SIZE:
        raise ValueError("GRUB's environment block is full")
    return block.ljust(SIZE, b"#")
