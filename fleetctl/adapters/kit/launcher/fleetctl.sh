#!/bin/sh
# Runs fleetctl from this folder. Needs Python 3.11 or newer and OpenSSH's client; no network, no root, no packages.
# From a stick that allows no programs: sh ./fleetctl ...
set -eu
here=$(cd -P "$(dirname "$0")" && pwd)
said='import sys; sys.version_info < (3, 11) and sys.exit(1); print("%d.%d" % sys.version_info[:2])'
other=
for python in ${FLEETCTL_PYTHON:-python3 python3.11 python3.12 python3.13 python3.14 python3.15}; do
    version=$("$python" -I -c "$said" 2>/dev/null) || continue
    if [ -f "$here/wheels/requirements-$version.txt" ]; then
        exec "$python" -I -B "$here/launch.py" "$@"
    fi
    other=${other:-$python}
done
if [ -n "$other" ]; then # it says for which Python the kit has wheels
    exec "$other" -I -B "$here/launch.py" "$@"
fi
echo "fleetctl: this kit needs Python 3.11 or newer; Debian 12, Ubuntu 23.04 and later have it" >&2
exit 2
