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
for unit in "$PREFIX-backup" "$PREFIX-backup-check"; do
  if [ -e "/etc/systemd/system/$unit.timer" ]; then
    systemctl disable --now "$unit.timer"
    rm -f "/etc/systemd/system/$unit.timer" "/etc/systemd/system/$unit.service"
  fi
done
[ ! -d /run/systemd/system ] || systemctl daemon-reload
rm -rf "$ROOT/bundle" "$ROOT/receipts" "$ROOT/records" "$ROOT/lock"
for name in natm_backup plan.json targets.json key state.json run cache restoring; do
  rm -rf "$ROOT/backup/$name"
done
echo "natm is gone from this server; what people wrote and the backups are where they were"
