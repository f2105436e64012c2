"""Starts fleetctl from a kit: checks the kit, makes a virtual environment from its wheels once, and runs it.

Runs with the laptop's own Python before anything of the kit is trusted, so it uses the standard library alone. Each
start holds every file against the signed manifest; bundles and disk images, which are checked by their own signatures
before they are used, are hashed at the first start only.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NoReturn

FILE, SIGNATURE, WORK, SEED = "kit.json", "kit.json.sig", "work", "seed"
NAMESPACE = "fleetctl-kit"
READING = (
    ("commission", "show"), ("commission", "kits"), ("commission", "kit"), ("report",), ("validate",), ("schema",),
    ("inventory", "list"), ("inventory", "show"), ("inventory", "unknown"), ("inventory", "export"),
    ("inventory", "policies"), ("--version",), ("--help",), ("-h",),
)  # fmt: skip
"""What an expired kit still does: it shows and seals, and changes nothing."""
WITH_VALUE = ("-i", "--inventory", "--state", "-o", "--output")
"""Options before the command that are followed by a value."""
LARGE = ("fleet/releases/", "images/")
CLOCK_SLACK = timedelta(minutes=10)
TAMPERED, EXPIRED = 2, 4


class Refused(Exception):
    """Raised when nothing of the kit may run: what to say, the next step, the exit code."""

    def __init__(self, message: str, hint: str, code: int = TAMPERED) -> None:
        self.hint, self.code = hint, code
        super().__init__(message)


def main(kit: Path, words: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Run fleetctl with the words of a command line; does not return."""
    try:
        manifest = checked(kit, environment)
        refuse_ended(manifest, words, datetime.now(timezone.utc))  # noqa: UP017 - says so on older ones as well
        home = environment_of(kit, manifest, environment)
        begin_work(kit)
    except Refused as refused:
        sys.stderr.write(f"error: {refused}\n  hint: {refused.hint}\n")
        sys.exit(refused.code)
    except OSError as error:
        sys.stderr.write(f"error: the kit cannot be started: {error.filename}: {error.strerror}\n")
        sys.exit(1)
    if not is_reading(words) and not session_key(str(manifest["kit"]), environment).is_file():
        sys.stderr.write("note: the kit is locked; 'commission kit unlock' opens the site's SSH keys\n")
    program = str(home / "bin" / "fleetctl")
    os.execve(program, [program, *words], {**environment, **settings(kit)})  # noqa: S606 - no shell wanted


def settings(kit: Path) -> dict[str, str]:
    """Return what fleetctl is told of the kit by its environment."""
    work = kit / WORK
    return {
        "FLEETCTL_KIT": str(kit),
        "FLEETCTL_INVENTORY": str(work / "fleet"),
        "FLEETCTL_STATE": f"sqlite:///{work / 'state.db'}",
        "FLEETCTL_RELEASE_TRUST": str(work / "trust"),
    }


def checked(kit: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the manifest, if the kit is what was signed.

    Raises:
        Refused: if it is not; names the first file that is not as it was.
    """
    hint = "take the kit again from where it was made; nothing of this one was run"
    try:
        content = (kit / FILE).read_bytes()
        manifest: dict[str, Any] = json.loads(content)
        files, signer = dict(manifest["files"]), str(manifest["signer"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"the kit's manifest {kit / FILE} cannot be read: {error}", hint) from error
    check_signature(kit, content, trusted_signer(signer, environment), hint)
    is_first = not (kit / WORK).is_dir()
    found = {path: kit / path for path in paths(kit)}
    wrong = next(flaws(files, found, everything=is_first), None)
    if wrong:
        raise Refused(f"the kit was changed after it was signed: {wrong}", hint)
    return manifest


def check_signature(kit: Path, content: bytes, signer: str, hint: str) -> None:
    """Refuse a manifest that the signer did not sign.

    Raises:
        Refused: if it is not signed by it, or `ssh-keygen` is missing.
    """
    allowed = f'{NAMESPACE} namespaces="{NAMESPACE}" {signer}\n'
    reading, writing = os.pipe()
    with os.fdopen(reading) as allowed_file:
        with os.fdopen(writing, "w") as filled:
            filled.write(allowed)
        options = ["-f", f"/dev/fd/{allowed_file.fileno()}", "-I", NAMESPACE, "-n", NAMESPACE]
        command = ["ssh-keygen", "-Y", "verify", *options, "-s", str(kit / SIGNATURE)]
        try:
            ran = subprocess.run(command, input=content, capture_output=True, pass_fds=[allowed_file.fileno()])
        except FileNotFoundError:
            raise Refused("ssh-keygen is missing", "install the package openssh-client") from None
    if ran.returncode:
        raise Refused("the kit's manifest is not signed by whom it says", hint)


def trusted_signer(signer: str, environment: Mapping[str, str]) -> str:
    """Return the key that has to have signed: the one that this laptop was told of, else the one that the kit names.

    Raises:
        Refused: if the kit names another than this laptop was told of.
    """
    named = environment.get("FLEETCTL_KIT_SIGNER", "")
    if named and fingerprint(signer) != named:
        raise Refused(f"the kit is signed by {fingerprint(signer)}, not by {named}", "compare FLEETCTL_KIT_SIGNER")
    return signer


def fingerprint(public: str) -> str:
    """Return the fingerprint of a public key as `ssh-keygen -l` prints it."""
    import base64

    blob = base64.b64decode(public.split()[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def paths(kit: Path) -> Iterator[str]:
    """Yield every path of the kit that the manifest speaks of; a link is one, and so never what was signed."""
    for folder, names, files in os.walk(kit):
        inside = Path(folder).relative_to(kit)
        links = [name for name in names if (Path(folder) / name).is_symlink()]
        names[:] = [name for name in names if name not in links and not (inside == Path() and is_work(name))]
        yield from ((inside / name).as_posix() for name in [*files, *links] if name not in (FILE, SIGNATURE))


def is_work(name: str) -> bool:
    """Say whether a folder of the kit holds what is done with it, or a draft of that which was cut short."""
    return name == WORK or name.startswith(f".{WORK}-")


def flaws(files: Mapping[str, Any], found: Mapping[str, Path], *, everything: bool) -> Iterator[str]:
    """Yield in words what is not as it was signed; of large files only the size is looked at, unless `everything`."""
    for path, said in files.items():
        hashed = everything or not path.startswith(LARGE)
        if path not in found:
            yield f"{path} is missing"
        elif found[path].is_symlink() or not is_as_said(found[path], said, hashed=hashed):
            yield f"{path} is not what was signed"
    yield from (f"{path} was added" for path in sorted(found.keys() - files.keys()))


def is_as_said(file: Path, said: Mapping[str, Any], *, hashed: bool) -> bool:
    """Say whether a file is what the manifest says of it."""
    return file.stat().st_size == said["size"] and (not hashed or sha256(file) == said["sha256"])


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def refuse_ended(manifest: Mapping[str, Any], words: Sequence[str], now: datetime) -> None:
    """Refuse to change anything with a kit that expired.

    Raises:
        Refused: unless the command only shows or seals.
    """
    made, expires = (datetime.fromisoformat(manifest[key]) for key in ("made", "expires"))
    if is_reading(words):
        return
    if now >= expires:
        hint = "'commission show' and 'commission kit seal' still work; have a new kit made to go on"
        raise Refused(f"kit {manifest['kit']} expired on {expires:%Y-%m-%d %H:%M} UTC", hint, EXPIRED)
    if now < made - CLOCK_SLACK:
        hint = "set the clock of this machine"
        raise Refused(f"this machine's clock shows {now:%Y-%m-%d %H:%M} UTC, before the kit was made", hint, EXPIRED)


def is_reading(words: Sequence[str]) -> bool:
    """Say whether a command line only shows something, or seals."""
    named = command_of(words)
    return not words or any(named[: len(reading)] == reading for reading in READING)


def session_key(kit: str, environment: Mapping[str, str]) -> Path:
    """Return the file of the kit's key while it is unlocked, as `fleetctl.adapters.kit.keys` has it."""
    base = environment.get("XDG_RUNTIME_DIR") or f"/dev/shm/fleetctl-{os.getuid()}"  # noqa: S108 - only looked at
    return Path(base) / f"fleetctl-kit-{kit}" / "kit-key"


def command_of(words: Sequence[str]) -> tuple[str, ...]:
    """Return a command line without its options, but for those that are commands of their own."""
    values = {number + 1 for number, word in enumerate(words) if word in WITH_VALUE}
    return tuple(
        word
        for number, word in enumerate(words)
        if number not in values and (not word.startswith("-") or word in ("--version", "--help", "-h"))
    )


def environment_of(kit: Path, manifest: Mapping[str, Any], environment: Mapping[str, str]) -> Path:
    """Return the virtual environment with the kit's wheels; it is made the first time, in this user's cache.

    Raises:
        Refused: if the kit has no wheels for this Python, or they cannot be installed.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    wanted = f"wheels/requirements-{version}.txt"
    if wanted not in manifest["files"]:
        has = ", ".join(manifest["pythons"])
        hint = f"name one with FLEETCTL_PYTHON, or export with --python {version}"
        raise Refused(f"the kit has no wheels for Python {version}; it has them for {has}", hint)
    cache = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fleetctl" / "kits"
    home = cache / f"{manifest['files'][wanted]['sha256'][:16]}-{version}"
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / ".ready").is_file():
            sys.stderr.write("setting fleetctl up on this laptop, once; this takes a few seconds ...\n")
            install(kit, wanted, home)
    return home


def install(kit: Path, requirements: str, home: Path) -> None:
    """Make a virtual environment of the kit's wheels, each held against its digest.

    Raises:
        Refused: if pip cannot.
    """
    shutil.rmtree(home, ignore_errors=True)
    venv.create(home, with_pip=False, symlinks=True)
    (installer,) = (kit / "wheels").glob("pip-*.whl")
    options = ["--quiet", "--isolated", "--no-index", "--find-links", str(kit / "wheels"), "--require-hashes"]
    options += ["--disable-pip-version-check", "--no-cache-dir", "--only-binary", ":all:", "--no-deps"]
    command = [str(home / "bin/python"), "-I", "-B", f"{installer}/pip", "install", *options]
    ran = subprocess.run([*command, "--requirement", str(kit / requirements)], capture_output=True, text=True)
    if ran.returncode:
        said = " | ".join(ran.stderr.strip().splitlines()[-3:])
        raise Refused(
            f"the kit's wheels cannot be installed: {said}", "see that the disk of this laptop is not full", 1
        )
    (home / ".ready").touch()


def begin_work(kit: Path) -> None:
    """Copy what will be changed beside what was signed, the first time."""
    work = kit / WORK
    if work.is_dir():
        return
    draft = kit / f".{WORK}-{os.getpid()}"
    try:
        shutil.copytree(kit / SEED, draft)
        shutil.copytree(kit / "fleet", draft / "fleet", ignore=shutil.ignore_patterns("releases"))
        if (kit / "fleet/releases").is_dir():
            (draft / "fleet/releases").symlink_to(Path("../../fleet/releases"))
        if (kit / "images").is_dir():
            link_files(kit / "images", draft / "fleet/.fleetctl/images")
        draft.chmod(0o700)
        draft.rename(work)
    except OSError:
        if not work.is_dir():  # another terminal may have been quicker; what it made is the same
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def link_files(source: Path, target: Path) -> None:
    """Make folders like those of the kit, with a link to each file: what is packed of an image lies beside the links.

    Links are relative, from where the folders will be once the work has its name.
    """
    for folder, _, files in os.walk(source):
        inside = target / Path(folder).relative_to(source)
        inside.mkdir(parents=True, exist_ok=True)
        for name in files:
            (inside / name).symlink_to(os.path.relpath(Path(folder) / name, inside))


if __name__ == "__main__":
    main(Path(__file__).resolve().parent, sys.argv[1:], dict(os.environ))
