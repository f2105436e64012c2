"""Who is told what happens, as it is written."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, Strict

from fleetctl.core.inventory.declared.quantities import Declared, Id, form, in_schema

_HOOK = re.compile(
    r"(?:https://[A-Za-z0-9.-]+|http://(?:localhost|127\.0\.0\.1|\[::1\]))(?::[0-9]{1,5})?(?:[/?][!-~]*)?"
)
Event = Literal["halted", "approval_needed", "done", "failed"]
HookUrl = Annotated[
    str,
    form(
        _HOOK,
        "bad-url",
        "is not the address of a webhook",
        "write one such as https://alerts.example.net/fleet; plain http goes to localhost only, and no password in it",
    ),
    in_schema(_HOOK),
]


class Webhook(Declared):
    """Somebody who is told what happens, by a message over HTTP."""

    url: HookUrl
    """Where messages are posted."""
    secret: Id
    """Secret that messages are signed with."""
    events: Annotated[tuple[Event, ...], Strict(False), Field(min_length=1)] = (
        "halted",
        "approval_needed",
        "done",
        "failed",
    )
    """What it is told of."""
