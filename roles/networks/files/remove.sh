#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Removes the network NAME; prints "removed" if it was there. The edge may still be connected to the
# front network of a platform that goes: it is let go of, and runs on.
set -eu
members=$(docker network inspect \
  --format '{{range $id, $member := .Containers}}{{$id}} {{end}}' "$NAME" 2> /dev/null) || exit 0
for member in $members; do
  # It may be going away by itself at this very moment; what counts is whether the network goes.
  docker network disconnect --force "$NAME" "$member" 2> /dev/null || true
done
why=$(docker network rm "$NAME" 2>&1) || {
  # Somebody else who goes may have taken it along.
  ! docker network inspect "$NAME" > /dev/null 2>&1 && exit 0
  printf '%s\n' "$why" >&2
  exit 1
}
echo removed
