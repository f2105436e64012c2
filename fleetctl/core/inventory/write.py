"""Writes declared data as YAML the way that people keep it: sections as blocks, each object on one short line.

It writes only what the strict reader reads back as the same data. It knows nothing of fleets.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./@+°²éèàçôûîêâ ()'-]*(?::[A-Za-z0-9_./-]+)*")
_LOOKS_TYPED = re.compile(
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
    r"|~|null|Null|NULL|true|True|TRUE|false|False|FALSE|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|"
)
_UNPRINTABLE = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def to_yaml(data: Mapping[str, Any], *, head: Sequence[str] = (), width: int = 100) -> str:
    """Return `data` as a YAML document.

    Args:
        data: mappings with text keys, lists, text, numbers, booleans and None.
        head: comment lines to begin with, without the `#`.
        width: an object that fits into so many characters stands on one line; so does each of a list of objects.
    """
    lines = [f"# {line}".rstrip() for line in head]
    lines += _block(data, 0, width)
    return "\n".join(lines) + "\n"


def scalar(value: Any) -> str:
    """Return one value as a scalar that is read back as the same value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    plain = _PLAIN.fullmatch(text) and not text.endswith(" ") and not _LOOKS_TYPED.fullmatch(text)
    return text if plain and not text.startswith(("---", "...")) else _quoted(text)


def flow(value: Any) -> str:
    """Return a value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(inner) for inner in value) + "]"
    return scalar(value)


def _block(data: Mapping[str, Any], depth: int, width: int) -> Iterator[str]:
    indent = "  " * depth
    for key, value in data.items():
        line = f"{indent}{scalar(key)}: {flow(value)}"
        section = depth == 0 and _holds_mappings(value)
        if len(line) > width and isinstance(value, list | tuple) and isinstance(value[0], Mapping):
            yield f"{indent}{scalar(key)}:"
            yield from (f"{indent}  - {flow(element)}" for element in value)
        elif section or (isinstance(value, Mapping) and value and len(line) > width):
            if section:
                yield ""
            yield f"{indent}{scalar(key)}:"
            yield from _block(value, depth + 1, width)
        else:
            yield line


def _holds_mappings(value: Any) -> bool:
    return isinstance(value, Mapping) and any(isinstance(inner, Mapping) for inner in value.values())


def _quoted(text: str) -> str:
    return _UNPRINTABLE.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(text, ensure_ascii=False))
