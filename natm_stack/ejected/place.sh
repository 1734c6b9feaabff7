#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Gives everything here its owner and mode, and makes the folders and networks that are lacking.
# Safe to run again. Changes nothing of what people wrote.
. "$(dirname "$0")/common.sh"

for program in docker restic flock; do
  command -v "$program" > /dev/null || { echo "install $program first" >&2; exit 1; }
done
docker compose version > /dev/null

umask 022
find "$here" ! -user 0 -exec chown -h 0:0 {} +
chmod 0700 "$here"
find "$here/platforms" -type d -exec chmod 0755 {} +
find "$here/backup" -type f -exec chmod 0600 {} +

# A container may read what it mounts, as the group of its platform.
file() {
  chown "0:$2" "$here/$1" && chmod "$3" "$here/$1"
}
each_file file

folder() {
  if [ -L "$1" ]; then
    echo "$1 should be a folder, and is a link" >&2
    return 1
  fi
  mkdir -p "$1" && chown "$2:$3" "$1" && chmod "$4" "$1"
}
each_folder folder

network() {
  docker network inspect "$1" > /dev/null 2>&1 || docker network create --driver=bridge \
    --subnet="$2" ${3:+"--gateway=$3"} ${4:+"--ip-range=$4"} ${5:+"--$5"} "$1"
}
each_network network
echo "everything is in its place"
