"""The hooks of services: `SERVICE check DIR` looks at staged files, `SERVICE reload` takes the active ones."""

from __future__ import annotations

import os

from fleet_unit.paths import HOOKS
from fleet_unit.programs import HOOK_TIMEOUT_S, run


class HookFailed(Exception):
    """A service's hook said no."""


def objection(service: str, verb: str, *arguments: str, private: bool = False) -> str:
    """Ask a service's hook; return why it objects, or an empty text. A service without a hook agrees to everything.

    Args:
        private: the service has files that only root may read, so what the hook prints may hold them and is withheld.
    """
    path = f"{HOOKS}/{service}"
    code, output = run([path, verb, *arguments], HOOK_TIMEOUT_S) if os.path.exists(path) else (0, "")
    if code == 0:
        return ""
    said = "(output withheld, the service has private files)" if private and code < 124 else output[-300:]
    return f"{service} {verb} failed with code {code}: {said or 'it said nothing'}"


def hook(service: str, verb: str, *arguments: str, private: bool = False) -> None:
    """Ask a service's hook.

    Raises:
        HookFailed: with what it objects to.
    """
    reason = objection(service, verb, *arguments, private=private)
    if reason:
        raise HookFailed(reason)
