"""The same configuration by pyinfra: a `files.put` for each file, a reload for each service whose file changed."""

from pathlib import Path

from pyinfra import host
from pyinfra.operations import files, server

FILES = {
    "/etc/hosts": ("644", ""),
    "/etc/systemd/network/10-fleet.network": ("644", "network"),
    "/etc/ssh/sshd_config.d/10-fleet.conf": ("600", "ssh"),
    "/etc/systemd/timesyncd.conf.d/10-fleet.conf": ("644", "time"),
    "/etc/fleet/heat.toml": ("644", "heat"),
    "/etc/fleet/compute.env": ("600", "compute"),
    "/etc/fleet/boot.conf": ("644", ""),
    "/var/lib/prometheus/node-exporter/fleet.prom": ("644", "labels"),
}

for path, (mode, service) in FILES.items():
    put = files.put(src=str(Path(host.data.files) / host.name / path[1:]), dest=path, mode=mode)
    if service:
        server.shell(commands=[f"/usr/lib/fleet/hooks/{service} reload"], _if=put.did_change)
