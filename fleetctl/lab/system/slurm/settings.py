"""What Slurm is told, where it is led from and on its nodes. Pure.

The platform has a network of its own, beside those of the sites: in a real building a unit reaches its platform through
a tunnel that the platform makes, with an address of the platform's.
"""

from __future__ import annotations

from ipaddress import ip_network

NETWORK = ip_network("100.65.0.0/16")
"""In the range for carriers' own networks (RFC 6598), where no site lies."""
LEADER = str(NETWORK[1])
HOST_NAME = "platform"
USER = "slurm"
"""Who leads; also the user that the lab's token is for."""
PARTITION = "heat"
FOLDER = "/run/platform"
"""Where the leader's keys, logs and the record of jobs are, as it sees them."""
SOCKET = f"{FOLDER}/sockets/api"
"""Where slurmrestd listens."""
FILES = ("slurm.conf", "cgroup.conf")
API = "openapi/v0.0.38"
_PORT = 6817
_SPARE = 16
"""Nodes that may join besides: those that were replaced, and are not forgotten yet."""

CGROUP = "CgroupPlugin=cgroup/v1\n"
"""Units show no more than the second version, whose plug-in wants a login session; nothing is limited here anyway."""

_CONF = """\
ClusterName=lab
SlurmctldHost={host}({leader})
SlurmctldPort={port}
SlurmUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key={folder}/jwt.key
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmctldParameters=enable_configless,cloud_reg_addrs
SlurmdParameters=config_overrides
SlurmdSpoolDir=/var/spool/slurmd
SlurmdPidFile=/run/slurmd.pid
SlurmdTimeout=20
ReturnToService=2
MaxNodeCount={nodes}
TreeWidth=65533
MessageTimeout=30
InactiveLimit=0
KillWait=5
MinJobAge=3600
MpiDefault=none
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/jobs.log
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
PartitionName={partition} Nodes=ALL Default=YES State=UP MaxTime=INFINITE
"""


def conf(nodes: int) -> str:
    """Return `slurm.conf` for so many nodes, which fetch it from the leader and join by themselves."""
    return _CONF.format(
        host=HOST_NAME,
        leader=LEADER,
        port=_PORT,
        user=USER,
        folder=FOLDER,
        nodes=nodes + _SPARE,
        partition=PARTITION,
    )


def address(number: int) -> str:
    """Return the address of the unit with this number on the platform's network, with its length."""
    return f"{NETWORK[number + 1]}/{NETWORK.prefixlen}"


def daemon_environment(node: str, cpus: int) -> str:
    """Return the environment of a node's daemon as it leaves the factory.

    The unit's own configuration says its options anew, and where they are led from: not on this machine, so the lab has
    the last word on that.
    """
    options = f"-Z -N {node} --conf 'CPUs={cpus} RealMemory=500'"
    return f'SLURMD_OPTIONS="{options}"\nLAB_LEADER=--conf-server {LEADER}:{_PORT}\n'
