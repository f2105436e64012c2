"""Makes wheels of what is installed here, so that a kit runs exactly what its exporter runs and needs no network.

An installed distribution keeps all that its wheel had: the files with their digests (`RECORD`), the tags (`WHEEL`) and
the entry points. Every file is held against its digest; one that was edited since is refused, never packed.
The same distribution gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackagePath
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from fleetctl.core.problems import CouldNot

_MADE_BY_INSTALLERS = frozenset({"INSTALLER", "REQUESTED", "RECORD", "direct_url.json"})
_OLDEST = (1980, 1, 1, 0, 0, 0)


def source_of(distribution: Distribution) -> Path | None:
    """Return the checkout that a distribution was installed from as editable; None if its own files are installed."""
    said = json.loads(distribution.read_text("direct_url.json") or "{}")
    is_editable = said.get("dir_info", {}).get("editable", False)
    return Path(unquote(urlsplit(said["url"]).path)) if is_editable else None


def tags(distribution: Distribution) -> tuple[str, ...]:
    """Return the tags of the wheel that a distribution was installed from, `py3-none-any`; none if it was no wheel."""
    lines = (distribution.read_text("WHEEL") or "").splitlines()
    return tuple(line.partition(":")[2].strip() for line in lines if line.startswith("Tag:"))


def wheel_name(distribution: Distribution) -> str:
    """Return the file name of a distribution's wheel, with its tags compressed (PEP 425)."""
    parts = zip(*(tag.split("-") for tag in tags(distribution)), strict=True)
    compressed = "-".join(".".join(sorted(set(part))) for part in parts)
    name = canonicalize_name(distribution.name).replace("-", "_")
    return f"{name}-{distribution.version}-{compressed}.whl"


def identity(distribution: Distribution) -> str:
    """Return what changes whenever anything that a wheel is made of does."""
    return hashlib.sha256((distribution.read_text("RECORD") or "").encode()).hexdigest()


def pack(distribution: Distribution, wheel: Path) -> None:
    """Write the wheel of an installed distribution.

    Raises:
        CouldNot: if a file is not what was installed.
    """
    rows: list[str] = []
    record = ""
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        for inside, content, executable in sorted(_members(distribution)):
            _add(packed, inside, content, executable=executable)
            rows.append(f"{_quoted(inside)},{_hash(content)},{len(content)}")
            record = f"{PurePosixPath(inside).parent}/RECORD" if inside.endswith(".dist-info/WHEEL") else record
        text = "".join(f"{row}\n" for row in [*rows, f"{record},,"])
        _add(packed, record, text.encode(), executable=False)


def _members(distribution: Distribution) -> Iterator[tuple[str, bytes, bool]]:
    """Yield what a wheel holds: path inside, content, whether it is executable."""
    generated = {entry.name for entry in distribution.entry_points if entry.group.endswith("_scripts")}
    prefix = f"{canonicalize_name(distribution.name).replace('-', '_')}-{distribution.version}.data"
    for file in distribution.files or ():
        if file.name in _MADE_BY_INSTALLERS or "__pycache__" in file.parts:
            continue
        inside = _inside(file, prefix)
        if inside.startswith(f"{prefix}/scripts/") and file.name in generated:
            continue
        path = Path(str(distribution.locate_file(file)))
        content = _checked(file, path)
        yield inside, _portable(content, inside), bool(path.stat().st_mode & 0o111)


def _inside(file: PackagePath, prefix: str) -> str:
    """Return where an installed file was in its wheel: what lies outside of the packages' folder came as data."""
    if file.parts[0] != "..":
        return file.as_posix()
    outside = [part for part in file.parts if part != ".."]
    if outside[0] == "bin":
        return f"{prefix}/scripts/{'/'.join(outside[1:])}"
    return f"{prefix}/data/{'/'.join(outside)}"


def _checked(file: PackagePath, path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CouldNot(f"{path} of an installed package cannot be read: {error.strerror}", hint=_AGAIN) from error
    if file.hash is not None and _hash(content) != f"{file.hash.mode}={file.hash.value}":
        raise CouldNot(f"{path} is not what was installed: somebody changed it", hint=_AGAIN)
    return content


_AGAIN = "install fleetctl anew, then export again"


def _portable(content: bytes, inside: str) -> bytes:
    """Give a script back the first line that the installer put this machine's Python into."""
    first, newline, rest = content.partition(b"\n")
    is_script = ".data/scripts/" in inside and first.startswith(b"#!") and b"python" in first
    return b"#!python" + newline + rest if is_script else content


def _add(packed: zipfile.ZipFile, inside: str, content: bytes, *, executable: bool) -> None:
    info = zipfile.ZipInfo(inside, _OLDEST)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (0o100755 if executable else 0o100644) << 16
    packed.writestr(info, content)


def _hash(content: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


def _quoted(inside: str) -> str:
    return f'"{inside}"' if "," in inside else inside


def names(distributions: Iterable[Distribution]) -> frozenset[str]:
    """Return the normal names of distributions."""
    return frozenset(canonicalize_name(each.name) for each in distributions)
