#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Installs restic, and what it stands on, from Debian's packages; prints "installed" if any was
# lacking. Whatever is there already is used as it is.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
set --
command -v restic > /dev/null || set -- "$@" restic
command -v ssh > /dev/null || set -- "$@" openssh-client
python3 -c 'import sqlite3' 2> /dev/null || set -- "$@" python3
[ $# -gt 0 ] || exit 0

# A new server is often busy with its own first upgrades: wait for the lock.
patient() {
  apt-get -o DPkg::Lock::Timeout=300 --quiet "$@" >&2
}

patient install --yes --no-install-recommends --no-remove "$@" || {
  patient update
  patient install --yes --no-install-recommends --no-remove "$@"
}
echo installed
