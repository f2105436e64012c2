"""The first process of a stand-in unit: choose the slot, enter it, start what runs there, let it be marked good.

It tells the lab's supervisor what happens by JSON lines on an inherited pipe (`LAB_NOTIFY`): `booted`, `ready` once
sshd answers, `good` once `fleet-unit mark-good` has found the unit well.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fleetctl.lab.unit import fakeid, network, processes, slots, system
from fleetctl.lab.unit import root as file_system
from fleetctl.lab.unit.place import root
from fleetctl.lab.unit.settings import FULL, PATH, Settings, command, from_json

FAILED = 70
_FLEET_UNIT_S = 60
_WELL_WITHIN_S = 20
"""After so long a slot on trial that is not well is left for the one before."""
_CACHE_PORT = 8480
_FOLDERS = {"run/sshd": 0o755, "run/heat": 0o755, "data/ssh": 0o700, "data/fleet": 0o755, "data/heat": 0o755}
"""`/data/fleet` is open: networkd, which is not root, reads its files there. What is private has a mode of its own."""


def main() -> int:
    """Be the unit's init; a failure is printed on the console and has a code that no signal has."""
    try:
        boot(Path(sys.argv[1]), Path(sys.argv[2]))
    except Exception:
        traceback.print_exc()
    return FAILED


def boot(folder: Path, base: Path) -> None:
    """Boot the unit whose settings and storage are in `folder`, over the shared `base`."""
    settings = from_json((folder / "unit.json").read_text())
    tell = Notice(inherited("LAB_NOTIFY"))
    room = inherited("LAB_ROOM")
    slot = choose_slot(folder / "disk/data/boot")
    take_root(settings, folder, base, slot)
    tell("booted", slot=slot, boot_id=(root() / "proc/sys/kernel/random/boot_id").read_text().strip())
    refuse_to_start_if_broken()
    host_key = prepare(settings)
    run_fleet_unit()
    if settings.networked:
        bring_network_up(settings)
    Init(settings, slot, tell, host_key, room).run()


def inherited(name: str) -> int:
    """Return the descriptor that a variable names, and keep it from programs that are not given it."""
    descriptor = int(os.environ.pop(name))
    os.set_inheritable(descriptor, False)
    return descriptor


class Notice:
    """Tells the supervisor; a supervisor that is gone is no reason for a unit to stop."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def __call__(self, event: str, **values: str) -> None:
        """Send one event."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._pipe, json.dumps({"event": event, **values}).encode() + b"\n")


def choose_slot(folder: Path) -> str:
    """Let the boot loader choose and remember what it did."""
    slot, env = slots.start(slots.load(folder))
    remember(folder, env)
    return slot


def remember(folder: Path, env: slots.Environment) -> None:
    """Store what the boot loader remembers; a full disk is no reason not to boot."""
    try:
        if env != slots.load(folder):
            slots.store(folder, env)
    except OSError as error:
        print(f"boot loader: {error}", file=sys.stderr)


def take_root(settings: Settings, folder: Path, base: Path, slot: str) -> None:
    """Make the chosen slot the root of this process, or of the folder that stands for one."""
    if settings.isolated:
        file_system.enter(settings, folder, base, slot)
        fakeid.install()  # what starts from here on may be alone with one id
        os.environ.clear()
        os.environ.update(PATH=PATH, HOME="/root", TERM="linux", LANG="C.UTF-8")
    else:
        system.adopt_orphans()
        system.die_with_parent(signal.SIGKILL)
        lay_out_folder(folder, slot)
        take_power_signals()
    (root() / "run/lab").mkdir(parents=True, exist_ok=True)
    (root() / "run/lab/unit.json").write_text(settings.to_json())


def lay_out_folder(folder: Path, slot: str) -> None:
    """Lay a slot's files over the folder that stands for a unit's root, and forget the last boot's run-time files."""
    shutil.rmtree(root() / "run", ignore_errors=True)
    trees = {name: folder / "disk/slots" / name / "tree" for name in slots.NAMES}
    for tree in trees.values():
        for file in (f for f in tree.rglob("*") if f.is_file()):
            (root() / file.relative_to(tree)).unlink(missing_ok=True)
    shutil.copytree(trees[slot], root(), dirs_exist_ok=True)
    for name, text in (
        ("sys/kernel/random/boot_id", file_system.new_boot_id()),
        ("cmdline", f"quiet rauc.slot={slot}\n"),
    ):
        file = root() / "proc" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def take_power_signals() -> None:
    """Turn the `reboot` program's request into the end that the kernel would bring about."""

    def end(number: int, _: object) -> None:
        processes.end_family(os.getpid())
        fate = signal.SIGHUP if number == signal.SIGUSR1 else signal.SIGINT
        signal.signal(fate, signal.SIG_DFL)
        os.kill(os.getpid(), fate)

    signal.signal(signal.SIGUSR1, end)
    signal.signal(signal.SIGUSR2, end)


def refuse_to_start_if_broken() -> None:
    """Panic if the slot holds a system that is made to: that is how tests show the boot loader's fallback."""
    if (root() / "etc/fleet/panic").exists():
        if root() == Path("/"):
            system.reboot()
        os.kill(os.getpid(), signal.SIGUSR1)


def prepare(settings: Settings) -> str:
    """Lay out what outlives slots, and return the public host key."""
    for name, mode in _FOLDERS.items():
        (root() / name).mkdir(mode, parents=True, exist_ok=True)
    (root() / "run/lab/init.pid").write_text(f"{os.getpid()}\n")
    machine_id = root() / "data/machine-id"
    if not machine_id.exists():
        slots.replace_file(machine_id, os.urandom(16).hex() + "\n")
    for name, text in (
        ("hostname", f"{settings.host_name}\n"),
        ("hosts", f"127.0.0.1 localhost\n127.0.1.1 {settings.host_name}\n"),
        ("machine-id", machine_id.read_text()),
    ):
        file = root() / "etc" / name
        # A link is fleetctl's configuration, and not ours to write through.
        if not file.is_symlink() and not (file.exists() and file.read_text() == text):
            file.write_text(text)
    key = root() / "data/ssh/ssh_host_ed25519_key"
    if not key.exists():
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", settings.name, "-f", str(key)]
        subprocess.run(make, check=True)
    return key.with_suffix(".pub").read_text().strip()


def run_fleet_unit() -> None:
    """Let `fleet-unit` put the booted slot's configuration in place, if this system has it."""
    if Path(fleet_unit()).exists():
        result = subprocess.run([fleet_unit(), "boot"], timeout=_FLEET_UNIT_S)
        if result.returncode:
            print(f"fleet-unit boot: exit code {result.returncode}", file=sys.stderr)


def fleet_unit() -> str:
    """Return where this unit's `fleet-unit` is."""
    return str(root() / "usr/lib/fleet/fleet-unit")


def bring_network_up(settings: Settings) -> None:
    """Give the interfaces what the files say; a file that cannot be used is passed over, as networkd does."""
    try:
        network.apply(settings, network.read(root() / network.FOLDER))
    except (ValueError, OSError) as error:
        print(f"network: {error}", file=sys.stderr)
        network.apply(settings, ())


@dataclass
class Service:
    """A program that is started again when it ends; it is given some of init's descriptors."""

    argv: Sequence[str]
    descriptors: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    started_at: float = -1.0

    def keep_up(self, now: float) -> None:
        """Start the program if it is not running, at most once a second."""
        if self.process is not None and self.process.poll() is not None:
            self.process = None
        if self.process is None and now - self.started_at >= 1.0:
            self.started_at = now
            self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, pass_fds=self.descriptors)


@dataclass
class Init:
    """Keeps the unit's programs up and reaps what is orphaned."""

    settings: Settings
    slot: str
    tell: Notice
    host_key: str
    room: int
    ready: bool = False
    good: bool = False
    services: list[Service] = field(default_factory=list)
    check: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Run for as long as the unit does."""
        self.services = list(self.wanted())
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        while True:
            for service in self.services:
                service.keep_up(time.monotonic())
            self.report_health()
            signal.sigtimedwait({signal.SIGCHLD}, 2.0 if self.good else 0.03)
            self.reap_orphans()

    def wanted(self) -> Iterator[Service]:
        """Yield the services of this kind of unit; a system may be one whose heat agent does not start."""
        # Where no namespace ends them with their init, the kernel is asked to.
        bound = [] if self.settings.isolated else ["setpriv", "--pdeathsig", "KILL"]
        yield Service([*bound, *self.bounded(), *sshd_command(self.settings)])
        if self.settings.kind == "gateway":
            yield Service([*bound, fleet_unit(), "cache", "--bind", f"{cache_address(self.settings)}:{_CACHE_PORT}"])
            yield Service([*bound, *command("hub", str(self.room))], (self.room,))
            return
        if not (root() / "etc/fleet/no-agent").exists():
            yield Service([*bound, *command("heat", str(self.room))], (self.room,))
        yield Service([*bound, *command("compute")])

    def bounded(self) -> list[str]:
        """Return what sshd is started with where no file may grow instead of a full disk: that is an error, no end."""
        if self.settings.isolated:
            return []
        return ["env", "--ignore-signal=XFSZ", *(["prlimit", "--fsize=0:"] if (root() / FULL).exists() else [])]

    def report_health(self) -> None:
        """Tell when sshd answers, and when the unit has found itself well."""
        if not self.ready and sshd_answers(self.settings):
            self.ready = True
            self.tell("ready", host_key=self.host_key)
        if self.ready and not self.good:
            self.look_whether_good()

    def look_whether_good(self) -> None:
        """Let `fleet-unit` mark the slot good once the unit is well, or leave a slot that was only on trial."""
        if self.check is None:
            ssh = "{}:{}".format(*sshd_address(self.settings))
            argv = [fleet_unit(), "mark-good", "--within", str(_WELL_WITHIN_S), "--ssh", ssh, "--fall-back"]
            self.check = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
        elif self.check.poll() is not None:
            self.good = self.check.returncode == 0
            self.check = None
            if self.good:
                self.tell("good")

    def reap_orphans(self) -> None:
        """Reap every child that has ended; of the services, remember that they did."""
        watched = [self.check, *(service.process for service in self.services)]
        known = {process.pid: process for process in watched if process is not None}
        for process in known.values():
            process.poll()
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            if ended.si_pid in known:
                known[ended.si_pid].poll()
            else:
                os.waitpid(ended.si_pid, 0)


def sshd_command(settings: Settings) -> list[str]:
    """Return sshd's command line; what stands here wins over every configuration file."""
    # A unit's login may be root under another name, which a file that says `PermitRootLogin no` would lock out.
    fixed = [f"ListenAddress={settings.listen}", f"Port={settings.port}", "UsePAM=no"]
    fixed += ["PermitRootLogin=prohibit-password"]
    config = root() / "etc/ssh/sshd_config"
    return ["/usr/sbin/sshd", "-D", "-e", "-f", str(config), *(part for o in fixed for part in ("-o", o))]


def sshd_address(settings: Settings) -> tuple[str, int]:
    """Return where the unit itself reaches its sshd."""
    host = "127.0.0.1" if settings.listen == "0.0.0.0" else settings.listen  # noqa: S104 - compared, not bound
    return host, settings.port


def cache_address(settings: Settings) -> str:
    """Return the address of a gateway in the network of its site, where its units find its bundles."""
    return settings.interfaces[0][1].partition("/")[0] if settings.interfaces else settings.listen


def sshd_answers(settings: Settings) -> bool:
    """Say whether sshd greets a client."""
    try:
        with socket.create_connection(sshd_address(settings), timeout=1.0) as connection:
            return connection.makefile("rb").readline().startswith(b"SSH-")
    except OSError:
        return False
