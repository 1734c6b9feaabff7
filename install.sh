#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Installs natm on this computer, and on request brings up the demo. It may be run again at any time.
set -eu
here=$(dirname -- "$(readlink -f -- "$0")")
# shellcheck source=scripts/common.sh
. "$here/scripts/common.sh"
# shellcheck source=scripts/demo.sh
. "$here/scripts/demo.sh"

usage() {
  cat <<'TEXT'
Usage: ./install.sh                        install natm on this computer
       ./install.sh demo                   and bring up a whole stack on it, to try everything
       ./install.sh demo --remove          take the demo away again

  --yes        with demo --remove: do not ask; people's data go as well ...
  --keep-data  ... unless this is said too

The demo's workspace is ~/natm-demo; NATM_DEMO_DIR names another folder.
Scripts give the sudo password in a file named by NATM_SUDO_PASSWORD_FILE.
TEXT
}

read_words() {
  action=install remove='' yes='' keep=''
  for word in "$@"; do
    case $word in
      demo) action=demo ;;
      --remove) remove=1 ;;
      --yes) yes=1 ;;
      --keep-data) keep=1 ;;
      -h | --help) usage && exit 0 ;;
      *) usage >&2 && exit 2 ;;
    esac
  done
  [ "$action" = demo ] || [ -z "$remove$yes$keep" ] || { usage >&2 && exit 2; }
  [ -n "$remove" ] || [ -z "$yes$keep" ] || { usage >&2 && exit 2; }
}

# Root installs for everyone on this computer, others for themselves.
choose_places() {
  if is_root; then
    home=/opt/natm-stack bin=/usr/local/bin
  else
    home=${XDG_DATA_HOME:-$HOME/.local/share}/natm-stack bin=$HOME/.local/bin
  fi
  venv=$home/venv natm=$home/venv/bin/natm
}

install_natm() {
  wanted=$(content pyproject.toml README.md LICENSE constraints.txt natm_stack catalog roles inventories)
  if [ "$(cat "$venv/natm-content" 2> /dev/null)" = "$wanted" ] && "$natm" --version > /dev/null 2>&1
  then
    say "$("$natm" --version) is installed already."
  else
    put_natm
    printf '%s\n' "$wanted" > "$venv/natm-content"
    say "$("$natm" --version) is installed in $venv."
  fi
  put_command
}

put_natm() {
  need_room "$home" 300
  need_environment "$venv"
  rm -f -- "$venv/natm-content"
  say "Installing natm and the Python packages it needs ..."
  # hatchling builds natm's own package; it comes by the same list of versions as all the others.
  pip_install "$venv" --constraint "$here/constraints.txt" hatchling
  pip_install "$venv" --constraint "$here/constraints.txt" --no-build-isolation "$here"
}

put_command() {
  command=$bin/natm
  [ "$(readlink -- "$command" || true)" != "$natm" ] || return 0
  if [ -e "$command" ] || [ -L "$command" ]; then
    fail "there is another natm already: $command" "move it away, then run this again"
  fi
  mkdir -p -- "$bin"
  ln -s -- "$natm" "$command"
}

# How the command is called from here, and what to do where the shell does not find it.
tell_path() {
  case ":$PATH:" in *":$bin:"*) return 0 ;; esac
  say "" "Your shell finds it from your next login on. In this one, type first:"
  say "  export PATH=\"$bin:\$PATH\""
}

tell_next() {
  command -v ssh > /dev/null ||
    say "" "For a server over SSH this computer still needs: apt-get install openssh-client"
  tell_path
  cat <<'TEXT'

Next:
  natm init my-community      a few questions; they make a folder for your community
  cd my-community
  natm doctor                 looks at this computer and the server, and says what to mend
  natm plan                   shows what would change
  natm deploy                 does it, and proves that it works
TEXT
}

main() {
  umask 022
  read_words "$@"
  make_scratch
  choose_places
  case $action$remove in
    install) install_natm; tell_next ;;
    demo) demo_up ;;
    demo1) demo_remove ;;
  esac
}

main "$@"
