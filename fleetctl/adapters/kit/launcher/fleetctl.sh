#!/bin/sh
# Runs fleetctl from this folder. Needs Python 3.11 or newer and OpenSSH's client; no network, no root, no packages.
# From a stick that allows no programs: sh ./fleetctl ...
set -eu
here=$(cd -P "$(dirname "$0")" && pwd)
for python in ${FLEETCTL_PYTHON:-python3 python3.11 python3.12 python3.13 python3.14 python3.15}; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$python" -I -B "$here/launch.py" "$@"
    fi
done
echo "fleetctl: this kit needs Python 3.11 or newer; Debian 12, Ubuntu 23.04 and later have it" >&2
exit 2
