"""The one place that builds adapters from the global options. Everything heavy is imported where it is built."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fleetctl.cli.frame import Frame
from fleetctl.core.problems import CouldNot, InvalidInput, Problem

if TYPE_CHECKING:
    from fleetctl.adapters.secrets import SecretResolver
    from fleetctl.cli.metrics import Offer
    from fleetctl.core.config import Config
    from fleetctl.core.doctor import Machine
    from fleetctl.core.importing.mapping import Mapped
    from fleetctl.core.inventory.fleet import Fleet
    from fleetctl.core.route import Route
    from fleetctl.ports import Clock, FleetFiles, Forecasts, Prober, Processes, Shell, SiteCache, State, TemplateFiles
    from fleetctl.services.import_units import Import
    from fleetctl.services.orders import Word
    from fleetctl.services.run import Seat
    from fleetctl.services.site_edits import Editor


def fleet(frame: Frame) -> Fleet:
    """Load the fleet.

    Raises:
        InvalidInput: with everything that is wrong with it.
    """
    from fleetctl.services.load import load

    return load(fleet_files(frame), site_cache(frame))


def shared(frame: Frame) -> Fleet:
    """Load what all sites share, without the sites.

    Raises:
        InvalidInput: if `fleet.yaml` cannot be used.
    """
    from fleetctl.services.load import load_shared

    return load_shared(fleet_files(frame), site_cache(frame))


def fleet_files(frame: Frame) -> FleetFiles:
    """Return the files of the fleet's folder; problems show them as seen from the working folder."""
    from fleetctl.adapters.fleet_files import FolderFiles

    return FolderFiles(_as_seen(frame.folder))


def _as_seen(folder: Path) -> Path:
    """Return a folder as seen from the working folder, for problems."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def write_files(folder: Path, files: Mapping[str, str], *, overwrite: bool) -> list[Path]:
    """Write text files into a folder; returns their paths."""
    from fleetctl.adapters import new_files

    return new_files.write_files(folder, files, overwrite=overwrite)


def imported(frame: Frame, file: Path, mapped: Mapped) -> Import:
    """Read a spreadsheet and return what it changes; nothing is written."""
    from fleetctl.adapters.spreadsheets import read_sheets
    from fleetctl.adapters.yaml_edit import edited
    from fleetctl.services.import_units import import_units

    return import_units(read_sheets(file), mapped, fleet_files(frame), site_cache(frame), edited)


def editor() -> Editor:
    """Return what edits site files where their values stand."""
    from fleetctl.adapters.yaml_edit import edited

    return edited


def mapping_file(path: Path) -> Mapped:
    """Read what the columns and words of a spreadsheet mean.

    Raises:
        InvalidInput: with everything that is wrong with the file.
        CouldNot: if it cannot be read.
    """
    from fleetctl.adapters import yaml_reader
    from fleetctl.core.document import SourceFile
    from fleetctl.core.importing.mapping import mapped_by

    try:
        mapped, problems = mapped_by(yaml_reader.read(SourceFile(str(path), path.read_bytes())))
    except OSError as error:
        raise CouldNot(f"{path}: cannot be read: {error.strerror}", hint="check its name, owner and mode") from error
    if problems:
        raise InvalidInput(problems)
    return mapped


def replace_whole(files: Mapping[str, tuple[bytes, bytes]]) -> None:
    """Replace what files hold (before, after), all of them or none."""
    from fleetctl.adapters import whole_files

    whole_files.replace_whole({Path(path): whole_files.Replacement(*of) for path, of in files.items()})


def site_cache(frame: Frame) -> SiteCache:
    """Return the cache of what was made from each site."""
    from fleetctl.adapters.site_cache import FolderCache

    return FolderCache(frame.state_folder / "cache")


def forecasts(frame: Frame, note: Callable[[str], None] | None = None) -> Forecasts:
    """Return the weather forecasts that sites declare; `note` is told why a site has none, else standard error is."""
    from fleetctl.adapters.forecast_answers import Answers
    from fleetctl.adapters.forecasts import DeclaredForecasts

    say = note or frame.notes().print
    return DeclaredForecasts(_as_seen(frame.folder), Answers(frame.state_folder / "forecasts"), clock(), say)


def template_files(frame: Frame) -> TemplateFiles:
    """Return the templates, the fleet's own in the place of ours."""
    from fleetctl.adapters.share import TemplateFolders

    return TemplateFolders(frame.folder)


def written_configs(folder: Path, configs: Iterable[Config]) -> Iterator[Config]:
    """Write configs into a folder and yield each of them."""
    from fleetctl.adapters.rendered_files import write_configs

    return write_configs(folder, configs)


def secrets(frame: Frame, of: Fleet) -> SecretResolver:
    """Return what resolves the secrets that a fleet declares."""
    from fleetctl.adapters.secrets import SecretResolver

    return SecretResolver(of.secrets, frame.folder)


@contextlib.contextmanager
def state(frame: Frame, *, durable: bool = False) -> Iterator[State]:
    """Open the state for the length of a block.

    Args:
        frame: the global options.
        durable: what is written must outlive this call; a state beside a pipeline's checkout does not.

    Raises:
        InvalidInput: if it is not a state, or a newer one; or if it would be lost with the pipeline's checkout.
        CouldNot: if it is durable, and of a kit that expired.
    """
    from fleetctl.adapters.store.state import open_state
    from fleetctl.cli.kit_end import refuse_ended

    if durable:
        refuse_ended(frame)
    if durable and frame.state is None and os.environ.get("CI"):
        message = "in a pipeline the state beside the inventory is lost with the checkout"
        hint = "set FLEETCTL_STATE to a database that stays, for instance postgresql+psycopg://user@host/fleet"
        raise InvalidInput([Problem("state-would-be-lost", message, hint=hint)])
    opened = open_state(frame.state_url)
    try:
        yield opened
    finally:
        opened.close()


def word(frame: Frame) -> Word:
    """Return who gives an order, and when."""
    from fleetctl.services.orders import Word

    return Word(frame.actor, clock().now().utc)


def unit_names(frame: Frame) -> frozenset[str] | None:
    """Return the names of all units; None if the inventory cannot be read: an order does not wait for its repair."""
    try:
        return frozenset(fleet(frame).by_name)
    except (CouldNot, InvalidInput) as reason:
        frame.notes().print(f"the inventory cannot be read, so nobody checked that the scope exists ({reason})")
        return None


def clock() -> Clock:
    """Return the clocks of this machine."""
    from fleetctl.adapters.clock import SystemClock

    return SystemClock()


def prober(*, epoch: int = 0) -> Prober:
    """Return what observes units; with an epoch, units refuse every earlier controller from then on."""
    from fleetctl.adapters.ssh.prober import SshProber

    return SshProber(clock(), epoch=epoch)


def shell() -> Shell:
    """Return what runs single commands on units."""
    from fleetctl.adapters.ssh.shell import SshShell

    return SshShell()


def ssh_config(frame: Frame, route: Route) -> Path:
    """Write the way to a unit for OpenSSH's client; returns the file for `ssh -F`."""
    from fleetctl.adapters.ssh.openssh import write_ssh_config

    folder = frame.state_folder.resolve() / "ssh" / route.target.alias
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return write_ssh_config([route], folder)


def processes() -> Processes:
    """Return what looks at processes of this machine."""
    from fleetctl.adapters.process import LocalProcesses

    return LocalProcesses()


def is_led(of: State) -> bool:
    """Say whether a controller drives rollouts, as far as its lease and this machine can tell."""
    import socket

    from fleetctl.services.lead import Succession, is_dead

    current = of.controllers.current()
    if current is None or current.lease_until <= clock().now().utc:
        return False
    return not is_dead(current, socket.gethostname(), Succession(of.controllers, processes(), clock(), of.uuid))


def seat(
    frame: Frame,
    of: State,
    interrupted: Callable[[], bool],
    metrics: Offer | None = None,
    linger_s: float | None = None,
) -> Seat:
    """Return where rollouts are run from: this process, if nobody else leads.

    Args:
        frame: the global options.
        of: the state.
        interrupted: says whether the person wants to stop.
        metrics: where they are offered; None for nowhere.
        linger_s: how long a step waits for others of its kind; None leaves it to the executor.
    """
    from fleetctl.cli.hands import lead
    from fleetctl.cli.witness import Witness
    from fleetctl.services.run import Seat

    witness = Witness(frame, of, metrics)
    ways = (lambda: witness.beside(lead(frame, of, linger_s)), interrupted, witness.told, frame.notes().print)
    return Seat(of, clock(), frame.actor, *ways)


def new_id(prefix: str) -> str:
    """Return a fresh identifier that sorts by time and can be typed: `r-0115-1830-7f3a`."""
    import secrets as randomness

    return f"{prefix}-{clock().now().utc:%m%d-%H%M}-{randomness.token_hex(2)}"


def git_commit(frame: Frame) -> str:
    """Return the Git commit of the inventory, or an empty text."""
    from fleetctl.adapters.git import commit_of

    return commit_of(frame.folder)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    from fleetctl.adapters.whole_file import write_whole as write

    write(path, content)


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner may look into, if it is missing; returns it.

    Raises:
        CouldNot: if the file system refuses.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CouldNot(f"{path} cannot be made: {error.strerror}") from error
    return path


def report_template(name: str) -> str:
    """Return the HTML template of a report."""
    from fleetctl.adapters.reports import template

    return template(name)


def machine(programs: Iterable[str], folders: Mapping[str, Path]) -> Machine:
    """Return what can be seen of this machine."""
    from fleetctl.adapters.machine import look

    return look(programs, folders)
