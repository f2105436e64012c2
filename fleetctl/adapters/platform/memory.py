"""What nodes were last, for when their platform says nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from fleetctl.core.platform.node import Node


@dataclass(frozen=True)
class Memory:
    """What nodes were when they were last seen, or asked to be; by platform and name. Threads share it."""

    _nodes: dict[tuple[str, str], Node] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, title: str, nodes: Iterable[Node]) -> None:
        """Take in what nodes of a platform are."""
        with self._lock:
            self._nodes.update({(title, node.name): node for node in nodes})

    def recall(self, title: str, name: str) -> Node | None:
        """Return what a node was last; None if nothing is known."""
        with self._lock:
            return self._nodes.get((title, name))
