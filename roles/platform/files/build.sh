#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Builds images of the project PROJECT in FOLDER, for the services in SERVICES. Where this machine
# is set up to fetch Python and npm packages from, and its proxy, hold in builds as well. Values go
# by the environment, not as arguments: an address may hold a password.
set -eu
if [ -z "${PIP_INDEX_URL:-}" ] && command -v pip3 > /dev/null; then
  PIP_INDEX_URL=$(pip3 config get global.index-url 2> /dev/null) || PIP_INDEX_URL=
fi
if [ -z "${NPM_CONFIG_REGISTRY:-}" ] && command -v npm > /dev/null; then
  NPM_CONFIG_REGISTRY=$(npm config get registry 2> /dev/null) || NPM_CONFIG_REGISTRY=
fi
export PIP_INDEX_URL="${PIP_INDEX_URL:-}" NPM_CONFIG_REGISTRY="${NPM_CONFIG_REGISTRY:-}"
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  [ -z "$(printenv "$name")" ] || set -- "$@" --build-arg "$name"
done
# The names of services have no spaces; each is a word of its own.
exec docker compose --ansi=never --progress=plain --project-name="$PROJECT" \
  --project-directory="$FOLDER" build "$@" $SERVICES
