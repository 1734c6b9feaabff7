#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Tests everything, on a machine that has nothing but Debian. It may be run again at any time.
set -eu
here=$(dirname -- "$(readlink -f -- "$0")")
# shellcheck source=scripts/common.sh
. "$here/scripts/common.sh"
venv=$here/.venv-test

usage() {
  cat <<'TEXT'
Usage: ./test.sh [WORD...]          all tests; installs Docker from Debian where it is lacking
       ./test.sh --fast [WORD...]   those that need no container engine, in under a minute

WORDs go to pytest, for instance: ./test.sh --fast tests/test_wheel.py -x
TEXT
}

# The versions of constraints-test.txt; only looked at again when one of these files changes.
prepare_python() {
  wanted=$(content pyproject.toml constraints.txt constraints-test.txt)
  [ "$(cat "$venv/natm-content" 2> /dev/null)" != "$wanted" ] || return 0
  need_room "$venv" 600
  need_environment "$venv"
  rm -f -- "$venv/natm-content"
  say "Installing the Python packages of the tests ..."
  pip_install "$venv" --constraint "$here/constraints.txt" --constraint "$here/constraints-test.txt" \
    hatchling editables
  pip_install "$venv" --constraint "$here/constraints.txt" --constraint "$here/constraints-test.txt" \
    --no-build-isolation --editable "${here}[test]"
  printf '%s\n' "$wanted" > "$venv/natm-content"
}

# What the engine tests need of this machine. Docker comes by the same role as on a community's server.
prepare_machine() {
  set --
  # molecule and ansible-lint ask git where the checkout begins.
  command -v git > /dev/null || set -- "$@" git
  command -v ssh-keygen > /dev/null || set -- "$@" openssh-client
  command -v shellcheck > /dev/null || set -- "$@" shellcheck
  # What takes backups is tried with the real one.
  command -v restic > /dev/null || set -- "$@" restic
  # They read what our filters wrote for them.
  command -v lua > /dev/null || set -- "$@" lua5.4
  command -v php > /dev/null || set -- "$@" php-cli
  # It runs the tests of the video page.
  command -v node > /dev/null || set -- "$@" nodejs
  [ $# = 0 ] || install_packages "$@"
  ! engine_is_ready || return 0
  learn_sudo
  say "Making sure of a container engine ..."
  quietly "no container engine could be set up" "see the messages above" run_role
  docker version > /dev/null 2>&1 ||
    fail "$(id -un) may not use Docker on this machine" "run ./test.sh as root"
}

engine_is_ready() {
  docker version > /dev/null 2>&1 && docker compose version > /dev/null 2>&1 &&
    command -v mmdebstrap > /dev/null
}

run_role() {
  set -- "$here/tests/machine.yml"
  [ -z "${NATM_SUDO_PASSWORD_FILE:-}" ] || set -- "$@" --become-password-file "$NATM_SUDO_PASSWORD_FILE"
  ANSIBLE_ROLES_PATH=$here/roles ANSIBLE_HOME=$scratch/ansible ANSIBLE_LOCALHOST_WARNING=False \
    "$venv/bin/ansible-playbook" --inventory localhost, \
    --extra-vars "ansible_python_interpreter=/usr/bin/python3" "$@"
}

# check NAME COMMAND...: go on where it fails, so that one run tells all; the end knows.
check() {
  name=$1
  shift
  say "== $name"
  "$@" || bad="$bad $name"
}

run_tests() {
  # On a server, one test goes on from the last; without one, they stand each by itself.
  # Two processes a core: a good part of them waits for the clock.
  [ -z "$fast" ] || set -- --numprocesses $(($(nproc) * 2)) --dist worksteal \
    -m "not engine and not e2e and not browser and not slow" "$@"
  # All that a test stands on was installed before, so none may say that something is lacking.
  [ -n "$fast" ] || set -- --no-skips "$@"
  code=0
  [ -z "$bad" ] || say "Failed already, see above:$bad"
  # The last line of all is pytest's own.
  say "== pytest"
  "$venv/bin/python" -m pytest "$@" || code=$?
  [ "$code" != 0 ] || [ -z "$bad" ] || code=1
  return "$code"
}

main() {
  fast='' bad=''
  case ${1:-} in
    --fast) fast=1 && shift ;;
    -h | --help) usage && exit 0 ;;
  esac
  make_scratch
  prepare_python
  [ -n "$fast" ] || prepare_machine
  cd -- "$here"
  check ruff "$venv/bin/ruff" check natm_stack tests catalog roles
  check mypy "$venv/bin/mypy"
  run_tests "$@"
}

main "$@"
