"""A kit's folder: written whole or not at all, and read with everything that is wrong with it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from fleetctl.adapters.bundles.layout import sha256
from fleetctl.adapters.kit import sealed
from fleetctl.adapters.kit.foreign_state import own_entries
from fleetctl.adapters.kit.launcher.launch import paths
from fleetctl.adapters.kit.seed import results_of
from fleetctl.adapters.kit.signing import is_signed, signed
from fleetctl.adapters.whole_file import write_whole
from fleetctl.core.digest import digest
from fleetctl.core.kit import manifest as kits
from fleetctl.core.kit import results as outcomes
from fleetctl.core.kit.manifest import Held, Manifest, manifest_of
from fleetctl.core.kit.returned import Returned
from fleetctl.core.problems import CouldNot, InvalidInput, Problem
from fleetctl.ports import Signer

FLEET, SEED, STATE = "fleet", "seed", "state.db"
_PARTS = ("fleet.yaml", "sites", "templates", "playbooks")
"""Of an inventory: what may be edited in a basement, and is looked at when a kit is sealed."""


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Yield an empty folder beside its place; renamed there if the block ends well, removed if it does not.

    Raises:
        InvalidInput: if something is in the way.
        CouldNot: if the file system refuses.
    """
    if out.exists():
        hint = "name a folder that is not there yet"
        raise InvalidInput([Problem("exists", f"{out} exists already", hint=hint)])
    draft = out.with_name(f".{out.name}-{os.getpid()}")
    try:
        draft.mkdir(mode=0o700, parents=True)
        yield draft
        draft.rename(out)
    except OSError as error:
        raise CouldNot(f"{out}: the kit cannot be written: {error.strerror}", hint="nothing of it is left") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def seal_folder(folder: Path, manifest: Manifest, signer: Signer) -> tuple[Manifest, str]:
    """Write the manifest of all that is in a folder, and sign it; returns it with its digest.

    Raises:
        CouldNot: if the key cannot be had, or the file system refuses.
    """
    whole = replace(manifest, signer=signer.public, files=held(folder))
    write_whole(folder / kits.FILE, whole.content, mode=0o644)
    signature = signed(signer, whole.content, kits.NAMESPACE)
    write_whole(folder / kits.SIGNATURE, signature.encode(), mode=0o644)
    return whole, digest(whole.content)


def held(folder: Path) -> dict[str, Held]:
    """Return every file that a manifest speaks of; a link is none."""
    files = {path: folder / path for path in sorted(paths(folder))}
    return {path: Held(of.stat().st_size, sha256(of)) for path, of in files.items() if not of.is_symlink()}


def read_manifest(folder: Path) -> tuple[Manifest, bytes]:
    """Return a kit's manifest and its bytes, whether or not they were signed.

    Raises:
        InvalidInput: if the folder is no kit.
        CouldNot: if it cannot be read.
    """
    try:
        content = (folder / kits.FILE).read_bytes()
        return manifest_of(content), content
    except (FileNotFoundError, NotADirectoryError):
        message = f"{folder} is not a kit: it has no {kits.FILE}"
        raise InvalidInput([Problem("no-kit", message, hint="name the folder that was exported")]) from None
    except OSError as error:
        raise CouldNot(f"{folder / kits.FILE} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InvalidInput([Problem("bad-kit", f"{folder / kits.FILE} is no manifest of a kit: {error}")]) from error


def read_returned(folder: Path, key: str = "") -> Returned:
    """Return all of a kit that came back, but for what `with_unsealed` finds.

    Args:
        folder: of the kit.
        key: public key that its results have to be signed with; the one of its manifest if left out.

    Raises:
        InvalidInput: if the folder is no kit.
        CouldNot: if it cannot be read.
    """
    manifest, content = read_manifest(folder)
    try:
        signature = (folder / kits.SIGNATURE).read_text("utf-8")
        results, is_sealed, damage = _read_results(folder / kits.WORK, key or manifest.key)
        return Returned(
            manifest=manifest,
            digest=digest(content),
            signed=is_signed(signature, manifest.signer, content, kits.NAMESPACE),
            tampered=(*manifest.flaws(held(folder)), *damage),
            results=results,
            sealed=is_sealed,
            before=inventory_of(folder / FLEET),
        )
    except (OSError, UnicodeDecodeError) as error:
        raise CouldNot(f"the kit in {folder} cannot be read: {error}") from error


def with_unsealed(returned: Returned, folder: Path) -> Returned:
    """Return it with what was done since it was sealed, or with that its state was damaged.

    Only of a folder that is as it was signed: of any other not even the database is opened.

    Raises:
        CouldNot: if the state cannot be copied.
    """
    if not returned.signed or returned.tampered:
        return returned
    sealed_entries = len(returned.results.entries) if returned.results else 0
    try:
        written = own_entries(folder / kits.WORK / STATE, returned.manifest.kit)
        return replace(returned, unsealed=max(0, written - sealed_entries))
    except ValueError as error:
        return replace(returned, tampered=(str(error),))
    except OSError as error:
        raise CouldNot(f"the state of the kit in {folder} cannot be copied: {error}") from error


def seal_results(folder: Path, signer: Signer, at: datetime) -> outcomes.Results:
    """Write what was done with a kit into `work/results.json`, signed with the kit's key; returns it.

    Raises:
        InvalidInput: if the folder is no kit.
        CouldNot: if nothing was done with it yet, or it cannot be read or written.
    """
    manifest, content = read_manifest(folder)
    work = folder / kits.WORK
    if not (work / STATE).is_file():
        raise CouldNot(f"nothing was done with kit {manifest.kit} yet", hint="'./fleetctl commission run SITE' begins")
    edited = _edited(inventory_of(folder / FLEET), inventory_of(work / FLEET))
    with _copy(folder / SEED / STATE) as first:
        results = results_of(manifest.kit, digest(content), first, work / STATE, edited, at)
    written = sealed.to_content(results)
    write_whole(work / outcomes.FILE, written)
    write_whole(work / outcomes.SIGNATURE, signed(signer, written, outcomes.NAMESPACE).encode())
    return results


@contextmanager
def _copy(file: Path) -> Iterator[Path]:
    """Yield a copy of a signed database: opening one may change it."""
    with tempfile.TemporaryDirectory(prefix="fleetctl-kit-") as folder:
        yield Path(shutil.copy2(file, folder))


def _edited(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> dict[str, str]:
    """Return the texts that changed or came; an empty one for a file that was removed.

    What is no text is told as far as it can be read: it is put in by hand.
    """
    changed = {path: content.decode(errors="replace") for path, content in after.items() if before.get(path) != content}
    return changed | dict.fromkeys(before.keys() - after.keys(), "")


def inventory_of(folder: Path) -> Mapping[str, bytes]:
    """Return the files of an inventory that may be edited, by path."""
    found = (file for part in _PARTS for file in sorted((folder / part).rglob("*")))
    files = (file for file in (folder / _PARTS[0], *found) if file.is_file() and "__pycache__" not in file.parts)
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def _read_results(work: Path, key: str) -> tuple[outcomes.Results | None, bool, tuple[str, ...]]:
    """Return the results, whether the key sealed them, and why they cannot be read."""
    with suppress(FileNotFoundError):
        content = (work / outcomes.FILE).read_bytes()
        signature = (work / outcomes.SIGNATURE).read_text("utf-8")
        try:
            return sealed.from_content(content), is_signed(signature, key, content, outcomes.NAMESPACE), ()
        except ValueError as error:
            return None, False, (f"{kits.WORK}/{outcomes.FILE} cannot be read: {error}",)
    return None, False, ()
