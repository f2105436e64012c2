"""Who acts: the login that the kernel knows, never a name that somebody typed or put into the environment."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

LOGIN = Path("/proc/self/loginuid")
_NOBODY_LOGGED_IN = 2**32 - 1


def actor(login: Path = LOGIN) -> str:
    """Return the user who logged in, also behind `sudo`; of a service, and where the kernel keeps none, the process's.

    The kernel's login id is set once, at login, and inherited. `USER` and `LOGNAME` prove nothing: anybody sets them.
    """
    uid = _login_uid(login)
    return _name(os.getuid() if uid is None else uid)


def _login_uid(login: Path) -> int | None:
    try:
        uid = int(login.read_text())
    except (OSError, ValueError):  # a kernel without audit, or another system
        return None
    return None if uid == _NOBODY_LOGGED_IN else uid


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
