#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Installs what WANTED names (engine, compose, mmdebstrap) from Debian's packages. Plain apt-get:
# Ansible's apt module would first bring in python3-apt with its recommends, and does not tell
# beforehand what apt would remove. Whatever runs on the server already must not be harmed.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
. /etc/os-release

refuse() {
  printf '%s\n' "$*" >&2
  exit 1
}

# A new server is often busy with its own first upgrades: wait for the lock.
patient() {
  apt-get -o DPkg::Lock::Timeout=300 --quiet "$@"
}

update() {
  for pause in 5 15 30 0; do
    patient update && return 0
    sleep "$pause"
  done
  refuse "apt-get update failed; see its messages above, and try it on the server by hand"
}

# install newcomers|any PACKAGE...: "newcomers" refuses upgrades too, for what comes from elsewhere.
install() {
  rule=$1
  shift
  plan=$(patient install --simulate --no-install-recommends "$@" 2>&1) ||
    refuse "apt cannot install $*: $(printf '%s\n' "$plan" | tail -n 6)"
  removed=$(printf '%s\n' "$plan" | awk '$1 == "Remv" {print $2}')
  upgraded=$(printf '%s\n' "$plan" | awk '$1 == "Inst" && $3 ~ /^\[/ {print $2}')
  [ -z "$removed" ] ||
    refuse "to install $*, apt would remove" $removed "- nothing was changed. Install Docker Engine \
and Compose v2 yourself, the way that suits this server, and run this again."
  [ "$rule" = any ] || [ -z "$upgraded" ] ||
    refuse "to install $*, apt would replace" $upgraded "- nothing was changed. Install Compose v2 \
yourself, the way that suits this server, and run this again."
  patient install --yes --no-install-recommends --no-remove "$@"
}

# Debian 12 has Compose v1 only. Version 2 is one package of Debian 13 that needs nothing but a
# libc that 12 has; at priority 50 nothing else is ever taken from there by itself.
add_trixie() {
  apt-cache show docker-compose 2>/dev/null | grep -q '^Version: 2\.' && return 0
  mirror=$(apt-get indextargets --format '$(LABEL) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "Debian" && $2 == "bookworm" {print $3; exit}')
  [ -n "$mirror" ] || refuse "apt on this server knows no mirror of Debian 12 to find Debian 13 on"
  umask 022
  cat > /etc/apt/preferences.d/natm-trixie <<CONF
# Written by natm: only what is asked for by name comes from Debian 13.
Package: *
Pin: release n=trixie
Pin-Priority: 50
CONF
  cat > /etc/apt/sources.list.d/natm-trixie.sources <<CONF
# Written by natm: for Docker Compose v2, which Debian 12 lacks. The mirror is this server's own.
Types: deb
URIs: $mirror
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
CONF
  update
}

wanted() {
  case " $WANTED " in *" $1 "*) return 0 ;; esac
  return 1
}

update
packages=
! wanted mmdebstrap || packages=mmdebstrap
case $VERSION_ID in
  12)
    ! wanted engine || packages="$packages docker.io iptables ca-certificates"
    [ -z "$packages" ] || install any $packages
    ! wanted compose || { add_trixie && install newcomers docker-compose/trixie; }
    ;;
  *)
    ! wanted engine || packages="$packages docker.io docker-cli docker-buildx iptables ca-certificates"
    ! wanted compose || packages="$packages docker-compose"
    install any $packages
    ;;
esac
