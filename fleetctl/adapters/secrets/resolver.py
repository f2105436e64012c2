"""Resolves the secrets that a fleet declares, each through its backend, and remembers their values while it lives.

A value is returned to whoever asked and kept in memory; it is in no message, no `repr` and no file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from fleetctl.adapters.secrets import age, sops, vault
from fleetctl.adapters.secrets.documents import Environment, value_at
from fleetctl.core.inventory.fleet import SecretRef
from fleetctl.core.names import did_you_mean
from fleetctl.core.problems import CouldNot
from fleetctl.core.redact import MIN_LENGTH, Redactor

Decrypt = Callable[[Path, Environment], str]
_FILES: Mapping[str, Decrypt] = {"age": age.decrypt, "vault": vault.decrypt, "sops": sops.decrypt}


class SecretResolver:
    """Fills the `Secrets` port for one fleet."""

    def __init__(self, refs: Mapping[str, SecretRef], folder: Path, environ: Environment | None = None) -> None:
        """Take what the fleet declares, the fleet's folder (paths are relative to it) and the environment."""
        self._refs = refs
        self._folder = folder
        self.__environ = os.environ if environ is None else environ
        self.__values: dict[str, str] = {}
        self.__texts: dict[Path, str] = {}
        self.__redactor: Redactor | None = None

    def resolve(self, name: str) -> str:
        """Return the value of a secret.

        Raises:
            CouldNot: if it cannot be had, or is too short to be kept out of logs; names the secret and the cure.
        """
        if name not in self.__values:
            self.__values[name] = self._checked(name, self._read(self._ref(name)))
            self.__redactor = None
        return self.__values[name]

    def redact(self, text: str) -> str:
        """Return the text without the secrets that were resolved so far."""
        return self.redactor(text)

    @property
    def redactor(self) -> Redactor:
        """Return a redactor for what was resolved so far."""
        if self.__redactor is None:
            self.__redactor = Redactor(self.__values)
        return self.__redactor

    def __repr__(self) -> str:
        return f"SecretResolver({', '.join(sorted(self._refs))})"

    def _ref(self, name: str) -> SecretRef:
        if name not in self._refs:
            hint = did_you_mean(name, self._refs) or "declare it under 'secrets' in fleet.yaml"
            raise CouldNot(f"secret '{name}' is not declared", hint=hint)
        return self._refs[name]

    def _read(self, ref: SecretRef) -> str:
        if ref.backend == "env":
            return _from_environment(ref, self.__environ)
        file, _, key = ref.locator.partition("#")
        try:
            return value_at(self._text(ref.backend, self._folder / file), key)
        except CouldNot as error:
            raise CouldNot(f"secret '{ref.name}': {error}", hint=error.hint) from None

    def _text(self, backend: str, file: Path) -> str:
        if file not in self.__texts:
            self.__texts[file] = _FILES[backend](file, self.__environ)
        return self.__texts[file]

    def _checked(self, name: str, value: str) -> str:
        if len(value) < MIN_LENGTH:
            fact = f"secret '{name}' is shorter than {MIN_LENGTH} characters: it could not be kept out of logs"
            raise CouldNot(fact, hint="make a longer one, for instance with 'openssl rand -base64 24'")
        return value


def _from_environment(ref: SecretRef, environ: Environment) -> str:
    value = environ.get(ref.locator, "")
    if not value:
        fact = f"secret '{ref.name}': environment variable {ref.locator} is not set"
        raise CouldNot(fact, hint=f"export {ref.locator} before the command")
    return value
