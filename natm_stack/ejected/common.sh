# SPDX-License-Identifier: AGPL-3.0-or-later
# What the other scripts beside this one share; they read it, nobody runs it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/stack.sh"
if [ "$(id -u)" != 0 ]; then
  echo "This needs root: sudo sh $0 $*" >&2
  exit 1
fi

# A Compose command for one platform, as anybody would type it in its folder.
compose() {
  platform=$1
  shift
  (cd "$here/platforms/$platform" && exec docker compose --ansi=never "$@")
}

# restic, for one of the repositories in backup/.
restic_at() {
  (
    . "$here/backup/$1.env"
    shift
    export RESTIC_PASSWORD_FILE="$here/backup/key" RESTIC_CACHE_DIR="$here/backup/cache"
    sftp=${SFTP_COMMAND:-${FROM_SFTP:-}}
    exec restic ${sftp:+-o "sftp.command=$sftp"} "$@"
  )
}

# Nothing else works on the data meanwhile.
alone() {
  exec 9> "$here/.lock"
  flock --nonblock 9 || { echo "another of these scripts is at work" >&2; exit 1; }
}

# A dump that broke off half way looks fine but for its end.
refuse_partial() {
  last=$(tail -c 4096 "$1" | sed '/^[[:space:]]*$/d' | tail -n 1)
  case $last in
    "$2"*) ;;
    *) echo "the dump $1 is not whole" >&2; return 1 ;;
  esac
}
