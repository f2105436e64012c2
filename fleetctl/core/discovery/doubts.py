"""What is doubtful about who machines are: identities that do not fit, that two claim, that sources dispute."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from fleetctl.core.discovery.cycles import cycles
from fleetctl.core.discovery.finding import Code, Finding
from fleetctl.core.discovery.joining import Machine
from fleetctl.core.discovery.roster import Roster
from fleetctl.core.discovery.who import Known, Mixed, Several, Whose

_NO_PORT = "; a machine without a system tells no port: the switch's own table of MACs does"
_LOOK = "leave both alone ('fleetctl unit quarantine UNIT --reason …') until somebody has read their labels"


def claimed_twice(claimed: Mapping[str, Sequence[Machine]]) -> Iterator[Finding]:
    """Yield units that two machines say they are."""
    for name, machines in claimed.items():
        if len(machines) > 1:
            message = f"{name}: {len(machines)} machines say they are its: {'; '.join(map(str, machines))}"
            evidence = tuple(line for machine in machines for line in machine.evidence)
            yield Finding(Code.CLAIMED_TWICE, (name,), message, _LOOK.replace("UNIT", name), evidence)


def wrong_identities(judged: Sequence[tuple[Machine, Whose]]) -> Iterator[Finding]:
    """Yield machines that are half one unit's and half another's, and MACs that several machines have.

    Where the serial and the MAC of units are exchanged in a closed round, that is one finding: somebody mixed up their
    labels.
    """
    crossed = {of.crossed[0]: (of.crossed[1], m) for m, of in judged if isinstance(of, Mixed) and of.crossed}
    rounds = cycles({serials: macs for serials, (macs, _) in crossed.items()})
    yield from (_crossed(round_, {name: crossed[name][1] for name in round_}) for round_ in rounds)
    told = {name for round_ in rounds for name in round_}
    for machine, of in judged:
        if isinstance(of, Several):
            yield Finding(Code.DUPLICATE_MAC, of.units, of.reason, "set one of them another MAC", machine.evidence)
        if isinstance(of, Mixed) and not (of.crossed and of.crossed[0] in told):
            yield _mixed(machine, of)


def from_elsewhere(claimed: Mapping[str, Sequence[Machine]], roster: Roster) -> Iterator[Finding]:
    """Yield machines of units of another site."""
    for name, machines in claimed.items():
        if name not in roster.units:
            message = f"{machines[0]} belongs to {name}, which is another site"
            hint = f"bring it there; if it is to stay: 'fleetctl unit swap UNIT {_as_options(machines[0])}'"
            yield Finding(Code.WRONG_IDENTITY, (name,), message, hint, machines[0].evidence)


def differing_sources(machines: Sequence[Machine]) -> Iterator[Finding]:
    """Yield addresses at which two machines were met, or that were leased to another one than was met there."""
    met: dict[str, list[Machine]] = {}
    for machine in machines:
        for address in machine.addresses:
            met.setdefault(address, []).append(machine)
    for address, there in sorted(met.items()):
        evidence = tuple(line for machine in there for line in machine.evidence)
        if len(there) > 1:
            message = f"{address}: {len(there)} machines were met there: {'; '.join(map(str, there))}"
            hint = "give one of them another address; which is right, its serial says"
            yield Finding(Code.ADDRESS_CONFLICT, (), message, hint, evidence)
    for machine in machines:
        for address in machine.leased:
            others = [other for other in met.get(address, ()) if other is not machine]
            if others:
                message = f"{address}: leased to {machine}, and {others[0]} was met there"
                hint = "the lease may be an old one; else somebody has set an address by hand"
                yield Finding(Code.SOURCES_DIFFER, (), message, hint, (*machine.evidence, *others[0].evidence))


def not_declared(judged: Iterable[tuple[Machine, Whose]], roster: Roster) -> Iterator[Finding]:
    """Yield what was seen of a unit's machine and is not declared: serial, MAC, the port that it hangs on."""
    for machine, of in judged:
        if not isinstance(of, Known) or of.unit not in roster.units:
            continue
        lacking = list(of.lacking)
        if not roster.units[of.unit].port and len(machine.ports) == 1:
            lacking.append(("port", str(machine.ports[0])))
        for key, value in lacking:
            message = f"{of.unit}: its {key} is not declared; seen is {value}"
            hint = f"write '{key}: {value}' into the site's file if that is right"
            yield Finding(Code.NOT_DECLARED, (of.unit,), message, hint, machine.evidence)


def unknown(machines: Iterable[Machine], roster: Roster, missing: Collection[str]) -> Iterator[Finding]:
    """Yield machines that are nobody's; one that stands where a machine is missing may be the new one."""
    for machine in machines:
        place = _place(machine, roster)
        where = [f"on {port}" for port in machine.ports] + [f"at {address}" for address in machine.addresses]
        asleep = "" if machine.is_awake else f"; {machine.trace}, and it does not answer"
        here = f", where {place} belongs" if place else ""
        where += [f"host key {key}" for key in machine.host_keys]
        message = f"unknown machine: {machine}{''.join(f', {each}' for each in where)}{here}{asleep}"
        hint = "if it is a unit's, declare its serial and MAC; else find out who put it there"
        if place in missing:
            hint = f"if it is the new machine of {place}: 'fleetctl unit swap {place} {_as_options(machine)}'"
        hint += "" if machine.ports else _NO_PORT
        yield Finding(Code.UNKNOWN, (), message, hint, machine.evidence)


def _place(machine: Machine, roster: Roster) -> str | None:
    """Return the unit whose place a machine is at: by its port, or else by its address."""
    by_port = [unit.name for port in machine.ports if (unit := roster.by_port(port)) is not None]
    by_address = [unit.name for each in machine.addresses if (unit := roster.by_address(each)) is not None]
    return next(iter((*by_port, *by_address)), None)


def _crossed(round_: tuple[str, ...], machines: Mapping[str, Machine]) -> Finding:
    names = " and ".join(round_)
    message = f"serials and MACs of {names} are mixed up: " + "; ".join(str(machines[name]) for name in round_)
    hint = "compare the labels with the site's file, and correct the serials or the MACs there"
    evidence = tuple(line for name in round_ for line in machines[name].evidence)
    return Finding(Code.SWAPPED, tuple(sorted(round_)), message, hint, evidence)


def _mixed(machine: Machine, of: Mixed) -> Finding:
    names = of.units
    hint = f"'fleetctl unit quarantine {names[0]} --reason …' until somebody has looked"
    hint += f"; if the machine was replaced: 'fleetctl unit swap {names[0]} {_as_options(machine)}'"
    return Finding(Code.WRONG_IDENTITY, names, f"{machine}: {of.reason}", hint, machine.evidence)


def _as_options(machine: Machine) -> str:
    """Return what tells a machine, as `unit swap` takes it."""
    serial = machine.serials[0] if machine.serials else "SERIAL"
    mac = f" --mac {machine.macs[0]}" if len(machine.macs) == 1 else ""
    return f"--serial {serial}{mac}"
