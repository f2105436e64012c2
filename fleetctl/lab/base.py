"""What all stand-ins of a lab share: a skeleton of `/etc` over this machine's own `/usr`, and the units' programs.

Nothing is downloaded: the base is made from this machine's programs, read-only, in a fraction of a second.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import fleetctl
from fleetctl.lab import blinker, flasher, wire_files
from fleetctl.lab.unit import file_checks
from fleetctl.lab.unit.settings import LIBRARY, PATH, PYTHON
from fleetctl.lab.unit.signature import KEYRING

SERVICES = ("network", "time", "ssh", "heat", "compute", "labels", "boot", "netboot")
"""Services whose files fleetctl renders; each has a hook on the unit."""

_HERE = Path(__file__).parent
_FOLDERS = (
    "data",
    "dev",
    "etc/fleet",
    "etc/ssh/sshd_config.d",
    "etc/systemd/network",
    "home",
    "mnt",
    "opt",
    "proc",
    "root/.ssh",
    "run",
    "srv",
    "sys",
    "tmp",
    "usr",
    "var/cache",
    "var/lib/misc",
    "var/log",
    "var/tmp",
    ".slots",
)
_FROM_THIS_MACHINE = (
    "alternatives",
    "bash.bashrc",
    "debian_version",
    "host.conf",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "login.defs",
    "os-release",
    "profile",
    "protocols",
    "python3",
    "services",
    "ssl/openssl.cnf",
)
SSHD = """\
Include {root}/etc/ssh/sshd_config.d/*.conf
HostKey {root}/data/ssh/ssh_host_ed25519_key
PidFile {root}/run/sshd.pid
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
X11Forwarding no
PrintMotd no
AcceptEnv LANG LC_*
MaxStartups 50:30:100
Subsystem sftp internal-sftp
KexAlgorithms -sntrup761x25519-sha512@openssh.com
"""
"""The exchange that is left out costs a tenth of a second of CPU a connection, and one machine pays it for all."""
_LAUNCHER = """\
#!{python} -IS
import sys
sys.path.insert(0, {library!r})
from fleetctl.lab.{module} import main
sys.exit(main())
"""
# Commands run by the login shell, whose files may put other programs first; `reboot` must never be this machine's.
_SESSION = """\
#!/bin/sh
export PATH={path}
case "$SSH_ORIGINAL_COMMAND" in
  "") exec /bin/sh -i ;;
  internal-sftp*) exec /usr/lib/openssh/sftp-server ;;
  *) exec /bin/sh -c "$SSH_ORIGINAL_COMMAND" ;;
esac
"""
# Everything runs as root already; a unit's login may be one that becomes root all the same.
_SUDO = """\
#!/bin/sh
while :; do
  case "$1" in
    --) shift; break ;;
    -u|-g|-p|-h|-C|-T|--user|--group|--prompt) shift 2 ;;
    -*) shift ;;
    *=*) export "$1"; shift ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || exit 0
exec "$@"
"""


def build(base: Path, users: Sequence[str], authorized_key: str) -> None:
    """Build the shared base for units with mounts of their own: `skeleton`, and `extra` to lay over `/usr`.

    Args:
        base: an empty folder.
        users: names that log in as root, besides root.
        authorized_key: public key that every unit knows.
    """
    skeleton, extra = base / "skeleton", base / "extra"
    for name in _FOLDERS:
        (skeleton / name).mkdir(parents=True, exist_ok=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (skeleton / name).symlink_to(f"usr/{name}")
    copy_from_this_machine(skeleton / "etc")
    for name, text in _accounts(users).items():
        (skeleton / "etc" / name).write_text(text)
    (skeleton / "etc/ssh/sshd_config").write_text(SSHD.format(root=""))
    write_private(skeleton / "root/.ssh/authorized_keys", authorized_key)
    for folder, mode in (("root", 0o700), ("root/.ssh", 0o700), ("tmp", 0o1777), ("var/tmp", 0o1777)):
        (skeleton / folder).chmod(mode)
    copy_library(extra / LIBRARY.removeprefix("/usr/"))
    install_programs(extra, LIBRARY, programs())
    link_leases(skeleton)


def build_folder(root: Path, library: Path, authorized_key: Path) -> None:
    """Build a folder that stands for a unit's root where there are no mounts.

    Args:
        root: the folder.
        library: the units' modules, shared by all.
        authorized_key: file of the public key that every unit knows.
    """
    for name in _FOLDERS:
        if name not in ("data", ".slots"):
            (root / name).mkdir(parents=True, exist_ok=True)
    (root / LIBRARY[1:]).parent.mkdir(parents=True)
    (root / LIBRARY[1:]).symlink_to(library)
    install_programs(root / "usr", str(library), programs())
    link_leases(root)
    # bash reads its user's ~/.bashrc for sshd only on the first level of shells; what that does is no unit's business.
    environment = f'SetEnv FLEET_ROOT="{root}" PATH="{folder_path(root)}" SHLVL=1\n'
    write_program(root / "usr/lib/fleet/session", _SESSION.format(path=shlex.quote(folder_path(root))))
    # A folder under /tmp is writable for others further up, and the key's own file is ours.
    keys = f'AuthorizedKeysFile "{authorized_key}"\nStrictModes no\n'
    keys += f"ForceCommand {root}/usr/lib/fleet/session\n"
    (root / "etc/ssh/sshd_config").write_text(environment + keys + SSHD.format(root=root))


def folder_path(root: Path) -> str:
    """Return the search path of a unit that is a folder: its own programs first."""
    return f"{root}/usr/sbin:{root}/usr/bin:{PATH}"


def install_programs(usr: Path, library: str, launched: Mapping[str, str]) -> None:
    """Install the units' programs, and `fleet-unit`, under a folder that stands for `/usr`.

    Args:
        usr: the folder.
        library: where the units' modules are, as the programs will see it.
        launched: module of each program, by its path.
    """
    for path, module in launched.items():
        write_program(usr / path, _LAUNCHER.format(python=PYTHON, library=library, module=module))
    write_program(usr / "bin/sudo", _SUDO)
    write_program(usr / "sbin/lldpctl", wire_files.LLDPCTL)
    write_program(usr / "lib/fleet/identify", blinker.PROGRAM)
    for name in flasher.COMPONENTS:
        write_program(usr / "lib/fleet/components" / name, flasher.PROGRAM)
    if (program := fleet_unit()) is not None:
        write_program(usr / "lib/fleet/fleet-unit", program.read_text())
        (usr / "lib/fleet/fleet_unit").symlink_to(f"{library}/fleet_unit")
        (usr / "bin/fleet-unit").symlink_to("../lib/fleet/fleet-unit")


def link_leases(root: Path) -> None:
    """Let the lease file of a gateway be the one that the lab writes; for other units the link leads nowhere."""
    (root / wire_files.LEASE_FILE).parent.mkdir(parents=True, exist_ok=True)
    (root / wire_files.LEASE_FILE).symlink_to(f"../../../{wire_files.LEASES}")


def fleet_unit() -> Path | None:
    """Return the `fleet-unit` of this fleetctl."""
    return shipped("playbooks/fleet-unit")


def shipped(file: str) -> Path | None:
    """Return a file that ships with this fleetctl: the wheel's, or the source tree's."""
    package = Path(fleetctl.__file__).parent
    return next((p for p in (package / "_share" / file, package.parent / file) if p.is_file()), None)


def give_keyring(root: Path, keyring: Path) -> None:
    """Let units believe the bundles of whom a keyring vouches for, if there is one; a release may bring its own."""
    (root / KEYRING).parent.mkdir(parents=True, exist_ok=True)
    if keyring.exists():
        shutil.copy(keyring, root / KEYRING)


def copy_library(home: Path, packages: Sequence[str] = ("unit",)) -> None:
    """Copy the modules of the units' own programs and of `fleet-unit`, compiled for this machine's `python3`.

    Args:
        home: a folder that is not there yet.
        packages: of the lab, those that units need.
    """
    copies = {home / "fleetctl/lab" / name: _HERE / name for name in packages}
    if (program := fleet_unit()) is not None:
        copies[home / "fleet_unit"] = program.with_name("fleet_unit")
    for target, source in copies.items():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        for package in target.relative_to(home).parents[:-1]:
            (home / package / "__init__.py").touch()
    compiling = [PYTHON, "-IS", "-m", "compileall", "-q", *map(str, copies)]
    subprocess.run(compiling, check=True, stdout=subprocess.DEVNULL)


def copy_from_this_machine(etc: Path) -> None:
    """Copy what programs of this machine's `/usr` expect in `/etc`; nothing that names a person or a secret."""
    pythons = [p.name for p in Path("/etc").glob("python3.*")]
    for name in [*_FROM_THIS_MACHINE, *pythons]:
        source, target = Path("/etc") / name, etc / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        elif source.exists() or source.is_symlink():
            shutil.copy(source, target, follow_symlinks=False)


def write_program(path: Path, text: str) -> None:
    """Write an executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads."""
    path.touch(0o600)
    path.write_text(text)


def programs() -> dict[str, str]:
    """Return the module of each program that stands in for one of a real unit."""
    names = ("sbin/reboot", "sbin/poweroff", "sbin/halt", "sbin/shutdown", "bin/systemctl")
    return {**dict.fromkeys(names, "unit.power"), **hooks(), "bin/rauc": "unit.rauc"}


def hooks() -> dict[str, str]:
    """Return the module of each service's hook."""
    return {f"lib/fleet/hooks/{s}": f"unit.{'file_checks' if s in file_checks.CHECKS else 'hooks'}" for s in SERVICES}


def _accounts(users: Sequence[str]) -> dict[str, str]:
    # sshd's own user has root's id because a user namespace made without help has no other.
    names = "".join(f"{user}:x:0:0::/root:/bin/sh\n" for user in users)
    return {
        "passwd": "root:x:0:0:root:/root:/bin/sh\n"
        "sshd:x:0:0::/run/sshd:/usr/sbin/nologin\n"
        f"{names}nobody:x:65534:65534::/:/usr/sbin/nologin\n",
        "group": "root:x:0:\ntty:x:0:\nnogroup:x:65534:\n",
        "shadow": "root:*:19000:0:99999:7:::\n" + "".join(f"{user}:*:19000:0:99999:7:::\n" for user in users),
        "nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n",
    }
