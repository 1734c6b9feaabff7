#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Takes natm's own parts off this server: its timers, its program for backups, its copy of the files,
# and what it noted. Data, backups and the certificate stay. Run start.sh and backup.sh before it.
. "$(dirname "$0")/common.sh"

containers=$(docker ps --all --quiet)
if [ -n "$containers" ] && docker inspect --format '{{range .Mounts}}{{println .Source}}{{end}}' \
    $containers | grep -q "^$ROOT/bundle/"; then
  echo "some containers still use natm's files; run start.sh first" >&2
  exit 1
fi
for begun in restoring upgrading; do
  if ls "$ROOT/backup/$begun"/*.json > /dev/null 2>&1; then
    echo "something that natm began broke off ($begun); run natm backup once more first" >&2
    exit 1
  fi
done
if [ -e "$ROOT/lock/lock" ] && ! flock --nonblock "$ROOT/lock/lock" true; then
  echo "natm is at work on this server; wait until it is done" >&2
  exit 1
fi
for unit in "$PREFIX-backup" "$PREFIX-backup-check" "$PREFIX-backup-boot"; do
  for file in "$unit.timer" "$unit.service"; do
    [ -e "/etc/systemd/system/$file" ] || continue
    systemctl disable --now "$file" || true
    rm -f "/etc/systemd/system/$file"
  done
done
[ ! -d /run/systemd/system ] || systemctl daemon-reload
rm -rf "$ROOT/bundle" "$ROOT/receipts" "$ROOT/records" "$ROOT/lock"
find "$ROOT/backup" -mindepth 1 -maxdepth 1 ! -name repository -exec rm -rf {} +
echo "natm is gone from this server; what people wrote and the backups are where they were"
