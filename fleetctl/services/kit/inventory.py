"""Take in edits of the inventory that were made in a basement: shown as a diff, valid as a whole, or not at all.

A kit speaks for its site alone. What it says of the fleet, of other sites, of templates and playbooks is listed for a
person, and so is every command that would be run at home.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from fleetctl.core.digest import digest_of
from fleetctl.core.document import SourceFile
from fleetctl.core.kit import edits
from fleetctl.core.kit.dispute import Dispute
from fleetctl.core.kit.edits import FileMerge
from fleetctl.core.kit.three_way import Change
from fleetctl.core.problems import InvalidInput
from fleetctl.ports import FleetFiles, SiteCache
from fleetctl.services.load import examine
from fleetctl.services.site_edits import Edited, EditedFiles, Editor

ForTheirs = Callable[[Dispute], bool]


@dataclass(frozen=True)
class InventoryMerge:
    """What comes of the inventory.

    Attributes:
        files: that change: as they are and as they become.
        lines: every value that changes, in words, by file.
        by_hand: what a person has to do: edits that cannot be put in by themselves.
    """

    files: tuple[Edited, ...] = ()
    lines: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()


class Writer(Protocol):
    """Replaces files, all of them or none."""

    def __call__(self, files: Mapping[str, tuple[bytes, bytes]], /) -> None:
        """Replace what files hold: before and after, by the path that the user would type."""
        ...


@dataclass(frozen=True)
class Edits:
    """Merges edits into the fleet's folder.

    Attributes:
        files, cache, editor: as for an import.
        writer: writes what was merged.
    """

    files: FleetFiles
    cache: SiteCache
    editor: Editor
    writer: Writer

    def merge(
        self, site: str, before: Mapping[str, bytes], theirs: Mapping[str, str], for_theirs: ForTheirs
    ) -> InventoryMerge:
        """Return what a kit's edits come to; nothing is written.

        Args:
            site: that the kit was for.
            before: the files as they left, by path.
            theirs: edited files, by path: their text.
            for_theirs: says of a value that both changed whether the kit's counts.

        Raises:
            InvalidInput: if the inventory would not be valid with them.
        """
        here = {file.name: file for file in self.files.sites().get(site, ())}
        parts = [
            self._file(site, here.get(path), before.get(path), path, text, for_theirs) for path, text in theirs.items()
        ]
        files = tuple(file for part in parts for file in part.files)
        self._check(files)
        return InventoryMerge(
            files,
            tuple(line for part in parts for line in part.lines),
            tuple(t for part in parts for t in part.by_hand),
        )

    def write(self, merged: InventoryMerge) -> None:
        """Write what was merged.

        Raises:
            CouldNot: if somebody changed a file meanwhile, or the file system refuses; nothing was changed then.
        """
        if merged.files:
            self.writer({edited.source.path: (edited.source.content, edited.content) for edited in merged.files})

    def _file(
        self, site: str, here: SourceFile | None, before: bytes | None, path: str, text: str, for_theirs: ForTheirs
    ) -> InventoryMerge:
        theirs = text.encode()
        if here is None or before is None or not text:
            what = "removed" if not text else "added" if before is None else "changed"
            return InventoryMerge(by_hand=(f"{path}: {what} in the kit",))
        if here.content == theirs:
            return InventoryMerge()
        merge = edits.merge_of(path, *(self._data(here, content) for content in (before, here.content, theirs)))
        lines = tuple(f"{path}: {edits.line_of(change)}" for change in merge.changed)
        if here.content == before and not any(map(edits.names_a_command, merge.changed)):
            return InventoryMerge((Edited(here, theirs),), lines)
        return self._one_by_one(here, merge, lambda change: for_theirs(_dispute(site, path, change)))

    def _one_by_one(
        self, here: SourceFile, merge: FileMerge, for_theirs: Callable[[Change[edits.Path, Any]], bool]
    ) -> InventoryMerge:
        """Put values in one by one: the file changed here as well, or not all of it may come from a kit."""
        taken = [change for change in merge.changed if not change.is_conflict or for_theirs(change)]
        plain = tuple(change for change in taken if edits.is_plain(change))
        lines = tuple(f"{merge.file}: {edits.line_of(change)}" for change in plain)
        by_hand = tuple(f"{merge.file}: {edits.line_of(change)}" for change in taken if not edits.is_plain(change))
        if not plain:
            return InventoryMerge(by_hand=by_hand)
        return InventoryMerge((Edited(here, self.editor(here, edits.puts(plain))),), lines, by_hand)

    def _data(self, here: SourceFile, content: bytes) -> Any:
        document = self.files.parse(replace(here, content=content))
        if document.problems:
            raise InvalidInput(document.problems)
        return document.data

    def _check(self, files: tuple[Edited, ...]) -> None:
        if not files:
            return
        after = examine(EditedFiles(self.files, files), self.cache)
        if after.fleet is None:
            raise InvalidInput(after.problems)


def _dispute(site: str, path: str, change: Change[edits.Path, Any]) -> Dispute:
    why = f"{path}: {'.'.join(change.key)} is {change.ours} here and {change.theirs} in the kit; it was {change.before}"
    return Dispute(edits.subject_of(site, change.key), why, digest_of([path, list(change.key), str(change.theirs)]))
