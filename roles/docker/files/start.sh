#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Starts the engine where systemd is not process 1. Debian's init script raises limits first, which
# such a machine (a container, most often) may forbid; so dockerd runs in a session of its own.
set -eu
log=/var/log/natm-dockerd.log
pid=/run/natm-dockerd.pid
umask 077
setsid dockerd >> "$log" 2>&1 < /dev/null &
echo $! > "$pid"
waited=0
until docker version > /dev/null 2>&1; do
  if [ "$waited" -ge "$WAIT_SECONDS" ] || ! kill -0 "$(cat "$pid")" 2> /dev/null; then
    echo "The engine does not start. The end of $log on the server:" >&2
    tail -n 12 "$log" >&2
    exit 1
  fi
  sleep 1
  waited=$((waited + 1))
done
