"""Private keys to log in with: identity files, read once, or whatever the SSH agent holds."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import paramiko

from fleetctl.adapters.ssh.failures import not_let_in
from fleetctl.core.route import Hop

MAX_AGENT_KEYS = 5
"""Servers end a connection after six tries."""


class Keys:
    """Gives the keys for a hop. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[str, paramiko.PKey] = {}
        self._agents = threading.local()  # an agent's connection carries one request at a time

    def for_hop(self, hop: Hop) -> Sequence[paramiko.PKey]:
        """Return the keys to try, at least one.

        Raises:
            SshFailed: if the file cannot be read or the agent has no key.
        """
        if not hop.identity_file:
            return self._agent_keys(hop)
        with self._lock:
            if hop.identity_file not in self._files:
                key = self._read(hop)
                if key is None:
                    return self._agent_keys(hop)
                self._files[hop.identity_file] = key
            return (self._files[hop.identity_file],)

    def _read(self, hop: Hop) -> paramiko.PKey | None:
        """Read an identity file; None if it is protected by a passphrase, which only the agent can have been told."""
        try:
            return paramiko.PKey.from_path(hop.identity_file)
        except (paramiko.PasswordRequiredException, TypeError):
            return None
        except (OSError, ValueError, paramiko.SSHException) as error:
            raise not_let_in(hop, f"the file cannot be read: {error}") from error

    def _agent_keys(self, hop: Hop) -> Sequence[paramiko.PKey]:
        if not hasattr(self._agents, "agent"):
            self._agents.agent = paramiko.Agent()
        keys = tuple(self._agents.agent.get_keys())[:MAX_AGENT_KEYS]
        if not keys:
            raise not_let_in(hop, "no SSH agent with a key is running")
        return keys
