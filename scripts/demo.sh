# shellcheck shell=sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# The demo: a whole stack on this very computer, up and away again. Read by install.sh.
# shellcheck disable=SC2154  # here, natm, scratch, yes and keep are install.sh's

steward=first-steward

demo_up() {
  open_workspace
  install_natm
  learn_sudo
  code=0
  # Its table is what was proven; where nothing had to change, it says so.
  "$natm" -C "$dir" deploy --yes --browser || code=$?
  # 4: everything is up, and a proof failed; the table says which, and the rest can be tried.
  [ "$code" = 0 ] || [ "$code" = 4 ] ||
    fail "the demo did not come up" "mend what is named above and run ./install.sh demo again"
  make_steward
  fetch_authority
  tell_demo
  return "$code"
}

# The workspace is a community's folder like any other; it never lies in the checkout.
open_workspace() {
  dir=$(readlink -m -- "${NATM_DEMO_DIR:-$HOME/natm-demo}")
  case $dir/ in "$here"/*) fail "the demo's folder may not lie in the checkout: $dir" \
    "set NATM_DEMO_DIR to another folder" ;; esac
  [ ! -f "$dir/.natm-demo" ] || return 0
  mkdir -p -- "$dir" || fail "the folder $dir cannot be made"
  [ -z "$(ls -A -- "$dir")" ] || fail "$dir holds something else already" \
    "set NATM_DEMO_DIR to a folder that is empty or not there yet"
  cp -- "$here/inventories/demo/stack.yml" "$dir/stack.yml"
  printf '/bundle/\n/credentials.txt\n/ca.crt\n/.natm-demo\n' > "$dir/.gitignore"
  say "This folder was made by install.sh demo, and demo --remove may remove it." > "$dir/.natm-demo"
}

# value KEY DEFAULT: a plain value of the demo's stack.yml.
value() {
  found=$(sed -n "s/^ *$1: *\"\{0,1\}\([^\"# ]*\).*/\1/p" "$dir/stack.yml" | head -n 1)
  printf '%s\n' "${found:-$2}"
}

# Once: where an earlier run broke off in between, the account is there and gets a new password.
make_steward() {
  [ ! -s "$dir/credentials.txt" ] || return 0
  "$natm" -C "$dir" members add "$steward" --display-name "First steward" --steward \
    > "$scratch/told" 2> "$scratch/why" ||
    "$natm" -C "$dir" members reset "$steward" > "$scratch/told" 2>> "$scratch/why" || {
    cat -- "$scratch/why" "$scratch/told" >&2
    fail "the steward's account could not be made everywhere" "run ./install.sh demo again"
  }
  (
    umask 077
    {
      printf 'The demo at https://%s: its first steward, one name and password for all.\n' \
        "$(value domain commons.localhost)"
      printf 'Chat address: %s@%s\n\n' "$steward" "$(value domain commons.localhost)"
      cat -- "$scratch/told"
    } > "$scratch/credentials"
    mv -- "$scratch/credentials" "$dir/credentials.txt"
  )
}

fetch_authority() {
  from=$(value root /srv/natm)/public/ca.crt
  cp -- "$from" "$scratch/ca.crt" 2> /dev/null || as_root cat "$from" > "$scratch/ca.crt"
  cmp -s "$scratch/ca.crt" "$dir/ca.crt" || cp -- "$scratch/ca.crt" "$dir/ca.crt"
}

tell_demo() {
  cat <<TEXT

Open in a browser on this computer:  https://$(value domain commons.localhost)
The steward's name and password:     $dir/credentials.txt

Its certificates come from an authority of its own, $dir/ca.crt. To trust it:
  Firefox   Settings > Privacy & Security > View Certificates > Authorities > Import:
            choose that file, tick "Trust this CA to identify websites"
  Chromium  Settings > Privacy and security > Security > Manage certificates > Authorities
            (or: Installed by you) > Import: choose that file, tick "websites"
Take it out again there when you remove the demo.

It is a workspace like any community's: cd $dir, then natm health, natm verify, natm members add ...
Take the demo away again:            ./install.sh demo --remove
TEXT
  tell_daemon "After a reboot, run ./install.sh demo again."
}

# Without systemd the engine was started by natm's role, and nobody starts it after a reboot.
tell_daemon() {
  [ ! -d /run/systemd/system ] || return 0
  [ -e /run/natm-dockerd.pid ] || return 0
  daemon=$(as_root cat /run/natm-dockerd.pid)
  say "" "No systemd runs here, so natm started Docker itself: process $daemon, its log is" \
    "/var/log/natm-dockerd.log. $1"
}

demo_remove() {
  dir=$(readlink -m -- "${NATM_DEMO_DIR:-$HOME/natm-demo}")
  [ -f "$dir/.natm-demo" ] || { say "There is no demo in $dir; nothing was removed."; return 0; }
  install_natm
  ask "Stop the demo and remove it from this computer?" || { say "Nothing was changed."; return 0; }
  learn_sudo
  if [ -z "$keep" ] && ask "Remove all that people made in it as well, for good?"; then
    "$natm" -C "$dir" remove --purge --yes
    remove_workspace
  else
    "$natm" -C "$dir" remove --yes
    say "Its folder $dir stays too: it holds the secrets that open the data." \
      "./install.sh demo brings everything back as it was."
  fi
  tell_what_stays
}

# With its data gone, the vault key opens nothing any more; it goes with the folder.
remove_workspace() {
  ask "Remove the demo's folder $dir and its vault key?" || { say "$dir stays."; return 0; }
  key=${NATM_VAULT_KEY_FILE:-${XDG_CONFIG_HOME:-$HOME/.config}/natm/keys/$(value name demo)}
  rm -f -- "$key"
  rm -rf -- "$dir"
  say "$dir is removed."
}

tell_what_stays() {
  say "" "What stays: Docker itself and Debian's packages; natm in $home, with its command $bin/natm."
  tell_daemon "It runs on until you end it."
}
