"""Edits a YAML file where its values stand: every byte that is not a value that changes stays as it was.

Comments, order, alignment, quotes and line ends are kept because they are never read: the parser says where a value
stands, and the text is cut there. Only files that the strict reader accepts may be edited (no tags, no aliases).
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from fleetctl.core.document import SourceFile
from fleetctl.core.inventory.edit import Put
from fleetctl.core.inventory.write import flow, scalar

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INDENT = "  "


@dataclass(frozen=True, slots=True)
class _Cut:
    """Text that comes in the place of what stands from `start` to `end`."""

    start: int
    end: int
    text: str


def edited(file: SourceFile, puts: Iterable[Put]) -> bytes:
    """Return the bytes of a file after edits.

    Args:
        file: a mapping of sections to mappings of objects; it was read without a problem.
        puts: at most one for each object.
    """
    mark = codecs.BOM_UTF8 if file.content.startswith(codecs.BOM_UTF8) else b""
    text = file.content.removeprefix(mark).decode()
    return mark + _Text(text).after(puts).encode()


class _Text:
    """One text with the nodes that its parser found."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._newline = "\r\n" if "\r\n" in text else "\n"
        root = yaml.compose(text, Loader=_LOADER)
        self._root = root if isinstance(root, yaml.MappingNode) else None
        self._sections = _inside(self._root)

    def after(self, puts: Iterable[Put]) -> str:
        """Return the text after edits."""
        cuts: list[_Cut] = []
        added: dict[str, list[Put]] = {}
        objects = {section: _inside(node) for section, (_, node) in self._sections.items()}
        for put in puts:
            node = objects.get(put.section, {}).get(put.id)
            if node is None:
                added.setdefault(put.section, []).append(put)
            else:
                cuts += self._changed(node[1], put.values)
        for section, objects_of in added.items():
            cuts.append(self._added(section, objects_of))
        return self._cut(cuts)

    def _cut(self, cuts: Iterable[_Cut]) -> str:
        parts: list[str] = []
        at = 0
        for cut in sorted(cuts, key=lambda cut: (cut.start, cut.end)):
            parts += [self._text[at : cut.start], cut.text]
            at = cut.end
        return "".join([*parts, self._text[at:]])

    def _changed(self, node: yaml.Node, values: Mapping[str, str]) -> Iterator[_Cut]:
        inside = _inside(node)
        missing = {key: value for key, value in values.items() if key not in inside}
        for key, value in values.items():
            if key in inside:
                yield self._replaced(inside[key][1], value)
        if missing:
            yield self._appended(node, missing)

    def _replaced(self, node: yaml.Node, value: str) -> _Cut:
        start, end = node.start_mark.index, node.end_mark.index
        if start == end:  # a key without a value
            colon = self._text.rindex(":", 0, end + 1) + 1
            return _Cut(colon, colon, f" {scalar(value)}")
        quote = self._text[start] if self._text[start] in "'\"" and not set(value) & set("'\"\\") else ""
        return _Cut(start, end, f"{quote}{value}{quote}" if quote and value.isprintable() else scalar(value))

    def _appended(self, node: yaml.Node, values: Mapping[str, Any]) -> _Cut:
        """Add keys behind the last one of a mapping, in the style that it is written in."""
        if _is_flow(node):
            pairs = flow(values)[1:-1]
            if not node.value:
                return _Cut(node.start_mark.index + 1, node.start_mark.index + 1, pairs)
            end = self._end(node.value[-1])
            return _Cut(end, end, f", {pairs}")
        indent = " " * node.value[0][0].start_mark.column
        return self._lines(self._end(node.value[-1]), [f"{indent}{scalar(k)}: {flow(v)}" for k, v in values.items()])

    def _added(self, section: str, puts: Iterable[Put]) -> _Cut:
        objects = {put.id: dict(put.values) for put in puts}
        lines = [f"{_INDENT}{scalar(id)}: {flow(values)}" for id, values in objects.items()]
        if section not in self._sections and self._root is not None and _is_flow(self._root):
            return self._appended(self._root, {section: objects})
        if section not in self._sections:
            head = [""] if self._text.strip() else []
            return self._lines(len(self._text), [*head, f"{section}:", *lines])
        key, node = self._sections[section]
        if isinstance(node, yaml.MappingNode) and node.value:
            return self._appended(node, objects)
        # `radiators: {}`, or nothing at all behind the colon
        colon = self._text.index(":", key.end_mark.index) + 1
        end = max(colon, node.end_mark.index if isinstance(node, yaml.MappingNode) or _is_written(node) else colon)
        return _Cut(colon, end, "".join(f"{self._newline}{line}" for line in lines))

    def _lines(self, end: int, lines: Iterable[str]) -> _Cut:
        """Add lines behind the line that ends at or behind `end`; a comment at its end stays where it is."""
        stop = self._text.find("\n", end)
        if stop < 0:
            before = "" if self._text.endswith("\n") or not self._text else self._newline
            return _Cut(len(self._text), len(self._text), before + "".join(f"{line}{self._newline}" for line in lines))
        return _Cut(stop + 1, stop + 1, "".join(f"{line}{self._newline}" for line in lines))

    def _end(self, pair: tuple[yaml.Node, yaml.Node]) -> int:
        """Return where a key and its value end; a block's own mark stands behind the comments that follow it."""
        key, node = pair
        if not _is_flow(node) and isinstance(node, yaml.CollectionNode) and node.value:
            last = node.value[-1]
            return self._end(last if isinstance(last, tuple) else (key, last))
        end = max(node.end_mark.index, key.end_mark.index)
        return end - 1 if self._text[end - 1 : end] == "\n" else end


def _inside(node: yaml.Node | None) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Return keys and values of a mapping by the text of its keys; nothing for anything else."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): (key, value) for key, value in node.value}


def _is_flow(node: yaml.Node) -> bool:
    return isinstance(node, yaml.CollectionNode) and bool(node.flow_style)


def _is_written(node: yaml.Node) -> bool:
    """Say whether a scalar takes up room in the text: `null` does, nothing does not."""
    return bool(node.end_mark.index > node.start_mark.index)
