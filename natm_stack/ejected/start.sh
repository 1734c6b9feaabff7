#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Starts all platforms, or those named, and makes anew the containers whose files here changed.
# One that does not start stops no other.
. "$(dirname "$0")/common.sh"

failed=
for id in ${*:-$PLATFORMS}; do
  # A backup that was killed may have left one held still.
  compose "$id" unpause > /dev/null 2>&1 || true
  compose "$id" up --detach --wait --wait-timeout=300 --no-build --remove-orphans \
    || failed="$failed $id"
done
[ -z "$failed" ] || { echo "not up:$failed; look with: docker compose logs" >&2; exit 1; }
