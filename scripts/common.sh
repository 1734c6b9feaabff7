# shellcheck shell=sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# What install.sh and test.sh share: words to people, root, Debian packages, a Python to start from.
# Read by `.`, after the caller has set `here` to the checkout.
# shellcheck disable=SC2154

# say LINE...: one line each.
say() {
  printf '%s\n' "$@"
}

# fail MESSAGE [HINT]: the two lines natm itself would show, and the end.
fail() {
  printf 'Error: %s\n' "$1" >&2
  [ -z "${2:-}" ] || printf 'hint: %s\n' "$2" >&2
  exit 1
}

usage_error() {
  printf 'Error: %s\n' "$1" >&2
  [ -z "${2:-}" ] || printf 'hint: %s\n' "$2" >&2
  exit 2
}

# A folder for passing things, in memory where there is one, gone at the end whatever happens.
make_scratch() {
  for place in "${XDG_RUNTIME_DIR:-}" /dev/shm "${TMPDIR:-/tmp}"; do
    [ -n "$place" ] || continue
    ! scratch=$(umask 077 && mktemp -d "$place/natm-XXXXXXXX" 2> /dev/null) || break
  done
  [ -n "${scratch:-}" ] || fail "no temporary file can be written" "is the disk full? (df -h)"
  trap 'tidy' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

tidy() {
  [ ! -t 0 ] || stty echo 2> /dev/null || true
  rm -rf -- "$scratch"
}

# quietly WHAT HINT COMMAND...: run it in silence; if it fails, show its last words, then say so.
quietly() {
  what=$1 hint=$2
  shift 2
  "$@" > "$scratch/log" 2>&1 && return 0
  tail -n 12 "$scratch/log" | sed 's/^/  | /' >&2
  ! grep -qi 'no space left' "$scratch/log" || hint="the disk is full: make room (df -h), then try again"
  fail "$what" "$hint"
}

# need_room FOLDER MEGABYTES: before a long work, not in the middle of it.
need_room() {
  folder=$1
  while [ ! -d "$folder" ]; do folder=$(dirname -- "$folder"); done
  free=$(df -Pm -- "$folder" | awk 'NR == 2 {print $4}')
  [ "$free" -ge "$2" ] ||
    fail "$folder has $free MB free, and $2 MB are needed" "make room there, then try again"
}

is_root() {
  [ "$(id -u)" = 0 ]
}

# as_root COMMAND...: as it is for root; by sudo for others, its password from NATM_SUDO_PASSWORD_FILE.
as_root() {
  if is_root; then
    "$@"
  elif [ -n "${NATM_SUDO_PASSWORD_FILE:-}" ]; then
    # shellcheck disable=SC2024  # the password's file is the caller's own
    sudo -S -k -p '' -- "$@" < "$NATM_SUDO_PASSWORD_FILE"
  else
    sudo -n -- "$@" < /dev/null
  fi
}

# Make sure of sudo, and ask for its password once for all that follows, natm's own commands included.
learn_sudo() {
  ! is_root || return 0
  command -v sudo > /dev/null ||
    fail "this needs root, and there is no sudo here" \
      "run it as root, or as root: apt-get install sudo && adduser $(id -un) sudo"
  if [ -n "${NATM_SUDO_PASSWORD_FILE:-}" ]; then
    check_password || fail "sudo refuses the password in $NATM_SUDO_PASSWORD_FILE"
    return 0
  fi
  ! sudo -k -n -- true 2> /dev/null || return 0
  [ -t 0 ] || fail "sudo asks for a password and nobody is there to answer" \
    "set NATM_SUDO_PASSWORD_FILE to a file that holds it (mode 0600), or run this as root"
  for _try in 1 2 3; do
    ask_password
    ! check_password 2> /dev/null || return 0
    say "sudo does not accept this password." >&2
  done
  fail "sudo refused" "may $(id -un) use sudo here? As root: adduser $(id -un) sudo"
}

ask_password() {
  stty -echo
  printf 'sudo password of %s: ' "$(id -un)" >&2
  IFS= read -r answer || answer=
  stty echo
  printf '\n' >&2
  NATM_SUDO_PASSWORD_FILE=$scratch/sudo
  export NATM_SUDO_PASSWORD_FILE
  (umask 077 && printf '%s\n' "$answer" > "$NATM_SUDO_PASSWORD_FILE")
  answer=
}

check_password() {
  [ -r "$NATM_SUDO_PASSWORD_FILE" ] ||
    fail "the file of NATM_SUDO_PASSWORD_FILE cannot be read: $NATM_SUDO_PASSWORD_FILE"
  as_root true
}

# ask QUESTION: yes or no, no by default; no terminal is a mistake of the one who called.
ask() {
  [ "${yes:-}" != 1 ] || return 0
  [ -t 0 ] || usage_error "there is a question and nobody to answer it: $1" \
    "say --yes to answer it beforehand"
  printf '%s [y/N]: ' "$1" >&2
  IFS= read -r answer || answer=
  case $answer in [yY] | [yY][eE][sS]) return 0 ;; esac
  return 1
}

system() {
  # shellcheck source=/dev/null
  (. /etc/os-release 2> /dev/null && printf '%s\n' "${PRETTY_NAME:-unknown}") || say unknown
}

is_debian() {
  # shellcheck source=/dev/null
  (. /etc/os-release 2> /dev/null && [ "${ID:-}" = debian ])
}

# A Python that can make environments; Debian's own first, since it stays when others are switched.
find_python() {
  for python in /usr/bin/python3 python3; do
    ! "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
      2> /dev/null || return 0
  done
  return 1
}

# install_packages NAME...: from Debian, by apt. It waits for a system busy with its own upgrades.
install_packages() {
  is_debian || fail "this system lacks $*, and it is not Debian: $(system)" \
    "install Python 3.11 or newer with its venv module yourself, then run this again"
  learn_sudo
  say "Installing $* from Debian ..."
  quietly "apt cannot install $*" "is the network up, and do the mirrors in /etc/apt answer?" \
    update_and_install "$@"
}

# One source of many that does not answer is no reason to stop, as long as the packages are found.
update_and_install() {
  apt_get update || true
  apt_get install --yes --no-install-recommends "$@"
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C \
    apt-get -o DPkg::Lock::Timeout=300 --quiet "$@"
}

need_python() {
  find_python || install_packages python3-venv
  find_python || fail "Python 3.11 or newer with its venv module is needed; this is $(system)" \
    "Debian 12 and 13 have it"
}

# need_environment FOLDER: a Python environment there that works; a broken one is made anew.
need_environment() {
  ! "$1/bin/python" -m pip --version > /dev/null 2>&1 || return 0
  need_python
  quietly "the Python environment $1 cannot be made" "" "$python" -m venv --clear "$1"
}

# pip_install FOLDER WORD...: into the environment in this folder, with the versions of a constraints file.
pip_install() {
  environment=$1
  shift
  quietly "Python packages cannot be installed" \
    "is PyPI reachable? A mirror is named by PIP_INDEX_URL, a proxy by https_proxy" \
    "$environment/bin/python" -m pip --disable-pip-version-check --no-input install --quiet "$@"
}

# content NAME...: a digest of files and folders of the checkout, modes included.
content() {
  tar -C "$here" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner \
    --exclude=__pycache__ --exclude=bundle --exclude=secrets.yml -cf - "$@" | sha256sum | cut -c1-64
}
