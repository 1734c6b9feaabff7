#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# What the server has, as one JSON object; empty strings for what it lacks. Changes nothing.
. /etc/os-release
engine=$(docker version --format '{{.Server.Version}}' 2>/dev/null) || engine=
compose=$(docker compose version --short 2>/dev/null) || compose=
daemon=$(command -v dockerd) || daemon=
mmdebstrap=$(command -v mmdebstrap) || mmdebstrap=
systemd=; [ ! -d /run/systemd/system ] || systemd=yes
printf '{"system": "%s", "release": "%s", "name": "%s", ' "$ID" "${VERSION_ID:-}" "$PRETTY_NAME"
printf '"engine": "%s", "compose": "%s", "daemon": "%s", ' "$engine" "${compose#v}" "$daemon"
printf '"mmdebstrap": "%s", "systemd": "%s"}\n' "$mmdebstrap" "$systemd"
