"""The depot's files, held against what a plan froze before their first byte leaves."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from fleetctl.adapters.bundles.layout import sha256
from fleetctl.adapters.carry.cargo import Cargo, NotBrought
from fleetctl.core.rollout.state import Ending, Step

HINT = "'fleetctl release verify' tells more; add the bundle again, from where it was built"

_Seen = tuple[Path, int, int, int]


class CheckedFiles:
    """Knows the digests of files that were read before, for as long as they are not touched. Safe between threads."""

    def __init__(self) -> None:
        self._digests: dict[_Seen, str] = {}
        self._turn = Lock()

    def check(self, cargo: Cargo) -> None:
        """Hold a bundle against size and digest of the step.

        Raises:
            NotBrought: refused, if it is not the bundle that the plan froze.
        """
        step = cargo.step
        try:
            about = cargo.file.stat()
            if about.st_size != step.bundle_bytes:
                raise _refused(step, f"{cargo.file} has {about.st_size} bytes, the plan says {step.bundle_bytes}")
            if self._digest((cargo.file, about.st_size, about.st_mtime_ns, about.st_ino)) != step.bundle:
                raise _refused(step, f"{cargo.file} has not the SHA-256 that the plan says")
        except OSError as error:
            raise _refused(step, f"{cargo.file}: {error.strerror}") from error

    def has(self, file: Path, digest: str) -> bool:
        """Say whether a file is there and has this SHA-256."""
        try:
            about = file.stat()
            return self._digest((file, about.st_size, about.st_mtime_ns, about.st_ino)) == digest
        except OSError:
            return False

    def _digest(self, seen: _Seen) -> str:
        with self._turn:  # many gateways ask for the same file at once
            if seen not in self._digests:
                self._digests[seen] = sha256(seen[0])
            return self._digests[seen]


def _refused(step: Step, said: str) -> NotBrought:
    return NotBrought(Ending.REFUSED, f"the bundle of release '{step.release}' is damaged: {said}", hint=HINT)
