#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Brings one platform back: restore.sh ID [SNAPSHOT [REPOSITORY]]
# Without a snapshot it is the newest that backup.sh made. Those that natm made are taken as well, by
# their number. What is there now is set aside in ROOT/data/.before, not removed.
. "$(dirname "$0")/common.sh"
alone
umask 077
id=${1:?say which platform} snapshot=${2:-latest} repository=${3:-${REPOSITORIES%% *}}
[ -d "$here/platforms/$id" ] || { echo "there is no platform $id here" >&2; exit 1; }
back=$ROOT/data/.back before=$ROOT/data/.before/$(date -u +%Y%m%d%H%M%S)
going=
ended() {
  rm -rf "$back"
  [ -z "$going" ] || echo "It broke off. What was there lies in $before/$id: bring those folders back \
to $ROOT/data/$id, then run start.sh $id" >&2
}
trap ended EXIT
rm -rf "$back"
mkdir "$back"

if [ "$snapshot" = latest ]; then
  restic_at "$repository" restore latest --host "$STACK" --tag "plain,$id" --target "$back"
else
  restic_at "$repository" restore "$snapshot" --target "$back"
fi

# Where a volume or a dump lies in a snapshot of backup.sh, or in one of natm's.
found() {
  for place in "$back$ROOT/data/$1" "$back/platforms/$id/$2"; do
    if [ -e "$place" ] && [ ! -L "$place" ]; then echo "$place"; return 0; fi
  done
  echo "the snapshot lacks $2" >&2
  return 1
}
look_files() { [ "$1" != "$id" ] || found "$1/$2" "files/$2" > /dev/null; }
look_dump() {
  [ "$1" = "$id" ] || return 0
  dump=$(found ".plain/$1/$2" "dumps/$2") && refuse_partial "$dump" "$4"
}
# All of it is there and is what people write, or nothing is touched.
odd=$(find "$back" \( -type b -o -type c -o -type f -perm /6000 \) | head -n 1)
[ -z "$odd" ] || { echo "the snapshot holds something that is no file of people's: $odd" >&2; exit 1; }
each_saved look_files
each_dump look_dump

aside() {
  mkdir -p "$before/$id" || return 1
  [ ! -e "$ROOT/data/$id/$1" ] || mv "$ROOT/data/$id/$1" "$before/$id/$1"
}
put_files() {
  [ "$1" = "$id" ] || return 0
  place=$(found "$1/$2" "files/$2") && aside "$2" && mv "$place" "$ROOT/data/$id/$2"
}
empty() { [ "$1" != "$id" ] || aside "$2"; }
folder() {
  case $1 in
    "$ROOT/data/$id"/*) mkdir -p "$1" && chown "$2:$3" "$1" && chmod "$4" "$1" ;;
  esac
}
load() { # ID VOLUME SERVICE running|stopped PROGRAM...
  [ "$1" = "$id" ] || return 0
  dump=$(found ".plain/$1/$2" "dumps/$2") || return 1
  service=$3 meanwhile=$4
  shift 4
  if [ "$meanwhile" = running ]; then
    compose "$id" up --detach --wait --wait-timeout=300 --no-build --no-deps "$service" || return 1
    compose "$id" exec -T "$service" "$@" < "$dump"
  else
    program=$1
    shift
    compose "$id" run --rm -T --no-deps --entrypoint "$program" "$service" "$@" < "$dump"
  fi
}

echo "what is there now is kept in $before; remove it when all is well"
going=yes
compose "$id" stop
each_saved put_files
each_dump empty
each_folder folder
each_load load
compose "$id" up --detach --wait --wait-timeout=300 --no-build
going=
echo "$id is back"
