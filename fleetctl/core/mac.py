"""MAC addresses as people and machines write them, and the one form in which they are compared."""

from __future__ import annotations

import re

MAC = re.compile(
    r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}"
    r"|[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2}|[0-9A-Fa-f]{12}"
)


def normal_mac(text: str) -> str:
    """Return a MAC of any notation as six pairs of lower-case digits with colons."""
    plain = re.sub("[:.-]", "", text).lower()
    return ":".join(plain[i : i + 2] for i in range(0, 12, 2))
