#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# How the containers of the project PROJECT are, and the last lines they wrote: for the person who
# reads why it failed. Works without a Compose file, and says nothing if there are no containers.
[ -n "$(docker ps --all --quiet --filter "label=com.docker.compose.project=$PROJECT")" ] || exit 0
echo "Containers:"
docker ps --all --filter "label=com.docker.compose.project=$PROJECT" \
  --format '  {{.Label "com.docker.compose.service"}}: {{.Status}}'
echo "Their last lines:"
# Compose writes a control sequence before each line even so.
docker compose --ansi=never --project-name="$PROJECT" logs --tail 40 --no-color 2>&1 |
  tail -n 40 | sed "s/$(printf '\033')\[[0-9;]*[A-Za-z]//g"
