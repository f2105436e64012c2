"""Types for the type checker; nothing imports them when the program runs."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]
