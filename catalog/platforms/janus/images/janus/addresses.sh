#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
# What natm-janus asks about addresses.

# An IPv4 address as a number; nothing at all where it is no address.
number() {
  [[ $1 =~ ^([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})$ ]] || return 1
  local part value=0
  for part in "${BASH_REMATCH[@]:1}"; do
    ((10#$part < 256)) || return 1
    value=$((value * 256 + 10#$part))
  done
  printf '%s\n' "$value"
}

# within ADDRESS NETWORK/BITS
within() {
  local address network shift
  address=$(number "$1") && network=$(number "${2%/*}") || return 1
  shift=$((32 - ${2#*/}))
  ((address >> shift == network >> shift))
}

# own NETWORK: this container's address in it.
own() {
  local address
  for address in $(hostname -I); do
    if within "$address" "$1"; then printf '%s\n' "$address"; return; fi
  done
  return 1
}

# Whether people elsewhere could mean this machine by it.
leads_here() {
  local net
  number "$1" > /dev/null || return 1
  for net in 0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 224.0.0.0/3; do
    if within "$1" "$net"; then return 1; fi
  done
}

# outer NAME FILE: the server's addresses as members meet them, with commas between. The name's may
# be several; the file has the one on the server's own network. None for a trial on one machine.
outer() {
  local address found=
  local -a named
  mapfile -t named < <(getent ahostsv4 "$1" | awk '{print $1}' | sort -u)
  # A trial's name leads to this machine alone: a browser here needs no other address.
  if [[ $1 == *.localhost ]]; then return; fi
  for address in "${named[@]}"; do
    if within "$address" 127.0.0.0/8; then return; fi
  done
  for address in "${named[@]:0:4}" $(head -c 64 "$2" 2> /dev/null); do
    if leads_here "$address" && [[ ,$found, != *,$address,* ]]; then
      found=${found:+$found,}$address
    fi
  done
  printf '%s' "$found"
}
