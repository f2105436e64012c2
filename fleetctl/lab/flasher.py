"""A stand-in for the flashers of what is not the system: the heater's controller and the boot loader.

It is a shell script, because every boot asks it twice.
"""

from __future__ import annotations

COMPONENTS = ("bootloader", "controller")
"""Names of a stand-in's components, each with a flasher of its own."""

PROGRAM = """\
#!/bin/sh
# A flash that is cut leaves a component without a version, until it is flashed again.
name="${0##*/}"
here="$FLEET_ROOT/data/lab/components/$name"
case "$1" in
  version) cat "$here" 2>/dev/null || echo 1.0.0 ;;
  compatible) sed -n "s/^COMPATIBLE=\\\\(.*\\\\)/\\\\1-$name/p" "$FLEET_ROOT/etc/fleet/release" ;;
  flash)
    version="$(rauc info --output-format=shell "$2" | sed -n "s/^RAUC_MF_VERSION=//p" | tr -d "'")"
    [ -n "$version" ] || exit 1
    mkdir -p "${here%/*}" && : > "$here" && sync "$here" || exit 1
    sleep "$(cat "$FLEET_ROOT/data/lab/slow-flash" 2>/dev/null || echo 0)"
    echo "$version" > "$here" && sync "$here" ;;
  *) echo "usage: $name version|compatible|flash BUNDLE" >&2; exit 2 ;;
esac
"""
