#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Saves all platforms, or those named, each in a restic snapshot of its own, and copies them to the
# other repositories. A platform that cannot be saved stops no other; the exit code is 1 then.
. "$(dirname "$0")/common.sh"
alone
umask 077
work=$ROOT/data/.plain
first=${REPOSITORIES%% *}
held=
let_go() {
  [ -z "$held" ] || compose "$held" unpause > /dev/null 2>&1 || true
  held=
}
trap 'let_go; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
rm -rf "$work"
mkdir "$work"

dump() { # ID VOLUME SERVICE ENDS PROGRAM...
  [ "$1" = "$id" ] || return 0
  target=$work/$1/$2 service=$3 ends=$4
  shift 4
  compose "$id" exec -T "$service" "$@" < /dev/null > "$target" || return 1
  refuse_partial "$target" "$ends"
}
add() { # ID VOLUME
  [ "$1" != "$id" ] || paths="$paths $ROOT/data/$1/$2"
}
snapshot() { # prints its number; a file that cannot be read is a failure
  restic_at "$first" backup --quiet --json --host "$STACK" "$@" $paths > "$work/said" && ended=0 \
    || ended=$?
  sed -n 's/.*"snapshot_id":"\([0-9a-f]*\)".*/\1/p' "$work/said"
  return "$ended"
}

save() {
  id=$1 paths=
  mkdir "$work/$id"
  each_dump dump || return 1
  each_saved add
  [ -z "$(ls -A "$work/$id")" ] || paths="$paths $work/$id"
  [ -n "$paths" ] || return 0
  # The first pass reads what is new while members go on; the second, which counts, finds it there
  # and takes a moment, for which the platform stands still.
  passing=$(snapshot --tag passing) || true
  held=$id
  compose "$id" pause > /dev/null 2>&1 || echo "$id could not be held still, and ran on" >&2
  kept=$(snapshot --tag plain --tag "$id") && whole=yes || whole=
  let_go
  [ -z "$passing" ] || restic_at "$first" forget --quiet "$passing" || true
  if [ -z "$whole" ]; then
    # What lacks something must not pass for the newest one.
    [ -z "$kept" ] || restic_at "$first" forget --quiet "$kept"
    return 1
  fi
  echo "saved $id: snapshot $kept"
}

failed=
restic_at "$first" cat config > /dev/null || {
  echo "there is no repository at $first, or it cannot be opened. Is its disk mounted?" >&2
  exit 1
}
for id in ${*:-$PLATFORMS}; do
  save "$id" || failed="$failed $id"
  let_go
done

copy_to() {
  (
    . "$here/backup/$first.env"
    export RESTIC_FROM_REPOSITORY="$RESTIC_REPOSITORY" RESTIC_FROM_PASSWORD_FILE="$here/backup/key"
    FROM_SFTP=$SFTP_COMMAND
    restic_at "$1" copy --quiet --host "$STACK" --tag plain
  )
}
for name in $REPOSITORIES; do
  [ "$name" = "$first" ] || copy_to "$name" || failed="$failed copy:$name"
  case " $APPEND_ONLY " in
    *" $name "*) ;;
    *) restic_at "$name" forget --quiet --host "$STACK" --tag plain --group-by host,paths $KEEP \
         --prune > /dev/null || failed="$failed prune:$name" ;;
  esac
done
[ -z "$failed" ] || { echo "not done:$failed" >&2; exit 1; }
