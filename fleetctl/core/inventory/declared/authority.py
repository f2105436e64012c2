"""The fleet's own CA, as it is written."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from fleetctl.core.inventory.declared.quantities import Declared, Sha256, form, in_schema

_URL = re.compile(r"|http://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[!-~]*)?")
CrlUrl = Annotated[
    str,
    form(
        _URL,
        "bad-url",
        "is not an address where a list of revoked certificates can be had",
        "write one such as http://crl.example.net/fleet.crl; the list is signed, and is fetched over plain http",
    ),
    in_schema(_URL),
]


class Authority(Declared):
    """The fleet's own CA. With it units are registered: certificate, registry, compute platform."""

    root_sha256: Sha256
    """SHA-256 of the root certificate, as `fleetctl ca show` prints it."""
    valid_days: Annotated[int, Field(ge=1, le=825)] = 90
    """How long a machine's certificate holds, in days."""
    renew_days: Annotated[int, Field(ge=0, le=824)] = 30
    """How many days before its end a certificate is renewed."""
    crl_url: CrlUrl = ""
    """Where the list of revoked certificates can be had; it stands in each certificate."""
