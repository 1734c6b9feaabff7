#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Builds the images that are lacking, from the recipes here. With --again all of them, with the
# newest packages of their Debian release: this is how security updates come in.
. "$(dirname "$0")/common.sh"

again=${1:-}
base() {
  if [ "$again" = --again ] || ! docker image inspect "$2" > /dev/null 2>&1; then
    TMPDIR=/var/tmp sh "$here/images/base/build.sh" "$1" "$2"
  fi
}
[ -z "$again" ] || apt-get --quiet update
each_base base

# Where this machine is set up to fetch packages from holds in builds as well.
build() {
  PROJECT="$PREFIX-$1" FOLDER="$here/platforms/$1" SERVICES="$2" sh "$here/images/build.sh"
}
for id in $PLATFORMS; do
  if [ "$again" = --again ]; then
    build "$id" --no-cache
  elif ! compose "$id" config --images | xargs docker image inspect > /dev/null 2>&1; then
    build "$id" ''
  fi
done
