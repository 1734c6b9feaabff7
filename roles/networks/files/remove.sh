#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Removes the network NAME; prints "removed" if it was there. The edge may still be connected to the
# front network of a platform that goes: it is let go of, and runs on.
set -eu
members=$(docker network inspect \
  --format '{{range $id, $member := .Containers}}{{$id}} {{end}}' "$NAME" 2> /dev/null) || exit 0
for member in $members; do
  docker network disconnect --force "$NAME" "$member"
done
docker network rm "$NAME" > /dev/null
echo removed
