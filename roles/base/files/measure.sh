#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# First line: MiB of memory in all. Then a line for each of FOLDERS: MiB free where it is or will be.
set -eu
awk '/^MemTotal:/ {print int($2 / 1024)}' /proc/meminfo
for folder in $FOLDERS; do
  while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
  df --output=avail --block-size=1M "$folder" | tail -n 1
done
